"""Linux's connection tracking: it knows answers, has NAT asked once a connection, and translates the rest alike.

Sources: net/netfilter/nf_conntrack_core.c, nf_nat_core.c. A destination is translated (or an answer's translated back)
at PREROUTING and OUTPUT, a source at POSTROUTING and INPUT. What comes out of IPsec, and what goes into it, is tracked
as packets of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.division import Division
from spdcheck.engine.filter_stage import answering, ask_rules, resembling, translated, word_of
from spdcheck.engine.frame import NO_CONNECTION
from spdcheck.engine.situation import Move, State, Tracked
from spdcheck.engine.trace import Mark, Step
from spdcheck.model.protocols import ICMP, ICMP6, TCP
from spdcheck.records import replace
from spdcheck.semantics.conditions import protocol, tcp_flags
from spdcheck.semantics.fields import (
    CONNECTION,
    DESTINATION,
    DESTINATION_PORT,
    ICMP_TYPE,
    ORIGINAL_DESTINATION,
    ORIGINAL_DESTINATION_PORT,
    ORIGINAL_SOURCE,
    ORIGINAL_SOURCE_PORT,
    SOURCE,
    SOURCE_PORT,
    TRANSLATED,
)
from spdcheck.semantics.filters import Connection, Tracking
from spdcheck.semantics.intervals import contains, single
from spdcheck.semantics.packet import ESTABLISHED, INVALID, NEW, UNTRACKED
from spdcheck.semantics.predicate import is_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.filters import FilterPoint
    from spdcheck.semantics.intervals import IntervalSet

_KNOWN = Connection(())
"""The tables never meet a state of connection tracking by themselves."""

SYN, RST, ACK = 2, 4, 16
_ORIGINAL = {
    SOURCE: ORIGINAL_SOURCE, SOURCE_PORT: ORIGINAL_SOURCE_PORT,
    DESTINATION: ORIGINAL_DESTINATION, DESTINATION_PORT: ORIGINAL_DESTINATION_PORT,
}  # fmt: skip
_DESTINATION_HOOKS = ("PREROUTING", "OUTPUT")
_NEVER_BEGINS = (protocol(ICMP) & is_value(ICMP_TYPE, 0, 3, 4, 5, 11, 12, 14, 16, 18)) | (
    protocol(ICMP6) & is_value(ICMP_TYPE, 1, 2, 3, 4, 129)
)
"""ICMP answers and errors begin no connection."""
_SYN_ACK = protocol(TCP) & tcp_flags(SYN | RST | ACK, SYN | ACK)
"""So TCP answers; a connection whose first packet nobody saw does not begin with one."""
_NO_BEGINNING = Division([_NEVER_BEGINS])
_NO_BEGINNING_NOR_ANSWER = Division([_NEVER_BEGINS | _SYN_ACK])
_UNTRACKED = is_value(CONNECTION, UNTRACKED)


def pass_point(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    """What connection tracking does at one of its points."""
    if point.tracking is Tracking.TRACK:
        yield from _track(situation, stage, interface)
    elif point.tracking is Tracking.TRANSLATE:
        yield from _translate(situation, stage, interface, point)
    else:
        yield Move(_confirm(situation, stage, interface))


def _track(situation: Situation, stage: Stage, interface: str) -> Iterator[Move]:
    """Tells packets of known connections from the others; what comes in by lo was told when it was sent."""
    if situation.in_interface == "lo" and stage.hook == "PREROUTING" and situation.tracked is not None:
        yield Move(situation)
        return
    states = [s for s in situation.states if (s.host, s.point) == (situation.host.name, "conntrack")]
    conditions = [_UNTRACKED]
    conditions += [answering(state, situation) for state in states]
    conditions += [resembling(state) for state in states]
    for part in situation.frame.traffic.split(conditions):
        frame = situation.frame.with_traffic(part.traffic)
        if part.number == 0:
            yield Move(situation.with_(frame=frame, tracked=None))
        elif part.number is not None:
            state = states[(part.number - 1) % len(states)]
            back = part.number <= len(states)
            known = part.traffic.rewritten(_of_known(state, state.before if back else part.traffic))
            text = f"conntrack: {state.text}"
            step = Step(situation.host.name, f"FILTER {stage.hook}", Mark.OK, "established", text, interface)
            frame = frame.with_traffic(known)
            yield Move(situation.with_(step, frame=frame, tracked=Tracked(known, state, back)))
        else:
            yield from _unknown(situation, part.traffic)


def _of_known(state: State, first: Traffic) -> dict[Field, IntervalSet]:
    """What is known of a packet of a connection; ``first`` is like the connection's first packet, as it came."""
    original = {field: first.side(own) for own, field in _ORIGINAL.items()}
    return {CONNECTION: single(ESTABLISHED), TRANSLATED: single(_bits(state)), **original}


def _unknown(situation: Situation, traffic: Traffic) -> Iterator[Move]:
    """What belongs to no connection that we saw begin; where the way begins in the middle of one, it says so itself."""
    first_here = situation.frame.inner is None and not situation.arrived and not situation.states
    said = traffic.side(CONNECTION)
    answers = contains(single(ESTABLISHED), situation.came_from.side(CONNECTION))
    for part in traffic.split(_NO_BEGINNING_NOR_ANSWER if answers else _NO_BEGINNING):
        if first_here and len(said) == 1 and said[0][0] == said[0][1] and said[0][0] != NEW:
            value = said[0][0]
        else:
            value = NEW if part.number is None else INVALID
        known = part.traffic.rewritten({**NO_CONNECTION, CONNECTION: single(value)})
        tracked = None if value == INVALID else Tracked(known)
        yield Move(situation.with_(frame=situation.frame.with_traffic(known), tracked=tracked))


def _translate(situation: Situation, stage: Stage, interface: str, point: FilterPoint) -> Iterator[Move]:
    """The rules for the first packet of a connection, the same translation for the others."""
    tracked = situation.tracked
    if tracked is None:
        yield Move(situation)
        return
    if tracked.state is None:
        if contains(single(NEW), situation.frame.traffic.side(CONNECTION)) and not tracked.confirmed:
            before = situation.frame.traffic
            for move in ask_rules(situation, stage, interface, point):
                yield move if move.end is not None else Move(_marked(move.situation, before, stage))
        else:
            yield Move(situation)
        return
    state = tracked.state
    destination = stage.hook in _DESTINATION_HOOKS
    ends = (DESTINATION, DESTINATION_PORT) if destination else (SOURCE, SOURCE_PORT)
    if tracked.back:
        like = dict(zip(ends, (SOURCE, SOURCE_PORT) if destination else (DESTINATION, DESTINATION_PORT), strict=True))
        values = {field: state.before.side(other) for field, other in like.items()}
    else:
        values = {field: state.behind.side(field) for field in ends}
    yield Move(_like_the_first(situation, stage, interface, point, state, values))


def _like_the_first(
    situation: Situation,
    stage: Stage,
    interface: str,
    point: FilterPoint,
    state: State,
    values: dict[Field, IntervalSet],
) -> Situation:
    behind = situation.frame.traffic.rewritten(values)
    if situation.frame.traffic.within(behind):
        return situation
    step = Step(
        situation.host.name, word_of(stage, point), Mark.CHANGE, "state", f"conntrack: {state.text}", interface,
        packet=behind.example(), length=situation.frame.length,
    )  # fmt: skip
    return translated(situation.with_(step), stage, behind)


def _marked(situation: Situation, before: Traffic, stage: Stage) -> Situation:
    """Notes in the packet that its source or destination was translated, where it was, and what that was before."""
    traffic = situation.frame.traffic
    destination = stage.hook in _DESTINATION_HOOKS
    fields = (DESTINATION, DESTINATION_PORT) if destination else (SOURCE, SOURCE_PORT)
    if all(contains(traffic.side(field), before.side(field)) for field in fields):
        return situation
    earlier = traffic.side(TRANSLATED)[0][0]
    original = {_ORIGINAL[field]: before.side(field) for field in fields}
    marked = traffic.rewritten({TRANSLATED: single(earlier | (2 if destination else 1)), **original})
    return situation.with_(frame=situation.frame.with_traffic(marked))


def _bits(state: State) -> int:
    """Which ends the connection has translated: 1 the source, 2 the destination."""
    moved = [
        any(not contains(state.behind.side(field), state.before.side(field)) for field in fields)
        for fields in ((SOURCE, SOURCE_PORT), (DESTINATION, DESTINATION_PORT))
    ]
    return moved[0] + 2 * moved[1]


def _confirm(situation: Situation, stage: Stage, interface: str) -> Situation:
    """Remembers the connection of a packet that leaves the host or reaches a process of it."""
    del stage
    tracked = situation.tracked
    if tracked is None or tracked.state is not None or tracked.confirmed:
        return situation
    now = situation.frame.traffic
    first = tracked.first.begun_in(now.began) or tracked.first
    state = State(
        situation.host.name, "conntrack", first, now, "the connection is known", _KNOWN, interface, situation.came_from
    )
    if _bits(state):
        state = replace(state, text="the connection is known, and translated")
    return situation.with_(states=(*situation.states, state), tracked=replace(tracked, confirmed=True))
