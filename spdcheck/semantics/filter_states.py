"""What pf, ipfilter and ipnat remember of a connection, and where they send packets past the routing table.

Where packets of a known connection meet a filter again differs. A state of pf has an orientation: one that an arriving
packet made knows packets like it where they arrive, and answers where they leave; a forwarded connection needs two. A
state of ipfilter knows all four crossings (``ipf_state_matchipv4addr``). Sessions of ipnat are oriented like pf's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ipfilter import NetworkAddress
from spdcheck.model.pf import StateKeeping
from spdcheck.model.pf_conditions import Literal
from spdcheck.model.policy import Direction
from spdcheck.records import replace
from spdcheck.semantics.decision import Decide, DecisionList, Undecided
from spdcheck.semantics.fields import TAG
from spdcheck.semantics.filters import SAME, Connection, Crossing, Detour
from spdcheck.semantics.rulesets.ipf_addresses import network_range
from spdcheck.semantics.rulesets.ipfilter import IpfFate, StateRule
from spdcheck.semantics.rulesets.pf import PfFate

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.ipfilter import Target
    from spdcheck.model.ipnat import NatRule
    from spdcheck.model.pf import PfRoute


def remembering(rules: DecisionList, make: Callable[[Decide], Decide]) -> DecisionList:
    """The same list with states as :class:`Connection`."""
    entries = tuple(
        replace(entry, effect=make(entry.effect)) if isinstance(entry.effect, Decide) else entry
        for entry in rules.entries
    )
    return DecisionList(entries, make(rules.default))


def oriented(direction: str, interface: str = "", back: str = "") -> tuple[Crossing, ...]:
    """Where packets like the first one meet the filter again, and where answers do."""
    other = "out" if direction == "in" else "in"
    return Crossing(direction, back=False, interface=interface), Crossing(other, back=True, interface=back)


# pf


def pf_connection(direction: str) -> Callable[[Decide], Decide]:
    """What a rule of pf for packets of a direction remembers, and where it sends them."""
    free, bound = oriented(direction), oriented(direction, SAME, SAME)

    def make(decide: Decide) -> Decide:
        fate = decide.action
        if not isinstance(fate, PfFate):
            return decide
        why = _pf_unmodelled(fate)
        if why:
            return replace(decide, action=Undecided(why))
        there, back = _pf_detours(fate)
        for way in (there, back):
            if isinstance(way, str):
                return replace(decide, action=Undecided(way))
        assert not isinstance(there, str)
        assert not isinstance(back, str)
        kept = decide.state if isinstance(decide.state, StateKeeping) else None
        translated = any(change.field is not TAG for change in decide.changes)
        if there is not None:
            decide = replace(decide, action=replace(fate, detour=there))
        if not fate.passes or (kept is None and not translated):
            return replace(decide, state=None)
        crossings = bound if kept is not None and kept.if_bound else free
        return replace(decide, state=Connection(crossings, detour=there, back=back))

    return make


def _pf_unmodelled(fate: PfFate) -> str:
    """What a rule does with the packets that it passes, where the way behind it is not modelled."""
    if not fate.passes:
        return ""
    if fate.af_to is not None:
        return "af-to makes it a packet of the other family"
    return f"{fate.divert.split()[0]} hands it to a program" if fate.divert else ""


def _pf_detours(fate: PfFate) -> tuple[Detour | str | None, Detour | str | None]:
    """Where the packets of a rule go, and where the answers do; a sentence where nobody knows."""
    route = fate.route if fate.passes else None
    if route is None or route.kind not in ("route-to", "reply-to"):
        return None, None
    way = _pf_detour(route)
    return (way, None) if route.kind == "route-to" else (None, way)


def _pf_detour(route: PfRoute) -> Detour | str:
    pool = route.pool
    if len(pool.addresses) > 1 or len(set(pool.interfaces)) > 1:
        return f"{route.kind} chooses among several next hops"
    interface = pool.interfaces[0] if pool.interfaces else ""
    if not pool.addresses:
        return Detour(route.kind, interface) if interface else f"{route.kind} names no next hop that is known here"
    hop = pool.addresses[0]
    if not isinstance(hop, Literal) or hop.addresses.size > 1:
        return f"{route.kind} names no next hop that is known here"
    return Detour(route.kind, interface, hop.addresses)


# ipfilter and ipnat


def ipf_connection(direction: str) -> Callable[[Decide], Decide]:
    """What a rule of ipfilter for packets of a direction remembers, and where it sends them."""

    def make(decide: Decide) -> Decide:
        fate = decide.action
        if not isinstance(fate, IpfFate):
            return decide
        made = decide.state if isinstance(decide.state, StateRule) else None
        there = Detour("fastroute", "", only_nat=True) if fate.fastroute else _ipf_detour("to", fate.route)
        back = None if made is None else _ipf_detour("reply-to", made.reply_to)
        if there is not None and not fate.passes:
            there = "`to` sends a blocked packet on, to where nobody here looks"
        for way in (there, back):
            if isinstance(way, str):
                return replace(decide, action=Undecided(way))
        assert not isinstance(there, str)
        assert not isinstance(back, str)
        if there is not None:
            decide = replace(decide, action=replace(fate, detour=there))
        if made is None:
            return replace(decide, state=None)
        names = list(made.interfaces)
        mine = 0 if direction == "in" else 2
        names[mine] = names[mine] or SAME
        places = (("in", False), ("in", True), ("out", False), ("out", True))
        crossings = tuple(Crossing(way, back, name) for (way, back), name in zip(places, names, strict=True))
        return replace(decide, state=Connection(crossings, made.passes, detour=there, back=back))

    return make


def _ipf_detour(word: str, target: Target | None) -> Detour | str | None:
    if target is None:
        return None
    if target.list:
        return f"{word} chooses among the next hops of dstlist/{target.interface}"
    if target.gateway is None:
        return Detour(word, target.interface, only_nat=True)
    if not isinstance(target.gateway, NetworkAddress):
        return f"the address of {target.gateway.name}, where {word} sends it"
    return Detour(word, target.interface, network_range(target.gateway), only_nat=True)


def session(rule: NatRule, direction: Direction) -> Connection:
    """Sessions are known on their rule's interfaces: ``map a,b`` meets answers on ``a``, ``rdr a,b`` on ``b``."""
    names = ["" if name in ("*", "-") else name for name in rule.interfaces]
    there, back = (names[0], names[-1]) if direction is Direction.IN else (names[-1], names[0])
    return Connection(oriented(direction.value, there, back))
