"""Cuts a shell text into commands, and says what a compound one can change.

A boot configuration is meant to hold assignments only, but it is run by sh(1), and people do write ``if``, ``for``
and functions into it. Such a compound command is kept whole; :func:`effects` tells which variables it may set.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from spdcheck.formats.rcconf.nesting import CLOSED_BY, Nesting, Role, is_assignment
from spdcheck.formats.shell_tokens import Kind, Token, tokens
from spdcheck.named_tuples import NamedTuple


class Shape(Enum):
    """SIMPLE is one row of words; COMPOUND has operators or reserved words in it; BROKEN is no shell at all."""

    SIMPLE = auto()
    COMPOUND = auto()
    BROKEN = auto()


class Command(NamedTuple):
    """One command of the text: ``start`` up to ``end``. ``trouble`` is what is wrong with a broken one."""

    shape: Shape
    start: int
    end: int
    tokens: tuple[Token, ...]
    trouble: str = ""


_QUOTE_NAMES = {'"': "a double quote", "'": "a single quote", "`": "a backquote", "$(": "`$(`", "${": "`${`"}


def commands(text: str) -> tuple[list[Command], list[Token]]:
    """``(commands, comments)`` of a shell text, both in order."""
    found: list[Command] = []
    comments: list[Token] = []
    pending: list[Token] = []
    compound, stray = False, ""
    nesting = Nesting(tokens(text))

    def finish() -> None:
        nonlocal compound, stray
        while pending and pending[-1].kind is Kind.NEWLINE:
            pending.pop()
        if pending:
            found.append(_command(tuple(pending), nesting.open, stray, compound=compound))
        pending.clear()
        compound, stray = False, ""

    for token, role in nesting:
        if token.kind is Kind.COMMENT:
            comments.append(token)
        elif role is Role.SEPARATOR and not nesting.open and _ends(token, pending):
            finish()
        elif pending or token.kind is not Kind.NEWLINE:
            pending.append(token)
            compound = compound or role not in (Role.COMMAND, Role.ARGUMENT)
            if role is Role.STRAY:
                stray = stray or token.text
            if token.kind is Kind.UNCLOSED:
                nesting.open.clear()
                finish()
    finish()
    return found, comments


def _ends(token: Token, pending: list[Token]) -> bool:
    """The separator ends a command, if nothing is open: a newline behind ``&&``, ``||`` or ``|`` does not."""
    if token.text == "\n":
        return not (pending and pending[-1].text in ("&&", "||", "|"))
    return token.text in (";", "&")


def _command(parts: tuple[Token, ...], still_open: list[str], stray: str, *, compound: bool) -> Command:
    start, end, last = parts[0].start, parts[-1].end, parts[-1]
    shape, trouble = Shape.COMPOUND if compound else Shape.SIMPLE, ""
    if last.kind is Kind.UNCLOSED:
        shape, trouble = Shape.BROKEN, f"{_unclosed(last.text)} is opened here and never closed"
    elif still_open:
        opener = next((part.text for part in parts if part.text in CLOSED_BY or part.text in "({"), parts[0].text)
        closer = next((word for word in reversed(still_open) if word != "()"), "a body")
        shape, trouble = Shape.BROKEN, f"`{opener}` starts here, but the file ends before `{closer}`"
    elif stray:
        shape, trouble = Shape.BROKEN, f"found `{stray}` where sh expects a command"
    return Command(shape, start, end, parts, trouble)


def _unclosed(word: str) -> str:
    """What is open at the end of a word: the first quote or bracket that has no partner."""
    rest = re.sub(r"\\[\s\S]|'[^'\n]*'|\"[^\"\\$`\n]*\"", "", word)
    mark = re.search(r"\$\(|\$\{|[\"'`]", rest)
    return _QUOTE_NAMES[mark[0] if mark else '"']


class Effects(NamedTuple):
    """What a compound command may do: variables that it may set, and the first command with an effect of its own."""

    names: dict[str, Token]
    other: Token | None


_HARMLESS = frozenset({"[", "[[", "test", ":", "true", "false", "echo", "printf", "local", "break", "continue"})
_SETTING = frozenset({"export", "readonly", "unset", "read"})


def effects(command: Command) -> Effects:
    """The variables that a compound command may set, and whether it runs anything but tests and assignments.

    A function's body counts for nothing until somebody calls it, which is a command of its own.
    """
    names: dict[str, Token] = {}
    other: Token | None = None
    nesting = Nesting(command.tokens)
    of_loop = of_command = False
    for token, role in nesting:
        if nesting.in_function or token.kind not in (Kind.WORD, Kind.UNCLOSED):
            continue
        assigns = role is Role.COMMAND and is_assignment(token.text)
        if assigns or (role is Role.ARGUMENT and (of_loop or of_command)):
            names.setdefault(token.text.partition("=")[0], token)
            of_loop = False
        elif role is Role.COMMAND:
            of_command = token.text in _SETTING
            if not of_command and token.text not in _HARMLESS:
                other = other or token
        else:
            of_loop, of_command = token.text == "for" and role is Role.RESERVED, False
    return Effects(names, other)
