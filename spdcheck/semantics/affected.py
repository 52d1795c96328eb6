"""Which hosts and which traffic an alteration of some hosts can touch.

A packet meets the hosts that have its addresses or lie before them, those at the ends of the tunnels that take it, and
those that routes send it through. Whatever meets none of the altered hosts goes as it went; where only policies are
not as they were, so does all traffic that none of them selects, in either direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.predicate import FALSE
from spdcheck.semantics.selectors import predicate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.semantics.alterations import Alteration
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.routing import RouteEntry
    from spdcheck.semantics.topology import Topology


def networks_of(topology: Topology, names: Iterable[str]) -> tuple[AddressRange, ...]:
    """The addresses of these hosts and the networks behind them."""
    wanted = set(names)
    return tuple(
        addresses for addresses, place in topology.places if place.host is not None and place.host.name in wanted
    )


def hosts_touched(topology: Topology, altered: Iterable[Alteration]) -> frozenset[str]:
    """The hosts whose findings can depend on these ones: themselves, and all that speak to, route through or claim
    the traffic of one of them.
    """
    touched: set[str] = set()
    hosts = {host.name: host for host in topology.site.hosts}
    for one in altered:
        touched.add(one.name)
        host = hosts.get(one.name)
        if host is None:
            continue
        if one.selectors is None:
            touched |= _named_by(host, topology)
            own, networks = set(host.addresses), networks_of(topology, (host.name,))
            touched |= {other.name for other in hosts.values() if _refers(other, own, networks)}
            continue
        ends = [far_address(policy) for policy in host.spd.policies if policy.selector in one.selectors]
        touched |= _owners(topology, ends)
        for other in hosts.values():
            if any(policy.selector.overlaps(s) or policy.selector.overlaps(s.reversed())
                   for policy in other.spd.policies for s in one.selectors):  # fmt: skip
                touched.add(other.name)
    return frozenset(touched)


def _refers(host: Host, own: set[AddressRange], networks: tuple[AddressRange, ...]) -> bool:
    if any(route.gateway in own for route in host.routes):
        return True
    if any(i.tunnel is not None and i.tunnel.destination in own for i in host.interfaces):
        return True
    for policy in host.spd.policies:
        if far_address(policy) in own or any(policy.remote.overlaps(network) for network in networks):
            return True
    if any(association.destination in own or association.source in own for association in host.sad.associations):
        return True
    peers = [peer.address for daemon in host.daemons for peer in daemon.peers if peer.address is not None]
    return any(address in own for address in peers)


def _named_by(host: Host, topology: Topology) -> set[str]:
    """The hosts that a host speaks to."""
    ends = [far_address(policy) for policy in host.spd.policies]
    ends += [route.gateway for route in host.routes]
    ends += [interface.tunnel.destination for interface in host.interfaces if interface.tunnel is not None]
    ends += [peer.address for daemon in host.daemons for peer in daemon.peers]
    return _owners(topology, ends)


def _owners(topology: Topology, addresses: Iterable[AddressRange | None]) -> set[str]:
    owners = (topology.owner(address) for address in dict.fromkeys(addresses) if address is not None)
    return {owner[0].name for owner in owners if owner is not None}


def traffic_touched(topology: Topology, altered: Iterable[Alteration]) -> Predicate:
    """All packets that may fare otherwise, as far as addresses tell."""
    condition: Predicate = FALSE
    known = list(altered)
    for one in known:
        for selector in one.selectors or ():
            condition |= predicate_of(selector) | predicate_of(selector.reversed())
    wanted = {one.name for one in known if one.selectors is None}
    if not wanted:
        return condition
    networks = networks_of(topology, wanted)
    condition |= source(*networks) | destination(*networks)
    own = {address for host in topology.site.hosts if host.name in wanted for address in host.addresses}
    for host in topology.site.hosts:
        for policy in host.spd.policies:
            if host.name in wanted or far_address(policy) in own:
                condition |= predicate_of(policy.selector)
        through = [entry.destination for entry in topology.table(host) if _leads_to(host, entry, own)]
        if through:
            condition |= destination(*through) | source(*through)
    return condition


def _leads_to(host: Host, entry: RouteEntry, own: set[AddressRange]) -> bool:
    """A route's next hop is one of the addresses, on a wire that the two share or behind a tunnel device."""
    if entry.gateway is not None and entry.gateway in own:
        return True
    device = host.interface(entry.interface)
    return device is not None and device.tunnel is not None and device.tunnel.destination in own
