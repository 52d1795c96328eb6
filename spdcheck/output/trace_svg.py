"""A trace as a picture: hosts as columns, the way there above, the answer below, wires as dashed curves between.

One rounded box a stage, with its number, symbol, name, verdict and the line of configuration; what decided is in the
tooltip. Plain SVG written by hand: no script, no font of its own, light or dark as the reader's screen is. Every text
that comes from a configuration file is escaped and free of control characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from spdcheck.engine.remedy import remedy
from spdcheck.engine.trace import Disposition, Mark, Step, Wire
from spdcheck.named_tuples import NamedTuple
from spdcheck.output.columns import plain, width_of, wrap
from spdcheck.output.links import link
from spdcheck.output.trace_parts import Places, answer, is_clear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Host, Site

_BOX, _BOX_HEIGHT, _STEP = 330, 44, 54
_GAP, _MARGIN = 250, 28
_TOP, _LANE_HEAD, _LANE_GAP = 104, 58, 40
_CHAR, _SMALL_CHAR = 7.4, 6.2
"""About how wide a character is, in the two sizes of text."""

_CLASS = {
    Mark.OK: "ok",
    Mark.FAIL: "fail",
    Mark.PROTECT: "protect",
    Mark.CHANGE: "change",
    Mark.SKIP: "skip",
    Mark.UNKNOWN: "unknown",
}

STYLE = """\
text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:13px;fill:#1f2328}
.title{font-size:19px;font-weight:600}.host{font-size:15px;font-weight:600}.small{font-size:11.5px;fill:#59636e}
.mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:11px;fill:#59636e}
.name{font-weight:600}.sign{font-size:15px;font-weight:700}.lane{font-size:14px;font-weight:600}
.page{fill:#fff}.column{fill:#f6f8fa;stroke:#d1d9e0}.box{fill:#fff;stroke:#d1d9e0;stroke-width:1.2}
.fail .box{fill:#ffebe9;stroke:#cf222e;stroke-width:2}.unknown .box{fill:#fff8c5;stroke:#9a6700;stroke-width:2}
.protect .box{fill:#ddf4ff;stroke:#0969da}.change .box{fill:#fbefff;stroke:#8250df}.skip .box{stroke-dasharray:4 3}
.ok .sign{fill:#1a7f37}.fail .sign{fill:#cf222e}.protect .sign{fill:#0969da}.change .sign{fill:#8250df}
.skip .sign{fill:#59636e}.unknown .sign{fill:#9a6700}
.small.good,.good{fill:#1a7f37}.small.bad,.bad{fill:#cf222e}.small.open,.open{fill:#9a6700}
.wire{fill:none;stroke:#0969da;stroke-width:2;stroke-dasharray:7 5}.wire.clear{stroke:#cf222e}
.wire.inside{stroke:#8c959f}.head{fill:#0969da}.head.clear{fill:#cf222e}.head.inside{fill:#8c959f}
.label{fill:#fff;fill-opacity:.92}.flow{stroke:#d1d9e0;stroke-width:1.5}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small,.mono{fill:#9198a1}.page{fill:#0d1117}
.column{fill:#151b23;stroke:#3d444d}.box{fill:#0d1117;stroke:#3d444d}.label{fill:#0d1117}.flow{stroke:#3d444d}
.fail .box{fill:#3c1618;stroke:#f85149}.unknown .box{fill:#3b2e06;stroke:#d29922}
.protect .box{fill:#0c2d4d;stroke:#4493f8}.change .box{fill:#2a1a45;stroke:#ab7df8}
.ok .sign,.good,.small.good{fill:#3fb950}
.fail .sign,.bad,.small.bad{fill:#f85149}.protect .sign{fill:#4493f8}.change .sign{fill:#ab7df8}
.unknown .sign,.open,.small.open{fill:#d29922}.wire{stroke:#4493f8}.wire.clear{stroke:#f85149}
.head{fill:#4493f8}.head.clear{fill:#f85149}}"""


class _Spot(NamedTuple):
    """Where the packet is in the picture: the column and the lower edge of the box it was in last."""

    column: int
    bottom: int


def render(trace: Trace, site: Site, *, style: bool = True, links: str = "") -> str:
    """The picture as one SVG document; without ``style`` for a page that has :data:`STYLE` once for all pictures.

    Boxes lead to their lines where ``links`` is a template of addresses.
    """
    return _Picture(trace, site, links).document(style=style)


class _Picture:
    def __init__(self, trace: Trace, site: Site, links: str) -> None:
        self.trace = trace
        self.links = links
        self.site = site
        self.places = Places(site)
        self.hosts = {host.name: host for host in site.hosts}
        self.columns: dict[str, int] = {}
        for part in (trace, trace.reply):
            for step in part.steps if part is not None else ():
                self.columns.setdefault(step.host, len(self.columns))
            if part is not None:
                self.columns.setdefault(part.where, len(self.columns))
        for host in site.hosts:
            if len(self.columns) < 2:
                self.columns.setdefault(host.name, len(self.columns))
        self.number = 0
        self.rows: list[str] = []
        self.above: list[str] = []
        """Wires and their labels, drawn over the columns and below nothing."""

    @property
    def width(self) -> int:
        """The whole width."""
        count = max(len(self.columns), 2)
        return 2 * _MARGIN + count * _BOX + (count - 1) * _GAP

    def left(self, column: int) -> int:
        """The left edge of a column."""
        return _MARGIN + column * (_BOX + _GAP)

    def document(self, *, style: bool) -> str:
        """Everything, top to bottom."""
        mark, found, sentence = answer(self.trace)
        tone = "good" if mark is Mark.OK else "open" if mark is Mark.UNKNOWN else "bad"
        said = sentence.removeprefix("delivered ")
        mend = remedy(self.site, self.trace).mend
        room = int((self.width - 2 * _MARGIN) / _CHAR)
        said_rows = [*wrap(plain(said), room), *(wrap(plain(f"mend: {mend}"), room) if mend else ())]
        y = _TOP + 20 * (len(said_rows) - 1)
        for title, part in (("Forward", self.trace), ("Reply", self.trace.reply)):
            if part is not None:
                y = self.lane(title, part, y) + _LANE_GAP
        height = y - _LANE_GAP + _MARGIN
        head = [self.text(_MARGIN, 40, f"{mark.value} {found.value}", f"title {tone}")]
        head += [self.text(_MARGIN, 62 + 20 * number, row, "") for number, row in enumerate(said_rows)]
        name = f"{found.value}: {self.trace.packet}"
        size = f'viewBox="0 0 {self.width} {height}" width="{self.width}" height="{height}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={_attribute(name)}>',
                f"<title>{_escaped(name)}</title>",
                *([f"<style>\n{STYLE}\n</style>"] if style else ()),
                f'<rect class="page" width="{self.width}" height="{height}"/>',
                *head,
                *self.rows,
                *self.above,
                "</svg>\n",
            ]
        )

    def text(self, x: float, y: float, words: str, kind: str, room: float = 0, anchor: str = "start") -> str:
        """A text, cut where it has no more room than so many characters."""
        shown = plain(words)
        if room and width_of(shown) > room:
            shown = shown[: max(int(room) - 1, 1)].rstrip() + "…"
        kind = f' class="{kind}"' if kind else ""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        return f'<text x="{x:g}" y="{y:g}"{kind}{where}>{_escaped(shown)}</text>'

    def lane(self, title: str, part: Trace, top: int) -> int:
        """One direction, drawn from ``top``; answers with its lower edge."""
        packet = f"{part.packet}  {part.packet.length} B"
        self.rows.append(self.text(_MARGIN, top, title, "lane"))
        self.rows.append(self.text(_MARGIN + 72, top, packet, "", (self.width - 2 * _MARGIN - 68) / _CHAR))
        head = top + 14
        bottoms = dict.fromkeys(range(len(self.columns)), head + _LANE_HEAD - 14)
        boxes: list[str] = []
        last: _Spot | None = None
        waiting: Wire | None = None
        for step in part.steps:
            if isinstance(step, Wire):
                waiting = step if step.untrusted or waiting is None else waiting
                continue
            column = self.columns[step.host]
            if last is not None and last.column == column and waiting is not None:
                waiting = None
            y = bottoms[column]
            if last is not None and last.column != column:
                self.curve(last, _Spot(column, y), waiting)
                waiting = None
            elif last is not None:
                x = self.left(column) + 24
                boxes.append(f'<line class="flow" x1="{x}" y1="{last.bottom}" x2="{x}" y2="{y}"/>')
            boxes.append("".join(self.box(step, column, y)))
            last = _Spot(column, y + _BOX_HEIGHT)
            bottoms[column] = y + _STEP
        if waiting is not None and last is not None and self.columns[part.where] != last.column:
            there = self.columns[part.where]
            self.curve(last, _Spot(there, bottoms[there]), waiting)
            last = _Spot(there, bottoms[there])
            bottoms[there] += _STEP - _BOX_HEIGHT
        elif waiting is not None and waiting.untrusted and last is not None:
            boxes.append(self.leaving(waiting, last))
            bottoms[last.column] += 20
        for column, bottom in bottoms.items():
            if bottom == head + _LANE_HEAD - 14:
                boxes.append(self.text(self.left(column) + 2, bottom + 16, "not reached", "small"))
                bottoms[column] += 28
        end = max(bottoms.values())
        self.rows += self.frames(head, end)
        self.rows += boxes
        column = self.columns.get(part.where, 0)
        self.rows.append(self.outcome(part, column, end + 16))
        return end + 24

    def frames(self, top: int, bottom: int) -> Iterator[str]:
        """The columns behind the boxes, each with its host's name."""
        for name, column in self.columns.items():
            x = self.left(column) - 10
            yield (f'<rect class="column" x="{x}" y="{top}" width="{_BOX + 20}" height="{bottom - top}" rx="10"/>')
            yield self.text(x + 12, top + 24, name, "host", 20)
            yield self.text(x + _BOX + 8, top + 24, _system(self.hosts.get(name)), "small", 24, "end")

    def box(self, step: Step, column: int, y: int) -> Iterator[str]:
        """One stage."""
        self.number += 1
        x = self.left(column)
        place = self.places.short(step.origin)
        rule = "" if step.origin is None else f"\n{step.origin.where}\n{step.origin.text.strip()}"
        tip = f"{self.number} {step.stage} {step.interface} {step.verdict}\n{step.detail}{rule}"
        address = "" if step.origin is None else link(self.links, step.origin)
        if address:
            yield f"<a href={quoteattr(address)}>"
        yield f'<g class="{_CLASS[step.mark]}"><title>{_escaped(_lines(tip))}</title>'
        yield f'<rect class="box" x="{x}" y="{y}" width="{_BOX}" height="{_BOX_HEIGHT}" rx="7"/>'
        yield self.text(x + 24, y + 19, step.mark.value, "sign", anchor="middle")
        yield self.text(x + 24, y + 36, str(self.number), "small", anchor="middle")
        name = f"{step.stage} {step.interface}".strip()
        verdict = "" if step.verdict == step.interface else step.verdict
        room = (_BOX - 62 - len(place) * 6.8) / _CHAR
        stage = plain(name)
        yield (
            f'<text x="{x + 46}" y="{y + 18}"><tspan class="name">{_escaped(_cut(stage, room))}</tspan> '
            f"{_escaped(_cut(plain(verdict), max(room - width_of(stage) - 1, 0)))}</text>"
        )
        yield self.text(x + _BOX - 10, y + 18, place, "mono", 26, "end")
        yield self.text(x + 46, y + 35, self.places.shorten(step.detail), "small", (_BOX - 56) / _SMALL_CHAR)
        yield "</g></a>" if address else "</g>"

    def curve(self, start: _Spot, end: _Spot, wire: Wire | None) -> None:
        """A wire from the box at which the packet leaves to the one at which it arrives, with its label."""
        right = end.column > start.column
        x1 = self.left(start.column) + (_BOX if right else 0)
        x2 = self.left(end.column) + (-9 if right else _BOX + 9)
        y1, y2 = start.bottom - _BOX_HEIGHT / 2, end.bottom + _BOX_HEIGHT / 2
        kind = _wire_class(wire)
        bend = 110 if right else -110
        tip = "" if wire is None else f"<title>{_escaped(_wire_text(wire))}</title>"
        self.above.append(
            f'<path class="wire{kind}" d="M{x1},{y1:g} C{x1 + bend},{y1:g} {x2 - bend},{y2:g} {x2},{y2:g}">{tip}</path>'
        )
        back = -9 if right else 9
        self.above.append(f'<path class="head{kind}" d="M{x2 - back},{y2:g} l{back},-5 l0,10 z"/>')
        if wire is not None:
            self.label(wire, (x1 + x2) / 2, (y1 + y2) / 2)

    def label(self, wire: Wire, x: float, y: float) -> None:
        """What is on the wire, in the middle of its curve."""
        words = str(wire.packet).split(" → ")
        secret = "" if wire.spi is None else f"  spi {wire.spi:#010x}"
        clear = is_clear(wire)
        rows = [*words[:1], *(f"→ {word}" for word in words[1:]), f"{wire.length} B  {wire.form}{secret}"]
        if clear:
            rows.append("in clear")
        top = y - 8 * len(rows)
        wide = max(width_of(plain(row)) for row in rows)
        room = min(wide * _SMALL_CHAR + 16, _GAP - 46)
        self.above.append(
            f'<rect class="label" x="{x - room / 2:g}" y="{top - 5:g}" width="{room:g}" '
            f'height="{16 * len(rows) + 6}" rx="5"/>'
        )
        for number, row in enumerate(rows):
            kind = "small bad" if clear and number == len(rows) - 1 else "small"
            self.above.append(self.text(x, top + 10 + 16 * number, row, kind, (_GAP - 52) / _SMALL_CHAR, "middle"))

    def leaving(self, wire: Wire, last: _Spot) -> str:
        """A packet that leaves for somewhere that is no column."""
        x, y = self.left(last.column) + 24, last.bottom
        text = self.text(x + 16, y + 20, _wire_text(wire), "small", (_BOX - 40) / _SMALL_CHAR)
        return (
            f'<path class="wire{_wire_class(wire)}" d="M{x},{y} l0,24"/>'
            f'<path class="head{_wire_class(wire)}" d="M{x},{y + 32} l-5,-8 l10,0 z"/>{text}'
        )

    def outcome(self, part: Trace, column: int, y: int) -> str:
        """How this direction ended, below the column where it ended."""
        fine = part.disposition is Disposition.DELIVERED
        mark = "✓" if fine else "?" if part.disposition is Disposition.UNKNOWN else "✗"
        tone = "good" if fine else "open" if mark == "?" else "bad"
        guarded = ", protected" if fine and part.protected else ""
        said = part.sentence.removeprefix("delivered ") if fine else f"at {part.where}"
        words = f"{mark} {part.disposition.value}  {said}{guarded}"
        text = self.text(self.left(column), y, words, f"small {tone}", (_BOX + 10) / _SMALL_CHAR)
        return f"<g><title>{_escaped(_lines(f'{words}: {part.sentence}'))}</title>{text}</g>"


def _wire_class(wire: Wire | None) -> str:
    if wire is None or not wire.untrusted:
        return " inside"
    return " clear" if is_clear(wire) else ""


def _wire_text(wire: Wire) -> str:
    clear = "  in clear" if is_clear(wire) else ""
    return f"{wire.packet}  {wire.length} B  {wire.form}{clear}"


def _system(host: Host | None) -> str:
    if host is None or host.platform is None:
        return ""
    return f"{host.platform.value} {'.'.join(str(part) for part in host.release)}".strip()


def _cut(text: str, room: float) -> str:
    return text if width_of(text) <= room else text[: max(int(room) - 1, 0)].rstrip() + "…"


def _lines(text: str) -> str:
    """Several lines, each free of what no XML document may hold."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _escaped(text: str) -> str:
    return escape(text)


def _attribute(text: str) -> str:
    return quoteattr(plain(text))
