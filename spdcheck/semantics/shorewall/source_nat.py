"""The table nat besides rules: snat (masq), nat (one to one) and netmap."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval, Match, Option, Target, Translation
from spdcheck.model.shorewall_columns import Place
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand
from spdcheck.semantics.shorewall.translations import interval_of

if TYPE_CHECKING:
    from spdcheck.model.shorewall import NetmapEntry, OneToOne, SourceNat
    from spdcheck.model.shorewall_columns import Address
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.common import Common


def source_nat(making: Common) -> None:
    """snat, or masq in its words."""
    files = {entry.file for entry in making.source.snat}
    only = "masq" if "masq" in files else "snat"
    for entry in making.source.snat:
        if entry.file == only:
            for interface in entry.interfaces:
                _entry(making, entry, interface)


def _entry(making: Common, entry: SourceNat, interface: str) -> None:
    local = interface == making.firewall
    before: Matches = ()
    if local:
        chain, point = making.tables.ensure("nat", "INPUT"), Point.FORWARD
    else:
        name = making.layout.known(interface)
        if name is None:
            return
        known = making.layout.interfaces[name]
        if interface not in (known.name, known.physical):
            # One of the interfaces that a wildcard stands for.
            before = m.outgoing(interface, entry.origin)
        chain, point = making.tables.ensure("nat", f"{name}_{'snat' if entry.before else 'masq'}"), Point.POSTROUTING
    rest = _columns(making, entry, before, "in" if local else "out")
    target = _target(making, entry, interface)
    also = _with_ports(entry)
    source = Place(None, entry.source_interface, entry.sources, entry.origin)
    dest = Place(None, None, entry.dests, entry.origin)
    expand(making, chain, Columns(source, dest, entry.origin, entry.origdest, rest), target, point, also=also)


def _columns(making: Common, entry: SourceNat, before: Matches, way: str) -> tuple[Matches, ...]:
    other: Matches = ()
    if entry.mark is not None:
        other += m.mark(entry.mark, making.mark_mask)
    if entry.user is not None:
        other += m.owner(entry.user)
    if entry.probability is not None:
        options = (Option("mode", "random", False, entry.probability.origin),
                   Option("probability", entry.probability.text, False, entry.probability.origin))  # fmt: skip
        other += (Match("statistic", options, entry.probability.origin),)
    if entry.switch is not None:
        other += m.word("condition", "condition", entry.switch)
    other += exemption(making, entry, way)
    if entry.inline is not None:
        other += m.unknown(f"raw {entry.inline.text}", entry.inline.origin)
    ways = m.protocols(entry.protocols, entry.dports, None)
    return tuple((*way_, *other, *before) for way_ in ways)


def exemption(making: Common, entry: SourceNat, way: str) -> Matches:
    """The IPSEC column; where it is empty, what IPsec will protect is spared as soon as there is any."""
    if entry.ipsec_options:
        return m.policy(way, "ipsec", entry.origin, entry.ipsec_options)
    if entry.ipsec:
        return m.policy(way, "ipsec" if entry.ipsec == "yes" else "none", entry.origin)
    return m.policy(way, "none", entry.origin) if making.layout.ipsec else ()


def _with_ports(entry: SourceNat) -> Matches:
    said = entry.protocols
    if entry.ports is None or said is None or said.items[0].number is None:
        return ()
    return m.protocol(said.items[0].number, said.origin)


def _target(making: Common, entry: SourceNat, interface: str) -> Target | str:
    name, origin = entry.action.name, entry.action.origin
    options: list[Option] = []
    if name == "CONTINUE":
        return "RETURN"
    if name == "MASQUERADE":
        if entry.ports is not None:
            options.append(Option("to-ports", entry.ports, False, origin))
    elif name == "SNAT":
        options.append(Option("to-source", _address(making, entry, interface), False, origin))
    elif name in ("ACCEPT", "DROP"):
        return name
    elif name in ("LOG", "NFLOG", "ULOG"):
        return Target("LOG", (), origin)
    else:
        return Target(name, (), origin)
    if entry.random:
        options.append(Option("random", None, False, origin))
    if entry.persistent:
        options.append(Option("persistent", None, False, origin))
    return Target(name, tuple(options), origin)


def _address(making: Common, entry: SourceNat, interface: str) -> Translation | str:
    if entry.detect:
        found = next((i for i in making.host.interfaces if i.name == making.layout.physical(interface)), None)
        own = [a.address for a in found.addresses if a.address.family == making.family] if found is not None else []
        if own and found is not None and not found.dynamic:
            return Translation(Interval(own[0].first, own[0].first, own[0].family), entry.ports)
        return f"the address of {interface}"
    if not entry.addresses:
        return Translation(None, entry.ports)
    ranges = [interval_of(making, address) for address in entry.addresses]
    known = [found for found in ranges if found is not None]
    if len(known) != len(ranges):
        return ",".join(address.name for address in entry.addresses)
    if len(known) > 1:
        adjacent = all(a.last + 1 == b.first for a, b in pairwise(known))
        if not adjacent:
            return "one of several addresses"
        return Translation(Interval(known[0].first, known[-1].last, known[0].family), entry.ports)
    return Translation(known[0], entry.ports)


def one_to_one(making: Common) -> None:
    """nat: a host inside has an address outside to itself."""
    for entry in making.source.nat:
        _static(making, entry)


def _static(making: Common, entry: OneToOne) -> None:
    name = making.layout.known(entry.interface)
    outside, inside = (interval_of(making, address) for address in (entry.external, entry.internal))
    if name is None:
        return
    known, origin = making.layout.interfaces[name], entry.origin
    wildcard = entry.interface not in (known.name, known.physical)
    inward = m.policy("in", "none", origin) if making.layout.ipsec else ()
    outward = m.policy("out", "none", origin) if making.layout.ipsec else ()
    to = Target("DNAT", (Option("to-destination", _one(inside, entry.internal), False, origin),), origin)
    back = Target("SNAT", (Option("to-source", _one(outside, entry.external), False, origin),), origin)
    device_in = m.incoming(entry.interface, origin) if wildcard and not entry.all_interfaces else ()
    device_out = m.outgoing(entry.interface, origin) if wildcard and not entry.all_interfaces else ()
    names = ("nat_in", "nat_out") if entry.all_interfaces else (f"{name}_in", f"{name}_out")
    making.tables.ensure("nat", names[0]).add(
        (*device_in, *m.address(entry.external, source=False), *inward), to, origin
    )
    making.tables.ensure("nat", names[1]).add(
        (*device_out, *m.address(entry.internal, source=True), *outward), back, origin
    )
    if entry.local:
        making.tables.ensure("nat", "OUTPUT").add((*m.address(entry.external, source=False), *outward), to, origin)


def _one(interval: Interval | None, address: Address) -> Translation | str:
    return address.name if interval is None else Translation(interval)


def network_map(making: Common) -> None:
    """netmap: a network stands for another one."""
    for entry in making.source.netmap:
        _mapped(making, entry)


def _mapped(making: Common, entry: NetmapEntry) -> None:
    name = making.layout.known(entry.interface)
    if name is None:
        return
    known, origin = making.layout.interfaces[name], entry.origin
    inward = entry.type == "DNAT"
    chain: Chain = making.tables.ensure("nat", f"{name}_{'in' if inward else 'out'}")
    device: Matches = ()
    if entry.interface not in (known.name, known.physical):
        device = m.incoming(entry.interface, origin) if inward else m.outgoing(entry.interface, origin)
    target = Target("NETMAP", (Option("to", (entry.net2,), False, origin),), origin)
    other = Place(None, None, entry.net3, origin)
    own = Place(None, None, entry.net1, origin)
    source, dest = (other, own) if inward else (own, other)
    # 5.2.8 reads PROTO, DPORT and SPORT, and makes nothing of them.
    expand(making, chain, Columns(source, dest, origin, rest=(device,)), target, Point.FORWARD)
