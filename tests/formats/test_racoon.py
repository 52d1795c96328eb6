"""racoon.conf: nothing makes the reader stumble, and nothing makes it show a secret."""

from __future__ import annotations

import fnmatch
import posixpath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.racoon import read
from spdcheck.formats.racoon.words import EVERYWHERE, WORDS
from spdcheck.source import SourceFile
from tests.formats.test_racoon_corpus import BAD, GOOD, diagnosed

if TYPE_CHECKING:
    from spdcheck.model.ike import KeyDaemon

PROPOSAL = (
    "proposal { encryption_algorithm aes; hash_algorithm sha1; authentication_method pre_shared_key; dh_group 2; }"
)
ALGORITHMS = "encryption_algorithm aes; authentication_algorithm hmac_sha1; compression_algorithm deflate;"


class Files:
    """Includes out of a dictionary: absolute paths as they are, relative ones beside the including file."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        wanted = pattern if pattern.startswith("/") else posixpath.join(posixpath.dirname(beside.path), pattern)
        found = tuple(SourceFile(p, t) for p, t in sorted(self.files.items()) if fnmatch.fnmatch(p, wanted))
        return (found, "") if found else ((), f"{pattern} does not exist")


def read_text(text: str, files: dict[str, str] | None = None) -> Reading:
    return read(SourceFile("/etc/racoon.conf", text), Context(includes=Files(files or {})))


def daemon(text: str, files: dict[str, str] | None = None) -> KeyDaemon:
    return read_text(text, files).facts.daemons[0]


def codes(reading: Reading) -> list[str]:
    return [item.code for item in reading.facts.diagnostics]


def mutated(data: st.DataObject, text: str) -> str:
    for _ in range(data.draw(st.integers(0, 3))):
        position = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        added = data.draw(
            st.sampled_from(["", ";", "{", "}", '"', " ", "\n", "=", "x", "(", "#", ",", "any", "7", "\r"])
        )
        text = text[:position] + added + text[position + cut :]
    return text


def check_reading(reading: Reading) -> None:
    assert 0 <= reading.unparsed <= reading.statements
    files = {id(file) for file in (reading.file, *reading.included)}
    for item in reading.facts.diagnostics:
        for span in (item.span, *(note.span for note in item.notes)):
            assert id(span.file) in files
            assert 0 <= span.start <= span.end <= len(span.file.text)
        assert item.message
        assert not item.message.endswith(".")
    if any(item.code == "CFG001" for item in reading.facts.diagnostics):
        assert reading.facts.gaps


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    check_reading(read_text(text))


_PIECES = sorted({word for words in (EVERYWHERE, *WORDS.values()) for word in words})


@given(st.lists(st.sampled_from([*_PIECES, " ", "\n", '"x"', "10.0.0.1", "5", "/24", "[500]", "=", "#", "-10.0.0.9"])))
def test_any_sequence_of_words_is_read(words: list[str]) -> None:
    check_reading(read_text(" ".join(words)))


@given(st.data())
def test_mutated_files_are_read_without_showing_secrets(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([*GOOD, *BAD]))
    text = mutated(data, path.read_bytes().decode())
    reading = read_text(text)
    check_reading(reading)
    assert len(reading.file.text) == len(text)


SECRETS = """radiuscfg {
	auth "radius.example.net" 1812 "SECRETQZ";
	acct "radius.example.net" "SECRETQZ";
	timeout 3;
}
ldapcfg {
	host "ldap";
	bind_pw "SECRETQZ";
	base "dc=x";
}
# auth "radius.example.net" "SECRETQZ";
"""


@given(st.integers(0, len(SECRETS)), st.integers(0, 6), st.sampled_from(["", '"', " ", ";", "x", "\n", "#", "}", "{"]))
def test_one_slip_shows_no_secret(position: int, cut: int, added: str) -> None:
    removed = SECRETS[position : position + cut]
    text = SECRETS[:position] + added + SECRETS[position + cut :]
    if "SECRETQZ" not in text or "#" in removed:
        return
    reading = read_text(text)
    assert "SECRETQZ" not in repr(reading.facts) + diagnosed(reading) + reading.file.text


def test_binary_file_is_one_mistake() -> None:
    assert codes(read_text("\x7fELF\0\0\0" + "remote x {" * 50)) == ["CFG001"]


def test_empty_file_is_a_daemon_without_peers() -> None:
    assert daemon("").peers == ()
    assert codes(read_text("")) == []


@pytest.mark.parametrize(
    "piece", ["remote\n", '"\n', "{", "x ", "remote 1.2.3.4 { ", 'path certificate "a;\n', "log\n"]
)
def test_long_nonsense_takes_linear_time(piece: str) -> None:
    check_reading(read_text(piece * 5_000))
