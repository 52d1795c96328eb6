"""Which host is whose peer: policies of one host and their counterparts at the other.

A policy leads to a peer by the far end of its tunnel, or, in transport mode, by its remote address. What host A sends
under an ``out`` policy is judged at B by ``in`` (and on Linux ``fwd``) policies with the *same* source and destination.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Action, Direction
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Site
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.model.selector import TrafficSelector

MIRROR = {Direction.OUT: Direction.IN, Direction.IN: Direction.OUT}


class Far(NamedTuple):
    """Where a policy leads: the peer's address and, where one of the site's hosts has it, that host."""

    address: AddressRange
    host: Host | None


def far_address(policy: SecurityPolicy) -> AddressRange | None:
    """The address of the peer that a PROTECT policy leads to, or None where it is open (any host of a network)."""
    outward = policy.direction is Direction.OUT
    for template in policy.templates:
        end = template.destination if outward else template.source
        if end is not None:
            return end
    return policy.remote if policy.remote.is_host else None


def near_address(policy: SecurityPolicy) -> AddressRange | None:
    """The own address under which a PROTECT policy talks to the peer, or None where it is open."""
    outward = policy.direction is Direction.OUT
    for template in policy.templates:
        end = template.source if outward else template.destination
        if end is not None:
            return end
    return policy.local if policy.local.is_host else None


class Peering:
    """The pairs of a site's hosts and the policies between them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._owners: dict[AddressRange, Host | None] = {}
        for host in site.hosts:
            for address in host.addresses:
                self._owners.setdefault(address, host)
        for host in site.hosts:
            # A router that translates for a host has its public address too.
            if host.public_address is not None:
                self._owners[host.public_address] = host
        self._holders: dict[tuple[Direction, TrafficSelector], list[Host]] | None = None

    def owner(self, address: AddressRange) -> Host | None:
        """The host that has this single address."""
        return self._owners.get(address)

    def holders(self, index: tuple[Direction, TrafficSelector]) -> list[Host]:
        """The hosts that have a PROTECT policy with this direction and selector."""
        if self._holders is None:
            self._holders = {}
            for host in self.site.hosts:
                for policy in host.spd.policies:
                    if policy.action is Action.PROTECT:
                        self._holders.setdefault((policy.direction, policy.selector), []).append(host)
        return self._holders.get(index, [])

    def far(self, policy: SecurityPolicy) -> Far | None:
        """The peer of a policy; None where the policy protects nothing or its peer is open."""
        if policy.action is not Action.PROTECT:
            return None
        address = far_address(policy)
        return None if address is None else Far(address, self.owner(address))

    def to_peer(self, host: Host, peer: Host, direction: Direction) -> Iterator[SecurityPolicy]:
        """The PROTECT policies of ``host`` in one direction that lead to ``peer``."""
        for policy in host.spd.of(direction):
            far = self.far(policy)
            if far is not None and far.host is peer:
                yield policy

    def pairs(self) -> Iterator[tuple[Host, Host]]:
        """Every ordered pair (host, peer) between which one has a policy that leads to the other."""
        for host in self.site.hosts:
            seen: dict[str, Host] = {}
            for policy in host.spd.policies:
                far = self.far(policy)
                if far is not None and far.host is not None and far.host is not host:
                    seen.setdefault(far.host.name, far.host)
            for peer in seen.values():
                yield host, peer


def reversed_ends(template: Template) -> tuple[AddressRange | None, AddressRange | None]:
    """The end points of a template as the opposite direction names them."""
    return template.destination, template.source
