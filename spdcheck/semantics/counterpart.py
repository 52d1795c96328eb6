"""The counterpart of a policy at the peer, and how well the two fit.

What host A sends under ``out`` policies is expected at B by ``in`` policies with the same source and destination. Two
lists are compared: everything that the senders' policies protect, everything that the receiver's policies demand.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.model.policy import Action, Direction, Mode
from spdcheck.records import dataclass, replace
from spdcheck.semantics import remote_selection
from spdcheck.semantics.peering import far_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.peering import Peering


@dataclass(slots=True)
class Flow:
    """One direction between two hosts: what the sender protects, what the receiver demands.

    ``exact`` pairs policies whose selectors are equal; ``sent`` and ``expected`` hold the rest of either side;
    ``all_sent`` and ``all_expected`` everything.
    """

    sender: Host
    receiver: Host
    exact: list[tuple[SecurityPolicy, SecurityPolicy]] = field(default_factory=list)
    sent: list[SecurityPolicy] = field(default_factory=list)
    expected: list[SecurityPolicy] = field(default_factory=list)
    all_sent: list[SecurityPolicy] = field(default_factory=list)
    all_expected: list[SecurityPolicy] = field(default_factory=list)


def flows(peering: Peering) -> Iterator[Flow]:
    """Every direction between two hosts of the site in which one of them protects something.

    A hash join on selectors pairs what is equal, so that a site of a hundred thousand mirrored policies costs one look
    at each.
    """
    sent: dict[tuple[str, str], list[SecurityPolicy]] = {}
    expected: dict[tuple[str, str], list[SecurityPolicy]] = {}
    hosts = {host.name: host for host in peering.site.hosts}
    for host in peering.site.hosts:
        for policy in host.spd.policies:
            if policy.direction is Direction.FWD or policy.action is not Action.PROTECT:
                continue
            for peer in peers_of(peering, host, policy):
                if policy.direction is Direction.OUT:
                    sent.setdefault((host.name, peer.name), []).append(policy)
                else:
                    expected.setdefault((peer.name, host.name), []).append(policy)
    for pair in sorted(sent.keys() | expected.keys()):
        flow = Flow(hosts[pair[0]], hosts[pair[1]])
        if flow.sender.external and flow.receiver.external:
            continue
        _join(flow, sent.get(pair, []), expected.get(pair, []))
        yield flow


def _join(flow: Flow, sent: list[SecurityPolicy], expected: list[SecurityPolicy]) -> None:
    flow.all_sent, flow.all_expected = sent, expected
    waiting: dict[TrafficSelector, SecurityPolicy] = {}
    for policy in expected:
        waiting.setdefault(policy.selector, policy)
    matched: set[TrafficSelector] = set()
    for policy in sent:
        twin = waiting.get(policy.selector)
        if twin is None:
            flow.sent.append(policy)
        else:
            flow.exact.append((policy, twin))
            matched.add(policy.selector)
    flow.expected = [policy for policy in expected if policy.selector not in matched]


def peers_of(peering: Peering, host: Host, policy: SecurityPolicy) -> Iterator[Host]:
    """The hosts of the site that a policy leads to.

    The far end of the tunnel; where nobody has that address, the hosts that hold the very same selector in the
    opposite direction (a mistyped end point must not hide the pair). In transport mode with a network as remote side,
    every host that has an address in it.
    """
    address = far_address(policy)
    if address is not None:
        owner = peering.owner(address)
        if owner is not None and owner is not host:
            yield owner
        else:
            yield from same_selector(peering, host, policy)
        return
    if any(template.mode is Mode.TRANSPORT for template in policy.templates):
        for other in peering.site.hosts:
            if other is not host and any(policy.remote.contains(own) for own in other.addresses):
                yield other


def same_selector(peering: Peering, host: Host, policy: SecurityPolicy) -> Iterator[Host]:
    """The other hosts with a PROTECT policy of the same selector in the opposite direction."""
    wanted = (Direction.IN if policy.direction is Direction.OUT else Direction.OUT, policy.selector)
    for other in peering.holders(wanted):
        if other is not host:
            yield other


def mirrored(policy: SecurityPolicy) -> SecurityPolicy:
    """The policy that the peer needs: the same packets with the same protection, in the opposite direction.

    Mirroring twice gives the policy back. ``fwd`` policies are a matter of one host and have no mirror image of
    their own: they are given back as they are.
    """
    if policy.direction is Direction.FWD:
        return policy
    return replace(policy, direction=Direction.IN if policy.direction is Direction.OUT else Direction.OUT)


def makes_policies(host: Host, peer: AddressRange | None) -> bool:
    """The host's key daemon makes policies out of what a peer with this address proposes (``generate_policy``)."""
    if peer is None:
        return False
    sections = (section for daemon in host.daemons for section in remote_selection.to_answer(daemon, peer))
    return any(section.generate_policy != "off" for section in sections)


def restricted(policy: SecurityPolicy, peer: Host) -> list[TrafficSelector]:
    """The packets of a policy that concern one peer.

    All of them where the policy has an end point; in transport mode towards a network, those from or to the addresses
    that the peer really has.
    """
    if far_address(policy) is not None:
        return [policy.selector]
    own = [address for address in peer.addresses if policy.remote.contains(address)]
    if policy.direction is Direction.OUT:
        return [policy.selector._replace(destination=address) for address in own]
    return [policy.selector._replace(source=address) for address in own]
