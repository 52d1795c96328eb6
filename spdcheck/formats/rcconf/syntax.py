"""Simple commands as the grammar reads them: words made of text, variables and what other commands print."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import load
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from lark import Token, Tree


class Literal(NamedTuple):
    """Text as it is after quotes and backslashes are gone; ``start`` up to ``end`` is where it stands."""

    text: str
    start: int
    end: int


class Reference(NamedTuple):
    """``$NAME`` or ``${NAME:-default}``; ``operator`` is empty or one of ``- = + ?``, perhaps with ``:`` before it."""

    name: str
    operator: str
    default: tuple[Part, ...]
    start: int
    end: int


class Output(NamedTuple):
    """What another command prints: ``$(…)``, backquotes, or a parameter of the shell such as ``$1``."""

    start: int
    end: int


Part = Literal | Reference | Output


class Word(NamedTuple):
    """One word of a command."""

    parts: tuple[Part, ...]
    start: int
    end: int


class Assigned(NamedTuple):
    """``NAME=value``: the place of the whole and of the value."""

    name: str
    parts: tuple[Part, ...]
    start: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """A command by its kind (the grammar's rule): its assignments and its other words."""

    kind: str
    assigned: tuple[Assigned, ...]
    words: tuple[Word, ...]


_PLAIN = re.compile(
    r"""(?P<name>[A-Za-z_][A-Za-z0-9_]*)=
        (?:"(?P<double>[^"\\$`]*)"|'(?P<single>[^']*)'|(?P<bare>[^ \t\n'"\\$`;&|()<>]+)|)""",
    re.VERBOSE,
)
"""The shape of nearly every line, which needs no parser: a name and a text in one kind of quotes, or in none."""


def parse(text: str, base: int) -> SimpleCommand | None:
    """The simple command ``text``, which stands at offset ``base`` of its file; None where it is something else.

    ``[ -r FILE ] && . FILE`` in its forms counts as simple too (kind ``guarded``, with the two words).
    """
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return parse_by_grammar(text, base)
    kind = plain.lastgroup or "name"
    start, end = base + plain.start(kind), base + plain.end(kind)
    parts = () if kind == "name" else (Literal(plain[kind], start, end),)
    assigned = Assigned(plain["name"], parts, base, base + plain.end("name") + 1, base + len(text))
    return SimpleCommand("assignments", (assigned,), ())


def parse_by_grammar(text: str, base: int) -> SimpleCommand | None:
    """The same for every shape, by the grammar."""
    from lark.exceptions import LarkError

    try:
        tree = load("rcconf", "command", lexer="contextual").parse(text)
        top: Tree[Token] = tree.children[0]  # type: ignore[assignment]
        nodes: list[Tree[Token]] = top.children  # type: ignore[assignment]
        return SimpleCommand(
            kind=str(top.data),
            assigned=tuple(_assigned(node, base) for node in nodes if node.data == "assignment"),
            words=tuple(_word(node, base) for node in nodes if node.data == "word"),
        )
    except (LarkError, RecursionError):
        return None


def _assigned(tree: Tree[Token], base: int) -> Assigned:
    name, *rest = tree.children
    start, value_start = base + name.start_pos, base + name.end_pos  # type: ignore[union-attr, operator]
    parts = _parts(rest, base, quoted=False)
    return Assigned(str(name)[:-1], parts, start, value_start, base + tree.meta.end_pos)


def _word(tree: Tree[Token], base: int) -> Word:
    return Word(_parts(tree.children, base, quoted=False), base + tree.meta.start_pos, base + tree.meta.end_pos)


def _parts(children: list[Tree[Token] | Token], base: int, *, quoted: bool) -> tuple[Part, ...]:
    from lark import Tree

    parts: list[Part] = []
    for child in children:
        if isinstance(child, Tree):
            parts += _nested(child, base, quoted=quoted)
        else:
            parts.append(_literal(child, base, quoted=quoted))
    return tuple(parts)


def _literal(token: Token, base: int, *, quoted: bool) -> Literal:
    start, end, text = base + (token.start_pos or 0), base + (token.end_pos or 0), str(token)
    if token.type == "SINGLE":
        return Literal(text[1:-1], start + 1, end - 1)
    if token.type != "ESCAPE":
        return Literal(text, start, end)
    if text == "\\\n":
        return Literal("", start, end)
    if len(text) == 1 or (quoted and text[1] not in '$`"\\'):
        return Literal(text, start, end)
    return Literal(text[1:], start + 1, end)


def _nested(tree: Tree[Token], base: int, *, quoted: bool) -> tuple[Part, ...]:
    start, end = base + tree.meta.start_pos, base + tree.meta.end_pos
    if tree.data == "double":
        return _parts(tree.children, base, quoted=True) or (Literal("", start + 1, start + 1),)
    first = tree.children[0] if tree.children else None
    if tree.data == "substitution" or first is None or getattr(first, "type", "") == "SPECIAL":
        return (Output(start, end),)
    name = str(first).lstrip("$")
    if len(tree.children) == 1:
        return (Reference(name, "", (), start, end),)
    default = tree.children[2].children  # type: ignore[union-attr]
    return (Reference(name, str(tree.children[1]), _parts(default, base, quoted=quoted), start, end),)
