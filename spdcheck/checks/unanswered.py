"""TCP that arrives through a tunnel, and whose answers a packet filter stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.answers import answers
from spdcheck.engine.ways import left_protected, stops_bare, translated_inside
from spdcheck.model.protocols import TCP
from spdcheck.semantics.conditions import protocol
from spdcheck.semantics.fields import DESTINATION, DESTINATION_PORT, PROTOCOL, SOURCE
from spdcheck.semantics.intervals import single
from spdcheck.semantics.words import side_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy


def tcp_in_words(flow: Traffic) -> str:
    """``10.1.0.0/16 → 10.2.0.0/16 tcp to port 443``."""
    source, target, ports = (side_text(f, flow.side(f)) for f in (SOURCE, DESTINATION, DESTINATION_PORT))
    every = flow.side(DESTINATION_PORT) == DESTINATION_PORT.domain
    return f"{source} → {target} tcp" + ("" if every else f" to port {ports}")


def unanswered(context: Context, host: Host, policy: SecurityPolicy) -> Iterator[tuple[Traffic, Ending]]:
    """TCP packets of a policy that arrive under protection, and whose answers a filter stops where they are bare."""
    simulator = context.ways.simulator
    for ending in context.ways.of(host, policy):
        if not ending.arrived or ending.in_clear or ending.situation.host.external or translated_inside(ending, host):
            continue
        tcp = [part.traffic for part in ending.situation.frame.traffic.split([protocol(TCP)]) if part.number == 0]
        if not tcp or not left_protected(ending, host):
            continue
        for found, asked in answers(simulator, ending):
            if (
                asked is not None
                and found.began.side(PROTOCOL) == single(TCP)
                and stops_bare(found, found.situation.host)
            ):
                yield asked, found
