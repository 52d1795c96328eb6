"""The way into the chains: from the built-in ones by interface, host group and IPsec to the chain of the two zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Match, Network, Option, Target
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.chains import Chain, jump_to
from spdcheck.semantics.shorewall.interface_options import interface_chain

if TYPE_CHECKING:
    from spdcheck.model.shorewall_columns import Address
    from spdcheck.semantics.shorewall.chains import Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.semantics.shorewall.zones import Group, Interface, ZoneUse
    from spdcheck.source import Span


class Matrix:
    """All jumps of one configuration."""

    def __init__(self, making: Making) -> None:
        self.making, self.layout, self.tables = making, making.layout, making.tables
        self.firewall = self.layout.firewall
        self.vservers = [n for n in self.layout.order if self.layout.zones[n].type == "vserver"]
        self._jumped: set[tuple[str, str]] = set()
        self._interfaces_done = False

    def build(self) -> None:
        """All of it, in the compiler's order."""
        zones = self.layout.off_firewall()
        for name in zones:
            if self._forwards(name, zones):
                self._from_ipsec(name)
        for name in zones:
            self._zone(name, zones)
        self._nat_jump("PREROUTING", "nat_in", ())
        self._nat_jump("POSTROUTING", "nat_out", ())
        if not self._interfaces_done:
            self._interface_jumps()

    # Chains

    def target(self, source: str, dest: str) -> Chain | str:
        """Where packets of a pair go: its chain, a verdict where it needs none, or empty for CONTINUE without rules."""
        chain = self.making.pair(source, dest)
        if chain.referenced:
            return chain
        policy = self.making.policies.of(source, dest)
        if source == dest and (policy is None or policy.provisional or policy.shared is None):
            return "ACCEPT"
        if policy is None or policy.name == "CONTINUE":
            return ""
        if not policy.own and policy.shared is not None:
            return self.making.filter("-".join(policy.shared))
        return "" if policy.name == "NONE" else self.making.verdict(policy.name)

    def _forwards(self, name: str, zones: list[str]) -> bool:
        """The zone has a chain for what is forwarded from it."""
        return self.layout.zones[name].type != "local" and (len(zones) > 1 or self.layout.zones[name].complex)

    def forward_chain(self, name: str) -> Chain:
        """The chain for what is forwarded from a zone."""
        return self.making.filter(f"{name}_frwd")

    def _several(self, interface: Interface) -> bool:
        return len(interface.zones) > 1 or interface.nets > 1 or bool(interface.ports)

    def uses(self, interface: Interface, way: str) -> bool:
        """The interface keeps a chain of its own; else its rules go to the head of its zone's."""
        if way == "fwd" and interface.physical == "lo" and not self._loopbacks():
            return False
        if way == "fwd" and interface_chain(self.making, interface.name, "fwd").used:
            return True
        if self._several(interface):
            return True
        if way != "fwd" and not interface.nets:
            return False
        if not interface.zone:
            return True
        zone = self.layout.zones[interface.zone]
        return way in interface.with_options and len(zone.interfaces) > 1

    def _jump_once(self, builtin: str, interface: Interface, way: str, origin: Span) -> None:
        """From INPUT, FORWARD or OUTPUT into the chain of an interface; a bridge's ports come through the bridge."""
        if (builtin, interface.name) in self._jumped:
            return
        self._jumped.add((builtin, interface.name))
        chain = interface_chain(self.making, interface.name, way)
        if interface.port:
            bridge = interface_chain(self.making, interface.bridge, way)
            bridge.jump(self._port(interface, way, origin), chain, origin)
        else:
            self.making.filter(builtin).jump(self._device(interface, way, origin), chain, origin)

    def _device(self, interface: Interface, way: str, origin: Span) -> Matches:
        if interface.port:
            bridge = self.layout.physical(interface.bridge)
            device = m.outgoing(bridge, origin) if way == "out" else m.incoming(bridge, origin)
            return (*device, *self._port(interface, way, origin))
        make = m.outgoing if way == "out" else m.incoming
        return make(interface.physical, origin)

    def _port(self, interface: Interface, way: str, origin: Span) -> Matches:
        options = [Option("physdev-is-bridged", None, False, origin)] if way == "out" else []
        options.append(Option("physdev-out" if way == "out" else "physdev-in", interface.physical, False, origin))
        return (Match("physdev", tuple(options), origin),)

    # Sources

    def _from_ipsec(self, name: str) -> None:
        """Decapsulated packets are told first: in and out policy can't be asked in one rule."""
        zone, making = self.layout.zones[name], self.making
        frwd = self.forward_chain(name)
        frwd.referenced = True
        self._zone_mark(zone, frwd)
        if not self.layout.ipsec:
            return
        for group in [g for g in zone.groups if g.ipsec]:
            interface = self.layout.interfaces[group.interface]
            if interface.has("destonly"):
                continue
            own = interface_chain(making, interface.name, "fwd")
            device: Matches = ()
            if self.uses(interface, "fwd"):
                self._jump_once("FORWARD", interface, "fwd", interface.origin)
                into = own
            else:
                into, device = making.filter("FORWARD"), self._device(interface, "fwd", group.origin)
                frwd.takes(own)
            for net in group.nets:
                asked = (*device, *m.address(net, source=True), *self.layout.match_in(zone, group))
                leads = making.excluding(frwd, group.excluded, source=True)
                into.jump(asked, leads, group.origin, goto=not zone.parents)

    def _zone_mark(self, zone: ZoneUse, frwd: Chain) -> None:
        bits = self.making.settings.number("ZONE_BITS")
        if not bits or (zone.entry is not None and any(o.name == "nomark" for o in zone.entry.options)):
            return
        offset = self.making.exclusion_mark.bit_length() - 1 - bits
        marked = [
            n for n, z in self.layout.zones.items()
            if not z.is_firewall and not (z.entry is not None and any(o.name == "nomark" for o in z.entry.options))
        ]  # fmt: skip
        value = (marked.index(zone.name) + 1) << offset
        target = Target("MARK", (Option("set-mark", Bits(value, ((1 << bits) - 1) << offset), False, zone.origin),),
                        zone.origin)  # fmt: skip
        frwd.add((), target, zone.origin)

    def _zone(self, name: str, zones: list[str]) -> None:
        zone = self.layout.zones[name]
        forwards = self._forwards(name, zones)
        spared = self._spared_parents(zone)
        for group in zone.sorted_groups():
            interface = self.layout.interfaces[group.interface]
            if interface.physical == "+" and not self._interfaces_done:
                self._interface_jumps()
            for net in group.nets:
                if zone.type != "bport" and self.target(self.firewall, name):
                    self._out(zone, interface, group, net)
                if group.options.get("destonly", "0") != "0":
                    continue
                self._prerouting(zone, interface, group, net, spared)
                self._in(zone, interface, group, net)
                if forwards and not group.ipsec:
                    self._forward(zone, interface, group, net)
        if forwards:
            for other in zones:
                self._between(zone, self.layout.zones[other])

    def _out(self, zone: ZoneUse, interface: Interface, group: Group, net: Address) -> None:
        making = self.making
        target = self.target(self.firewall, zone.name)
        own = interface_chain(making, interface.name, "out")
        into, device = making.filter("OUTPUT"), self._device(interface, "out", group.origin)
        is_chain = isinstance(target, Chain)
        kept = (
            self.vservers or self.uses(interface, "out") or (own.rules and not is_chain) or len(zone.interfaces) > 1
        )  # fmt: skip
        if kept:
            self._jump_once("OUTPUT", interface, "out", group.origin)
            into, device = own, ()
            for vserver in self.vservers:
                self._from_vserver(own, vserver, zone.name, (*m.address(net, source=False),))
        leads = making.excluding(target, group.excluded, source=False)
        match = self.layout.match_out(zone, group)
        into.jump((*device, *m.address(net, source=False), *match), leads, group.origin)
        if making.family == 4 and group.options.get("broadcast", "0") != "0":
            everyone = m.network(Network(4, 0xFFFFFFFF, 0xFFFFFFFF), interface.origin, source=False)
            into.jump((*device, *everyone, *match), leads, interface.origin)
        if not kept and isinstance(target, Chain):
            target.takes(own)

    def _from_vserver(self, into: Chain, vserver: str, dest: str, asked: Matches) -> None:
        target = self.target(vserver, dest)
        zone = self.layout.zones[vserver]
        if not target:
            return
        for group in zone.groups:
            leads = self.making.excluding(target, group.excluded, source=True)
            for net in group.nets:
                into.jump((*m.address(net, source=True), *asked), leads, group.origin)

    def _spared_parents(self, zone: ZoneUse) -> tuple[bool, bool]:
        """Parents translate (or mark for conntrack) what this zone, having no CONTINUE, does not hand on to them."""
        nat = any(self._filled("nat", f"{parent}_dnat") for parent in zone.parents)
        raw = any(self._filled("raw", f"{parent}_ctrk") for parent in zone.parents)
        if not nat and not raw:
            return False, False
        for other in self.layout.order:
            policy = self.making.policies.of(zone.name, other)
            if policy is not None and policy.name == "CONTINUE":
                return False, False
        return nat, raw

    def _filled(self, table: str, name: str) -> Chain | None:
        chain = self.tables.get(table, name)
        return chain if chain is not None and chain.rules else None

    def _prerouting(
        self, zone: ZoneUse, interface: Interface, group: Group, net: Address, spared: tuple[bool, bool]
    ) -> None:
        asked = (*self._device(interface, "in", group.origin), *m.address(net, source=True),
                 *self.layout.match_in(zone, group))  # fmt: skip
        for number, (table, suffix) in enumerate((("nat", "dnat"), ("raw", "ctrk"))):
            own = self._filled(table, f"{zone.name}_{suffix}")
            into = self.tables.ensure(table, "PREROUTING")
            jumps: list[Chain | str] = []
            if own is not None:
                jumps.append(self.making.excluding(own, group.excluded, source=True))
            if spared[number]:
                jumps.append("RETURN")
            for leads in jumps:
                if table == "raw":
                    into.insert(into.new, asked, jump_to(leads, group.origin), group.origin)
                    into.new += 1
                else:
                    into.jump(asked, leads, group.origin)

    def _in(self, zone: ZoneUse, interface: Interface, group: Group, net: Address) -> None:
        making = self.making
        target = self.target(zone.name, self.firewall)
        own = interface_chain(making, interface.name, "in")
        into, device = making.filter("INPUT"), self._device(interface, "in", group.origin)
        match = self.layout.match_in(zone, group)
        kept = (
            self.vservers or self.uses(interface, "in") or not target or (own.rules and not isinstance(target, Chain))
        )  # fmt: skip
        if kept:
            self._jump_once("INPUT", interface, "in", group.origin)
            into, device = own, ()
            for vserver in self.vservers:
                aim = self.target(zone.name, vserver)
                for inner in self.layout.zones[vserver].groups if aim else ():
                    leads = making.excluding(aim, inner.excluded, source=False)
                    for address in inner.nets:
                        asked = (*m.address(net, source=True), *m.address(address, source=False), *match)
                        own.jump(asked, leads, group.origin)
        if not target:
            return
        leads = making.excluding(target, group.excluded, source=True)
        into.jump((*device, *m.address(net, source=True), *match), leads, group.origin)
        if not kept and isinstance(target, Chain):
            target.takes(own)

    def _forward(self, zone: ZoneUse, interface: Interface, group: Group, net: Address) -> None:
        making = self.making
        frwd = self.forward_chain(zone.name)
        frwd.referenced = True
        own = interface_chain(making, interface.name, "fwd")
        leads = making.excluding(frwd, group.excluded, source=True)
        asked = (*m.address(net, source=True), *self.layout.match_in(zone, group))
        if self.uses(interface, "fwd"):
            own.jump(asked, leads, group.origin)
            self._jump_once("FORWARD", interface, "fwd", group.origin)
            return
        into = making.filter("FORWARD")
        if interface.port:
            into = interface_chain(making, interface.bridge, "fwd")
            device = self._port(interface, "fwd", group.origin)
        else:
            device = self._device(interface, "fwd", group.origin)
        into.jump((*device, *asked), leads, group.origin)
        frwd.takes(own)

    # Destinations

    def _between(self, zone: ZoneUse, other: ZoneUse) -> None:
        making = self.making
        policy = making.policies.of(zone.name, other.name)
        if policy is not None and policy.name == "NONE":
            return
        target = self.target(zone.name, other.name)
        if not target:
            return
        own = zone.name == other.name
        if own and len(zone.interfaces) < 2 and not zone.routeback:
            return
        if other.type == "bport" and self._bridge(zone) != self._bridge(other):
            return
        frwd = self.forward_chain(zone.name)
        for group in other.sorted_groups():
            if group.options.get("sourceonly", "0") != "0":
                continue
            back = group.options.get("routeback", "0") != "0"
            if own and len(zone.interfaces) < 2 and not back:
                continue
            interface = self.layout.interfaces[group.interface]
            leads = making.excluding(target, group.excluded, source=False)
            match = self.layout.match_out(other, group)
            for net in group.nets:
                asked = (*self._device(interface, "out", group.origin), *m.address(net, source=False), *match)
                frwd.jump(asked, leads, group.origin)

    def _bridge(self, zone: ZoneUse) -> str:
        names = [self.layout.interfaces[name] for name in zone.interfaces]
        return next((i.bridge for i in names if i.port), "")

    # The rest

    def _nat_jump(self, builtin: str, name: str, asked: Matches, origin: Span | None = None) -> None:
        chain = self._filled("nat", name)
        if chain is not None:
            self.tables.ensure("nat", builtin).jump(asked, chain, origin or chain.rules[0].origin)

    def _interface_jumps(self) -> None:
        """What every interface needs besides: NAT by interface, option chains without a zone, the loopback."""
        self._interfaces_done = True
        making = self.making
        interfaces = [i for i in self.layout.real_interfaces() if not i.has("unmanaged")]
        for interface in interfaces:
            device = self._device(interface, "out", interface.origin)
            self._nat_jump("POSTROUTING", f"{interface.name}_snat", device)
        for interface in interfaces:
            out = self._device(interface, "out", interface.origin)
            inward = self._device(interface, "in", interface.origin)
            self._nat_jump("PREROUTING", f"{interface.name}_in", inward)
            self._nat_jump("POSTROUTING", f"{interface.name}_out", out)
            self._nat_jump("POSTROUTING", f"{interface.name}_masq", out)
            if interface.has("rpfilter"):
                chain = self.tables.ensure("mangle", "rpfilter")
                self.tables.ensure("mangle", "PREROUTING").jump(inward, chain, interface.origin)
        lo = self.layout.interfaces.get("lo")
        lo_done = lo is not None and bool(lo.zone) and not lo.has("destonly")
        for interface in interfaces:
            if interface.physical == "+" and not lo_done:
                lo_done = True
                making.filter("INPUT").jump(m.incoming("lo", making.source.origin), "ACCEPT", making.source.origin)
            self._left_over(interface)
        if not lo_done:
            making.filter("INPUT").jump(m.incoming("lo", making.source.origin), "ACCEPT", making.source.origin)
        self._loopback(lo)

    def _left_over(self, interface: Interface) -> None:
        making, origin = self.making, interface.origin
        if interface.port:
            bridge = interface_chain(making, interface.bridge, "fwd")
            if not interface.nets:
                both = (*self._port(interface, "fwd", origin), *self._port(interface, "out", origin))
                bridge.jump(both, "ACCEPT", origin)
        elif not interface.nets and interface.has("bridge"):
            both = (*self._device(interface, "in", origin), *self._device(interface, "out", origin))
            making.filter("FORWARD").jump(both, "ACCEPT", origin)
        for builtin, way in (("FORWARD", "fwd"), ("INPUT", "in"), ("OUTPUT", "out")):
            if self.uses(interface, way) and not (interface.port and way == "out"):
                self._jump_once(builtin, interface, way, origin)

    def _loopback(self, lo: Interface | None) -> None:
        """What the host sends to itself."""
        making, origin = self.making, self.layout.zones[self.firewall].origin
        output = making.filter("OUTPUT")
        device = m.outgoing("lo", origin)
        if self.vservers:
            chain = making.filter("loopback")
            output.jump(device, chain, origin)
            for first in (*self.vservers, self.firewall):
                for second in (*self.vservers, self.firewall):
                    self._on_host(chain, first, second)
            return
        if lo is not None and lo.has("unmanaged"):
            output.jump(device, "ACCEPT", origin)
        elif not self._loopbacks():
            target = self.target(self.firewall, self.firewall)
            if target:
                output.jump(device, target, origin)
        raw = self._filled("raw", f"{self.firewall}_ctrk")
        if raw is not None:
            self.tables.ensure("raw", "OUTPUT").jump((), raw, raw.rules[0].origin)

    def _loopbacks(self) -> bool:
        return any(zone.type == "loopback" for zone in self.layout.zones.values())

    def _on_host(self, chain: Chain, first: str, second: str) -> None:
        target = self.target(first, second)
        if not target:
            return
        sources = self.layout.zones[first].groups if first != self.firewall else [None]
        dests = self.layout.zones[second].groups if second != self.firewall else [None]
        for source in sources:
            for dest in dests:
                for from_net in source.nets if source is not None else (None,):
                    for to_net in dest.nets if dest is not None else (None,):
                        asked: Matches = m.address(from_net, source=True) if from_net is not None else ()
                        asked += m.address(to_net, source=False) if to_net is not None else ()
                        chain.jump(asked, target, self.making.source.origin)
