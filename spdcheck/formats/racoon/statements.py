"""Splits a racoon.conf into statements and reads each one; a bad one costs only itself.

racoon gives up at the first syntax error. We go on: behind the statement's ``;``, behind the block that it opened, or
at a line that plainly starts something new, whichever comes first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.lexer import END, Lexer
from spdcheck.formats.racoon.mistakes import explain
from spdcheck.formats.racoon.rules import INSIDE, OPENING, Attempt, starters
from spdcheck.formats.racoon.syntax import Statement
from spdcheck.formats.racoon.words import BLOCKS, MOVES, Section
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.racoon.syntax import Mistake, Node, Stray, Token

_HEAD_REST = r"""(?: [^;{}"\#\n]{1,300}+ | \n | \#[^\n]{0,300} | "[^"\n]{0,200}" ){0,8}+"""
_OPENER = re.compile(
    rf"""[ \t]{{0,200}}+ (?:
        (?:remote|sainfo|listen|padding|timer|privsep|radiuscfg|ldapcfg|mode_cfg)\b {_HEAD_REST} \{{
      | remote\b [^;{{}}\n]{{1,300}} \binherit\b
      | path [ \t]+ [a-z_]+ [ \t]* "
      | include [ \t]* "
      | log [ \t]+ [a-z0-9]+ [ \t]* ;
      | (?:pfkey_buffer|complex_bundle|gss_id_enc) [ \t]+ [^{{}};"\s]+ [ \t]* ;
    )""",
    re.VERBOSE,
)
"""A line that starts a statement of the top level, to a person's eye."""

_PIECES = re.compile(r'"[^"\n]*"|#[^\n]*|[;{}]|\n')
_HEADS = re.compile(rf"[ \t\n]*({'|'.join(sorted(BLOCKS, key=len, reverse=True))})\b")


class _Read(NamedTuple):
    """What one go at a statement gave: its rule or the mistake, and the token at which it ended."""

    node: Node | None
    mistake: Mistake | None
    start: int
    last: Token
    strays: tuple[Stray, ...]
    resume: int


class StatementReader:
    """Reads the statements of one text in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lexer = Lexer(text)

    def statements(self) -> Iterator[Statement]:
        """Every statement and block of the top level."""
        position = 0
        while True:
            first = self._lexer.token(position, Section.TOP)
            if first.type == END:
                if first.strays:
                    yield Statement(None, first.strays[0].start, first.strays[-1].end, strays=first.strays)
                return
            statement = self._opening(position)
            yield statement
            position = max(statement.end, position + 1)

    def _opening(self, position: int) -> Statement:
        """A statement of the top level or a whole block."""
        read = self._read(OPENING, Section.TOP, position)
        if read.node is None:
            return self._after_bad_opening(read)
        if read.last.type != "BOC":
            return Statement(read.node, read.start, read.last.end, read.strays)
        return self._block(read)

    def _block(self, read: _Read) -> Statement:
        assert read.node is not None
        section = BLOCKS[read.node.rule]
        body, end, strays, unclosed = self._body(section, read.last.end)
        return Statement(
            read.node, read.start, end, (*read.strays, *strays), section=section, body=body, unclosed=unclosed
        )

    def _after_bad_opening(self, read: _Read) -> Statement:
        """Where to go on; the block of a head that is bad is read all the same, for what is wrong inside."""
        named = _HEADS.match(self.text, read.start)
        section = BLOCKS[named.group(1)] if named and named.group(1) != "proposal" else None
        end, opens = self._skip(read, into_block=section is not None)
        if section is None or not opens:
            return Statement(None, read.start, max(end, read.start + 1), mistake=read.mistake)
        body, end, _, unclosed = self._body(section, end)
        return Statement(None, read.start, end, mistake=read.mistake, section=section, body=body, unclosed=unclosed)

    def _body(
        self, section: Section, position: int
    ) -> tuple[tuple[Statement, ...], int, tuple[Stray, ...], int | None]:
        """``(statements, end, strays before the closing brace, where it was given up if it is never closed)``."""
        body: list[Statement] = []
        while True:
            token = self._lexer.token(position, section)
            if token.type == END:
                return tuple(body), token.start, token.strays, token.start
            if token.type == "EOC":
                return tuple(body), token.end, token.strays, None
            read = self._read(INSIDE[section], section, position)
            if read.node is not None:
                if read.last.type == "BOC":
                    body.append(self._block(read))
                    if body[-1].unclosed is not None and self._at_opener(body[-1].unclosed):
                        return tuple(body), body[-1].end, (), body[-1].unclosed
                else:
                    body.append(Statement(read.node, read.start, read.last.end, read.strays))
                position = body[-1].end
                continue
            if self._at_opener(read.start):
                return tuple(body), position, (), read.start
            body.append(self._after_bad_statement(section, read))
            position = body[-1].end

    def _after_bad_statement(self, section: Section, read: _Read) -> Statement:
        end, _ = self._skip(read, into_block=False, inside=section)
        return Statement(None, read.start, max(end, read.start + 1), mistake=read.mistake)

    def _read(self, rule: str, section: Section, position: int) -> _Read:
        """One statement from here to its ``;`` or ``{``, or to the first token that does not fit."""
        attempt = Attempt(rule)
        first: Token | None = None
        strays: list[Stray] = []
        while True:
            token = self._lexer.token(position, section)
            if first is None:
                first = token
            if self._swallows_a_line(token, attempt) or not attempt.take(token):
                start = first.strays[0].start if first.strays else first.start
                mistake, resume = explain(self.text, attempt, token, section)
                return _Read(None, mistake, start, token, tuple(strays), resume)
            strays.extend(token.strays)
            position = token.end
            if token.type in ("EOS", "BOC"):
                start = first.start
                return _Read(attempt.finish(), None, start, token, tuple(strays), position)
            section = MOVES.get((section, token.type), section)

    def _swallows_a_line(self, token: Token, attempt: Attempt) -> bool:
        """``log`` on a line of its own vanishes as stray letters; nobody means that, and it would hide a statement."""
        return bool(attempt.tokens) and any(
            self.text.startswith("log", stray.start) and self._at_opener(stray.start) for stray in token.strays
        )

    def _at_opener(self, position: int) -> bool:
        """A line starts here (blanks aside) that opens a statement of the top level."""
        return self._first_on_line(position) and _OPENER.match(self.text, position) is not None

    def _first_on_line(self, position: int) -> bool:
        before = self.text[max(position - 200, 0) : position].rstrip(" \t")
        return before.endswith("\n") or (not before and position <= 200)

    def _skip(self, read: _Read, *, into_block: bool, inside: Section | None = None) -> tuple[int, bool]:
        """``(where to go on, whether that is just behind a "{")`` after a mistake."""
        depth = 0
        text, position = self.text, read.resume
        if position > read.start and self._starts_anew(position, inside):
            return position, False
        for piece in _PIECES.finditer(text, position):
            found = piece.group()
            if found == "\n":
                if self._starts_anew(piece.end(), None if depth else inside):
                    return piece.end(), False
            elif found == ";" and depth == 0:
                return piece.end(), False
            elif found == "{":
                if into_block:
                    return piece.end(), True
                depth += 1
            elif found == "}":
                if depth <= 1:
                    return (piece.start() if depth == 0 and inside is not None else piece.end()), False
                depth -= 1
        return len(text), False

    def _starts_anew(self, position: int, inside: Section | None) -> bool:
        """The first word behind ``position`` stands first on its line and starts another statement."""
        if not self._first_on_line(position):
            return False
        if _OPENER.match(self.text, position):
            return True
        if inside is None:
            return False
        token = self._lexer.token(position, inside)
        return (
            not token.strays
            and token.type in starters(INSIDE[inside])
            and "\n" not in self.text[position : token.start]
            and not self.text[token.end : token.end + 1].isalnum()
        )
