"""Inferred interfaces get the names that the rules of their host reveal, where those agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import replace
from spdcheck.semantics.nameless_interfaces import INSIDE, OUTSIDE, nameless

if TYPE_CHECKING:
    from spdcheck.model.host import Host, Interface


def infer_names(host: Host) -> Host:
    """The host with names for the interface of its inferred addresses and that of the networks behind it.

    Where nothing reveals them they stay without, and what rules say of an interface is unknown of their packets.
    """
    wanted = nameless(host) if host.packet_filters else frozenset()
    if not wanted:
        return host
    from spdcheck.semantics.interface_evidence import evidence

    found = evidence(host)
    for missing, what, believed in (
        (OUTSIDE, "the one outside", found.outside),
        (INSIDE, "the one to the networks behind it", found.inside),
    ):
        if believed is not None and missing in wanted:
            host = _renamed(host, missing, believed.name)
            line = f"interface {believed.name} is {what}: {believed.why}"
            host = replace(host, inferences=(*host.inferences, line))
    return host


def _renamed(host: Host, old: str, new: str) -> Host:
    """The host with what lay on the nameless interface on the one of that name."""
    found = next((i for i in host.interfaces if i.name == old), None)
    interfaces = list(host.interfaces)
    if found is not None and any(i.name == new for i in interfaces):
        interfaces = [_with_addresses(i, found) if i.name == new else i for i in interfaces if i is not found]
    elif found is not None:
        interfaces = [replace(i, name=new) if i is found else i for i in interfaces]
    routes = tuple(replace(r, interface=new) if r.interface == old else r for r in host.routes)
    return replace(host, interfaces=tuple(interfaces), routes=routes)


def _with_addresses(known: Interface, inferred: Interface) -> Interface:
    return replace(known, addresses=(*known.addresses, *inferred.addresses))
