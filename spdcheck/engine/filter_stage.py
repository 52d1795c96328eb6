"""The stage that asks packet filters and NAT, and what they remember of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine import detours, enc, zones
from spdcheck.engine.asking import answers
from spdcheck.engine.fragments import pass_fragments
from spdcheck.engine.situation import End, Move, State, with_evidence
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.model.policy import Mode
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    DF,
    IN_INTERFACE,
    OUT_INTERFACE,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    name_number,
)
from spdcheck.semantics.filters import ANSWERS, SAME, Connection, Verdict, points
from spdcheck.semantics.intervals import contains, has, single
from spdcheck.semantics.predicate import FALSE, in_sides, is_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.engine.asking import Answer
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.filters import Crossing, FilterPoint
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.source import Span

_REVERSED = {
    SOURCE: DESTINATION,
    DESTINATION: SOURCE,
    SOURCE_PORT: DESTINATION_PORT,
    DESTINATION_PORT: SOURCE_PORT,
    PROTOCOL: PROTOCOL,
}
_BEFORE_CHECK = ("in", "PREROUTING", "INPUT")


def pass_filters(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks every filter and NAT of the host at this hook, in the platform's order."""
    inward = stage.hook in INWARD
    interface = stage.interface or (situation.in_interface if inward else _departure(simulator, situation))
    if stage.interface and not (enc.just_unwrapped(situation) if inward else situation.pending):
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
    if stage.outer:
        yield enc.pass_outer(situation, stage, asked)
        return
    if stage.only_nat:
        asked = tuple(point for point in asked if point.translates)
    for move in _ask(situation, stage, interface, asked):
        if move.end is None and move.situation.detour is not None:
            yield from detours.follow(simulator, move.situation, inward=inward)
        else:
            yield move


def _departure(simulator: Simulator, situation: Situation) -> str:
    """The interface by which filters see the traffic leave."""
    wrapped = [protection for protection in situation.pending if protection.mode is Mode.TUNNEL]
    if situation.path.filters_see_carrier and wrapped:
        entry = simulator.topology.route(situation.host, wrapped[-1].destination)
        return situation.out_interface if entry is None else entry.interface
    return situation.out_interface


INWARD = ("in", "PREROUTING", "INPUT")


def _ask(situation: Situation, stage: Stage, interface: str, asked: Sequence[FilterPoint]) -> Iterator[Move]:
    if not asked:
        yield Move(situation)
        return
    for move in _one(situation, stage, interface, asked[0]):
        if move.end is not None or move.situation.detour is not None:
            yield move
        else:
            yield from _ask(move.situation, stage, interface, asked[1:])


def _one(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    if point.tracking is not None:
        from spdcheck.engine.conntrack import pass_point

        yield from pass_point(situation, stage, interface, point)
        return
    for here in _divisible(situation, stage, interface, point):
        yield from _in_pieces(here, stage, interface, point)


def _divisible(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Situation]:
    """What a filter has cleared of "don't fragment", and the rest."""
    traffic = situation.frame.traffic
    if point.divisible is None or not has(traffic.side(DF), 1):
        yield situation
        return
    seen = traffic.rewritten(_interfaces(situation, stage, interface))
    for part in seen.split([point.divisible & is_value(DF, 1)]):
        here = traffic.begun_in(part.traffic.began)
        if here is None:
            continue
        after = situation.with_(frame=situation.frame.with_traffic(here))
        if part.number is not None and not part.unknown:
            text = f'{point.name}: scrub clears "don\'t fragment"'
            step = Step(situation.host.name, word_of(stage, point), Mark.CHANGE, "scrubbed", text, interface)
            cleared = here.rewritten({DF: single(0)})
            after = after.with_(step, frame=situation.frame.with_traffic(cleared))
        yield after


def _in_pieces(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    """A filter that looks at fragments one by one, or at the whole packet."""
    if situation.in_fragments and stage.hook in INWARD and point.fragments is not None:
        seen = situation.frame.traffic.rewritten(_interfaces(situation, stage, interface))
        for move in pass_fragments(situation, word_of(stage, point), interface, point, seen):
            if move.end is not None:
                yield move
            else:
                yield from _whole(move.situation, stage, interface, point)
        return
    yield from _whole(situation, stage, interface, point)


def _whole(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    """A packet that is in one piece, or whose fragments all pass."""
    direction = "in" if stage.hook in INWARD else "out"
    meets = [
        (state, crossing)
        for state in situation.states
        if (state.host, state.point) == (situation.host.name, point.name)
        for crossing in state.known.crossings
        if crossing.direction == direction and is_met_on(state, crossing, interface)
    ]
    conditions = [answering(state, situation) if crossing.back else resembling(state) for state, crossing in meets]
    for part in situation.frame.traffic.split(conditions):
        here = situation.with_(frame=situation.frame.with_traffic(part.traffic))
        if part.number is None:
            yield from ask_rules(here, stage, interface, point)
        else:
            yield _known(here, stage, interface, point, *meets[part.number])


def is_met_on(state: State, crossing: Crossing, interface: str) -> bool:
    """Packets that cross the filter on this interface can belong to the state."""
    wanted = state.interface if crossing.interface == SAME else crossing.interface
    return wanted in ("", interface)


def answering(state: State, situation: Situation) -> Predicate:
    """The packets that answer those of a state; none of the flow that made it."""
    if state.flow is situation.came_from:
        return FALSE
    return in_sides((field, state.behind.side(other)) for field, other in _REVERSED.items())


def resembling(state: State) -> Predicate:
    """The packets that are like the first one of a state."""
    return in_sides((field, state.before.side(field)) for field in _REVERSED)


def _known(
    situation: Situation, stage: Stage, interface: str, point: FilterPoint, state: State, crossing: Crossing
) -> Move:
    """What belongs to a connection fares as its first packet did; answers are translated back."""
    host, word = situation.host.name, word_of(stage, point)
    fields = (SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT)
    if crossing.back:
        sides = {field: state.before.side(_REVERSED[field]) for field in fields}
    else:
        sides = {field: state.behind.side(field) for field in fields}
    if not state.known.passes:
        step = Step(host, word, Mark.FAIL, "block", f"{point.name}: {state.text}", interface)
        how = Disposition.DENIED_IN if stage.hook in INWARD else Disposition.DENIED_OUT
        return Move(situation.with_(step), end=End(how, f"{point.name} of {host} blocks it: {state.text}"))
    back = situation.frame.traffic.rewritten(sides)
    changed = not situation.frame.traffic.within(back)
    step = Step(
        host, word, Mark.CHANGE if changed else Mark.OK, "state",
        f"{point.name}: {state.text}", interface,
        packet=back.example() if changed else None, length=situation.frame.length,
    )  # fmt: skip
    after = situation.with_(step, detour=state.known.back if crossing.back else state.known.detour)
    return Move(translated(after, stage, back) if changed else after)


def word_of(stage: Stage, point: FilterPoint) -> str:
    """The word that ``trace`` shows for the stage."""
    return ("NAT " if point.translates else "FILTER ") + stage.hook


def ask_rules(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    """What belongs to no known connection is decided by the rules."""
    host, word = situation.host.name, word_of(stage, point)
    shown = {field: situation.frame.traffic.side(field) for field in (IN_INTERFACE, OUT_INTERFACE)}
    seen = situation.frame.traffic.rewritten(_interfaces(situation, stage, interface))
    for answer in answers(point, seen):
        before, behind = answer.before.rewritten(shown), answer.behind.rewritten(shown)
        here = situation.with_(frame=situation.frame.with_traffic(before))
        if answer.unknown:
            step = Step(host, word, Mark.UNKNOWN, "unknown", answer.unknown, interface, answer.origin)
            yield Move(here.with_(step), end=End(Disposition.UNKNOWN, f"{point.name} of {host}: {answer.unknown}"))
            continue
        move = _decided(here, stage, interface, point, answer._replace(before=before, behind=behind))
        move = with_evidence(here, move, answer.before, rules=answer.rules)
        yield zones.told(move) if point.name == "filter" else move


def _interfaces(situation: Situation, stage: Stage, interface: str) -> dict[Field, tuple[tuple[int, int], ...]]:
    """The interfaces by which filters see the traffic come and go."""
    here = single(name_number(interface))
    if stage.hook in INWARD:
        return {IN_INTERFACE: here, OUT_INTERFACE: single(0)}
    came = situation.in_interface if situation.forwarded else ""
    return {IN_INTERFACE: single(name_number(came)), OUT_INTERFACE: here}


def _decided(situation: Situation, stage: Stage, interface: str, point: FilterPoint, answer: Answer) -> Move:
    host, word, origin = situation.host.name, word_of(stage, point), answer.origin
    verdict = answer.verdict
    if verdict is not Verdict.PASS:
        inward = stage.hook in INWARD
        step = Step(host, word, Mark.FAIL, getattr(verdict, "value", str(verdict)), point.name, interface, origin)
        how = Disposition.DENIED_IN if inward else Disposition.DENIED_OUT
        where = f", {origin.where}" if origin is not None else " by its default"
        return Move(situation.with_(step), end=End(how, f"{point.name} of {host} blocks it{where}"))
    before, behind = answer.before, answer.behind
    if before.within(behind):
        said = "no match" if point.translates else "pass"
        mark = Mark.SKIP if point.translates else Mark.OK
        after = situation.with_(Step(host, word, mark, said, point.name, interface, origin))
        if behind is not before:
            after = after.with_(frame=after.frame.with_traffic(behind))
    else:
        moved = any(not _same_side(before, behind, field) for field in _REVERSED)
        packet, length = (behind.example(), situation.frame.length) if moved else (None, 0)
        mark, said = (Mark.CHANGE, "translated") if moved else (Mark.OK, "pass")
        line = (answer.translator if moved else None) or origin
        after = situation.with_(Step(host, word, mark, said, point.name, interface, line, packet, length))
        after = translated(after, stage, behind) if moved else after.with_(frame=after.frame.with_traffic(behind))
    if answer.state is not None:
        known = answer.state if isinstance(answer.state, Connection) else ANSWERS
        text = f"the connection is known{_from(origin)}"
        after = after.with_(
            states=(*after.states, State(host, point.name, before, behind, text, known, interface, situation.came_from))
        )
    detour = getattr(answer.action, "detour", None)
    return Move(after if detour is None else after.with_(detour=detour))


def _same_side(before: Traffic, behind: Traffic, field: Field) -> bool:
    return contains(behind.side(field), before.side(field))


def _from(origin: Span | None) -> str:
    return f" from {origin.where}" if origin is not None else ""


def translated(situation: Situation, stage: Stage, traffic: Traffic) -> Situation:
    """NAT of what comes in keeps what was there for the SPD's check; NAT of what leaves has the SPD asked again."""
    frame = situation.frame.with_traffic(traffic)
    if stage.hook in _BEFORE_CHECK:
        return situation.with_(frame=frame, untranslated=situation.untranslated or situation.frame.traffic)
    return situation.with_(frame=frame, translated=True)
