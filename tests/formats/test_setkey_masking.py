"""Keys of setkey scripts: hidden first, whatever the statement looks like."""

from __future__ import annotations

import pytest

from spdcheck.formats.setkey import mask
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
    assert mask_keys(file) == (file, {})


def test_every_algorithm_is_seen_by_its_name() -> None:
    assert [name for name in _ALGORITHMS if not any(mark in name for mark in _MARKS)] == []


def test_keys_are_found_by_the_place_of_their_token() -> None:
    text = 'add 10.0.0.1 10.0.0.2 esp 5 -E des-cbc "01234567" -A hmac-md5 0x30;'
    _, keys = mask_keys(SourceFile("setkey.conf", text))
    assert {text[at:][:2]: key.bits for at, key in keys.items()} == {'"0': 64, "0x": 8}


def test_undecodable_bytes_in_a_key() -> None:
    for text in ('"\udce9\udcff"', '"\ud800"'):
        _, keys = mask_keys(SourceFile("setkey.conf", text))
        assert len(keys) == 1
