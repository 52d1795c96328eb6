"""One line of source with its underlines: cut around them where it is too long, and what each one says.

The labels hang as rustc hangs them: the rightmost stands beside its underline, the others below, each on a thread.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.output.columns import cell, width_of, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.output.terminal import Look

_NARROWEST_LABEL = 30
_LONG, _BEFORE, _BEHIND = 10_000, 1000, 4000
"""A line of more characters than the first number is cut to so many around each stroke before it is laid out."""


class Stroke(NamedTuple):
    """A part of a line (character offsets within it) to be underlined, in the colour of a role."""

    start: int
    end: int
    label: str
    primary: bool
    role: str


class Row(NamedTuple):
    """One printed row; ``source`` marks those that show the line itself."""

    text: str
    source: bool


class _Window(NamedTuple):
    """The columns of a line that are shown, from ``start`` up to ``stop``; ``shift`` leads to the printed column."""

    start: int
    stop: int
    shift: int


class _Drawn(NamedTuple):
    """A stroke at its printed columns."""

    start: int
    end: int
    stroke: Stroke


class _Piece(NamedTuple):
    """Some text at a printed column."""

    column: int
    text: str
    role: str


class _Line:
    """A line as cells, with the column at which each one starts (and, as the last, the width of all)."""

    def __init__(self, text: str, look: Look) -> None:
        self.texts: Sequence[str] = text
        self.columns: Sequence[int] = range(len(text) + 1)
        if text.isascii() and text.isprintable():
            return
        self.texts, self.columns = texts, columns = [], [0]
        for char in text:
            shown = cell(char, columns[-1], ascii_only=look.ascii_only)
            texts.append(shown.text)
            columns.append(columns[-1] + shown.width)

    @property
    def width(self) -> int:
        return self.columns[-1]

    def region(self, stroke: Stroke) -> tuple[int, int]:
        """The columns of a stroke, at least one."""
        last = len(self.texts)
        start, end = self.columns[min(stroke.start, last)], self.columns[min(stroke.end, last)]
        return start, max(end, start + 1)

    def shown(self, window: _Window) -> str:
        """The text of a window; a wide character that its edge cuts becomes blanks."""
        if isinstance(self.texts, str):
            return self.texts[window.start : window.stop]
        parts = []
        for index, text in enumerate(self.texts):
            start, end = self.columns[index], self.columns[index + 1]
            if start >= window.start and end <= window.stop:
                parts.append(text)
            elif end > window.start and start < window.stop:
                parts.append(" " * (min(end, window.stop) - max(start, window.start)))
        return "".join(parts)


def rows(text: str, strokes: Iterable[Stroke], look: Look, room: int) -> Iterator[Row]:
    """The line in at most ``room`` columns, followed by its underlines and labels.

    Where the strokes lie too far apart for one row, the line is shown several times.
    """
    if len(text) > _LONG:
        for stroke in strokes:
            offset = max(0, stroke.start - _BEFORE)
            part = text[offset : stroke.start + _BEHIND]
            end = min(stroke.end - offset, len(part))
            yield from rows(part, [stroke._replace(start=stroke.start - offset, end=end)], look, room)
        return
    line = _Line(text, look)
    for window, group in _windows(line, sorted(strokes), look, room):
        left = look.ellipsis if window.start else ""
        right = look.ellipsis if window.stop < line.width else ""
        yield Row((left + line.shown(window) + right).rstrip(), source=True)
        drawn = [_draw(line, stroke, window, room) for stroke in group]
        if drawn:
            labels = _labels(drawn, look, room)
            yield Row(_compose([*_underlines(drawn, look), *next(labels)], look), source=False)
            for pieces in labels:
                yield Row(_compose(pieces, look), source=False)


def _windows(
    line: _Line, strokes: Sequence[Stroke], look: Look, room: int
) -> Iterator[tuple[_Window, Sequence[Stroke]]]:
    furthest = max((line.region(stroke)[1] for stroke in strokes), default=0)
    if max(line.width, furthest) <= room:
        yield _Window(0, room, 0), strokes
        return
    cut = len(look.ellipsis)
    if not strokes:
        yield _Window(0, room - cut, 0), strokes
        return
    groups: list[list[Stroke]] = []
    for stroke in strokes:
        if groups and max(line.region(s)[1] for s in (*groups[-1], stroke)) - line.region(groups[-1][0])[0] <= (
            room - 2 * cut
        ):
            groups[-1].append(stroke)
        else:
            groups.append([stroke])
    for group in groups:
        first = line.region(group[0])[0]
        last = min(max(line.region(stroke)[1] for stroke in group), first + room - 2 * cut)
        label = max((min(width_of(look.text(s.label)), _NARROWEST_LABEL) + 1 for s in group if s.label), default=0)
        yield _window(line, first, last, min(label, room - cut - (last - first)), room, cut), group


def _window(line: _Line, first: int, last: int, label: int, room: int, cut: int) -> _Window:
    """The part of a line that is too long around the columns ``first`` up to ``last``.

    At the end of the line so many columns are kept free for the label.
    """
    if last <= room - cut:
        return _Window(0, room - cut, 0)
    width = max(line.width, last + label)
    if width - first <= room - cut:
        start = width - (room - cut)
        return _Window(start, width, cut - start)
    inner = room - 2 * cut
    start = first - (inner - (last - first)) // 2
    return _Window(start, start + inner, cut - start)


def _draw(line: _Line, stroke: Stroke, window: _Window, room: int) -> _Drawn:
    start, end = line.region(stroke)
    start, end = max(start, window.start) + window.shift, min(end, window.stop) + window.shift
    start = min(start, room - 1)
    return _Drawn(start, max(end, start + 1), stroke)


def _underlines(drawn: Sequence[_Drawn], look: Look) -> list[_Piece]:
    """Longer strokes first, so that a part of a marked statement stays visible inside it."""
    columns: list[Stroke | None] = [None] * max(d.end for d in drawn)
    for start, end, stroke in sorted(drawn, key=lambda d: (d.start - d.end, d.stroke.primary)):
        columns[start:end] = [stroke] * (end - start)
    pieces: list[_Piece] = []
    column = 0
    for stroke_here, group in groupby(columns):
        width = sum(1 for _ in group)
        if stroke_here is not None:
            glyph = ("^" if stroke_here.primary else "-") if look.ascii_only else "━" if stroke_here.primary else "─"
            pieces.append(_Piece(column, glyph * width, stroke_here.role))
        column += width
    return pieces


def _labels(drawn: Sequence[_Drawn], look: Look, room: int) -> Iterator[list[_Piece]]:
    """What stands behind the underlines (perhaps nothing), then the rows below them."""
    hanging = sorted((d for d in drawn if d.stroke.label), key=lambda d: (d.start, -d.end))
    beside = _beside(drawn, hanging, look, room)
    if beside is None:
        yield []
        if len(hanging) > 1:
            yield _threads(hanging, room, look)
    else:
        hanging.remove(beside)
        first, *more = wrap(look.text(beside.stroke.label), room - beside.end - 1)
        yield [_Piece(beside.end + 1, first, beside.stroke.role)]
        for part in more:
            yield [*_threads(hanging, beside.end, look), _Piece(beside.end + 1, part, beside.stroke.role)]
        if hanging and not more:
            yield _threads(hanging, room, look)
    while hanging:
        item = hanging.pop()
        label = look.text(item.stroke.label)
        column = min(item.start, max(0, room - min(width_of(label), _NARROWEST_LABEL)))
        for part in wrap(label, room - column):
            yield [*_threads(hanging, column, look), _Piece(column, part, item.stroke.role)]


def _beside(drawn: Sequence[_Drawn], labelled: Sequence[_Drawn], look: Look, room: int) -> _Drawn | None:
    """The stroke whose label can stand behind the underlines, on the same row."""
    last = max(labelled, key=lambda d: (d.end, d.start), default=None)
    if last is None or last.end < max(d.end for d in drawn):
        return None
    free = room - last.end - 1
    return last if free >= min(width_of(look.text(last.stroke.label)), _NARROWEST_LABEL) else None


def _threads(hanging: Iterable[_Drawn], before: int, look: Look) -> list[_Piece]:
    """The threads on which the labels hang that are still to come, left of a column."""
    glyph = "|" if look.ascii_only else "│"
    starts = {item.start: item.stroke.role for item in hanging if item.start < before}
    return [_Piece(column, glyph, role) for column, role in sorted(starts.items())]


def _compose(pieces: Iterable[_Piece], look: Look) -> str:
    parts = []
    used = 0
    for column, text, role in pieces:
        parts.append(" " * (column - used) + look.paint(text, role))
        used = column + width_of(text)
    return "".join(parts)
