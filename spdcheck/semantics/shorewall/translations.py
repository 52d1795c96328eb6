"""Rules that translate addresses: DNAT, REDIRECT, and those that spare packets from it (ACCEPT+, NONAT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval, Network, Option, Target, Translation
from spdcheck.model.shorewall_columns import Address, AddressKind, Hosts, Place, Ports
from spdcheck.records import replace
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand
from spdcheck.semantics.shorewall.lines import other_columns
from spdcheck.semantics.shorewall.raw import add_helper

if TYPE_CHECKING:
    from spdcheck.model.shorewall import RuleEntry
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.common import Common
    from spdcheck.semantics.shorewall.rules import Rules, Where


def dnat_chain(making: Common, zone: str) -> Chain:
    """The chain of the table nat for what comes from a zone."""
    return making.tables.ensure("nat", f"{zone}_dnat")


def rule(rules: Rules, line: RuleEntry, where: Where) -> None:
    """A line with one of these actions."""
    name, modifier = line.action.name, line.action.modifier
    if name in ("ACCEPT", "NONAT"):
        _spare(rules, line, where)
        if name == "ACCEPT":
            rules.add(line, where, "ACCEPT")
        return
    if line.helper is not None:
        add_helper(rules, line, where, None)
    server = _server(line)
    _translate(rules, line, where, server)
    if modifier == "-":
        return
    _let_in(rules, line, where, server)


def _server(line: RuleEntry) -> Place:
    """Where the connection is to go: the DEST column, or (REDIRECT without one) the port it asked for."""
    place = line.dest[0] if line.dest else Place(None, None, None, line.origin)
    if line.action.name == "REDIRECT" and place.ports is None and place.hosts is None:
        only = _only_port(line.dports)
        if only is not None:
            return place._replace(ports=only)
    return place


def _only_port(ports: Ports | None) -> Interval | None:
    if ports is None or ports.negated or len(ports.items) != 1:
        return None
    item = ports.items[0]
    return item if isinstance(item, Interval) and item.first == item.last else None


def _target(rules: Rules, line: RuleEntry, server: Place) -> Target:
    origin = line.origin
    options: list[Option] = []
    if line.action.name == "REDIRECT":
        if server.ports is not None:
            options.append(Option("to-ports", server.ports, False, origin))
    else:
        options.append(Option("to-destination", _destination(rules, server), False, origin))
    if server.random:
        options.append(Option("random", None, False, origin))
    return Target(line.action.name, tuple(options), origin)


def _destination(rules: Rules, server: Place) -> Translation | str:
    hosts = server.hosts
    if hosts is None:
        return Translation(None, server.ports)
    if len(hosts.included) != 1:
        return " ".join(address.name for address in hosts.included)
    found = interval_of(rules.making, hosts.included[0])
    return hosts.included[0].name if found is None else Translation(found, server.ports)


def interval_of(making: Common, address: Address) -> Interval | None:
    """The addresses of one element: a host, a range, the first address of an interface where it is known."""
    value = address.value
    if isinstance(value, Interval):
        return value
    if value is not None:
        width = 32 if value.family == 4 else 128
        last = value.value | (((1 << width) - 1) & ~value.mask)
        return Interval(value.value, last, value.family)
    if address.kind is AddressKind.OF_INTERFACE:
        name = making.layout.physical(address.name)
        interface = next((i for i in making.host.interfaces if i.name == name and not i.dynamic), None)
        own = [a.address for a in interface.addresses if a.address.family == making.family] if interface else []
        if own:
            return Interval(own[0].first, own[0].first, own[0].family)
    return None


def _columns(rules: Rules, line: RuleEntry, *, timed: bool = True, rates: bool = True) -> tuple[Matches, ...]:
    other = other_columns(rules.making, line, rates=rates, timed=timed)
    ways = m.protocols(line.protocols, line.dports, line.sports)
    return tuple((*way, *other) for way in ways)


def _nat_chain(rules: Rules, where: Where) -> tuple[Chain, Point]:
    making = rules.making
    if where.chain is not None and where.in_action:
        return making.tables.ensure("nat", where.chain.name), Point.PREROUTING
    zone = making.layout.zones.get(where.source)
    if zone is not None and zone.is_local:
        return making.tables.ensure("nat", "OUTPUT"), Point.OUTPUT
    return dnat_chain(making, where.source), Point.PREROUTING


def _as_dest(hosts: Hosts | None) -> Place | None:
    return None if hosts is None else Place(None, None, hosts, hosts.origin)


def _translate(rules: Rules, line: RuleEntry, where: Where, server: Place) -> None:
    chain, point = _nat_chain(rules, where)
    target = _target(rules, line, server)
    rest = _columns(rules, line)
    if rules.making.settings.on("DETECT_DNAT_IPADDRS") and line.origdest is None and line.action.name == "DNAT":
        rest = tuple((*way, *_own(rules, where, line)) for way in rest)
    also = _protocol_only(line) if server.ports is not None else ()
    for source in line.source or (None,):
        columns = Columns(source, _as_dest(line.origdest), line.origin, rest=rest)
        expand(rules.making, chain, columns, target, point, also=also)


def _own(rules: Rules, where: Where, line: RuleEntry) -> Matches:
    """DETECT_DNAT_IPADDRS: only what was sent to an address of the zone's own interfaces."""
    making = rules.making
    zone = making.layout.zones.get(where.source)
    names = tuple(zone.interfaces) if zone is not None else ()
    origin = line.origin
    own = making.found(tuple(Address(AddressKind.OF_INTERFACE, None, name, origin) for name in names))
    nets = tuple(address.value for address in own if isinstance(address.value, Network))
    if not names:
        return ()
    if len(nets) == len(names):
        return (m.one("", "destination", nets, origin),)
    return m.unknown(f"dst is the first address of {', '.join(names)}", origin)


def _protocol_only(line: RuleEntry) -> Matches:
    """The protocol has to stand again where an exclusion has a chain of its own: ports need it."""
    said = line.protocols
    if said is None or len(said.items) != 1 or said.items[0].number is None:
        return ()
    return m.protocol(said.items[0].number, said.origin)


def _let_in(rules: Rules, line: RuleEntry, where: Where, server: Place) -> None:
    """The filter sees the packet behind the translation."""
    dports, asked = line.dports, m.NOTHING
    if server.ports is not None:
        dports = Ports((server.ports,), False, line.origin)
        before = _only_port(line.dports)
        if before is not None:
            asked = (m.one("conntrack", "ctorigdstport", before, line.origin),)
    redirects = line.action.name == "REDIRECT"
    dest = (Place(None, None, None if redirects else server.hosts, server.origin),)
    origdest = line.origdest
    if origdest is not None and any(a.kind is AddressKind.SET for a in origdest.included):
        origdest = None
    made = replace(
        line,
        dest=dest,
        dports=dports,
        rates=(),
        connlimit=None,
        time=None,
        headers=None,
        helper=None,
        origdest=origdest,
    )
    rules.add(made, where, "ACCEPT", asked=asked)


def _spare(rules: Rules, line: RuleEntry, where: Where) -> None:
    """Later rules that translate do not see these packets."""
    chain, point = _nat_chain(rules, where)
    making = rules.making
    target: Chain | str = "ACCEPT"
    zone = making.layout.zones.get(where.source)
    if where.in_action or zone is None or zone.is_local:
        target = "RETURN"
    else:
        static = [(name, making.tables.get("nat", f"{name}_in")) for name in zone.interfaces]
        known = [(name, found) for name, found in static if found is not None]
        if known:
            target = making.tables.fresh("nat", "nonat")
            for name, found in known:
                physical = making.layout.interfaces[name].physical
                asked = m.incoming(physical, line.origin) if len(zone.interfaces) > 1 else ()
                target.jump(asked, found, line.origin)
            target.jump((), "ACCEPT", line.origin)
    rest = _columns(rules, line)
    for source in line.source or (None,):
        for dest in line.dest or (None,):
            expand(making, chain, Columns(source, dest, line.origin, line.origdest, rest), target, point, noted=False)


def jump(rules: Rules, line: RuleEntry, where: Where, nat: Chain) -> None:
    """A call of an action that translates: the table nat leads into it too."""
    chain, point = _nat_chain(rules, where)
    if chain is nat:
        return
    rest = _columns(rules, line)
    for source in line.source or (None,):
        expand(rules.making, chain, Columns(source, _as_dest(line.origdest), line.origin, rest=rest), nat, point)
