"""Options of interfaces and hosts in Shorewall 2.x, and the settings that act before any zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval, Network, Target
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.interface_options import ACK, BAD_FLAGS, FIN, RST, SYN, set_mss
from spdcheck.semantics.shorewall.making import reject_with

if TYPE_CHECKING:
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.two import Making2
    from spdcheck.source import Span

PRIVATE = ((0xAC100000, 0xFFF00000), (0xC0A80000, 0xFFFF0000), (0x0A000000, 0xFF000000))
"""The networks of RFC 1918, as the shipped file lists them."""


def first_rules(making: Making2) -> None:
    """The loopback, invalid packets, CLAMPMSS, and connections that do not begin with SYN."""
    origin = making.source.origin
    making.filter("INPUT").jump(m.incoming("lo", origin), "ACCEPT", origin)
    making.filter("OUTPUT").jump(m.outgoing("lo", origin), "ACCEPT", origin)
    if making.settings.on("DROPINVALID"):
        where = making.settings.origin("DROPINVALID")
        for name in ("INPUT", "OUTPUT", "FORWARD"):
            asked = (*m.protocol(m.ICMP, where, negated=True), *m.state(where, "INVALID"))
            making.filter(name).jump(asked, "DROP", where)
    clamp = making.settings.text("CLAMPMSS")
    if clamp.lower() not in ("", "no"):
        where = making.settings.origin("CLAMPMSS")
        size = int(clamp) if clamp.isdigit() else None
        making.filter("FORWARD").add(m.tcp_flags(SYN | RST, SYN, where), set_mss(size, where), where)
    if not making.settings.on("NEWNOTSYN"):
        _not_syn(making)


def _not_syn(making: Making2) -> None:
    chain, origin = making.filter("newnotsyn"), making.settings.origin("NEWNOTSYN")
    for interface in making.layout.real_interfaces():
        if interface.has("newnotsyn"):
            device = m.incoming(interface.physical, interface.origin)
            for flag in (ACK, RST, FIN):
                chain.jump((*device, *m.tcp_flags(flag, flag, interface.origin)), "ACCEPT", interface.origin)
            chain.jump(device, "RETURN", interface.origin)
    chain.jump((), "DROP", origin)


def common_rules(making: Making2) -> None:
    """Everything that does not depend on zones, in the order of the chains of an interface."""
    for interface in making.layout.real_interfaces():
        for way in ("fwd", "in"):
            making.filter(f"{interface.name}_{way}").referenced = True
    _reject(making)
    _blacklist(making)
    _smurfs(making)
    _dhcp(making)
    _private(making)
    _bogons(making)
    _tcp_flags(making)
    _stations(making)


def _broadcasts(making: Making2) -> list[tuple[Network, Span]]:
    """The broadcast addresses of interfaces, everybody's, and multicast."""
    found: list[tuple[Network, Span]] = []
    for entry in making.source.interfaces:
        for said in entry.broadcasts:
            net = m.parse_network(said.text)
            if net is not None:
                found.append((net, said.origin))
            elif said.text == "detect":
                found += [(own, said.origin) for own in _detected(making, entry.physical)]
    origin = making.source.origin
    return [*found, (Network(4, 0xFFFFFFFF, 0xFFFFFFFF), origin), (Network(4, 0xE0000000, 0xF0000000), origin)]


def _detected(making: Making2, name: str) -> list[Network]:
    interface = next((i for i in making.host.interfaces if i.name == name and not i.dynamic), None)
    prefixes = [a.prefix for a in interface.addresses] if interface is not None else []
    return [Network(4, p.last, 0xFFFFFFFF) for p in prefixes if p is not None and p.family == 4 and p.size > 2]


def _frames(origin: Span, *kinds: str) -> list[Matches]:
    return [(m.one("pkttype", "pkt-type", kind, origin),) for kind in kinds]


def _reject(making: Making2) -> None:
    chain, origin = making.reject(), making.source.origin
    for asked in _frames(origin, "broadcast", "multicast"):
        chain.jump(asked, "DROP", origin)
    for net, where in _broadcasts(making):
        chain.jump(m.network(net, where, source=True), "DROP", where)
    chain.add(m.protocol(m.TCP, origin), reject_with("tcp-reset", origin), origin)
    chain.add(m.protocol(m.UDP, origin), reject_with("", origin), origin)
    chain.add(m.protocol(m.ICMP, origin), reject_with("icmp-host-unreachable", origin), origin)
    chain.add((), reject_with("icmp-host-prohibited", origin), origin)


def _each_host(making: Making2, option: str, asked: Matches, chain: Chain) -> None:
    """Jumps from the chains of the interfaces, for hosts with an option."""
    for interface, kind, net, _, origin in making.layout.with_option(option):
        own = (*asked, *(m.address(net, source=True) if net is not None else ()))
        own += m.policy("in", kind or "none", origin)
        for way in ("fwd", "in"):
            making.filter(f"{interface}_{way}").jump(own, chain, origin)


def _blacklist(making: Making2) -> None:
    if not making.layout.with_option("blacklist") or not making.source.blacklist:
        return
    chain, origin = making.filter("blacklst"), making.settings.origin("BLACKLIST_DISPOSITION")
    target = making.verdict(making.settings.text("BLACKLIST_DISPOSITION"))
    for entry in making.source.blacklist:
        ways = m.protocols(entry.protocols, entry.ports, None)
        nets = entry.hosts.included if entry.hosts is not None else ()
        for asked in m.each(nets, lambda a: m.address(a, source=True)):
            for way in ways:
                chain.jump((*asked, *way), target, entry.origin)
    state = m.state(origin, "NEW", "INVALID") if making.settings.on("BLACKLISTNEWONLY") else ()
    _each_host(making, "blacklist", state, chain)


def _smurfs(making: Making2) -> None:
    if not making.layout.with_option("nosmurfs"):
        return
    chain = making.filter("smurfs")
    for net, origin in _broadcasts(making):
        chain.jump(m.network(net, origin, source=True), "DROP", origin)
    _each_host(making, "nosmurfs", m.state(making.source.origin, "NEW", "INVALID"), chain)


def _dhcp(making: Making2) -> None:
    for interface in making.layout.real_interfaces():
        if interface.has("dhcp"):
            asked = m.ported(m.UDP, interface.origin, Interval(67, 68))
            making.filter(f"{interface.name}_in").jump(asked, "ACCEPT", interface.origin)
            out = m.outgoing(interface.physical, interface.origin)
            making.filter("OUTPUT").jump((*out, *asked), "ACCEPT", interface.origin)


def _private(making: Making2) -> None:
    """norfc1918: private addresses don't come from the internet, nor do packets for them."""
    if not making.layout.with_option("norfc1918"):
        return
    chain, drop, origin = making.filter("norfc1918"), making.filter("rfc1918"), making.source.origin
    drop.jump((), "DROP", origin)
    for value, mask in PRIVATE:
        net = Network(4, value, mask)
        chain.jump(m.network(net, origin, source=True), drop, origin)
        chain.jump((m.one("conntrack", "ctorigdst", (net,), origin),), drop, origin)
    _each_host(making, "norfc1918", m.state(origin, "NEW"), chain)


def _bogons(making: Making2) -> None:
    """nobogons: what no registry had given out then; the shipped list changed with every release."""
    if not making.layout.with_option("nobogons"):
        return
    origin = making.source.origin
    chain = making.filter("nobogons")
    chain.jump(m.unknown("src is in the list of bogons", origin), "DROP", origin)
    _each_host(making, "nobogons", m.state(origin, "NEW"), chain)


def _tcp_flags(making: Making2) -> None:
    if not making.layout.with_option("tcpflags"):
        return
    chain, origin = making.filter("tcpflags"), making.settings.origin("TCP_FLAGS_DISPOSITION")
    word = making.settings.text("TCP_FLAGS_DISPOSITION")
    target = reject_with("tcp-reset", origin) if word == "REJECT" else Target(word, (), origin)
    for mask, value in BAD_FLAGS:
        if (mask, value) not in ((FIN | RST, FIN | RST), (ACK | 8 | FIN, 8 | FIN)):
            chain.add(m.tcp_flags(mask, value, origin), target, origin)
    chain.add((*m.syn(origin), m.one("tcp", "sport", m.port(0), origin)), target, origin)
    _each_host(making, "tcpflags", m.protocol(m.TCP, origin), chain)


def _stations(making: Making2) -> None:
    """maclist."""
    hosts = making.layout.with_option("maclist")
    for name in dict.fromkeys(host[0] for host in hosts):
        chain = making.filter(f"{name}_mac")
        for entry in making.source.maclist:
            if making.layout.known(entry.interface) != name:
                continue
            mac = m.address(entry.mac, source=True) if entry.mac is not None else ()
            nets = entry.hosts.included if entry.hosts is not None else ()
            for asked in m.each(nets, lambda a: m.address(a, source=True)):
                chain.jump((*mac, *asked), "RETURN", entry.origin)
        origin = making.settings.origin("MACLIST_DISPOSITION")
        own = m.unknown(f"src is an address of {name}, to a broadcast address", origin)
        chain.jump(own, "RETURN", origin)
        word = making.settings.text("MACLIST_DISPOSITION")
        chain.jump((), making.verdict(word), origin)
        for interface, kind, net, _, where in hosts:
            if interface != name:
                continue
            asked = (*(m.address(net, source=True) if net is not None else ()), *m.state(where, "NEW"))
            asked += m.policy("in", kind or "none", where)
            for way in ("fwd", "in"):
                making.filter(f"{name}_{way}").jump(asked, chain, where)
