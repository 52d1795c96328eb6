"""How wide text is on a terminal, and text that is safe to show there.

Configuration files may hold anything: control sequences, right-to-left marks, characters two columns wide. What is
shown is made of *cells*, and a cell never holds a character that moves the cursor or hides another one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.source import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

TAB_COLUMNS = 8
"""Tab stops are where a terminal has them, so that tables written with tabs keep their columns."""

_ASCII = str.maketrans({
    "→": "->", "←": "<-", "↔": "<->", "⇄": "<>", "…": "...", "–": "-", "—": "-", "−": "-", "─": "-", "━": "=",
    "│": "|", "┃": "|", "×": "x", "≤": "<=", "≥": ">=", "≠": "!=", "✓": "ok", "✗": "x", "◆": "*", "·": "*",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "≡": "==", MASK: "*",
})  # fmt: skip
_NARROW = re.compile(r"[ -~→←↔…•·│┃━─┏┗╭╰✓✗]*")
"""Characters of one column each: nearly all that we ever write."""
_LONGEST = 4000
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


class Cell(NamedTuple):
    """One character as shown, and the columns it takes (0 for a mark that combines with the one before)."""

    text: str
    width: int


def cell(char: str, column: int = 0, *, ascii_only: bool = False) -> Cell:
    """How a character is shown that stands in this column (counted from 0)."""
    if " " <= char <= "~":
        return Cell(char, 1)
    if char == "\t":
        width = TAB_COLUMNS - column % TAB_COLUMNS
        return Cell(" " * width, width)
    if ascii_only:
        return Cell("*" if char == MASK else "?", 1)
    if char < " ":
        return Cell(chr(0x2400 + ord(char)), 1)
    category = unicodedata.category(char)
    if category in _HIDDEN:
        return Cell("\N{REPLACEMENT CHARACTER}", 1)
    if category in ("Mn", "Me"):
        return Cell(char, 0)
    return Cell(char, 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1)


def plain(text: str, *, ascii_only: bool = False) -> str:
    """The text on one line, without anything that a terminal would obey; what is endless is cut."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    if ascii_only:
        text = text.translate(_ASCII)
    if text.isprintable() and (text.isascii() or not ascii_only):
        return text
    return "".join(" " if char in "\t\r\n" else cell(char, ascii_only=ascii_only).text for char in text)


def width_of(text: str) -> int:
    """How many columns a text takes that :func:`plain` has made safe."""
    return len(text) if _NARROW.fullmatch(text) else sum(cell(char).width for char in text)


def wrap(text: str, width: int, *, first: int | None = None) -> list[str]:
    """The words of a text on lines of at most ``width`` columns (``first``: of the first line); at least one line.

    A word that is longer than a line is broken.
    """
    room = width if first is None else first
    lines: list[str] = []
    current = ""
    used = 0
    for word in text.split(" "):
        columns = width_of(word)
        if used and used + 1 + columns <= room:
            current, used = f"{current} {word}", used + 1 + columns
            continue
        if used or (not lines and columns > room and columns <= width):
            lines.append(current)
            current, used, room = "", 0, width
        while columns > room:
            head = _head(word, room)
            lines.append(head)
            word, room = word[len(head) :], width
            columns = width_of(word)
        current, used = word, columns
    return [*lines, current]


def _head(word: str, room: int) -> str:
    """As many characters as fit, at least one."""
    used = 0
    for index, char in enumerate(word):
        used += cell(char).width
        if used > room and index:
            return word[:index]
    return word


def pad(text: str, width: int) -> str:
    """The text with blanks behind it up to a width in columns."""
    return text + " " * (width - width_of(text))


def table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows with their columns aligned; the last one runs free. Rows may have fewer columns than others."""
    listed = list(rows)
    widths: dict[int, int] = {}
    for row in listed:
        for index, text in enumerate(row[:-1]):
            widths[index] = max(widths.get(index, 0), width_of(text))
    return ["  ".join((*(pad(t, widths[i]) for i, t in enumerate(row[:-1])), row[-1])).rstrip() for row in listed]
