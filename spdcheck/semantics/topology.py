"""How the hosts of a site hang together: who is on the same wire, which network lies behind whom.

Interfaces that carry tunnel end points or the default route face one untrusted network that connects all hosts. Two
interfaces with the same prefix are on the same wire. Every other prefix lies behind its host, with nobody else on it
that we know.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from spdcheck.records import dataclass
from spdcheck.semantics.address_index import AddressIndex
from spdcheck.semantics.fields import address_interval
from spdcheck.semantics.intervals import normalise
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.routing import RouteEntry, outside_interfaces, routing_table

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Interface, Site
    from spdcheck.semantics.intervals import IntervalSet

UNTRUSTED = "untrusted network"
"""The network between the peers."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is: at a host itself, behind one of its interfaces, or somewhere in the untrusted network.

    ``host`` is None for the untrusted network; ``interface`` is empty for the host itself.
    """

    host: Host | None
    interface: str


class Topology:
    """Wires, neighbours and the place of every address of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.hosts = {host.name: host for host in site.hosts}
        self._tables = {host.name: routing_table(host) for host in site.hosts}
        self._outside = {host.name: outside_interfaces(host) or self._named_by_peers(host) for host in site.hosts}

    def _named_by_peers(self, host: Host) -> tuple[str, ...]:
        """An external machine has no files of ours: its interfaces with end points of others' tunnels, else all."""
        if not host.external:
            return ()
        ends = {far_address(policy) for other in self.site.hosts for policy in other.spd.policies}
        named = tuple(i.name for i in host.interfaces if any(address.address in ends for address in i.addresses))
        return named or tuple(interface.name for interface in host.interfaces)

    def table(self, host: Host) -> tuple[RouteEntry, ...]:
        """The routing table of a host."""
        return self._tables[host.name]

    def route(self, host: Host, target: AddressRange) -> RouteEntry | None:
        """The entry of a host's table that a packet to this address takes; None where there is no route."""
        return next((entry for entry in self.table(host) if entry.destination.contains(target)), None)

    def is_outside(self, host: Host, interface: str) -> bool:
        """The interface faces the untrusted network."""
        return interface in self._outside[host.name]

    def outside(self, host: Host) -> str:
        """The first interface that faces the untrusted network; empty where none does."""
        names = self._outside[host.name]
        return names[0] if names else ""

    @cached_property
    def _owners(self) -> dict[AddressRange, tuple[Host, Interface]]:
        owners: dict[AddressRange, tuple[Host, Interface]] = {}
        for host in self.site.hosts:
            for interface in host.interfaces:
                for address in interface.addresses:
                    owners.setdefault(address.address, (host, interface))
        for host in self.site.hosts:
            if host.public_address is not None:
                for interface in host.interfaces:
                    if self.is_outside(host, interface.name):
                        owners.setdefault(host.public_address, (host, interface))
        return owners

    def owner(self, address: AddressRange) -> tuple[Host, Interface] | None:
        """The host and interface that have a single address."""
        return self._owners.get(address)

    def peer(self, address: AddressRange) -> Host | None:
        """The host that one speaks with at this address: behind a NAT device, not the device."""
        found = self.owner(address)
        return self._behind_nat.get(address) or (None if found is None else found[0])

    @cached_property
    def _behind_nat(self) -> dict[AddressRange, Host]:
        return {host.public_address: host for host in self.site.hosts if host.public_address is not None}

    @cached_property
    def networks(self) -> tuple[tuple[AddressRange, Place], ...]:
        """Every network that lies behind a host, the smallest first.

        Of equal ones the one on an interface comes first, then those of routes, then what is only inferred.
        """
        found: list[tuple[AddressRange, Place, int]] = []
        for host in self.site.hosts:
            tunnels = {interface.name for interface in host.interfaces if interface.tunnel is not None}
            for interface in host.interfaces:
                if interface.tunnel is None and not self.is_outside(host, interface.name):
                    found += [(own.prefix, Place(host, interface.name), 0) for own in interface.addresses]
            for route in host.routes:
                if route.destination.is_everything:
                    continue
                inside = route.interface or ""
                for entry in self.table(host):
                    if entry.origin is route.origin and not self.is_outside(host, entry.interface):
                        inside = entry.interface
                if inside and inside not in tunnels and not self.is_outside(host, inside):
                    found.append((route.destination, Place(host, inside), 2 if route.inferred else 1))
        found.sort(key=lambda entry: (entry[0].size, entry[2]))
        return tuple((network, place) for network, place, _ in found)

    @cached_property
    def places(self) -> tuple[tuple[AddressRange, Place], ...]:
        """Every address of a host, then every network: the first range that has an address says where it is."""
        return (*((address, Place(host, "")) for address, (host, _) in self._owners.items()), *self.networks)

    @cached_property
    def broadcasts(self) -> IntervalSet:
        """The broadcast addresses of the networks of all interfaces, as values of an address field.

        No machine has one of them (RFC 1122 section 3.2.1.3).
        """
        everyone = (
            own.prefix._replace(first=own.prefix.last)
            for host in self.site.hosts
            for interface in host.interfaces
            for own in interface.addresses
            if own.prefix.family == 4 and own.prefix.size > 2
        )
        return normalise(address_interval(address) for address in everyone if address not in self._owners)

    @cached_property
    def _places(self) -> AddressIndex:
        return AddressIndex(address_interval(addresses) for addresses, _ in self.places)

    def places_of(self, side: IntervalSet) -> list[tuple[AddressRange, Place]]:
        """Those of the places that hold some of these addresses, in their order."""
        return [self.places[number] for number in self._places.touching(side)]

    def place(self, address: AddressRange) -> Place:
        """Where a single address is."""
        found = self.owner(address)
        if found is not None:
            return Place(found[0], "")
        near = self.places_of((address_interval(address),))
        return next((place for network, place in near if network.contains(address)), Place(None, ""))

    def neighbour(self, host: Host, interface: str, address: AddressRange) -> tuple[Host, str] | None:
        """Who gets a packet for this next hop that leaves by the interface: a host of the site and its interface."""
        found = self.owner(address)
        if found is None or found[0] is host:
            return None
        other, device = found
        if self.is_outside(host, interface) and self.is_outside(other, device.name):
            return other, device.name
        ours = host.interface(interface)
        shared = ours is not None and any(
            a.prefix == b.prefix and not a.prefix.is_host for a in ours.addresses for b in device.addresses
        )
        return (other, device.name) if shared else None
