"""Packets that a filter sends out by itself, past the routing table: ``route-to``, ``reply-to``, ``to``, ``fastroute``.

The kernel hands such a packet to the interface at once (``pf_route``, ``ipf_fastroute``): no policy of the SPD is asked
any more. pf looks at it once again where it leaves by another interface than the one it was about to use; ipfilter asks
only its NAT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.situation import End, Move
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.semantics.datapath.stages import Kind, Stage
from spdcheck.semantics.fields import DESTINATION, address_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation

_OUT = (Stage(Kind.MTU), Stage(Kind.LEAVE))
_FILTERED = (Stage(Kind.FILTER, "out"), *_OUT)
_NAT_ONLY = (Stage(Kind.FILTER, "out", only_nat=True), *_OUT)


def follow(simulator: Simulator, situation: Situation, *, inward: bool) -> Iterator[Move]:
    """The way of a packet whose detour a filter has chosen; ``inward`` says that it had just come in."""
    detour = situation.detour
    assert detour is not None
    host = situation.host
    hop = detour.gateway
    for part in _alike(simulator, situation):
        target = hop or address_range(*part.frame.traffic.side(DESTINATION)[0])
        entry = simulator.topology.route(host, target)
        interface = detour.interface or ("" if entry is None else entry.interface)
        gateway = hop or (entry.gateway if entry is not None and not detour.interface else None)
        if host.interface(interface) is None or (entry is not None and entry.local and not detour.interface):
            what = f"{detour.word} sends it by {interface or 'no interface'}, which {host.name} is not known to have"
            step = Step(host.name, "ROUTE", Mark.UNKNOWN, "unknown", what, situation.out_interface)
            yield Move(part.with_(step, detour=None), end=End(Disposition.UNKNOWN, what))
            continue
        via = f" via {gateway}" if gateway is not None else ""
        text = f"{detour.word}{via} dev {interface}, past the routing table and the SPD"
        step = Step(host.name, "ROUTE", Mark.CHANGE, interface, text, interface)
        same = not inward and interface == situation.out_interface
        way = _NAT_ONLY if detour.only_nat else _OUT if same else _FILTERED
        after = part.with_(
            step, detour=None, out_interface=interface, gateway=gateway, policy=None, pending=(),
            forwarded=situation.forwarded or inward, hops=situation.hops + 1,
        )  # fmt: skip
        yield Move(after, way=way)


def _alike(simulator: Simulator, situation: Situation) -> Iterator[Situation]:
    """The traffic by its route, where the detour leaves the choice to the table."""
    detour = situation.detour
    if detour is None or detour.gateway is not None or detour.interface:
        yield situation
        return
    from spdcheck.semantics.conditions import destination

    table = simulator.topology.table(situation.host)
    for part in situation.frame.traffic.split([destination(entry.destination) for entry in table]):
        yield situation.with_(frame=situation.frame.with_traffic(part.traffic))
