"""Keys of setkey scripts: hidden first, whatever the statement looks like."""

from __future__ import annotations

import pytest

from spdcheck.formats.setkey import mask, secrets
from spdcheck.formats.setkey.secrets import _ALGORITHMS, _MARKS, mask_keys
from spdcheck.source import SourceFile


def masked(text: str) -> str:
    return mask(SourceFile("setkey.conf", text)).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('-E aes-cbc "abc"', '-E aes-cbc "•••"'),
        ("-E aes-cbc 0xabc", "-E aes-cbc 0x•••"),
        ("-E aes-cbc abc -A hmac-md5 def;", "-E aes-cbc ••• -A hmac-md5 •••;"),
        ("-E aes-cbc a b c ;", "-E aes-cbc ••••• ;"),
        ("-E aes-cbc 'a b' ;", "-E aes-cbc ••••• ;"),
        ('-E aes-cbc "a;b ;', '-E aes-cbc "••• ;'),
        ('-E aes-cbc "a;b', '-E aes-cbc "•••'),
        ('-E aes-cbc "a;b ; # x', '-E aes-cbc "••• ; # x'),
        ("-E aes-cbc \\\n abc \\\n;", "-E aes-cbc \\\n ••• \\\n;"),
        ("-E\naes-cbc\nabc;", "-E\naes-cbc\n•••;"),
        ("-E abc;", "-E •••;"),
        ("-E null -A null;", "-E null -A null;"),
        ('-E nosuch "abc";', '-E nosuch "•••";'),
        ("-E 0x1234567890;", "-E ••••••••••••;"),
        ("aes-cbc abc;", "aes-cbc •••;"),
        ("# -E aes-cbc 0xabc -A hmac-md5 \"def\";", "# -E aes-cbc 0x••• -A hmac-md5 \"•••\";"),
        ('# a "word" in a comment', '# a "word" in a comment'),
        ("esp 0x12345678 -m any", "esp 0x12345678 -m any"),
        ("esp-udp 10.0.0.1 0x12345678 -m any", "esp-udp 10.0.0.1 0x12345678 -m any"),
        ("esp 0x1234567812345678 -m any", "esp 0x•••••••••••••••• -m any"),
        ("10.0.0.1 0x12345678", "10.0.0.1 0x••••••••"),
        ('tagged "vpn" -P out', 'tagged "vpn" -P out'),
        ('-ctx 1 1 "label" -P out', '-ctx 1 1 "label" -P out'),
        ('"ab\ncd"', '"••\n••"'),
        ("spdadd web-E 10.0.0.1 any -P out none;", "spdadd web-E 10.0.0.1 any -P out none;"),
        ("-E aes-cbc\nspdadd 10.0.0.1 10.0.0.2 any;", "-E aes-cbc\nspdadd 10.0.0.1 10.0.0.2 any;"),
    ],
)  # fmt: skip
def test_masking(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_a_quote_that_runs_into_the_next_statement_hides_both_keys() -> None:
    text = 'add 1 -E aes-cbc "first\nadd 2 -E aes-cbc "second" ;\n'
    assert "first" not in masked(text)
    assert "second" not in masked(text)


def test_a_text_without_keys_is_the_same_file() -> None:
    file = SourceFile("setkey.conf", "spdadd 10.0.0.1 10.0.0.2 any -P out none;")
    assert mask(file) is file


def test_every_algorithm_is_seen_by_its_name() -> None:
    assert [name for name in _ALGORITHMS if not any(mark in name for mark in _MARKS)] == []


def test_keys_are_what_the_tokens_stand_for() -> None:
    keys = mask_keys(SourceFile("setkey.conf", '"01234567" 0x3031323334353637 0x1 ""'))[1]
    quoted, digits, odd, empty = keys.at(0, 10), keys.at(11, 29), keys.at(30, 33), keys.at(34, 36)
    assert quoted is not None
    assert quoted == digits
    assert [key and key.bits for key in (quoted, digits, odd, empty)] == [64, 64, 8, 0]
    assert keys.at(11, 12) is None
    assert "0123" not in repr(keys)


def test_undecodable_bytes_in_a_key() -> None:
    for text in ('"\udce9\udcff"', '"\ud800"'):
        assert mask_keys(SourceFile("setkey.conf", text))[1].at(0, len(text)) is not None


def test_too_many_keys_hide_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MAX_REGIONS", 2)
    assert masked('"a" "b" "c" "d" rest') == '"•" "•" "•••••••••••'
