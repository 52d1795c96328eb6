"""psk.txt as racoon's ``getpsk`` reads it, and that no key is ever seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.psk import mask, read
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json
from tests.formats.test_racoon_corpus import diagnosed
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.secret import Secret

GOOD = sorted((CORPUS / "psk" / "ok").glob("*.txt"))
BAD = sorted((CORPUS / "psk" / "err").glob("*.txt"))
SECRET = "not-a-real"


def read_text(text: str) -> Reading:
    return read(SourceFile("psk.txt", text), Context())


def read_path(path: Path) -> Reading:
    return read_text(path.read_bytes().decode())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_path(path)
    assert (reading.facts.diagnostics, reading.facts.gaps, reading.unparsed) == ([], [], 0)
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_suffix(".out"), diagnosed(read_path(path)))


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_no_key_is_kept(path: Path) -> None:
    reading = read_path(path)
    assert SECRET not in reading.file.text
    assert SECRET not in repr(reading.facts) + diagnosed(reading)


def secrets(text: str) -> list[Secret]:
    return [credential.secret for credential in read_text(text).facts.credentials]


def test_hexadecimal_and_text_are_the_same_bytes() -> None:
    text, digits, spaced = secrets("a secret\nb 0x736563726574\nc 0x73 65 63 72 65 74 \n")
    assert text == digits == spaced


def test_blanks_at_the_end_belong_to_the_key() -> None:
    plain, blank, carriage_return = secrets("a secret\nb secret \nc secret\r\n")
    assert len({plain, blank, carriage_return}) == 3


def test_blanks_before_the_key_do_not() -> None:
    one, many = secrets("a secret\nb \t  secret\n")
    assert one == many


def test_key_ends_with_the_buffer() -> None:
    long, full = secrets(f"10.0.0.1 {'k' * 2000}\n10.0.0.2 {'k' * (1023 - 9)}\n")
    assert long == full


def test_addresses_are_read() -> None:
    known = read_text("192.0.2.1 a\n2001:db8::1 b\nname c\n* d\n").facts.credentials
    assert [str(c.addresses) for c in known] == ["192.0.2.1", "2001:db8::1", "None", "None"]
    assert [c.peer for c in known] == ["192.0.2.1", "2001:db8::1", "name", "*"]


def test_lone_words_are_masked() -> None:
    assert mask(SourceFile("p", "forgotten\n192.0.2.1\n")).text == "•••••••••\n192.0.2.1\n"


def test_binary_file_is_one_mistake() -> None:
    reading = read_text("\0\1\2 key\nname\0 key\n")
    assert [item.code for item in reading.facts.diagnostics] == ["CFG001"]


IDENTITIES = st.sampled_from(["10.0.0.1", "2001:db8::1", "name.example", "#x", "*", "", "me@x", "fe80::1%em0"])
BLANKS = st.sampled_from([" ", "\t", "  ", "\r", "\v", ""])
KEYS = st.sampled_from(["XQZsecretXQZ", "0x58515a", "", "XQZ a b XQZ", "XQZ" * 500])


@given(st.lists(st.tuples(BLANKS, IDENTITIES, BLANKS, KEYS, BLANKS), max_size=8), st.booleans())
def test_any_line_is_read_and_no_key_leaks(parts: list[tuple[str, ...]], end: bool) -> None:
    text = "\n".join("".join(part) for part in parts) + "\n" * end
    reading = read_text(text)
    shown = repr(reading.facts) + diagnosed(reading) + reading.file.text
    # a key that follows its identity without a blank is part of the identity, to racoon as well
    if all(part[2] for part in parts if part[1] and part[3]):
        assert "XQZ" not in shown
    assert len(reading.file.text) == len(text)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    reading = read_text(text)
    assert 0 <= reading.unparsed <= reading.statements
    for item in reading.facts.diagnostics:
        assert 0 <= item.span.start <= item.span.end <= len(text)
