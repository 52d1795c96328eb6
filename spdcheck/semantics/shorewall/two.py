"""The compiler of Shorewall 2.x (as 2.3.0 does it): zones to chains, and the jumps into them.

Policies: a line for exactly a pair decides wherever it stands, else the first one that covers it. Pairs without rules
go to the chain of the line (``net2all``), which accepts what is established. Every host is asked about IPsec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Network, Target
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.chains import jump_to
from spdcheck.semantics.shorewall.common import Common
from spdcheck.semantics.shorewall.interface_options import RST, SYN, set_mss
from spdcheck.semantics.shorewall.source_nat import network_map, one_to_one, source_nat
from spdcheck.semantics.shorewall.tunnels import AH, ESP, GRE, PLAIN
from spdcheck.semantics.shorewall.two_options import common_rules, first_rules
from spdcheck.semantics.shorewall.two_rules import Rules2

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import NetfilterRuleset
    from spdcheck.model.shorewall import PolicyEntry, Shorewall, TunnelEntry
    from spdcheck.model.shorewall_columns import Address
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.zones import Group, ZoneUse
    from spdcheck.source import Span

ALL = "all"


def compiled(source: Shorewall, host: Host) -> NetfilterRuleset:
    """The tables that the firewall loads when it starts."""
    making = Making2(source, host)
    first_rules(making)
    one_to_one(making)
    network_map(making)
    common_rules(making)
    making.zone_mss()
    for entry in source.tunnels:
        making.tunnel(entry)
    Rules2(making).rules()
    making.apply_policies()
    source_nat(making)
    making.activate()
    return making.tables.ruleset(source)


class Making2(Common):
    """One configuration of 2.x on its way to tables."""

    def __init__(self, source: Shorewall, host: Host) -> None:
        super().__init__(source, host)
        self.layout.ipsec = True
        self.zones = [name for name in self.layout.order if name != self.firewall]
        self.own: dict[tuple[str, str], PolicyEntry] = {}
        self.used: dict[tuple[str, str], tuple[str, str]] = {}
        self._read_policies()

    # Policies

    def _read_policies(self) -> None:
        everyone = (*self.zones, self.firewall, ALL)
        for entry in self.source.policies:
            first = entry.source.names[0] if entry.source.names else ALL
            second = entry.dest.names[0] if entry.dest.names else ALL
            self.own.setdefault((first, second), entry)
            if ALL not in (first, second):
                self.used[first, second] = (first, second)
                continue
            for source in everyone if first == ALL else (first,):
                for dest in everyone if second == ALL else (second,):
                    self.used.setdefault((source, dest), (first, second))

    def policy(self, source: str, dest: str) -> PolicyEntry | None:
        """The line that holds for a pair."""
        words = self.used.get((source, dest))
        return None if words is None else self.own[words]

    # Chains

    def has(self, source: str, dest: str) -> Chain | None:
        """The chain of a pair, if anything needed it."""
        chain = self.tables.get("filter", f"{source}2{dest}")
        return chain if chain is not None and chain.referenced else None

    def ensure(self, source: str, dest: str, origin: Span) -> Chain:
        """The chain of a pair; a new one lets through what belongs to known connections."""
        chain = self.filter(f"{source}2{dest}")
        if not chain.referenced:
            policy = self.policy(source, dest)
            chain.jump(
                m.state(origin, "ESTABLISHED", "RELATED"), "ACCEPT", policy.origin if policy is not None else origin
            )
            if not self.settings.on("NEWNOTSYN"):
                asked = (*m.state(origin, "NEW"), *m.syn(origin, negated=True))
                chain.jump(asked, self.filter("newnotsyn"), self.settings.origin("NEWNOTSYN"))
        return chain

    def target(self, source: str, dest: str) -> Chain | str:
        """Where packets of a pair go."""
        chain = self.has(source, dest)
        if chain is not None:
            return chain
        if source == dest:
            return "ACCEPT"
        words = self.used.get((source, dest))
        return "" if words is None else self.filter("2".join(words))

    # Steps

    def zone_mss(self) -> None:
        """``mss=`` of zones, at the head of the chains between zones."""
        for name in self.zones:
            zone = self.layout.zones[name]
            for column in ("", "in", "out"):
                size = zone.mss(column)
                if size is None or zone.entry is None:
                    continue
                origin = zone.entry.ipsec_origin or zone.origin
                for other in self.zones:
                    pairs = [] if column == "out" else [(name, other)]
                    pairs += [] if column == "in" else [(other, name)]
                    for pair in pairs:
                        chain = self.ensure(*pair, origin)
                        chain.insert(0, m.tcp_flags(SYN | RST, SYN, origin), set_mss(size, origin), origin)

    def tunnel(self, entry: TunnelEntry) -> None:
        """A line of tunnels."""
        if entry.zone not in self.layout.zones:
            return
        inward = self.ensure(entry.zone, self.firewall, entry.origin)
        outward = self.ensure(self.firewall, entry.zone, entry.origin)
        gateways = entry.gateways.included if entry.gateways is not None else ()
        for gateway in gateways or (None,):
            for way, asked, bare in _openings(entry):
                end = () if gateway is None or bare else m.address(gateway, source=way == "in")
                (inward if way == "in" else outward).jump((*asked, *end), "ACCEPT", entry.origin)
        ports = _port_openings(entry)
        for zone in entry.gateway_zones:
            for way, asked in ports:
                pair = (zone, self.firewall) if way == "in" else (self.firewall, zone)
                self.ensure(*pair, entry.origin).jump(asked, "ACCEPT", entry.origin)

    def apply_policies(self) -> None:
        """Policies at the end of every chain."""
        for pair, entry in self.own.items():
            if entry.policy == "NONE":
                continue
            if self.has(*pair) is not None:
                self._limit(self.filter("2".join(pair)), entry)
                continue
            chain = self.ensure(*pair, entry.origin)
            if ALL in pair:
                self._policy(chain, entry)
            if entry.policy in ("ACCEPT", "CONTINUE"):
                self._limit(chain, entry)
        for source in (self.firewall, *self.zones):
            for dest in (self.firewall, *self.zones):
                own = self.has(source, dest)
                words = self.used.get((source, dest))
                if own is not None and words is not None:
                    self._default(own, (source, dest), words)

    def _default(self, chain: Chain, pair: tuple[str, str], words: tuple[str, str]) -> None:
        entry = self.own[words]
        if pair == words:
            self._policy(chain, entry)
            return
        if entry.rate is not None:
            self._limit(chain, entry)
        if entry.policy == "CONTINUE" or (entry.policy == "ACCEPT" and entry.rate is not None):
            self._policy(chain, entry)
        elif entry.policy != "NONE":
            chain.jump((), self.filter("2".join(words)), entry.origin)

    def _limit(self, chain: Chain, entry: PolicyEntry) -> None:
        if entry.rate is None:
            return
        limit = self.filter(f"@{entry.origin.where}")
        if not limit.rules:
            limit.jump(m.rate(entry.rate), "RETURN", entry.origin)
            limit.jump((), "DROP", entry.origin)
        chain.insert(1, m.syn(entry.origin), jump_to(limit, entry.origin), entry.origin)

    def _policy(self, chain: Chain, entry: PolicyEntry) -> None:
        """What comes before the verdict, and the verdict."""
        if entry.policy in ("DROP", "REJECT"):
            common = Rules2.common(self, "Drop" if entry.policy == "DROP" else "Reject")
            chain.jump((), common, entry.origin)
        if entry.policy == "QUEUE":
            chain.add((), Target("QUEUE", (), entry.origin), entry.origin)
        elif entry.policy not in ("CONTINUE", "NONE"):
            chain.jump((), self.verdict(entry.policy), entry.origin)

    # The way into the chains

    def activate(self) -> None:
        """Jumps from the built-in chains."""
        nat_pre: list[tuple[Matches, Chain, Span]] = []
        for name in self.zones:
            self._from_ipsec(self.layout.zones[name])
        for name in self.zones:
            self._zone(self.layout.zones[name], nat_pre)
        pre = self.tables.ensure("nat", "PREROUTING")
        for asked, chain, origin in nat_pre:
            pre.jump(asked, chain, origin)
        self._nat_jump("PREROUTING", "nat_in", ())
        self._nat_jump("POSTROUTING", "nat_out", ())
        for interface in self.layout.real_interfaces():
            device = m.incoming(interface.physical, interface.origin)
            out = m.outgoing(interface.physical, interface.origin)
            self._nat_jump("PREROUTING", f"{interface.name}_in", device)
            self._nat_jump("POSTROUTING", f"{interface.name}_out", out)
        for interface in self.layout.real_interfaces():
            device = m.incoming(interface.physical, interface.origin)
            self.filter("FORWARD").jump(device, self.filter(f"{interface.name}_fwd"), interface.origin)
            self.filter("INPUT").jump(device, self.filter(f"{interface.name}_in"), interface.origin)
            out = m.outgoing(interface.physical, interface.origin)
            self._nat_jump("POSTROUTING", f"{interface.name}_masq", out)
        self._loopback()
        for builtin, pair, default in (
            ("INPUT", (ALL, self.firewall), "DROP"),
            ("OUTPUT", (self.firewall, ALL), "DROP"),
            ("FORWARD", (ALL, ALL), "DROP"),
        ):
            entry = self.policy(*pair)
            if entry is not None:
                self._policy(self.filter(builtin), entry)
            else:
                origin = self.source.policies[-1].origin if self.source.policies else self.source.origin
                self.filter(builtin).jump((), Rules2.common(self, "Drop"), origin)
                self.filter(builtin).jump((), default, origin)

    def _nat_jump(self, builtin: str, name: str, asked: Matches) -> None:
        chain = self.tables.get("nat", name)
        if chain is not None and chain.rules:
            self.tables.ensure("nat", builtin).jump(asked, chain, chain.rules[0].origin)

    def _loopback(self) -> None:
        own = self.has(self.firewall, self.firewall)
        output = self.filter("OUTPUT")
        if own is None:
            return
        output.rules = [
            rule for rule in output.rules
            if not (rule.target is not None and rule.target.name == "ACCEPT" and _leaves_by_lo(rule.matches))
        ]  # fmt: skip
        output.jump(m.outgoing("lo", self.source.origin), own, own.rules[0].origin)

    def _complex(self, zone: ZoneUse) -> bool:
        """The zone has a chain of its own for what is forwarded from it."""
        interfaces = [group.interface for group in zone.groups for _ in group.nets]
        return zone.type == "ipsec" or any(g.ipsec for g in zone.groups) or len(set(interfaces)) < len(interfaces)

    def _hosts(self, zone: ZoneUse) -> list[tuple[Group, Address]]:
        return [(group, net) for group in zone.groups for net in group.nets]

    def _from_ipsec(self, zone: ZoneUse) -> None:
        """Decapsulated packets are told before the others."""
        if not self._complex(zone):
            return
        frwd = self.filter(f"{zone.name}_frwd")
        for group, net in self._hosts(zone):
            if group.ipsec:
                asked = (*m.address(net, source=True), *self.layout.match_in(zone, group))
                self.filter(f"{group.interface}_fwd").jump(asked, frwd, group.origin)

    def _zone(self, zone: ZoneUse, nat_pre: list[tuple[Matches, Chain, Span]]) -> None:
        out, inward = self.target(self.firewall, zone.name), self.target(zone.name, self.firewall)
        whole = self._complex(zone)
        broadcast: dict[str, Span] = {}
        for group, net in self._hosts(zone):
            origin = group.origin
            physical = self.layout.physical(group.interface)
            leaving = m.outgoing(physical, origin)
            match_in, match_out = self.layout.match_in(zone, group), self.layout.match_out(zone, group)
            if out:
                asked = (*leaving, *m.address(net, source=False), *match_out)
                self.filter("OUTPUT").jump(asked, out, origin)
            dnat = self.tables.get("nat", f"{zone.name}_dnat")
            if dnat is not None and dnat.rules:
                nat_pre.append(((*m.incoming(physical, origin), *m.address(net, source=True), *match_in), dnat, origin))
            if inward:
                asked = (*m.address(net, source=True), *match_in)
                self.filter(f"{group.interface}_in").jump(asked, inward, origin)
            if whole and not group.ipsec:
                asked = (*m.address(net, source=True), *match_in)
                self.filter(f"{group.interface}_fwd").jump(asked, self.filter(f"{zone.name}_frwd"), origin)
            if not self.layout.bare(net) and self.layout.interfaces[group.interface].has("detectnets"):
                broadcast.setdefault(physical, origin)
        for physical, origin in broadcast.items():
            for value, mask in ((0xFFFFFFFF, 0xFFFFFFFF), (0xE0000000, 0xF0000000)):
                group_net = m.network(Network(4, value, mask), origin, source=False)
                if out:
                    self.filter("OUTPUT").jump((*m.outgoing(physical, origin), *group_net), out, origin)
        for other in self.zones:
            self._between(zone, self.layout.zones[other], whole=whole)

    def _between(self, zone: ZoneUse, other: ZoneUse, *, whole: bool) -> None:
        policy = self.policy(zone.name, other.name)
        if policy is not None and policy.policy == "NONE":
            return
        target = self.target(zone.name, other.name)
        same = zone.name == other.name
        several = len(zone.interfaces) > 1
        if not target or (same and not several and not zone.routeback):
            return
        dests = self._hosts(other)
        if whole:
            frwd = self.filter(f"{zone.name}_frwd")
            for group, net in dests:
                if not same or several or group.options.get("routeback", "0") != "0":
                    frwd.jump(self._leaving(other, group, net), target, group.origin)
            return
        for source, from_net in self._hosts(zone):
            into = self.filter(f"{source.interface}_fwd")
            for group, net in dests:
                # 2.x compares `interface:network` only: another zone with the same words is left out too.
                mine = source.interface == group.interface and from_net.value == net.value
                if not mine or source.options.get("routeback", "0") != "0":
                    asked = (*m.address(from_net, source=True), *self._leaving(other, group, net))
                    into.jump(asked, target, group.origin)

    def _leaving(self, zone: ZoneUse, group: Group, net: Address) -> Matches:
        physical = self.layout.physical(group.interface)
        device = m.outgoing(physical, group.origin)
        return (*device, *m.address(net, source=False), *self.layout.match_out(zone, group))


def _leaves_by_lo(matches: Matches) -> bool:
    return any(o.name == "out-interface" and o.value == "lo" for match in matches for o in match.options)


def _openings(entry: TunnelEntry) -> list[tuple[str, Matches, bool]]:
    """What a type lets through: the way, the question, and whether the gateway's address is left out of it."""
    origin, kind = entry.origin, entry.type
    found: list[tuple[str, Matches, bool]] = []

    def both(asked: Matches, *, bare_in: bool = False, bare_out: bool = False) -> None:
        found.append(("in", asked, bare_in))
        found.append(("out", asked, bare_out))

    if kind in ("ipsec", "ipsecnat"):
        both(m.protocol(ESP, origin))
        if entry.ah is not False:
            both(m.protocol(AH, origin))
        found += [(way, asked, False) for way, asked in _port_openings(entry)]
    elif kind in PLAIN:
        both(m.protocol(PLAIN[kind], origin))
    elif kind == "pptpclient":
        both(m.protocol(GRE, origin), bare_in=True)
        found.append(("out", m.ported(m.TCP, origin, m.port(1723)), False))
    elif kind == "pptpserver":
        both(m.protocol(GRE, origin), bare_in=True, bare_out=True)
        found.append(("in", m.ported(m.TCP, origin, m.port(1723)), True))
    elif kind.startswith("openvpn"):
        number = entry.protocol if entry.protocol is not None else m.UDP
        both(m.ported(number, origin, entry.port or m.port(1194)))
    elif kind == "generic":
        both(_generic(entry))
    return found


def _generic(entry: TunnelEntry) -> Matches:
    number = entry.protocol if entry.protocol is not None else m.UDP
    return m.ported(number, entry.origin, entry.port) if number in m.PORTED else m.protocol(number, entry.origin)


def _port_openings(entry: TunnelEntry) -> list[tuple[str, Matches]]:
    """IKE: with ipsecnat the port 4500 is opened inwards only."""
    origin = entry.origin
    if entry.type == "generic":
        return [("in", _generic(entry)), ("out", _generic(entry))]
    if entry.type not in ("ipsec", "ipsecnat"):
        return []
    new = m.state(origin, "NEW")
    ike = (*m.ported(m.UDP, origin, m.port(500)), *new)
    found: list[tuple[str, Matches]] = [("in", ike), ("out", ike)]
    if entry.type == "ipsecnat":
        found.append(("in", (*m.ported(m.UDP, origin, m.port(4500)), *new)))
    return found
