"""The routing table of a host, as its files and our inferences leave it: longest prefix first.

Connected prefixes and point-to-point peers come from interfaces, static routes from ``rc.conf`` and the site file.
Where nothing names a default route, the interface that faces the peers is believed to lead everywhere, and the entry
says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import EVERYTHING, AddressRange
from spdcheck.records import dataclass
from spdcheck.semantics.peering import far_address, near_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host, Interface
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """One line of the table. ``gateway`` is None where the destination is on the link.

    ``inferred`` says why we believe it; empty where a file says so. ``local`` marks this host's own addresses,
    ``blackhole`` a route that drops.
    """

    destination: AddressRange
    interface: str
    gateway: AddressRange | None
    origin: Span | None
    inferred: str = ""
    local: bool = False
    blackhole: bool = False

    def __str__(self) -> str:
        if self.local:
            return f"{self.destination} is this host"
        if self.blackhole:
            return f"{self.destination} blackhole"
        name = "default" if self.destination.is_everything else str(self.destination)
        via = f" via {self.gateway}" if self.gateway is not None else ""
        return f"{name}{via} dev {self.interface}"


def outside_interfaces(host: Host) -> tuple[str, ...]:
    """The interfaces that face the network between the peers: those with a tunnel end point or the default route."""
    ends = {near for policy in host.spd.policies if (near := near_address(policy)) is not None and far_address(policy)}
    ends.update(i.tunnel.source for i in host.interfaces if i.tunnel is not None)
    ends.update(listener.address for daemon in host.daemons for listener in daemon.listeners)
    gateways = [r.gateway for r in host.routes if r.destination.is_everything and r.gateway is not None]
    named = {r.interface for r in host.routes if r.destination.is_everything and r.interface}
    found = []
    for interface in host.interfaces:
        if interface.tunnel is not None:
            continue
        has_end = any(a.address in ends for a in interface.addresses) and not _is_loopback(interface)
        leads_out = interface.name in named or any(
            a.prefix.contains(gateway) for a in interface.addresses for gateway in gateways
        )
        if has_end or leads_out or interface.dynamic:
            found.append(interface.name)
    return tuple(found)


def _is_loopback(interface: Interface) -> bool:
    return interface.name.startswith("lo")


def routing_table(host: Host) -> tuple[RouteEntry, ...]:
    """Every entry, the most specific first; entries of one destination in the order of the files."""
    entries: list[RouteEntry] = []
    for interface in host.interfaces:
        for address in interface.addresses:
            entries.append(RouteEntry(address.address, interface.name, None, address.origin, local=True))
            if address.peer is not None:
                entries.append(RouteEntry(address.peer, interface.name, None, address.origin))
            elif not address.prefix.is_host:
                entries.append(RouteEntry(address.prefix, interface.name, None, address.origin))
    for route in host.routes:
        name = route.interface or _towards(host, route.gateway)
        if route.blackhole or name is not None:
            entries.append(
                RouteEntry(
                    route.destination,
                    name or "",
                    route.gateway,
                    route.origin,
                    route.inferred,
                    blackhole=route.blackhole,
                )
            )
    outside = outside_interfaces(host)
    for family in (4, 6):
        everything = EVERYTHING[family]
        has_default = any(e.destination == everything for e in entries) or _is_deleted(host, everything)
        uses_family = any(a.address.family == family for i in host.interfaces for a in i.addresses)
        if not has_default and uses_family and outside:
            why = "no file names a default route; the interface that faces the peers is taken"
            entries.append(RouteEntry(EVERYTHING[family], outside[0], None, None, inferred=why))
    return tuple(sorted(entries, key=lambda entry: entry.destination.size))


def _is_deleted(host: Host, destination: AddressRange) -> bool:
    """A command takes this route away, so that nothing is to be inferred in its place."""
    return f"route.deleted.{destination}" in host.settings


def _towards(host: Host, gateway: AddressRange | None) -> str | None:
    """The interface on whose prefix (or at whose far end) a gateway lies; the outside one for a gateway far away."""
    if gateway is None:
        return None
    for interface in host.interfaces:
        for address in interface.addresses:
            if address.peer == gateway or address.prefix.contains(gateway):
                return interface.name
    outside = outside_interfaces(host)
    return outside[0] if outside else None


def reached_through(host: Host, interface: Interface) -> Iterator[tuple[AddressRange, Span | None]]:
    """The addresses that are routed into a device, with the line that does it."""
    for address in interface.addresses:
        if address.peer is not None:
            yield address.peer, address.origin
        elif not address.prefix.is_host:
            yield address.prefix, address.origin
    peers = [address.peer for address in interface.addresses if address.peer is not None]
    for route in host.routes:
        if route.interface == interface.name or (route.gateway is not None and route.gateway in peers):
            yield route.destination, route.origin
