"""What options of interfaces and hosts add to an interface's chains: dhcp, nosmurfs, tcpflags, sfilter, rpfilter …"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval, Match, Network, Option, Target
from spdcheck.model.shorewall_columns import Address, AddressKind
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.making import reject_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.semantics.shorewall.zones import Group, Interface
    from spdcheck.source import Span

FIN, SYN, RST, PSH, ACK, URG, ALL = 1, 2, 4, 8, 16, 32, 255
BAD_FLAGS = (
    (ALL, FIN | URG | PSH), (ALL, 0), (SYN | RST, SYN | RST), (FIN | RST, FIN | RST), (SYN | FIN, SYN | FIN),
    (ACK | PSH | FIN, PSH | FIN),
)  # fmt: skip
"""Combinations of TCP flags that no real stack sends."""

CHAINS = {"in": "_in", "fwd": "_fwd", "out": "_out"}
OPTION_CHAINS = {"in": "_iop", "fwd": "_fop", "out": "_oop"}


def interface_chain(making: Making, interface: str, way: str) -> Chain:
    """The chain of an interface for what comes in to the firewall, is forwarded, or goes out."""
    return making.filter(interface + CHAINS[way])


def option_chain(making: Making, interface: str, way: str) -> Chain:
    """Where the options of an interface leave their rules at first."""
    return making.filter(interface + OPTION_CHAINS[way])


def common_rules(making: Making) -> None:
    """Everything that does not depend on zones and rules."""
    _reject_chain(making)
    _fast_out(making)
    _source_filters(making)
    _reverse_path(making)
    _smurfs(making)
    _dhcp(making)
    _tcp_flags(making)
    _upnp(making)


def _reject_chain(making: Making) -> None:
    chain, origin = making.reject(), making.settings.origin("REJECT_ACTION")
    chain.referenced = True
    if making.settings.text("REJECT_ACTION"):
        word = making.settings.text("REJECT_ACTION")
        chain.jump(m.unknown(f"REJECT_ACTION {word}", origin), "DROP", origin)
    if making.family == 4:
        chain.jump((m.one("addrtype", "src-type", ("BROADCAST",), origin),), "DROP", origin)
    else:
        chain.jump((m.one("addrtype", "dst-type", ("ANYCAST",), origin),), "DROP", origin)
    chain.jump(m.network(m.MULTICAST[making.family], origin, source=True), "DROP", origin)
    chain.jump(m.protocol(2, origin), "DROP", origin)
    chain.add(m.protocol(m.TCP, origin), reject_with("tcp-reset", origin), origin)
    chain.add(m.protocol(m.UDP, origin), reject_with("", origin), origin)
    four = making.family == 4
    number = m.ICMP if four else m.ICMP6
    chain.add(m.protocol(number, origin), reject_with("icmp-host-unreachable" if four else "icmp6-addr-unreachable",
              origin), origin)  # fmt: skip
    chain.add((), reject_with("icmp-host-prohibited" if four else "icmp6-adm-prohibited", origin), origin)


def _fast_states(making: Making, origin: Span) -> Matches:
    plain = making.settings.text("RELATED_DISPOSITION") == "ACCEPT" and not making.settings.on("RELATED_LOG_LEVEL")
    return m.state(origin, *(("ESTABLISHED", "RELATED") if plain else ("ESTABLISHED",)))


def _fast_out(making: Making) -> None:
    if making.settings.on("FASTACCEPT"):
        origin = making.settings.origin("FASTACCEPT")
        making.filter("OUTPUT").jump(_fast_states(making, origin), "ACCEPT", origin)


def _source_filters(making: Making) -> None:
    """sfilter, bridges that don't send back, and FASTACCEPT."""
    origin = making.settings.origin("SFILTER_DISPOSITION")
    verdict = making.verdict(making.settings.text("SFILTER_DISPOSITION"))
    ipsec = m.policy("in", "none", origin) if making.layout.ipsec else ()
    forward: Chain | str = verdict
    if making.layout.ipsec:
        forward = making.filter("sfilter1")
        forward.jump(m.policy("out", "ipsec", origin), "RETURN", origin)
        forward.jump((), verdict, origin, goto=True)
    for interface in making.layout.real_interfaces():
        for way in CHAINS:
            interface_chain(making, interface.name, way)
            option_chain(making, interface.name, way)
        if interface.physical == "lo":
            continue
        if interface.options.get("ignore", "0") not in ("2", "3") and not interface.has("rpfilter"):
            _source_filter(making, interface, forward, verdict, ipsec)
        if making.settings.text("DYNAMIC_BLACKLIST").startswith("ipset") and not interface.has("nodbl"):
            _dynamic(making, interface)
        _listed_later(making, interface)
        if making.settings.on("FASTACCEPT"):
            where = making.settings.origin("FASTACCEPT")
            for way in ("fwd", "in"):
                option_chain(making, interface.name, way).jump(_fast_states(making, where), "ACCEPT", where)


def _source_filter(
    making: Making, interface: Interface, forward: Chain | str, verdict: Chain | str, ipsec: Matches
) -> None:
    chain = option_chain(making, interface.name, "fwd")
    if interface.sfilter:
        for address in interface.sfilter:
            chain.jump((*m.address(address, source=True), *ipsec), forward, interface.origin, goto=not ipsec)
        inward = option_chain(making, interface.name, "in")
        for address in interface.sfilter:
            inward.jump((*m.address(address, source=True), *ipsec), verdict, interface.origin, goto=True)
        return
    filtered = making.settings.text("ROUTE_FILTER").lower() in ("on", "yes")
    if interface.port or filtered or interface.physical == "+":
        return
    if not interface.has("routeback") and not interface.has("routefilter"):
        out = m.outgoing(interface.physical, interface.origin)
        chain.jump((*out, *ipsec), forward, interface.origin, goto=not ipsec)


def _listed_later(making: Making, interface: Interface) -> None:
    """The dynamic blacklist, empty at first; but the rule that leads there makes the chain of an option a used one."""
    kind = making.settings.text("DYNAMIC_BLACKLIST")
    if not making.settings.on("DYNAMIC_BLACKLIST") or kind.startswith("ipset-only"):
        return
    if interface.has("nodbl") or interface.options.get("dbl") == "none":
        return
    origin = making.settings.origin("DYNAMIC_BLACKLIST")
    listed = making.filter("dynamic")
    for way in ("in", "fwd"):
        option_chain(making, interface.name, way).jump(blacklist_states(making, origin), listed, origin)


def _dynamic(making: Making, interface: Interface) -> None:
    """A blacklist that is an ipset: who is in it changes as the firewall runs."""
    origin = making.settings.origin("DYNAMIC_BLACKLIST")
    name = making.settings.text("DYNAMIC_BLACKLIST").partition(":")[2].partition(":")[0] or "SW_DBL4"
    asked = (*blacklist_states(making, origin), m.one("set", "match-set", f"{name} src", origin))
    for way in ("in", "fwd"):
        option_chain(making, interface.name, way).jump(asked, "DROP", origin)


def blacklist_states(making: Making, origin: Span) -> Matches:
    """The states that are looked up in blacklists."""
    text = making.settings.text("BLACKLIST")
    if text == "ALL":
        return ()
    fast = making.settings.on("FASTACCEPT")
    default = "NEW,INVALID,UNTRACKED" if fast else "NEW,ESTABLISHED,INVALID,UNTRACKED"
    named = {word.strip() for word in (text or default).split(",")}
    order = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED")
    return m.state(origin, *(state for state in order if state in named))


def _reverse_path(making: Making) -> None:
    wanting = [i for i in making.layout.real_interfaces() if i.has("rpfilter")]
    if not wanting:
        return
    chain = making.tables.ensure("mangle", "rpfilter")
    origin = making.settings.origin("RPFILTER_DISPOSITION")
    if making.family == 4:
        dhcp = next((i for i in wanting if i.has("dhcp")), None)
        if dhcp is not None:
            nobody = m.network(Network(4, 0, 0xFFFFFFFF), dhcp.origin, source=True)
            asked = (*nobody, *m.ported(m.UDP, dhcp.origin, m.port(67), m.port(68)))
            chain.jump(asked, "RETURN", dhcp.origin)
    options = (Option("validmark", None, False, origin), Option("invert", None, False, origin))
    asked = (Match("rpfilter", options, origin), *m.state(origin, "NEW", "RELATED", "INVALID"))
    if making.layout.ipsec:
        asked += m.policy("in", "none", origin)
    chain.jump(asked, "DROP", origin)


def _policy(making: Making, kind: str, origin: Span) -> Matches:
    return m.policy("in", kind, origin) if kind and making.layout.ipsec else ()


def _smurfs(making: Making) -> None:
    """Packets that claim to come from a broadcast address."""
    hosts = making.layout.with_option("nosmurfs")
    if not hosts:
        return
    chain, origin = making.filter("smurfs"), making.settings.origin("SMURF_DISPOSITION")
    if making.family == 4:
        chain.jump(m.network(Network(4, 0, 0xFFFFFFFF), origin, source=True), "RETURN", origin)
    everyone = "BROADCAST" if making.family == 4 else "ANYCAST"
    chain.jump((m.one("addrtype", "src-type", (everyone,), origin),), "DROP", origin)
    chain.jump(m.network(m.MULTICAST[making.family], origin, source=True), "DROP", origin)
    for interface, kind, net, excluded, where in hosts:
        target = making.excluding(chain, excluded, source=True)
        asked = m.state(where, "NEW", "INVALID", "UNTRACKED")
        asked += m.address(net, source=True) if net is not None else ()
        asked += _policy(making, kind, where)
        for way in ("fwd", "in"):
            option_chain(making, interface, way).jump(asked, target, where)


def _dhcp(making: Making) -> None:
    ports = Interval(67, 68) if making.family == 4 else Interval(546, 547)
    for interface in making.layout.real_interfaces():
        if not interface.has("dhcp"):
            continue
        origin = interface.origin
        asked = m.ported(m.UDP, origin, ports)
        for way in ("in", "out"):
            option_chain(making, interface.name, way).jump(asked, "ACCEPT", origin)
        if interface.has("bridge"):
            back = (*asked, *m.outgoing(interface.physical, origin))
            option_chain(making, interface.name, "fwd").jump(back, "ACCEPT", origin)
        if making.family == 4 and not interface.has("allip"):
            nobody = m.network(Network(4, 0, 0xFFFFFFFF), origin, source=True)
            interface_chain(making, interface.name, "in").jump((*asked, *nobody), "ACCEPT", origin)


def _tcp_flags(making: Making) -> None:
    hosts = making.layout.with_option("tcpflags")
    if not hosts:
        return
    chain, origin = making.filter("tcpflags"), making.settings.origin("TCP_FLAGS_DISPOSITION")
    word = making.settings.text("TCP_FLAGS_DISPOSITION").removeprefix("A_")
    target = reject_with("tcp-reset", origin) if word == "REJECT" else Target(word, (), origin)
    for mask, value in BAD_FLAGS:
        chain.add(m.tcp_flags(mask, value, origin), target, origin)
    zero = (*m.syn(origin), m.one("tcp", "sport", m.port(0), origin))
    chain.add(zero, target, origin)
    for interface, kind, net, excluded, where in hosts:
        leads = making.excluding(chain, excluded, source=True)
        asked = m.protocol(m.TCP, where)
        asked += m.address(net, source=True) if net is not None else ()
        asked += _policy(making, kind, where)
        for way in ("fwd", "in"):
            option_chain(making, interface, way).jump(asked, leads, where)


def _upnp(making: Making) -> None:
    """Port forwardings that a daemon makes as it runs; there are none at first."""
    for interface in making.layout.real_interfaces():
        if interface.has("upnp"):
            asked = m.incoming(interface.physical, interface.origin)
            mappings = making.tables.ensure("nat", "UPnP")
            making.tables.ensure("nat", "PREROUTING").jump(asked, mappings, interface.origin)
        if interface.has("upnpclient"):
            asked = m.incoming(interface.physical, interface.origin)
            gateway = Address(AddressKind.GATEWAY, None, interface.name, interface.origin)
            asked += m.address(making.found((gateway,))[0], source=True)
            asked += m.protocol(m.UDP, interface.origin)
            option_chain(making, interface.name, "in").jump(asked, "ACCEPT", interface.origin)


def place_options(making: Making, *, blacklists: bool) -> None:
    """Where the rules of options go: to the interface's own chains, or (with blacklists) to the chains of its zones."""
    if blacklists:
        _into_pairs(making)
        return
    for interface in making.layout.real_interfaces():
        for way in ("in", "fwd", "out"):
            chain = option_chain(making, interface.name, way)
            if chain.rules:
                interface_chain(making, interface.name, way).takes(chain)
                interface.with_options.add(way)


def _into_pairs(making: Making) -> None:
    layout = making.layout
    for zone in layout.off_firewall():
        interfaces = sorted(layout.zones[zone].interfaces)
        for other in layout.order:
            local = layout.zones[other].is_local
            _copy(making, zone, other, interfaces, "in" if local else "fwd")
    for zone in (z for z in layout.order if layout.zones[z].is_local):
        for other in layout.off_firewall():
            pair = making.pair(zone, other)
            for name in sorted(layout.zones[other].interfaces):
                rules = option_chain(making, name, "out").rules
                if rules:
                    pair.rules += rules
                    pair.referenced = True


def _copy(making: Making, zone: str, other: str, interfaces: list[str], way: str) -> None:
    """The options of the zone's interfaces, asked by interface where they differ."""
    pair = making.pair(zone, other)
    chains = {name: option_chain(making, name, way) for name in interfaces}
    said = {name: [(r.matches, r.target and r.target.name) for r in chains[name].rules] for name in interfaces}
    alike = len({repr(_plain(rules)) for rules in said.values()}) <= 1
    if alike and interfaces:
        rules = chains[interfaces[0]].rules
        if rules:
            pair.rules += rules
            pair.referenced = True
        return
    for name in interfaces:
        interface = making.layout.interfaces[name]
        pair.jump(m.incoming(interface.physical, interface.origin), chains[name], interface.origin)


def _plain(rules: Sequence[tuple[Matches, object]]) -> list[object]:
    """Rules without their places."""
    return [
        ([(match.module, [(o.name, o.value, o.negated) for o in match.options]) for match in matches], target)
        for matches, target in rules
    ]


def clamp_mss(making: Making) -> None:
    """CLAMPMSS and ``mss=`` of interfaces."""
    value, origin = making.settings.text("CLAMPMSS"), making.settings.origin("CLAMPMSS")
    wanting = [i for i in making.layout.real_interfaces() if i.options.get("mss")]
    clamped = value.lower() not in ("", "no", "0")
    forward = making.tables.ensure("mangle", "FORWARD")
    if wanting:
        forward = making.filter("settcpmss")
        making.filter("FORWARD").jump(m.tcp_flags(SYN | RST, SYN, origin), forward, wanting[0].origin)
    for interface in wanting:
        where, size = interface.origin, int(interface.options["mss"])
        for way, device in (("out", m.outgoing), ("in", m.incoming)):
            asked = (*device(interface.physical, where), *m.tcp_flags(SYN | RST, SYN, where), *_larger(size, where))
            if making.layout.ipsec:
                asked += m.policy(way, "none", where)
            forward.add(asked, set_mss(size, where), where)
            if clamped:
                forward.jump(device(interface.physical, where), "RETURN", where)
    if clamped:
        asked = m.tcp_flags(SYN | RST, SYN, origin)
        number = int(value) if value.isdigit() else None
        asked += _larger(number, origin) if number is not None else ()
        if making.layout.ipsec:
            asked += m.policy("out", "none", origin)
        forward.add(asked, set_mss(number, origin), origin)


def _larger(size: int, origin: Span) -> Matches:
    return (m.one("tcpmss", "mss", Interval(size, (1 << 32) - 1), origin),)


def set_mss(size: int | None, origin: Span) -> Target:
    """``TCPMSS``: to a size, or to what the path allows."""
    option = (
        Option("clamp-mss-to-pmtu", None, False, origin) if size is None else Option("set-mss", size, False, origin)
    )
    return Target("TCPMSS", (option,), origin)


def zone_mss(making: Making) -> None:
    """``mss=`` of zones and hosts, at the head of the chains from and to them."""
    layout = making.layout
    for name in layout.order:
        zone = layout.zones[name]
        for column in ("", "in", "out"):
            size = zone.mss(column)
            if size is None or zone.entry is None:
                continue
            origin = zone.entry.ipsec_origin or zone.origin
            for other in layout.order:
                if column != "in":
                    _head(making, other, name, size, origin)
                if column != "out":
                    _head(making, name, other, size, origin)
        for group in zone.groups:
            if group.options.get("mss", "").isdigit():
                _group_mss(making, name, group)


def _head(making: Making, source: str, dest: str, size: int, origin: Span) -> None:
    policy = making.policies.of(source, dest)
    if policy is None or policy.name != "NONE":
        asked = (*m.tcp_flags(SYN | RST, SYN, origin), *_larger(size, origin))
        making.pair(source, dest).insert(0, asked, set_mss(size, origin), origin)


def _group_mss(making: Making, name: str, group: Group) -> None:
    layout, origin, size = making.layout, group.origin, int(group.options["mss"])
    physical = layout.physical(group.interface)
    chain = making.tables.fresh("filter", "mss")
    chain.add(m.tcp_flags(SYN | RST, SYN, origin), set_mss(size, origin), origin)
    common = (*m.tcp_flags(SYN | RST, SYN, origin), *_larger(size, origin))
    for net in group.nets:
        leads = making.excluding(chain, group.excluded, source=True)
        for other in layout.order:
            for way, device, pair in (("in", m.incoming, (name, other)), ("out", m.outgoing, (other, name))):
                asked = (*device(physical, origin), *m.address(net, source=way == "in"), *common)
                if layout.ipsec:
                    asked += m.policy(way, group.kind, origin)
                making.pair(*pair).jump(asked, leads, origin)
