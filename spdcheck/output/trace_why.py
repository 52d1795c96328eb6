"""Why one step of a trace decided as it did: the packet it saw, the rules tried in order, and what each one misses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.evidence import decider, sees_ports, tried
from spdcheck.output.columns import wrap
from spdcheck.output.snippet import Mark as Shown
from spdcheck.output.snippet import excerpt, number_width
from spdcheck.output.trace_parts import Places, mark_text
from spdcheck.semantics.words import predicate_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.evidence import Tried
    from spdcheck.engine.trace import Step
    from spdcheck.model.host import Site
    from spdcheck.output.terminal import Look

_MOST = 40
"""So many rules are shown; the nearest misses are worth more than a complete list."""


def render(step: Step, number: int, site: Site, look: Look) -> Iterator[str]:
    """The page of one step."""
    places = Places(site)
    where = f"{step.host} {step.interface}".strip()
    line = f"{number} {mark_text(step.mark, look)} {step.stage} at {look.text(where)}: {look.text(step.verdict)}"
    yield look.paint(line, "strong") + "\n"
    if step.detail:
        yield from _indented(step.detail, 2, look)
    if step.origin is not None and step.origin.file.text:
        shown = [Shown(step.origin, "this decides", primary=True, role="related")]
        yield f"  --> {look.text(step.origin.where)}\n"
        for shown_row in excerpt(shown, look, number_width(shown, look)):
            yield shown_row + "\n"
    else:
        yield "  no line of a file decides here\n"
    if step.asked is None:
        return
    yield from _indented(f"the packet: {step.asked.packet}, {step.asked.packet.length} B", 2, look)
    if not sees_ports(step.asked):
        yield "  its ports were not looked at here\n"
    stop = decider(step.asked)
    rows = list(tried(step.asked))
    before = rows if stop is None else rows[:stop]
    closest = min((row for row in rows if row.fits is False), key=lambda row: row.rank, default=None)
    yield f"  tried before it: {len(before) or 'nothing'}\n"
    for row in before[:_MOST]:
        yield from _row(row, places, look, nearest=row is closest)
    if len(before) > _MOST:
        yield f"  and {len(before) - _MOST} more\n"
    if stop is not None:
        condition = predicate_text(rows[stop].condition)
        yield from _indented(f"it fits: {condition}", 2, look)
    if closest is not None and closest not in before:
        yield from _row(closest, places, look, nearest=True)


def _row(row: Tried, places: Places, look: Look, *, nearest: bool) -> Iterator[str]:
    name = places.short(row.origin) or f"rule {row.number + 1}"
    missed = "; ".join(str(miss) for miss in row.misses) or "it fits, changes the packet and goes on"
    yield from _indented(f"{name}{' (nearest miss)' if nearest else ''}: {missed}", 4, look)


def _indented(text: str, columns: int, look: Look) -> Iterator[str]:
    for number, line in enumerate(wrap(look.text(text), look.width - columns - 2)):
        yield f"{'':>{columns + (2 if number else 0)}}{line}".rstrip() + "\n"
