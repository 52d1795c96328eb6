"""isakmpd.policy as libkeynote reads it: which assertions count, and that no passphrase is ever seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.keynote import mask, read
from spdcheck.formats.keynote.tokens import unescaped
from spdcheck.model.keynote import Licensee, Literal, Passphrase, passphrase_principals
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

GOOD = sorted((CORPUS / "keynote" / "ok").glob("*.policy"))
BAD = sorted((CORPUS / "keynote" / "err").glob("*.policy"))
SECRET = "not-a-real"


def read_text(text: str) -> Reading:
    return read(SourceFile("isakmpd.policy", text), Context())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_text(path.read_text(encoding="utf-8"))
    assert (reading.facts.diagnostics, reading.facts.gaps, reading.unparsed) == ([], [], 0)
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_suffix(".out"), said(read_text(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_no_passphrase_is_kept(path: Path) -> None:
    reading = read_text(path.read_text(encoding="utf-8"))
    assert SECRET not in reading.file.text + repr(reading.facts) + said(reading)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\nb", "a\nb"),
        ("a\\\n   b", "ab"),
        (r"\012\040\0", "\n 0"),
        (r"\101\"", 'A"'),
        (r"\ \g\\", r" g\ "[:-1]),
        (r"\400", "400"),
        (r"\18", "18"),
    ],
)
def test_escapes(written: str, read: str) -> None:
    assert unescaped(written) == read


def test_a_passphrase_is_the_key_of_the_daemon() -> None:
    reading = read_text('Authorizer: "POLICY"\nLicensees: "passphrase:mek\\\n   mit"\n')
    licensee = reading.facts.assertions[0].licensees
    assert isinstance(licensee, Licensee)
    assert isinstance(licensee.key, Literal)
    assert licensee.key.value in passphrase_principals(b"mekmit")


def test_hashes_of_a_passphrase() -> None:
    plain, md5, sha1 = passphrase_principals(b"mekmit")
    for principal, digits in ((md5, "F4B19EF6"), (sha1, "AB")):
        assert isinstance(principal, Passphrase)
        assert digits not in repr(principal)
    assert len({plain.secret, md5.secret, sha1.secret}) == 3


@pytest.mark.parametrize(
    "text",
    [
        '# "passphrase:XQZ"',
        'Licensees: "passphrase:XQZ',
        "Licensees: passphrase:XQZ",
        'Licensees: "PASSPHRASE:XQZ"',
        'Licensees: "passphrase-md5-hex:XQZ" || "passphrase:a\\"XQZ"',
        'Authorizer: "POLICY"\nLocal-Constants: K = "XQZ"\nLicensees: "passphrase:" . K',
        'Authorizer: "POLICY"\nLicensees: ("passphrase:") . "XQZ"',
        'Authorizer: "POLICY"\nLicensees: "passphrase:XQ\\\n   XQZ"',
        '\0 "passphrase:XQZ"',
    ],
)
def test_passphrases_are_masked_wherever_they_are(text: str) -> None:
    assert "XQZ" not in mask(SourceFile("p", text)).text
    reading = read_text(text)
    assert "XQZ" not in reading.file.text + repr(reading.facts) + said(reading)


def test_masked_text_is_cut_into_the_same_tokens() -> None:
    reading = read_text('Authorizer: "POLICY"\nLicensees: "passphrase:a\\\n   b\\"c"\nConditions: true;\n')
    assert not reading.facts.diagnostics


def test_binary_file_is_one_mistake() -> None:
    assert [item.code for item in read_text("\0\1\2").facts.diagnostics] == ["CFG001"]


def test_carriage_returns_are_refused() -> None:
    reading = read_text('Authorizer: "POLICY"\r\nConditions: true;\r\n')
    assert {item.code for item in reading.facts.diagnostics} == {"CFG001"}
    assert "a carriage return" in reading.facts.diagnostics[0].message


def test_what_is_too_deep_is_not_modelled() -> None:
    reading = read_text('Authorizer: "POLICY"\nConditions: ' + "(" * 500 + "true" + ")" * 500 + ";\n")
    assert [item.code for item in reading.facts.diagnostics] == ["CFG002"]
    assert reading.facts.gaps


@pytest.mark.parametrize(
    "text",
    [
        'Authorizer: "POLICY"\n\n' * 4000,
        'Authorizer: "POLICY"\nConditions: ' + 'a == "b" && ' * 5000 + "true;",
        "x" * 200_000,
        '"passphrase:' * 20_000,
        "#\n" * 60_000,
        "(" * 100_000,
        "Conditions: " + "\\" * 100_000,
    ],
    ids=["assertions", "conjunction", "word", "passphrases", "comments", "brackets", "backslashes"],
)
def test_large_files_take_no_long_time(text: str) -> None:
    begin = time.perf_counter()
    read_text(text)
    assert time.perf_counter() - begin < 8


WORDS = st.sampled_from(
    ["Authorizer:", "Licensees:", "Conditions:", "Local-Constants:", "KeyNote-Version:", "Signature:", "Comment:", "\n",
     "\n\n", "\n ", '"POLICY"', '"passphrase:XQZ"', "2-of(", ",", "(", ")", "&&", "||", "!", "@", "&", "$", ".", "a",
     "==", "<", "~=", "->", "{", "}", ";", "1", "1.5", "true", "#", "\\", '"', "=", "-", "^", "%", "\r", "é"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=100))
def test_any_text_is_read(text: str) -> None:
    reading = read_text(text)
    assert 0 <= reading.unparsed + reading.unmodelled <= reading.statements
    assert len(reading.file.text) == len(text)
    shown = repr(reading.facts) + said(reading) + reading.file.text
    assert "XQZ" not in shown
    for item in reading.facts.diagnostics:
        assert 0 <= item.span.start <= item.span.end <= len(text)
