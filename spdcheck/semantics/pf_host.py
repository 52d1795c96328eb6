"""What pf's names stand for on a host: its interfaces, and OpenBSD's group ``egress``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.semantics.routing import routing_table
from spdcheck.semantics.rulesets.pf_names import PfNames

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Interface, Route


def names_of(host: Host) -> PfNames:
    """The interfaces that have a name of their own, and the groups whose members are known."""
    named = tuple(item for item in host.interfaces if not item.name.startswith("("))
    egress = _egress(host, named) if host.platform is Platform.OPENBSD else ()
    return PfNames(interfaces=named, groups={"egress": egress} if egress else {}, routes=_routes(host, named))


def _routes(host: Host, interfaces: tuple[Interface, ...]) -> tuple[tuple[AddressRange, str], ...] | None:
    """The routing table; None where it may hold more than what is written down: no default route, or DHCP."""
    families = {address.address.family for interface in interfaces for address in interface.addresses}
    defaults = {route.destination.family for route in host.routes if route.destination.is_everything}
    if not families or not families <= defaults or any(interface.dynamic for interface in interfaces):
        return None
    return tuple((entry.destination, "lo0" if entry.local else entry.interface) for entry in routing_table(host))


def _egress(host: Host, interfaces: tuple[Interface, ...]) -> tuple[str, ...]:
    """The interfaces that the default routes lead to (netstart(8), ``if_group_routechange``).

    An address by DHCP brings a default route with it. Nothing where that is not known: no default route is written
    down, or two have a claim.
    """
    routes = [route for route in host.routes if route.destination.is_everything and not route.blackhole]
    dynamic = [interface.name for interface in interfaces if interface.dynamic]
    if dynamic:
        return (dynamic[0],) if len(dynamic) == 1 and not routes else ()
    found = [_towards(route, interfaces) for route in routes]
    return () if None in found else tuple(dict.fromkeys(name for name in found if name is not None))


def _towards(route: Route, interfaces: tuple[Interface, ...]) -> str | None:
    if route.interface is not None:
        return route.interface
    for interface in interfaces:
        if route.gateway is not None and any(a.prefix.contains(route.gateway) for a in interface.addresses):
            return interface.name
    return None
