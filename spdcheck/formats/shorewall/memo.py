"""Columns repeat: what a text was read as is made again for another place, without reading it again.

Most lines of a big file differ from others in one or two columns. A value of the model is taken apart into what is the
same everywhere and the places in it (:func:`maker`); making it for another line costs as much as making its tuples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from spdcheck.formats.shorewall.columns import Cell, Refused
from spdcheck.formats.shorewall.lines import Line, Piece
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")

_MOST = 1 << 15
_TEMPLATE = SourceFile("", "")
_FROM_0 = (Piece(0, 0, None),)
_ONCE, _REFUSED = object(), object()


class Anchor(NamedTuple):
    """Where the text stands: ``base`` is where it begins; ``fixed`` is the place of the variable that it came from."""

    file: SourceFile
    base: int
    fixed: Span | None


def anchor(line: Line, at: int, end: int) -> Anchor | None:
    """Of a part of a line; None where a part of that comes from elsewhere than the rest."""
    pieces = line.pieces
    first = pieces[0]
    if len(pieces) == 1 and first.length is None:
        return Anchor(line.file, first.start + at, None)
    for number, piece in enumerate(pieces):
        following = pieces[number + 1].at if number + 1 < len(pieces) else end
        if piece.at <= at and end <= following:
            if piece.length is None:
                return Anchor(line.file, piece.start + at - piece.at, None)
            return Anchor(line.file, piece.start, Span(line.file, piece.start, piece.start + piece.length))
    return None


class Memo:
    """What columns were read as. One for each directory, since what is right depends on its zones and interfaces."""

    __slots__ = ("_makers",)

    def __init__(self) -> None:
        self._makers: dict[tuple[Hashable, str], Any] = {}

    def read(self, key: Hashable, cell: Cell, reader: Callable[[Cell], Value]) -> Value:
        """What ``reader`` makes of a cell; ``key`` tells readers (and what they depend on) apart."""
        name = key, cell.text
        made = self._makers.get(name)
        if made is None:
            # Many texts come once only: it is worth taking one apart when it comes again.
            if len(self._makers) >= _MOST:
                self._makers.clear()
            self._makers[name] = _ONCE
            return reader(cell)
        if made is _ONCE:
            made = self._makers[name] = _read(cell, reader)
        if made is _REFUSED:
            return reader(cell)
        found = anchor(cell.line, cell.at, cell.at + len(cell.text))
        if found is None:
            return reader(cell)
        value: Value = made(found.file, found.base, found.fixed)
        return value


def _read(cell: Cell, reader: Callable[[Cell], Any]) -> Any:
    text = cell.text
    try:
        value = reader(Cell(text, Line(_TEMPLATE, text, 0, len(text), _FROM_0), 0))
    except Refused:
        return _REFUSED
    made = maker(value)
    return made if made is not None else lambda _file, _base, _fixed: value


def maker(value: Any, origin: int = 0) -> Callable[[SourceFile, int, Span | None], Any] | None:
    """Makes the same value with its places moved from ``origin`` to ``base``, or all of them ``fixed``.

    None where it has no place.
    """
    if isinstance(value, Span):
        start, end = value.start - origin, value.end - origin
        return lambda file, base, fixed: fixed or Span(file, base + start, base + end)
    if not isinstance(value, tuple):
        return None
    parts = []
    for number, item in enumerate(value):
        made = maker(item, origin) if isinstance(item, tuple) and item else None
        if made is not None:
            parts.append((number, made))
    if not parts:
        return None
    new, cls = tuple.__new__, type(value)
    if len(parts) == 1:
        number, only = parts[0]
        before, behind = tuple(value[:number]), tuple(value[number + 1 :])
        return lambda file, base, fixed: new(cls, (*before, only(file, base, fixed), *behind))
    same = list(value)

    def several(file: SourceFile, base: int, fixed: Span | None) -> Any:
        items = same.copy()
        for number, made in parts:
            items[number] = made(file, base, fixed)
        return new(cls, items)

    return several
