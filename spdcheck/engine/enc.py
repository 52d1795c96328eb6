"""Filters on enc0 that see the header of a tunnel, gateway to gateway: just unwrapped, or about to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.asking import answers
from spdcheck.engine.situation import End, Move, with_evidence
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.model.policy import Mode
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    ICMP_CODE,
    ICMP_TYPE,
    IN_INTERFACE,
    OUT_INTERFACE,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    TCP_FLAGS,
    address_interval,
    name_number,
)
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.intervals import single

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.engine.frame import Protection
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.filters import FilterPoint

OUTER_HEADER = "of the outer header"
"""What a step says of filters that see the packet of a tunnel."""

_CARRIED = {4: 4, 6: 41}
"""The protocol of an inner packet in the header of its tunnel: ipencap and ipv6."""


def just_unwrapped(situation: Situation) -> bool:
    """IPsec has unwrapped the packet, and nothing else has happened to it since."""
    last = situation.steps[-1] if situation.steps else None
    return bool(situation.arrived) and isinstance(last, Step) and last.stage == "DECAP"


def pass_outer(situation: Situation, stage: Stage, asked: Sequence[FilterPoint]) -> Move:
    """The filters see the packet in the header of its tunnel: one that does not pass is dropped with what it holds."""
    inward = stage.hook == "in"
    tunnel = (situation.arrived if inward else situation.pending)[-1]
    if tunnel.mode is not Mode.TUNNEL:
        return Move(situation)
    host, word, seen = situation.host.name, f"FILTER {stage.hook}", _outer(situation, stage, tunnel)
    for point in asked:
        if point.translates:
            continue
        for answer in answers(point, seen):
            if not answer.unknown and answer.verdict is Verdict.PASS:
                continue
            what = f"{point.name}, {OUTER_HEADER}"
            if answer.unknown:
                step = Step(host, word, Mark.UNKNOWN, "unknown", answer.unknown, stage.interface, answer.origin)
                end = End(Disposition.UNKNOWN, f"{point.name} of {host}: {answer.unknown}")
            else:
                step = Step(host, word, Mark.FAIL, "block", what, stage.interface, answer.origin)
                where = f", {answer.origin.where}" if answer.origin is not None else ""
                text = f"{point.name} of {host} blocks the packet of the tunnel (protocol ipencap) on {stage.interface}"
                end = End(Disposition.DENIED_IN if inward else Disposition.DENIED_OUT, text + where)
            return with_evidence(situation, Move(situation.with_(step), end=end), answer.before, rules=answer.rules)
    return Move(situation)


def _outer(situation: Situation, stage: Stage, tunnel: Protection) -> Traffic:
    """The packets as the tunnel's header shows them."""
    nothing = single(0)
    inner = situation.frame.traffic.example()
    family = 6 if inner.source >> 128 else 4
    here, there = (IN_INTERFACE, OUT_INTERFACE) if stage.hook == "in" else (OUT_INTERFACE, IN_INTERFACE)
    return situation.frame.traffic.rewritten(
        {
            SOURCE: (address_interval(tunnel.source),),
            DESTINATION: (address_interval(tunnel.destination),),
            PROTOCOL: single(_CARRIED[family]),
            here: single(name_number(stage.interface)),
            **dict.fromkeys((there, SOURCE_PORT, DESTINATION_PORT, TCP_FLAGS, ICMP_TYPE, ICMP_CODE), nothing),
        }
    )
