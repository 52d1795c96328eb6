"""How the checks of openings ask a host's filters about the packets that make and carry a tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity, Undecided
from spdcheck.engine.carriers import arriving, is_blocked, is_unknown, leaving
from spdcheck.engine.remedy import remedy
from spdcheck.engine.simulate import trace_of
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Mode
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.checks.base import Check, Context
    from spdcheck.checks.finding import Finding
    from spdcheck.engine.carriers import Carrier
    from spdcheck.engine.exploration import Ending
    from spdcheck.source import Span


class Closed(NamedTuple):
    """A way that is closed: ``text`` says which, ``ending`` how, ``answers`` whether answers pass at least."""

    text: str
    ending: Ending
    answers: bool


def closed_ways(context: Context, carrier: Carrier, *, only_answers: bool = False) -> Iterator[Closed | Undecided]:
    """The ways out of and into a carrier's host that a filter closes.

    A filter that remembers connections lets answers pass; then only the side that begins can make it. With
    ``only_answers`` this host never begins, so that only what it answers has to pass.
    """
    simulator = context.ways.simulator
    out, into = leaving(simulator, carrier), arriving(simulator, carrier)
    for ending in (out, into):
        if is_unknown(ending, carrier):
            yield Undecided("", carrier.host.name, ending.sentence, ending.place)
    if is_blocked(out, carrier):
        answers = not is_blocked(into, carrier) and not is_blocked(
            leaving(simulator, carrier, into.situation.states), carrier
        )
        if not (answers and only_answers):
            yield Closed("leave", out, answers)
    if is_blocked(into, carrier):
        answers = not is_blocked(out, carrier) and not is_blocked(
            arriving(simulator, carrier, out.situation.states), carrier
        )
        yield Closed("come in", into, answers and not only_answers)


def findings(
    check: Check, context: Context, carrier: Carrier, *, only_answers: bool = False, severity: Severity | None = None
) -> Iterator[Finding | Undecided]:
    """The findings about one carrier: one for each line that closes a way, whichever ways it closes."""
    lines: dict[Span, list[Closed]] = {}
    for closed in closed_ways(context, carrier, only_answers=only_answers):
        if isinstance(closed, Undecided):
            yield Undecided(check.code, closed.host, closed.reason, closed.span)
        else:
            lines.setdefault(closed.ending.place or carrier.policy.origin, []).append(closed)
    for place, ways in lines.items():
        trace = ways[0].ending.replayed()
        if trace is None:
            yield check.not_replayed(carrier.host, f"that {carrier.cargo.value} is closed", place)
            continue
        found = remedy(context.site, trace)
        yield check.finding(
            carrier.host,
            place,
            f"{carrier.cargo.value} with {carrier.far} {_in_words(ways)} {carrier.host.name}",
            label="blocked here",
            notes=[
                *(Note(note.span, note.label) for note in found.places if note.span != place),
                *_needed(carrier, place),
            ],
            mend=found.mend,
            trace=trace,
            severity=severity or (Severity.WARNING if all(way.answers for way in ways) else None),
            subject=f"{carrier.cargo.name} {carrier.far}",
        )


def fragments(check: Check, context: Context, carrier: Carrier, severity: Severity) -> Iterator[Finding]:
    """What carries a tunnel is longer than what it carries: full packets come in fragments, where they may."""
    simulator = context.ways.simulator
    whole = arriving(simulator, carrier)
    if carrier.mode is not Mode.TUNNEL or is_blocked(whole, carrier) or is_unknown(whole, carrier):
        return
    pieces = arriving(simulator, carrier, in_fragments=True)
    if not is_blocked(pieces, carrier):
        return
    place = pieces.place or carrier.policy.origin
    yield check.finding(
        carrier.host,
        place,
        f"fragments of {carrier.cargo.value} with {carrier.far} can't come in at {carrier.host.name}: packets that "
        "fill the wire are lost, small ones pass",
        label="blocks fragments",
        notes=_needed(carrier, place),
        mend="have them put together before the rules (pf: scrub … fragment reassemble, set reassemble yes), or let "
        "them pass (ipf: keep frags)",
        trace=trace_of(pieces.leaf, pieces.began.example()),
        severity=severity,
        subject=f"fragments {carrier.cargo.name} {carrier.far}",
    )


def _in_words(ways: Iterable[Closed]) -> str:
    found = list(ways)
    if len(found) > 1:
        return "can neither leave nor come in at"
    if found[0].answers:
        return f"can {found[0].text} only as an answer at"
    return f"can't {found[0].text} at"


def _needed(carrier: Carrier, place: Span) -> Iterator[Note]:
    if carrier.policy.origin != place:
        yield Note(carrier.policy.origin, "this policy needs it")
