"""The address of a host that only its peer knows: the one end of the peer's tunnels that nobody has.

A host without policies and listen addresses (a racoon that answers whoever calls) tells nothing of its own address. If
its files name one host of the site, and all but one of the addresses that this one leads to are taken, it is the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Action
from spdcheck.semantics.peering import far_address
from spdcheck.site.infer import with_outside

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host


def infer_peers(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """The hosts with the addresses that only one peer of theirs can mean."""
    owners = {address: host.name for host in hosts for address in host.addresses}
    public = {host.public_address for host in hosts}
    ends = {host.name: _far_ends(host) for host in hosts}
    silent = [host for host in hosts if not host.external and not _outer(host)]
    meant: dict[str, dict[AddressRange, str]] = {host.name: {} for host in silent}
    for host in hosts:
        strangers = [end for end in ends[host.name] if end not in owners and end not in public]
        suitors = [other for other in silent if host.name in {owners.get(end) for end in ends[other.name]}]
        if len(strangers) == 1 and len(suitors) == 1 and suitors[0] is not host:
            meant[suitors[0].name][strangers[0]] = host.name
    wanted = [address for found in meant.values() for address in found]
    result = []
    for host in hosts:
        found = meant.get(host.name, {})
        if len(found) == 1 and wanted.count(next(iter(found))) == 1:
            ((address, peer),) = found.items()
            why = f"the only end of the tunnels of {peer} that nobody has; {host.name} names {peer}"
            host = with_outside(host, [address], why, why)
        result.append(host)
    return tuple(result)


def _outer(host: Host) -> bool:
    """Something tells an address of the host; loopback does not count."""
    return any(not (address.family == 4 and address.first >> 24 == 127) for address in host.addresses)


def _far_ends(host: Host) -> dict[AddressRange, None]:
    """The addresses that a host's policies and key daemons call the peer's."""
    found: dict[AddressRange, None] = {}
    for policy in host.spd.policies:
        end = far_address(policy) if policy.action is Action.PROTECT and not policy.implied else None
        if end is not None and end.is_host:
            found.setdefault(end)
    for daemon in host.daemons:
        for peer in daemon.peers:
            if peer.address is not None and peer.address.is_host:
                found.setdefault(peer.address)
    return found
