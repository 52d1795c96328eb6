"""The stage that asks packet filters and NAT, and what they remember of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.situation import End, Move, State, with_evidence
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.semantics.changes import image
from spdcheck.semantics.decision import Continue, Decide, Undecided
from spdcheck.semantics.fields import DESTINATION, DESTINATION_PORT, PROTOCOL, SOURCE, SOURCE_PORT
from spdcheck.semantics.filters import Verdict, points
from spdcheck.semantics.predicate import all_of, in_set
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.filters import FilterPoint
    from spdcheck.semantics.predicate import Predicate

_REVERSED = {
    SOURCE: DESTINATION,
    DESTINATION: SOURCE,
    SOURCE_PORT: DESTINATION_PORT,
    DESTINATION_PORT: SOURCE_PORT,
    PROTOCOL: PROTOCOL,
}
_BEFORE_ROUTING = ("in", "PREROUTING")


def pass_filters(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks every filter and NAT of the host at this hook, in the platform's order."""
    interface = stage.interface or (situation.in_interface if stage.hook in _INWARD else situation.out_interface)
    if stage.interface and not situation.pending:
        yield Move(situation)
        return
    asked = points(situation.host, stage.hook, interface)
    if stage.unless_decrypted and situation.arrived:
        if asked:
            why = stage.unless_decrypted
            step = Step(situation.host.name, f"FILTER {stage.hook}", Mark.SKIP, "skipped", why, interface)
            situation = situation.with_(step)
        yield Move(situation)
        return
    if simulator.tunnels_up and situation.frame.protection is not None:
        yield Move(situation)
        return
    yield from _ask(situation, stage, interface, asked)


_INWARD = ("in", "PREROUTING", "INPUT")


def _ask(situation: Situation, stage: Stage, interface: str, asked: Sequence[FilterPoint]) -> Iterator[Move]:
    if not asked:
        yield Move(situation)
        return
    for move in _one(situation, stage, interface, asked[0]):
        if move.end is not None:
            yield move
        else:
            yield from _ask(move.situation, stage, interface, asked[1:])


def _one(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    states = [state for state in situation.states if (state.host, state.point) == (situation.host.name, point.name)]
    for part in situation.frame.traffic.split([_answers(state) for state in states]):
        here = situation.with_(frame=situation.frame.with_traffic(part.traffic))
        if part.number is None:
            yield from _new(here, stage, interface, point)
        else:
            yield _known(here, stage, interface, point, states[part.number])


def _answers(state: State) -> Predicate:
    """The packets that answer those of a state."""
    return all_of(in_set(field, *state.behind.side(other)) for field, other in _REVERSED.items())


def _known(situation: Situation, stage: Stage, interface: str, point: FilterPoint, state: State) -> Move:
    """An answer passes, and what was translated on the way there is translated back."""
    fields = (SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT)
    back = situation.frame.traffic.rewritten({field: state.before.side(_REVERSED[field]) for field in fields})
    changed = not situation.frame.traffic.within(back)
    step = Step(
        situation.host.name, _word(stage, point), Mark.CHANGE if changed else Mark.OK, "state",
        f"{point.name}: {state.text}", interface,
        packet=back.example() if changed else None, length=situation.frame.length,
    )  # fmt: skip
    after = situation.with_(step)
    return Move(_changed(after, stage, back) if changed else after)


def _word(stage: Stage, point: FilterPoint) -> str:
    return ("NAT " if point.translates else "FILTER ") + stage.hook


def _new(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    """What belongs to no known connection is decided by the rules."""
    host, word = situation.host.name, _word(stage, point)
    for traffic, decided, origin, unknown in _decide(point.rules, situation.frame.traffic):
        here = situation.with_(frame=situation.frame.with_traffic(traffic))
        reason = unknown or (decided.action.reason if isinstance(decided.action, Undecided) else "")
        if reason:
            step = Step(host, word, Mark.UNKNOWN, "unknown", reason, interface, origin)
            yield Move(here.with_(step), end=End(Disposition.UNKNOWN, f"{point.name} of {host}: {reason}"))
            continue
        move = _decided(here, stage, interface, point, word, decided, origin)
        yield with_evidence(here, move, traffic, rules=point.rules)


def _decided(
    situation: Situation,
    stage: Stage,
    interface: str,
    point: FilterPoint,
    word: str,
    decided: Decide,
    origin: Span | None,
) -> Move:
    host = situation.host.name
    verdict = decided.action
    if verdict is not Verdict.PASS:
        inward = stage.hook in _INWARD
        step = Step(host, word, Mark.FAIL, getattr(verdict, "value", str(verdict)), point.name, interface, origin)
        how = Disposition.DENIED_IN if inward else Disposition.DENIED_OUT
        where = f", {origin.where}" if origin is not None else " by its default"
        return Move(situation.with_(step), end=End(how, f"{point.name} of {host} blocks it{where}"))
    before = situation.frame.traffic
    behind = apply(before, decided.changes)
    if not decided.changes or before.within(behind):
        said = "no match" if point.translates else "pass"
        mark = Mark.SKIP if point.translates else Mark.OK
        after = situation.with_(Step(host, word, mark, said, point.name, interface, origin))
    else:
        step = Step(
            host,
            word,
            Mark.CHANGE,
            "translated",
            point.name,
            interface,
            origin,
            behind.example(),
            situation.frame.length,
        )
        after = _changed(situation.with_(step), stage, behind)
    if decided.state is not None:
        state = State(host, point.name, before, behind, f"the connection is known{_from(origin)}")
        after = after.with_(states=(*after.states, state))
    return Move(after)


def _from(origin: Span | None) -> str:
    return f" from {origin.where}" if origin is not None else ""


def _changed(situation: Situation, stage: Stage, traffic: Traffic) -> Situation:
    """NAT before routing keeps what was there for the SPD's check; NAT behind it has the SPD asked again."""
    frame = situation.frame.with_traffic(traffic)
    if stage.hook in _BEFORE_ROUTING:
        return situation.with_(frame=frame, untranslated=situation.untranslated or situation.frame.traffic)
    return situation.with_(frame=frame, translated=True)


def apply(traffic: Traffic, changes: Sequence[Change]) -> Traffic:
    """The traffic after the changes of a rule."""
    for change in changes:
        traffic = traffic.rewritten({change.field: image(traffic.side(change.field), change)})
    return traffic


def _decide(rules: DecisionList, traffic: Traffic) -> Iterator[tuple[Traffic, Decide, Span | None, str]]:
    """Every part of the traffic with the entry that decides about it, the place of that entry, and what is unknown."""
    if not any(isinstance(entry.effect, Continue) for entry in rules.entries):
        for part in traffic.split([entry.predicate for entry in rules.entries]):
            entry = None if part.number is None else rules.entries[part.number]
            effect = rules.default if entry is None or not isinstance(entry.effect, Decide) else entry.effect
            yield part.traffic, effect, _place(None if entry is None else entry.origin), part.unknown
        return
    yield from _step(rules, traffic, 0)


def _step(rules: DecisionList, traffic: Traffic, number: int) -> Iterator[tuple[Traffic, Decide, Span | None, str]]:
    while number < len(rules.entries):
        entry = rules.entries[number]
        number += 1
        parts = list(traffic.split([entry.predicate]))
        taken = [part for part in parts if part.number is not None]
        for part in taken:
            if isinstance(entry.effect, Continue) and not part.unknown:
                yield from _step(rules, apply(part.traffic, entry.effect.changes), number)
            elif isinstance(entry.effect, Continue):
                yield part.traffic, rules.default, _place(entry.origin), part.unknown
            else:
                yield part.traffic, entry.effect, _place(entry.origin), part.unknown
        rest = [part.traffic for part in parts if part.number is None]
        if not rest:
            return
        for other in rest[1:]:
            yield from _step(rules, other, number)
        traffic = rest[0]
    yield traffic, rules.default, None, ""


def _place(origin: object) -> Span | None:
    return origin if isinstance(origin, Span) else None
