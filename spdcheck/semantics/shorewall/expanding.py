"""One line of columns as rules of one chain: address lists multiply, exclusions make a chain of their own."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Match, Option, Target
from spdcheck.model.shorewall_columns import AddressKind
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.chains import Chain, jump_to

if TYPE_CHECKING:
    from spdcheck.model.shorewall_columns import Address, Hosts, Place
    from spdcheck.semantics.shorewall.chains import Matches
    from spdcheck.semantics.shorewall.common import Common
    from spdcheck.source import Span


class Point(Enum):
    """Where a chain is asked: an interface in a column means another match there."""

    FORWARD = "forward"
    OUTPUT = "output"
    PREROUTING = "prerouting"
    POSTROUTING = "postrouting"


class Columns(NamedTuple):
    """The columns that say which packets, and the line they stand in."""

    source: Place | None
    dest: Place | None
    origin: Span
    origdest: Hosts | None = None
    rest: tuple[Matches, ...] = ((),)
    """The ways to meet the other columns, one rule each."""


class Side(NamedTuple):
    """Addresses of one column: ``before`` is asked of all of them."""

    before: Matches
    included: tuple[Address, ...]
    excluded: tuple[Address, ...]


def expand(
    making: Common, chain: Chain, columns: Columns, target: Target | Chain | str | None,
    point: Point = Point.FORWARD, *, also: Matches = (), goto: bool = False, noted: bool = True,
) -> None:  # fmt: skip
    """Adds the rules of a line. ``also`` belongs to the target (``-p tcp`` of a reset) behind an exclusion.

    ``goto`` says that who comes back from the target does not come back to the chain. ``noted`` says that excluded
    packets are marked where the target is RETURN: 5.2.8 does so for CONTINUE only, and rules of ACCEPT+, NONAT and
    WHITELIST with exclusions return from the wrong chain, to no effect."""
    source = _side(making, columns.source, point, source=True)
    dest = _side(making, columns.dest, point, source=False)
    if source is None or dest is None:
        return
    original = columns.origdest
    onets = making.found(original.included) if original is not None else ()
    oexcluded = making.found(original.excluded) if original is not None else ()
    aim = target
    rest = list(columns.rest)
    if source.excluded or dest.excluded or oexcluded:
        if isinstance(target, str) and target == "RETURN" and noted:
            rest = [(*way, *_marked(making, chain, source, dest, oexcluded, columns.origin)) for way in rest]
        else:
            aim = _exclusion(making, chain, source, dest, oexcluded, target, columns.origin, also)
    common = (*source.before, *dest.before)
    for onet in m.each(onets, m.original_destination):
        for inet in m.each(source.included, lambda a: m.address(a, source=True)):
            for dnet in m.each(dest.included, lambda a: m.address(a, source=False)):
                for way in rest:
                    asked = (*inet, *dnet, *onet, *way, *common)
                    made = aim if isinstance(aim, Target) or aim is None else jump_to(aim, columns.origin, goto=goto)
                    chain.add(asked, made, columns.origin)


def _side(making: Common, place: Place | None, point: Point, *, source: bool) -> Side | None:
    """None where the column can't be met at all."""
    if place is None:
        return Side((), (), ())
    hosts = place.hosts
    included = making.found(hosts.included) if hosts is not None else ()
    excluded = making.found(hosts.excluded) if hosts is not None else ()
    before: Matches = ()
    if place.interface is not None:
        before = _interface(making, place, point, source=source)
    if not included and len(excluded) == 1:
        before += m.address(excluded[0], source=source, negated=True)
        excluded = ()
    return Side(before, included, excluded)


def _interface(making: Common, place: Place, point: Point, *, source: bool) -> Matches:
    assert place.interface is not None
    name = making.layout.known(place.interface)
    known = making.layout.interfaces.get(name) if name is not None else None
    physical = known.physical if known is not None and known.name == place.interface else place.interface
    if source and point is Point.POSTROUTING:
        return networks_of(making, physical, place.origin, source=True)
    if not source and point is Point.PREROUTING:
        return networks_of(making, physical, place.origin, source=False)
    negated = place.excluded_interface
    if known is not None and known.port:
        bridge = making.layout.physical(known.bridge)
        device = m.incoming(bridge, place.origin) if source else m.outgoing(bridge, place.origin)
        end = "physdev-in" if source else "physdev-out"
        options = [] if source else [Option("physdev-is-bridged", None, False, place.origin)]
        options.append(Option(end, physical, negated, place.origin))
        return (*device, Match("physdev", tuple(options), place.origin))
    return (m.incoming if source else m.outgoing)(physical, place.origin, negated=negated)


def networks_of(making: Common, interface: str, origin: Span, *, source: bool) -> Matches:
    """The networks behind an interface, as its routes say when the firewall starts."""
    found = next((i for i in making.host.interfaces if i.name == interface), None)
    nets = []
    for entry in found.addresses if found is not None and not found.dynamic else ():
        if entry.address.family == making.family and entry.prefix is not None:
            net = m.parse_network(str(entry.prefix))
            if net is not None:
                nets.append(net)
    for route in making.host.routes:
        if route.interface == interface and route.gateway is None and route.destination.family == making.family:
            net = m.parse_network(str(route.destination))
            if net is not None and net.mask:
                nets.append(net)
    if not nets or found is None or found.dynamic:
        return m.unknown(f"{'src' if source else 'dst'} in the networks of {interface}", origin)
    return (m.one("", "source" if source else "destination", tuple(dict.fromkeys(nets)), origin),)


def _exclusion(
    making: Common, chain: Chain, source: Side, dest: Side, original: tuple[Address, ...],
    target: Target | Chain | str | None, origin: Span, also: Matches,
) -> Chain:  # fmt: skip
    """A chain that comes back for the excluded ones."""
    before = making.tables.fresh(chain.table, "excl")
    for address in source.excluded:
        before.jump(m.address(address, source=True), "RETURN", origin)
    for address in dest.excluded:
        before.jump(m.address(address, source=False), "RETURN", origin)
    for address in original:
        before.jump(m.original_destination(address), "RETURN", origin)
    made = target if isinstance(target, Target) or target is None else jump_to(target, origin)
    before.add(also, made, origin)
    return before


def _marked(
    making: Common, chain: Chain, source: Side, dest: Side, original: tuple[Address, ...], origin: Span
) -> Matches:
    """RETURN can't be called from another chain: excluded packets are marked first, with a bit of their mark."""
    bit = making.exclusion_mark
    clear = Target("MARK", (Option("and-mark", bit ^ 0xFFFFFFFF, False, origin),), origin)
    note = Target("MARK", (Option("or-mark", bit, False, origin),), origin)
    chain.add((), clear, origin)
    for address in source.excluded:
        chain.add(m.address(address, source=True), note, origin)
    for address in dest.excluded:
        chain.add(m.address(address, source=False), note, origin)
    for address in original:
        chain.add(m.original_destination(address), note, origin)
    return (m.one("mark", "mark", Bits(0, bit), origin),)


def is_mac(place: Place | None) -> bool:
    """The column names stations by their MAC addresses."""
    hosts = place.hosts if place is not None else None
    return hosts is not None and any(a.kind is AddressKind.MAC for a in (*hosts.included, *hosts.excluded))
