"""Source excerpts: the lines around some places of one file, numbered, with what each place says drawn below it.

::

       │
     7 │ spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
       │        ━━━━━━━━━━━ this network
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.output.underline import Stroke, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.output.terminal import Look
    from spdcheck.source import Location, SourceFile, Span

_FRAMES = 3
"""How many places of several lines are drawn side by side; any more are marked on their first line only."""
_WHOLE_LINES, _FIRST_LINES = 7, 3
"""A place of more lines than the first number is shown by its first few and its last."""


class Mark(NamedTuple):
    """A place to show and what is said there; the primary one is drawn heavier. ``role`` is its colour."""

    span: Span
    label: str = ""
    primary: bool = False
    role: str = "related"


class _Frame(NamedTuple):
    """A place of several lines, drawn as a bar beside them."""

    first: int
    last: int
    slot: int
    primary: bool
    role: str


def number_width(marks: Iterable[Mark], look: Look) -> int:
    """How many columns the line numbers of these places take."""
    last = max((_last_line(mark.span) for mark in marks), default=1)
    return max(len(str(last)), len(look.ellipsis), 2)


def excerpt(marks: Sequence[Mark], look: Look, numbers: int) -> Iterator[str]:
    """The rows of one excerpt; all marks are places of one file. ``numbers`` is the width of the line numbers."""
    file = marks[0].span.file
    strokes, frames = _place(file, dict.fromkeys(marks))
    bar = "|" if look.ascii_only else "│"
    blank = look.paint(f"{'':>{numbers}} {bar}", "frame")
    slots = 2 * max((frame.slot + 1 for frame in frames), default=0)
    room = max(look.width - numbers - 3 - slots, 1)
    yield blank
    previous = 0
    for line in _shown(strokes, frames):
        if previous and line > previous + 1:
            number = look.paint(f"{look.ellipsis:>{numbers}} {bar}", "frame")
            yield f"{number} {_bars(frames, previous, slots, look, below=True)}".rstrip()
        for row in rows(file.line(line), strokes.get(line, ()), look, room):
            number = look.paint(f"{line:>{numbers}} {bar}", "frame") if row.source else blank
            yield f"{number} {_bars(frames, line, slots, look, below=not row.source)}{row.text}".rstrip()
        previous = line


def _last_line(span: Span) -> int:
    return _ends(span)[1].line


def _ends(span: Span) -> tuple[Location, Location]:
    """The first and the last place of a span (the latter just behind it), without the white space around it."""
    file, start, end = span
    text = file.text
    start = min(max(start, 0), len(text))
    end = min(max(end, start), len(text))
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return file.location(start), file.location(end)


def _place(file: SourceFile, marks: Iterable[Mark]) -> tuple[dict[int, list[Stroke]], list[_Frame]]:
    """Each mark as strokes by line and, where it has several lines, a frame."""
    strokes: dict[int, list[Stroke]] = {}
    frames: list[_Frame] = []

    def stroke(line: int, start: int, end: int, label: str, mark: Mark) -> None:
        strokes.setdefault(line, []).append(Stroke(start, end, label, mark.primary, mark.role))

    for begin, finish, mark in sorted(((*_ends(m.span), m) for m in marks), key=lambda p: (p[0], -p[1].line)):
        if begin.line == finish.line:
            stroke(begin.line, begin.column - 1, finish.column - 1, mark.label, mark)
            continue
        slot = _free_slot(frames, begin.line)
        first = file.line(begin.line)
        if slot is None:
            stroke(begin.line, begin.column - 1, len(first.rstrip()), mark.label, mark)
            continue
        frames.append(_Frame(begin.line, finish.line, slot, mark.primary, mark.role))
        if begin.column - 1 > _indent(first):
            stroke(begin.line, begin.column - 1, len(first.rstrip()), "", mark)
        stroke(finish.line, _indent(file.line(finish.line)), finish.column - 1, mark.label, mark)
    return strokes, frames


def _free_slot(frames: Iterable[_Frame], line: int) -> int | None:
    taken = {frame.slot for frame in frames if frame.first <= line <= frame.last}
    return next((slot for slot in range(_FRAMES) if slot not in taken), None)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _shown(strokes: Iterable[int], frames: Iterable[_Frame]) -> list[int]:
    """The numbers of the lines to show; a gap of one line is filled rather than marked."""
    lines = set(strokes)
    for frame in frames:
        whole = frame.last - frame.first < _WHOLE_LINES
        lines.update(range(frame.first, frame.last if whole else frame.first + _FIRST_LINES))
        lines.add(frame.last)
    return sorted(lines | {line + 1 for line in lines if line + 2 in lines})


def _bars(frames: Iterable[_Frame], line: int, slots: int, look: Look, *, below: bool) -> str:
    """The bars beside a line (or below it), one for each frame."""
    marks: dict[int, tuple[str, str]] = {}
    for frame in frames:
        if frame.first < line < frame.last or (below and frame.first == line):
            glyph = "|" if look.ascii_only else "┃" if frame.primary else "│"
        elif line == frame.first:
            glyph = "/" if look.ascii_only else "┏" if frame.primary else "╭"
        elif line == frame.last and not below:
            glyph = "\\" if look.ascii_only else "┗" if frame.primary else "╰"
        else:
            continue
        marks[frame.slot] = (glyph, frame.role)
    parts = []
    for slot in range(slots // 2):
        glyph, role = marks.get(slot, (" ", ""))
        parts.append(look.paint(glyph, role) + " ")
    return "".join(parts)
