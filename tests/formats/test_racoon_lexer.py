"""racoon's lexer and its surprises; the grammar over a whole file and statement by statement."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context
from spdcheck.formats.racoon import mask, read
from spdcheck.formats.racoon.lexer import END, Lexer
from spdcheck.formats.racoon.rules import Attempt
from spdcheck.formats.racoon.statements import StatementReader
from spdcheck.formats.racoon.words import BLOCKS, EVERYWHERE, MOVES, WORDS, Section
from spdcheck.source import SourceFile
from tests.formats.test_racoon import mutated
from tests.formats.test_racoon_corpus import BAD, GOOD


def lexed(text: str, section: Section) -> list[tuple[str, int | str]]:
    lexer, position, found = Lexer(text), 0, []
    while (token := lexer.token(position, section)).type != END:
        found.append((token.type, token.value))
        position = token.end
    return found


@pytest.mark.parametrize(
    ("text", "section", "expected"),
    [
        ("aes256", Section.PROPOSAL, [("ALGORITHMTYPE", "aes"), ("NUMBER", 256)]),
        ("10sec", Section.TIMER, [("NUMBER", 10), ("UNITTYPE_SEC", "sec")]),
        ("seconds", Section.TIMER, [("UNITTYPE_SEC", "seconds")]),
        ("certificates ;", Section.PATH, [("PATHTYPE", "certificate"), ("EOS", ";")]),
        ("= 30", Section.REMOTE, [("NUMBER", 30)]),
        ("=30", Section.REMOTE, [("NUMBER", 0)]),
        ("+30", Section.REMOTE, [("NUMBER", 30)]),
        ("=\n30", Section.REMOTE, [("NUMBER", 30)]),
        ("=# comment\n30", Section.REMOTE, [("NUMBER", 30)]),
        ("\f30", Section.REMOTE, [("NUMBER", 30)]),
        ("=[500]", Section.LISTEN, [("PORT", 0)]),
        ("[500]", Section.LISTEN, [("PORT", 500)]),
        ("[ 500 ]", Section.LISTEN, [("NUMBER", 500)]),
        ("[any]", Section.SAINFO_NAME, [("PORTANY", "[any]")]),
        ("[any]", Section.LISTEN, [("ADDRSTRING", "[a")]),
        ("=/24", Section.SAINFO_NAME, [("PREFIX", 0)]),
        ('="x"', Section.REMOTE, [("QUOTEDSTRING", "")]),
        ('!="x"', Section.REMOTE, [("QUOTEDSTRING", "=")]),
        ('= "x"', Section.REMOTE, [("QUOTEDSTRING", "x")]),
        ("=10.0.0.1", Section.LISTEN, [("ADDRSTRING", "=10.0.0.1")]),
        ("10.0.0.1-10.0.0.9", Section.SAINFO_NAME, [("ADDRSTRING", "10.0.0.1"), ("ADDRRANGE", "10.0.0.9")]),
        ("fe80::1%em0", Section.LISTEN, [("ADDRSTRING", "fe80::1%em0")]),
        ("vpn.example", Section.LISTEN, [("ADDRSTRING", "vpn.e"), ("ADDRSTRING", "xa"), ("ADDRSTRING", "mple")]),
        ("B", Section.REMOTE, [("UNITTYPE_BYTE", "B")]),
        ("B1.B1", Section.REMOTE, [("ADDRSTRING", "B1.B1")]),
        ("bytes", Section.TIMER, [("UNITTYPE_BYTE", "bytes")]),
        ("byte", Section.SAINFO, [("LIFETYPE_BYTE", "byte")]),
        ("0x1f", Section.LOG, [("HEXSTRING", "0x1f")]),
        ("main,base", Section.REMOTE, [("EXCHANGETYPE", "main"), ("EXCHANGETYPE", "base")]),
        ("aes,des", Section.SAINFO, [("ALGORITHMTYPE", "aes"), ("COMMA", ","), ("ALGORITHMTYPE", "des")]),
        ("aes,des", Section.PROPOSAL, [("ALGORITHMTYPE", "aes"), ("ALGORITHMTYPE", "des")]),
        ("{", Section.REMOTE_NAME, [("BOC", "{")]),
        ("{", Section.REMOTE, []),
        ("}", Section.TOP, []),
        ('"never closed', Section.REMOTE, [("ADDRSTRING", '"ne')]),
        ("99999999999999999999999", Section.REMOTE, [("NUMBER", 2**64 - 1)]),
    ],
)  # fmt: skip
def test_lexer(text: str, section: Section, expected: list[tuple[str, int | str]]) -> None:
    assert lexed(text, section)[: len(expected) or None] == expected


def test_words_are_found_whole_in_every_section() -> None:
    for section in Section:
        for word, kind in {**EVERYWHERE, **WORDS[section]}.items():
            assert lexed(word, section)[0] == (kind, word), (section, word)


def parses_as_a_file(text: str) -> bool:
    """The file in one go: racoon's lexer with its sections, Lark with the rule ``file``."""
    attempt, lexer, section, position = Attempt("file"), Lexer(text), Section.TOP, 0
    outer = {Section.PROPOSAL: Section.REMOTE}
    while (token := lexer.token(position, section)).type != END:
        if not attempt.take(token):
            return False
        position = token.end
        if token.type == "EOC" or (token.type == "EOS" and section not in BLOCKS.values()):
            section = outer.get(section, Section.TOP)
        else:
            section = MOVES.get((section, token.type), section)
    return "$END" in attempt.expected()


def parses_by_statements(text: str) -> bool:
    def fine(statements: object) -> bool:
        return all(s.mistake is None and s.unclosed is None and fine(s.body) for s in statements)  # type: ignore[attr-defined]

    return fine(StatementReader(text).statements())


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_whole_file_and_statements_agree(path) -> None:  # type: ignore[no-untyped-def]
    text = mask(SourceFile("x", path.read_bytes().decode())).text
    assert parses_as_a_file(text) == parses_by_statements(text)


@given(st.data())
def test_whole_file_and_statements_agree_on_mutations(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(GOOD))
    text = mask(SourceFile("x", mutated(data, path.read_bytes().decode()))).text
    if re.search(r"^[ \t]*log\b", text, re.MULTILINE) and not parses_by_statements(text):
        return  # the one deliberate difference: a `log` that would vanish inside another statement
    assert parses_as_a_file(text) == parses_by_statements(text)


@pytest.mark.parametrize("letters", ["x", "p", "pa", "=", "[", "-", "/", "B", "xa "])
def test_a_file_without_a_statement_is_told_once_and_at_once(letters: str) -> None:
    reading = read(SourceFile("racoon.conf", letters * (600_000 // len(letters))), Context())
    assert [diagnostic.code for diagnostic in reading.facts.diagnostics] == ["CFG001"]
    assert reading.facts.gaps


def test_nothing_visible_is_no_statement_and_no_mistake() -> None:
    assert not read(SourceFile("racoon.conf", "# nothing\n\r\n"), Context()).facts.diagnostics
