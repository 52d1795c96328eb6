"""A host with IP Filter: decision lists of spdcheck, and the tables that remember (ipf_check of fil.c).

Packets go in one by one; what comes out is what ``ipftest`` prints.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.engine.concrete import matches
from spdcheck.model.policy import Direction
from spdcheck.semantics.decision import Decide, Undecided
from spdcheck.semantics.rulesets.ipf_addresses import NO_NAMES
from spdcheck.semantics.rulesets.ipf_order import KernelLists
from spdcheck.semantics.rulesets.ipfilter import IpfFate, group_list, ipf_list
from tests.conformance.ipf_sessions import Nat
from tests.conformance.ipf_states import Fragments, States

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.model.ipfilter import IpfRule, Target
    from spdcheck.model.ipnat import NatRule
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
    from tests.conformance.ipf_wire import Datagram

BLOCKED, MALFORMED = 0, 4
"""Reasons that ``ipftest`` prints for a dropped packet."""


class Machine:
    """Rules and tables; :meth:`fate` is for filter tests, :meth:`translate` for those with NAT."""

    def __init__(
        self,
        rules: Sequence[IpfRule] = (),
        nat: Sequence[NatRule] = (),
        names: IpfNames = NO_NAMES,
        *,
        state_max: int = 4013,
        new_ids: bool = True,
    ) -> None:
        self.names = names
        self.lists = {direction: ipf_list(rules, direction, names) for direction in (Direction.IN, Direction.OUT)}
        self._kernel = KernelLists(rules)
        self.states = States(state_max)
        self.fragments = Fragments()
        self.nat = Nat(nat, names) if nat else None
        self._turns: dict[str, int] = {}
        self._new_ids = new_ids
        self._next_id = 0

    def fate(self, packet: Datagram) -> list[str]:
        """The lines of a filter test: copies that left elsewhere, then the fate."""
        if packet.bad:
            return ["bad-packet"]
        fate = self._filter(packet)
        lines = [self._elsewhere(packet, target) for target in (fate.copy, fate.route) if target is not None]
        return [*lines, _word(fate)]

    def translate(self, packet: Datagram, *, as_hex: bool) -> list[str]:
        """The lines of a NAT test: the packet as it goes on, or the reason why it does not."""
        if packet.bad:
            return [str(MALFORMED)]
        if self.nat is not None and packet.inward:
            reason = self.nat.arrive(packet)
            if reason is not None:
                return [str(reason)]
        fate = self._filter(packet)
        if not fate.passes:
            return [str(BLOCKED)]
        if fate.route is not None:
            return [*self._send(packet, fate.route, as_hex=as_hex), str(BLOCKED)]
        if not packet.inward:
            reason = self._leave(packet)
            if reason is not None:
                return [str(reason)]
        return [packet.hex() if as_hex else packet.line()]

    def _send(self, packet: Datagram, target: Target, *, as_hex: bool) -> list[str]:
        """``to``: at once by another interface, with translation but past the rules for leaving."""
        packet.interface, packet.inward = self._interface(target), False
        self.states.find(packet, self._icmp_head)
        reason = self._leave(packet)
        if reason is not None:
            return []
        return [packet.hex() if as_hex else packet.line()]

    def _leave(self, packet: Datagram) -> int | None:
        if self._new_ids and packet.family == 4:
            packet.set_id(self._next_id)
            self._next_id += 1
        return None if self.nat is None else self.nat.leave(packet)

    def _elsewhere(self, packet: Datagram, target: Target) -> str:
        interface, inward = packet.interface, packet.inward
        packet.interface, packet.inward = self._interface(target), False
        line = packet.line()
        packet.interface, packet.inward = interface, inward
        return line

    def _interface(self, target: Target) -> str:
        """The next entry of a list in turn."""
        if not target.list:
            return target.interface
        pool = next((p for p in self.names.pools if p.kind == "dstlist" and p.name == target.interface), None)
        if pool is None or not pool.targets:
            return target.interface
        turn = self._turns.get(pool.name, 0)
        self._turns[pool.name] = turn + 1
        return pool.targets[turn % len(pool.targets)].interface

    def _filter(self, packet: Datagram) -> IpfFate:
        known = self.fragments.find(packet)
        if known is not None:
            return known
        state, outside = self.states.find(packet, self._icmp_head)
        if state is not None:
            fate = state.fate if not state.answered else replace(state.fate, route=state.rule.reply_to, copy=None)
            if state.rule.frags is not None:
                self.fragments.add(packet, fate)
            return fate
        direction = Direction.IN if packet.inward else Direction.OUT
        fate = self._decide(self.lists[direction], packet, outside)
        if fate.frags is not None:
            self.fragments.add(packet, fate)
        return fate

    def _decide(self, rules: DecisionList, packet: Datagram, outside: bool) -> IpfFate:
        seen = packet.packet(translated=self.nat is not None and self.nat.touched(packet), oow=outside)
        for entry in rules.entries:
            effect = entry.effect
            if not isinstance(effect, Decide) or matches(entry.predicate, seen) is not True:
                continue
            fate = effect.action
            if isinstance(fate, Undecided):
                continue
            assert isinstance(fate, IpfFate)
            rule = effect.state
            if rule is not None and not self.states.add(packet, rule, fate):  # type: ignore[arg-type]
                if rule.quick:  # type: ignore[attr-defined]
                    continue
                if fate.passes:
                    return IpfFate("block", passes=False)
            return fate
        default = rules.default.action
        assert isinstance(default, IpfFate)
        return default

    def _icmp_head(self, group: str, packet: Datagram) -> bool:
        """Whether the rules of a group let an ICMP error of a known connection through."""
        direction = Direction.IN if packet.inward else Direction.OUT
        rules = group_list(self._kernel, group, direction, self.names)
        return self._decide(rules, packet, outside=False).passes


def _word(fate: IpfFate) -> str:
    if fate.word == "default":
        return "nomatch"
    if fate.reply is not None:
        return f"block {fate.reply.kind}"
    return "bad-packet" if fate.word == "nomatch" else fate.word
