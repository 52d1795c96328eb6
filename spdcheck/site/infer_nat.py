"""Hosts behind a NAT device, told from what their peers call them.

A policy may end at an address that no host of the site has, or that a router has which takes no part in IPsec, while
its counterpart is with a host that ends its own policies at a private address. Then that host is known outside by the
address that its peer writes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_prefix
from spdcheck.model.policy import Action, Direction, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import TrafficSelector

_PRIVATE = tuple(
    found
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
    if (found := parse_prefix(text)) is not None
)


def infer_translations(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """The hosts, each with the public address that one peer (and no other differently) gives it."""
    owners = {address: host for host in hosts for address in host.addresses}
    inward: dict[TrafficSelector, list[tuple[Host, SecurityPolicy]]] = {}
    for host in hosts:
        for policy in _tunnels(host, Direction.IN):
            inward.setdefault(policy.selector, []).append((host, policy))
    called: dict[str, set[AddressRange]] = {}
    for host in hosts:
        for policy in _tunnels(host, Direction.OUT):
            far = policy.templates[0].destination
            if far is None or _is_private(far) or _takes_part(owners.get(far)):
                continue
            twins = [(other, twin) for other, twin in inward.get(policy.selector, ()) if other is not host]
            if len(twins) == 1:
                other, twin = twins[0]
                near, back = twin.templates[0].destination, twin.templates[0].source
                if near is not None and _is_private(near) and other.owns(near) and back == policy.templates[0].source:
                    called.setdefault(other.name, set()).add(far)
    return tuple(_seen_as(host, called.get(host.name, set())) for host in hosts)


def _tunnels(host: Host, direction: Direction) -> Iterator[SecurityPolicy]:
    for policy in host.spd.policies:
        told = policy.action is Action.PROTECT and policy.direction is direction and not policy.implied
        if told and policy.templates and policy.templates[0].mode is Mode.TUNNEL:
            yield policy


def _takes_part(owner: Host | None) -> bool:
    return owner is not None and (owner.external or bool(owner.spd.policies or owner.daemons))


def _is_private(address: AddressRange) -> bool:
    return any(network.contains(address) for network in _PRIVATE)


def _seen_as(host: Host, called: set[AddressRange]) -> Host:
    if len(called) != 1 or host.public_address is not None or host.external:
        return host
    (address,) = called
    line = f"behind NAT as {address}: its peer's policies end there, its own at a private address"
    return replace(host, public_address=address, inferences=(*host.inferences, line))
