"""A trace for people: the answer and the line to change first, then one line a stage with the line that decided.

The marks: ✓ passes, ◆ protected, ⇄ changed, – left out, ✗ stopped, ? not known. They stand without colour too. The
last column runs free: it is cut with … at the width of the terminal, and broken into lines under ``-v``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.evidence import decider, tried
from spdcheck.engine.remedy import remedy
from spdcheck.engine.trace import Disposition, Mark, Step, Wire
from spdcheck.model.host import Platform
from spdcheck.named_tuples import NamedTuple
from spdcheck.output.columns import pad, width_of, wrap
from spdcheck.output.snippet import Mark as Shown
from spdcheck.output.snippet import excerpt, number_width
from spdcheck.output.trace_parts import GOOD, Places, answer, is_clear, mark_text, notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.engine.remedy import Remedy
    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Host, Site
    from spdcheck.output.terminal import Look
    from spdcheck.source import SourceFile, Span

_ROLE = {
    Mark.OK: "good",
    Mark.FAIL: "error",
    Mark.PROTECT: "related",
    Mark.CHANGE: "warning",
    Mark.SKIP: "dim",
    Mark.UNKNOWN: "warning",
}
_MOST_TRIED = 8
"""So many rules that were tried in vain are shown under ``-v``; ``why`` in the shell shows them all."""
_LEAST_DETAIL = 20


def render(trace: Trace, site: Site, look: Look, *, verbose: bool = False) -> Iterator[str]:
    """The whole trace: answer, way there, way back, and what to change where it ends badly."""
    found = remedy(site, trace)
    yield from headline(trace, look)
    if found.mend:
        yield from _indented(look.paint("  mend: ", "mend"), found.mend, 8, look)
    yield look.paint(look.text(f"  {_facts(site)}"), "dim") + "\n"
    for note in notes(trace, site):
        yield from _indented("  ", note, 2, look)
    page = _Page(site, trace, look, verbose=verbose)
    for title, part in (("Forward", trace), ("Reply", trace.reply)):
        if part is not None:
            yield "\n"
            lead = look.paint(title.ljust(9), "strong")
            yield from _indented(lead, f"{part.packet}  {part.packet.length} B", 9, look)
            yield from page.way(part)
    yield from excerpts(found, look)


def headline(trace: Trace, look: Look) -> Iterator[str]:
    """The answer."""
    mark, found, sentence = answer(trace)
    lead = f"{mark_text(mark, look)} {found.value}  "
    role = "good" if mark is Mark.OK else "warning" if mark is Mark.UNKNOWN else "error"
    yield from _indented(look.paint(lead, role), sentence.removeprefix("delivered "), len(lead), look)


def _indented(lead: str, text: str, columns: int, look: Look) -> Iterator[str]:
    first, *more = wrap(look.text(text), max(look.width - columns, _LEAST_DETAIL))
    yield f"{lead}{first}".rstrip() + "\n"
    for line in more:
        yield f"{'':>{columns}}{line}".rstrip() + "\n"


def _facts(site: Site) -> str:
    files = [report for host in site.hosts for report in host.files]
    lost = sum(report.unparsed + report.unmodelled for report in files)
    rest = "all read" if not lost else f"{lost} not understood"
    statements = sum(report.statements for report in files)
    counts = [_count(len(site.hosts), "host"), _count(len(files), "file"), _count(statements, "statement")]
    return f"site {site.name} · {' · '.join(counts)}, {rest}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


class _Columns(NamedTuple):
    stage: int
    interface: int
    verdict: int
    place: int


class _Page:
    """The rows of one trace: both ways share their columns and the numbers of their stages."""

    def __init__(self, site: Site, trace: Trace, look: Look, *, verbose: bool) -> None:
        self.look, self.verbose = look, verbose
        self.hosts = {host.name: host for host in site.hosts}
        self.places = Places(site)
        self.number = 0
        steps = [s for part in (trace, trace.reply) if part for s in part.steps if isinstance(s, Step)]
        self.columns = self._measure(steps)

    def _measure(self, steps: list[Step]) -> _Columns:
        def widest(texts: Iterable[str], least: int, most: int) -> int:
            return min(max((width_of(self.look.text(text)) for text in texts), default=least), most)

        return _Columns(
            widest((step.stage for step in steps), 8, 18),
            widest((step.interface for step in steps), 3, 12),
            widest((_verdict(step) for step in steps), 8, 14),
            widest((self.places.short(step.origin) for step in steps), 8, 26 if self.look.width >= 100 else 18),
        )

    def way(self, trace: Trace) -> Iterator[str]:
        """The rows of one direction, with a heading for every host and a rule for every wire."""
        current = ""
        for step in trace.steps:
            if isinstance(step, Wire):
                if step.untrusted or self.verbose:
                    yield self._wire(step)
                continue
            if step.host != current:
                current = step.host
                yield self._heading(self.hosts.get(current), current)
            self.number += 1
            yield from self._step(step)
        yield from self._end(trace)

    def _heading(self, host: Host | None, name: str) -> str:
        words = [name]
        if host is not None and host.platform is not None:
            release = ".".join(str(part) for part in host.release)
            words.append(f"{host.platform.value} {release}".strip())
        return self._rule("─", " · ".join(words), "frame")

    def _wire(self, wire: Wire) -> str:
        spi = "" if wire.spi is None else f"  spi {wire.spi:#010x}"
        where = "wire" if wire.untrusted else f"wire at {wire.interface}"
        clear = is_clear(wire)
        nesting = f"  {wire.form}" if "{" in wire.form else ""
        words = f"{where}{', IN CLEAR' if clear else ''} ══ {wire.packet}{spi}  {wire.length} B{nesting}"
        return self._rule("═", words, "warning" if clear else "related")

    def _rule(self, dash: str, words: str, role: str) -> str:
        look = self.look
        if look.ascii_only:
            words, dash = words.replace("═", "="), "-" if dash == "─" else "="
        line = look.text(f" {dash * 2} {words} ")
        if look.ascii_only:
            line = line.replace("*", "/")
        line = cut(line, look.width, look)
        return look.paint(line + dash * (look.width - width_of(line)), role) + "\n"

    def _end(self, trace: Trace) -> Iterator[str]:
        """How this way ended; the sentence of a failure stands at the top already. Counters have Linux's names."""
        fine = trace.disposition in GOOD
        mark = Mark.OK if fine else Mark.UNKNOWN if trace.disposition is Disposition.UNKNOWN else Mark.FAIL
        lead = f"    {mark_text(mark, self.look)} {trace.disposition.value}  "
        words = trace.sentence.removeprefix("delivered ") if fine else f"at {trace.where}"
        guarded = ", protected" if fine and trace.protected else ""
        host = self.hosts.get(trace.where)
        names_it = host is not None and host.platform in (None, Platform.LINUX)
        counter = f" ({trace.counter})" if trace.counter and names_it else ""
        painted = self.look.paint(lead, "good" if fine else "error")
        yield from _indented(painted, f"{words}{guarded}{counter}", len(lead), self.look)

    def _step(self, step: Step) -> Iterator[str]:
        look, columns = self.look, self.columns
        cells = (
            (step.stage, columns.stage),
            (step.interface, columns.interface),
            (_verdict(step), columns.verdict),
        )
        head = f"{self.number:>3} {mark_text(step.mark, look)} " + " ".join(self._cell(t, w) for t, w in cells)
        place = self._cell(self.places.short(step.origin), columns.place)
        indent = width_of(head) + 1 + width_of(place) + 2
        room = look.width - indent
        text = look.text(self.places.shorten(step.detail))
        lead = f"{look.paint(head, _ROLE[step.mark])} {look.paint(place, 'dim')}"
        if room < _LEAST_DETAIL and text:
            yield lead.rstrip() + "\n"
            indent, room, lead = 6, look.width - 6, f"{'':>4}"
        rows = wrap(text, max(room, 1)) if self.verbose else [cut(text, room, look)]
        for number, row in enumerate(rows):
            yield (f"{'':>{indent}}{row}" if number else f"{lead}  {row}").rstrip() + "\n"
        if step.packet is not None and (self.verbose or step.stage not in ("ENCAP", "DECAP", "DEVICE")):
            yield look.paint(f"{'':>6}now {look.text(str(step.packet))}  {step.length} B", "dim") + "\n"
        if self.verbose:
            yield from self._evidence(step)

    def _cell(self, text: str, width: int) -> str:
        return pad(cut(self.look.text(text), width, self.look), width)

    def _evidence(self, step: Step) -> Iterator[str]:
        """The statement that decided, and the rules that were tried before it."""
        look = self.look
        if step.origin is not None and step.origin.text.strip():
            yield look.paint(f"{'':>6}{cut(look.text(_statement(step.origin)), look.width - 6, look)}", "dim") + "\n"
        if step.asked is None:
            return
        stop = decider(step.asked)
        before = [row for row in tried(step.asked) if stop is None or row.number < stop]
        for row in before[:_MOST_TRIED]:
            missed = "; ".join(str(miss) for miss in row.misses)
            line = look.text(f"tried {self.places.short(row.origin) or row.number + 1}: {missed or 'changes it'}")
            yield look.paint(f"{'':>6}{cut(line, look.width - 6, look)}", "dim") + "\n"
        if len(before) > _MOST_TRIED:
            yield look.paint(f"{'':>6}and {len(before) - _MOST_TRIED} more rules that do not fit", "dim") + "\n"


def _verdict(step: Step) -> str:
    """The verdict, unless the interface says it already."""
    return "" if step.verdict == step.interface else step.verdict


def _statement(span: Span) -> str:
    return " ".join(span.text.split())


def cut(text: str, room: int, look: Look) -> str:
    """As much of a text as there is room for, with … where something is left out."""
    if width_of(text) <= room:
        return text
    kept = ""
    used = len(look.ellipsis)
    for char in text:
        used += width_of(char)
        if used > room:
            break
        kept += char
    return kept.rstrip() + look.ellipsis


def excerpts(found: Remedy, look: Look) -> Iterator[str]:
    """The lines that a remedy names, each file with its places underlined."""
    by_file: dict[SourceFile, list[Shown]] = {}
    for number, (span, label) in enumerate(found.places):
        if span.file.text:
            by_file.setdefault(span.file, []).append(
                Shown(span, label, primary=number == 0, role="error" if number == 0 else "related")
            )
    if not by_file:
        return
    numbers = number_width([shown for places in by_file.values() for shown in places], look)
    for file, places in by_file.items():
        begin = places[0].span.begin
        yield f"\n{look.paint(f'{str():>{numbers}}-->', 'frame')} {look.text(file.path)}:{begin.line}:{begin.column}\n"
        for row in excerpt(places, look, numbers):
            yield row + "\n"


def brief(trace: Trace, site: Site, look: Look) -> str:
    """The way on one line: ``a: SPD◆ ENCAP⇄ ═ b: DECAP⇄ SPD◆ DELIVERED ═ reply: …``."""
    places = Places(site)
    words = [_brief_way(trace, places, look)]
    if trace.reply is not None:
        words += ["=" if look.ascii_only else "═", "reply:", _brief_way(trace.reply, places, look)]
    return look.text(" ".join(words)).replace("<>", "~") + "\n"


def _brief_way(trace: Trace, places: Places, look: Look) -> str:
    words: list[str] = []
    host = last = ""
    for step in trace.steps:
        if isinstance(step, Wire):
            if step.untrusted:
                words.append("=" if look.ascii_only else "═")
            continue
        if step.host != host:
            host, last = step.host, ""
            words.append(f"{host}:")
        stage = step.stage.replace(" ", "-")
        mark = mark_text(step.mark, look)
        failed = step.mark in (Mark.FAIL, Mark.UNKNOWN)
        at = f" {places.short(step.origin)}" if failed and step.origin is not None else ""
        if stage == last and not at:
            words[-1] += mark
        else:
            words.append(f"{stage}{mark}{at}")
        last = stage
    return " ".join([*words, trace.disposition.value])
