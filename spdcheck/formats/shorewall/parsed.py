"""One column through its grammar: the syntax, and where each token of it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.shapes import Unexpected
from spdcheck.formats.shorewall.columns import Cell, Refused
from spdcheck.formats.shorewall.language import expected, parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.automaton import Slot
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shorewall.syntax import Item

_MOST = 1 << 15
_KNOWN: dict[tuple[str, str], tuple[Any, Tokens]] = {}
"""Columns repeat: most lines of a file differ in one or two of them."""


class Parsed:
    """A column with its syntax."""

    __slots__ = ("cell", "syntax", "tokens")

    def __init__(self, column: str, cell: Cell, what: str) -> None:
        """Reads a cell by the rule ``column`` of the grammar. Raises :class:`Refused`, which calls it ``what``."""
        key = column, cell.text
        found = _KNOWN.get(key)
        if found is None:
            found = parser(column).read(cell.text, 0, len(cell.text))
            if len(_KNOWN) >= _MOST:
                _KNOWN.clear()
            _KNOWN[key] = found
        syntax, self.tokens = found
        self.cell = cell
        if isinstance(syntax, Unexpected):
            raise self._refused(syntax, what)
        self.syntax = syntax

    def _refused(self, wrong: Unexpected, what: str) -> Refused:
        words = expected(wrong.expected)
        if wrong.at >= len(self.tokens.texts):
            return Refused(self.cell.span, f"{what} `{self.cell.text}` ends too early, {words}")
        start, end = self.tokens.start(wrong.at), self.tokens.end(wrong.at)
        return Refused(
            self.cell.place(start, end),
            f"invalid {what} `{self.cell.text}`: found `{self.cell.text[start:end]}`, {words}",
        )

    def text(self, slot: Slot) -> str:
        """The text of a token."""
        return self.tokens.texts[slot.at]

    def one(self, slot: Slot) -> Cell:
        """A token as a cell."""
        return self.cell.part(self.tokens.start(slot.at), self.tokens.end(slot.at))

    def item(self, item: Item) -> Cell:
        """The tokens of an item as one cell."""
        return self.cell.part(self.tokens.start(item.parts[0].at), self.tokens.end(item.parts[-1].at))

    def all(self, items: Sequence[Item]) -> Cell:
        """From the first item to the last as one cell."""
        return self.cell.part(self.tokens.start(items[0].parts[0].at), self.tokens.end(items[-1].parts[-1].at))


def top_level(text: str, sign: str) -> list[tuple[int, int]]:
    """Where the parts lie between the ``sign`` outside of all parentheses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == sign and depth == 0:
            parts.append((start, at))
            start = at + 1
    parts.append((start, len(text)))
    return parts
