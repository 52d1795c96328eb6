"""maclist: on interfaces with that option only listed stations may open connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval, Network
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.events import recent
from spdcheck.semantics.shorewall.interface_options import option_chain

if TYPE_CHECKING:
    from spdcheck.semantics.shorewall.chains import Chain
    from spdcheck.semantics.shorewall.making import Making

_LISTED = {"ACCEPT": "RETURN", "DROP": "DROP", "REJECT": "REJECT"}


def begin(making: Making) -> list[tuple[str, Chain]]:
    """The chain of each interface with its listed stations, and the jumps to it."""
    hosts = making.layout.with_option("maclist")
    remembered = making.settings.number("MACLIST_TTL") > 0
    table = making.settings.text("MACLIST_TABLE") or "filter"
    chains: dict[str, Chain] = {}
    for name in sorted({host[0] for host in hosts}):
        chain = chains[name] = making.tables.ensure(table, f"{name}_mac")
        if remembered:
            _remember(making, name, chain)
        interface = making.layout.interfaces[name]
        if table == "mangle" and interface.has("dhcp") and making.family == 4:
            asked = m.ported(m.UDP, interface.origin, Interval(67, 68))
            asked += m.network(Network(4, 0, 0xFFFFFFFF), interface.origin, source=True)
            asked += m.network(Network(4, 0xFFFFFFFF, 0xFFFFFFFF), interface.origin, source=False)
            chain.jump(asked, "RETURN", interface.origin)
    for entry in making.source.maclist:
        known = making.layout.known(entry.interface)
        listed = chains.get(known) if known is not None else None
        if listed is not None and remembered:
            listed = making.tables.ensure(table, f"{known}_rec")
        if listed is None:
            continue
        mac = m.address(entry.mac, source=True) if entry.mac is not None else ()
        nets = entry.hosts.included if entry.hosts is not None else ()
        for asked in m.each(nets, lambda a: m.address(a, source=True)):
            word = _LISTED.get(entry.disposition, "DROP")
            listed.jump((*mac, *asked), making.verdict(word), entry.origin)
    for name, kind, net, excluded, origin in hosts:
        leads = making.excluding(chains[name], excluded, source=True)
        asked = m.address(net, source=True) if net is not None else ()
        asked += m.state(origin, "NEW", "UNTRACKED")
        if kind and making.layout.ipsec:
            asked += m.policy("in", kind, origin)
        if table == "filter":
            for way in ("fwd", "in"):
                option_chain(making, name, way).jump(asked, leads, origin)
        else:
            device = m.incoming(making.layout.physical(name), origin)
            making.tables.ensure("mangle", "PREROUTING").jump((*device, *asked), leads, origin)
    suffix = "_rec" if remembered else "_mac"
    return [(name, making.tables.ensure(table, name + suffix)) for name in chains]


def _remember(making: Making, name: str, chain: Chain) -> None:
    """MACLIST_TTL: who was let in a short while ago is not looked up again."""
    origin = making.settings.origin("MACLIST_TTL")
    seconds = making.settings.text("MACLIST_TTL")
    chain.jump(recent(origin, f"{name}_mac", "rcheck", seconds=seconds), "RETURN", origin)
    chain.jump((), making.tables.ensure(chain.table, f"{name}_rec"), origin)
    chain.jump(recent(origin, f"{name}_mac", "update"), "RETURN", origin)
    chain.add(recent(origin, f"{name}_mac", "set"), None, origin)


def end(making: Making, chains: list[tuple[str, Chain]]) -> None:
    """What happens to all others: own broadcasts come back, the rest is refused."""
    origin = making.settings.origin("MACLIST_DISPOSITION")
    word = making.settings.text("MACLIST_DISPOSITION").removeprefix("A_")
    for name, chain in chains:
        interface = next((i for i in making.host.interfaces if i.name == making.layout.physical(name)), None)
        own = [a.address for a in interface.addresses] if interface is not None and not interface.dynamic else []
        nets = [m.parse_network(str(address)) for address in own if address.family == making.family]
        # Where the own addresses are not known, nothing is lost: nobody else may have them as a source.
        if making.family == 4:
            sources = [m.network(net, origin, source=True) for net in nets if net is not None]
            for source in sources:
                chain.jump((*source, m.one("addrtype", "dst-type", ("BROADCAST",), origin)), "RETURN", origin)
                chain.jump((*source, *m.network(m.MULTICAST[4], origin, source=False)), "RETURN", origin)
        chain.jump((), "RETURN" if word == "ACCEPT" else making.verdict(word), origin)
