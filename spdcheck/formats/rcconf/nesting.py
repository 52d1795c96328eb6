"""Follows sh(1)'s nesting through a row of tokens: which word is a command, which a pattern, what is still open."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from spdcheck.formats.shell_tokens import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Role(Enum):
    """What a token does in its command. STRAY is one that sh refuses at its place."""

    SEPARATOR = auto()
    RESERVED = auto()
    FUNCTION = auto()
    COMMAND = auto()
    ARGUMENT = auto()
    SUBJECT = auto()
    PATTERN = auto()
    REDIRECTION = auto()
    STRAY = auto()


CLOSED_BY = {"if": "fi", "while": "done", "until": "done", "for": "done", "case": "esac", "{": "}"}
"""The reserved words that open a compound command, and what closes each."""

_CONNECTING = frozenset({"then", "else", "elif", "do", "!"})
_CONNECTORS = frozenset({";", "&", "&&", "||", "|"})
_REDIRECTIONS = frozenset({"<", ">", "<<", "<<-", ">>", ">&", "<&", ">|"})
_BODY = "()"
"""Stands among what is open for the body of a function."""


class Nesting:
    """Iterates over ``(token, role)``. ``open`` lists what is open behind the last token, innermost last.

    Its entries are ``fi``, ``done``, ``esac``, ``}`` and ``)``, and ``()`` for the body of a function.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.open: list[str] = []
        self._tokens = tokens
        self._expect = Role.COMMAND
        self._functions = 0
        self._empty = True
        """Nothing stands between the last separator and here."""
        self._redirected = False

    @property
    def in_function(self) -> bool:
        """What stands here runs only if somebody calls the function that is being defined."""
        return self._functions > 0

    def __iter__(self) -> Iterator[tuple[Token, Role]]:
        for index, token in enumerate(self._tokens):
            if token.kind is Kind.COMMENT:
                yield token, Role.SEPARATOR
            elif token.kind is Kind.NEWLINE:
                yield token, self._newline()
            elif token.kind is Kind.OPERATOR:
                yield token, self._operator(token.text, index)
            else:
                yield token, self._word(token.text, index)

    def _newline(self) -> Role:
        if self._expect not in (Role.PATTERN, Role.SUBJECT):
            self._expect, self._empty = Role.COMMAND, True
        return Role.SEPARATOR

    def _operator(self, text: str, index: int) -> Role:
        if text in _REDIRECTIONS:
            self._redirected, self._empty = True, False
            return Role.REDIRECTION
        if self._expect is Role.PATTERN:
            if text == ")":
                self._expect, self._empty = Role.COMMAND, True
            return Role.SEPARATOR if text in ("(", "|", ")") else Role.STRAY
        if text == ";;":
            if not self.open or self.open[-1] != "esac":
                return Role.STRAY
            self._expect = Role.PATTERN
            return Role.SEPARATOR
        if text in _CONNECTORS:
            stray = self._empty
            self._expect, self._empty = Role.COMMAND, True
            return Role.STRAY if stray else Role.SEPARATOR
        return self._bracket(text, index)

    def _bracket(self, text: str, index: int) -> Role:
        if text == "(":
            if self._expect is Role.FUNCTION:
                self._functions += 1
                self.open += (_BODY, ")")
                return Role.SEPARATOR
            stray = not self._empty
            self.open.append(")")
            self._expect, self._empty = Role.COMMAND, True
            return Role.STRAY if stray else Role.SEPARATOR
        if not self.open or self.open[-1] != ")":
            return Role.STRAY
        self.open.pop()
        if self._tokens[index - 1].text == "(" and self.open and self.open[-1] == _BODY:
            self._expect, self._empty = Role.COMMAND, True
        else:
            self._closed()
        return Role.SEPARATOR

    def _closed(self) -> None:
        """A compound command has ended; it may have been the body of a function."""
        if self.open and self.open[-1] == _BODY:
            self.open.pop()
            self._functions -= 1
        self._expect, self._empty = Role.ARGUMENT, False

    def _word(self, text: str, index: int) -> Role:
        if self._redirected:
            self._redirected = False
            return Role.REDIRECTION
        if self._expect is Role.PATTERN:
            return self._close("esac") if text == "esac" else Role.PATTERN
        if self._expect is Role.SUBJECT:
            if text != "in":
                return Role.SUBJECT
            self._expect = Role.PATTERN
            return Role.RESERVED
        if self._expect is not Role.COMMAND:
            return Role.ARGUMENT
        if text in CLOSED_BY:
            self.open.append(CLOSED_BY[text])
            self._expect = {"for": Role.ARGUMENT, "case": Role.SUBJECT}.get(text, Role.COMMAND)
            self._empty = text != "for"
            return Role.RESERVED
        if text in _CONNECTING:
            self._empty = True
            return Role.RESERVED if self.open or text == "!" else Role.STRAY
        if text in CLOSED_BY.values():
            return self._close(text)
        return self._command(text, index)

    def _close(self, text: str) -> Role:
        if not self.open or self.open[-1] != text:
            self._expect, self._empty = Role.ARGUMENT, False
            return Role.STRAY
        self.open.pop()
        self._closed()
        return Role.RESERVED

    def _command(self, text: str, index: int) -> Role:
        self._empty = False
        following = [token.text for token in self._tokens[index + 1 : index + 3]]
        if following == ["(", ")"] and re.fullmatch(r"[A-Za-z_]\w*", text):
            self._expect = Role.FUNCTION
            return Role.FUNCTION
        if not is_assignment(text):
            self._expect = Role.ARGUMENT
        return Role.COMMAND


def is_assignment(word: str) -> bool:
    """The word sets a variable if it stands before a command's name."""
    return re.match(r"[A-Za-z_]\w*=", word) is not None
