"""What no file says, inferred from all files of a site and marked as such.

A gateway's configuration rarely lists the addresses of its physical interfaces. The local end points of its tunnels,
the addresses its daemons listen on and the outer addresses of its tunnel devices are its own; the networks behind it
are the local sides of its tunnel policies.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from spdcheck.model.host import Host, Interface, InterfaceAddress, Route
from spdcheck.model.policy import Direction, Mode
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics.nameless_interfaces import INSIDE, OUTSIDE

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import Span

_END_POINT = "a local end point of its policies, daemons or tunnel devices"
_END_POINTS = "local end points of its tunnels, listen addresses and tunnel devices"


def infer_addresses(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """The hosts with the addresses that only their policies, tunnels and daemons reveal.

    An address that two hosts claim goes to the one with more (and stronger) evidence, so that a tunnel with swapped
    end points does not move a peer's address here. An address that an interface or the site file gives is never
    given to anybody else.
    """
    claims = [_claims(host) for host in hosts]
    known = {address for host in hosts for address in host.addresses}
    result = []
    for index, host in enumerate(hosts):
        own = []
        for address, claim in claims[index].items():
            rivals = [claims[other].get(address, _NO_CLAIM) for other in range(len(hosts)) if other != index]
            beaten = any(rival.weight > claim.weight for rival in rivals) or any(
                other < index and claims[other].get(address, _NO_CLAIM).weight == claim.weight
                for other in range(len(hosts))
            )
            if address not in known and not beaten and claim.is_claim and claim.weight >= 0:
                own.append(address)
        result.append(with_outside(host, own))
    return tuple(result)


class _Claim(NamedTuple):
    """How much speaks for an address being a host's own, less what speaks for its being the peer's.

    ``is_claim`` says that something speaks for it at all: of two swapped end points each has one voice for and one
    against, and then the peer's lines decide.
    """

    weight: int
    is_claim: bool


_NO_CLAIM = _Claim(-1, False)


def _claims(host: Host) -> dict[AddressRange, _Claim]:
    """The addresses that this host's files name as an end point: each policy counts one, a daemon or a device ten."""
    voices: Counter[AddressRange] = Counter()
    against: Counter[AddressRange] = Counter()
    for policy in host.spd.policies:
        if policy.implied:
            continue
        for template in policy.templates:
            local, remote = template.source, template.destination
            if policy.direction is not Direction.OUT:
                local, remote = remote, local
            if local is not None:
                voices[local] += 1
            if remote is not None:
                against[remote] += 1
        if any(t.mode is Mode.TRANSPORT for t in policy.templates) and policy.local.is_host:
            voices[policy.local] += 1
    for daemon in host.daemons:
        for listener in daemon.listeners:
            voices[listener.address] += 10
        for peer in daemon.peers:
            if peer.local_address is not None:
                voices[peer.local_address] += 10
    for interface in host.interfaces:
        if interface.tunnel is not None:
            voices[interface.tunnel.source] += 10
    return {address: _Claim(voices[address] - against[address], voices[address] > 0) for address in voices | against}


def with_outside(
    host: Host, addresses: list[AddressRange], why: str = _END_POINT, interface_why: str = _END_POINTS
) -> Host:
    """The host with inferred addresses on an interface without a name; both reasons are shown to people."""
    if not addresses:
        return host
    added = tuple(InterfaceAddress(address, address, None, None) for address in sorted(addresses))
    before = next((interface.addresses for interface in host.interfaces if interface.name == OUTSIDE), ())
    interface = Interface(
        name=OUTSIDE,
        addresses=(*before, *added),
        inferred=interface_why,
    )
    lines = tuple(f"address {address}: {why}" for address in addresses)
    return replace(
        host,
        interfaces=(*(i for i in host.interfaces if i.name != OUTSIDE), interface),
        inferences=host.inferences + lines,
    )


def infer_networks(host: Host) -> Host:
    """The host with the networks that its tunnel policies call local, where no interface or route leads to them.

    A single address that nothing else knows is this host's own.
    """
    known = [a.prefix for interface in host.interfaces for a in interface.addresses]
    known += [a.peer for interface in host.interfaces for a in interface.addresses if a.peer is not None]
    known += [route.destination for route in host.routes if not route.destination.is_everything]
    networks: dict[AddressRange, Span] = {}
    own: dict[AddressRange, None] = {}
    seen: set[AddressRange] = set()
    for policy in host.spd.policies:
        local = policy.local
        if policy.tunnel is None or local in seen:
            continue
        seen.add(local)
        if local.is_everything or any(local.overlaps(other) for other in known):
            continue
        if local.is_host:
            own.setdefault(local)
        else:
            networks.setdefault(local, policy.selector_origin)
    own_only = [address for address in own if not any(network.contains(address) for network in networks)]
    if own_only:
        host = with_outside(host, own_only)
    if not networks:
        return host
    why = "its tunnel policies call this network local, and no interface or route leads to it"
    routes = tuple(Route(network, None, INSIDE, origin, inferred=why) for network, origin in networks.items())
    lines = tuple(f"network {network} behind it: {why}" for network in networks)
    return replace(host, routes=(*host.routes, *routes), inferences=host.inferences + lines)
