"""SPD001: a policy without any counterpart at the peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import some_packet
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.counterpart import flows, makes_policies, peers_of, restricted
from spdcheck.semantics.peering import far_address, near_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.counterpart import Flow


class UnmirroredPolicy(Check):
    """The peer has no policy at all for traffic that this host protects, or demands protected.

    ## What it does

    Every policy that protects traffic towards a peer is looked for at that peer in the opposite direction: what leaves
    here under `out` must be expected there under `in`, with the same source and destination. This finding says that not
    one packet of the policy is covered there. If the peer does know the flow, but only one way, SPD002 names the line.

    ## Why it matters

    With IKE the negotiation of phase 2 ends in "no policy found". With manual keys the peer answers in clear, and
    those answers are dropped here.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.3.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === west/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === west/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 4301 section 4.4.1; racoon's "no policy found" (isakmp_quick.c).
    """

    code = "SPD001"
    name = "unmirrored-policy"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Compares both lists of every direction between two hosts; a policy and its own reverse are told once."""
        told: set[tuple[str, TrafficSelector]] = set()
        for flow in flows(context.peering):
            for host in (flow.sender, flow.receiver):
                yield from self.undecided(host, (Part.SPD,))
            if flow.sender.external or flow.receiver.external or _incomplete(flow):
                continue
            sent = _alone(flow.sent, flow.receiver, flow.all_expected)
            expected = _alone(flow.expected, flow.sender, flow.all_sent)
            for policy, owner, peer, others in (
                *((policy, flow.sender, flow.receiver, expected) for policy in sent),
                *((policy, flow.receiver, flow.sender, sent) for policy in expected),
            ):
                key = (owner.name, _undirected(policy.selector))
                if key in told or _one_way_there(peer, policy) or makes_policies(peer, near_address(policy)):
                    continue
                told.add(key)
                near = _nearest(policy, others)
                if near is not None:
                    told.add((peer.name, _undirected(near.selector)))
                yield self._unmirrored(owner, peer, policy, near)
        yield from self._unknown_peers(context)

    def _unmirrored(self, host: Host, peer: Host, policy: SecurityPolicy, near: SecurityPolicy | None) -> Finding:
        way = Direction.IN if policy.direction is Direction.OUT else Direction.OUT
        notes = []
        if near is not None:
            notes.append(Note(near.selector_origin, f"the nearest one of {peer.name}: {near.selector}"))
        notes += [
            Note(other.origin, f"its reverse has no counterpart at {peer.name} either")
            for other in host.spd.policies
            if other.selector == policy.selector.reversed() and other.direction is way and not other.implied
        ]
        return self.finding(
            host,
            policy.selector_origin if near is not None else policy.origin,
            f"{peer.name} has no {way.value} policy for any packet of {policy.selector}",
            label=f"protected here, unknown at {peer.name}",
            notes=notes,
            mend="write the same addresses on both sides"
            if near is not None
            else f"add the mirror image to {peer.name}, or remove this policy",
            witness=some_packet(policy.selector),
        )

    def _unknown_peers(self, context: Context) -> Iterator[Undecided]:
        """A tunnel to an address that no host of the site has can't be compared with anything."""
        for host in context.hosts:
            seen = set()
            for policy in host.spd.policies:
                address = far_address(policy)
                if policy.action is not Action.PROTECT or policy.direction is Direction.FWD or address in seen:
                    continue
                seen.add(address)
                if address is not None and not any(peers_of(context.peering, host, policy)):
                    if host.owns(address):
                        continue
                    reason = (
                        f"the peer {address} is no host of this site, so that its side can't be compared; add its "
                        "files, or declare it external in spdcheck.toml"
                    )
                    yield Undecided(self.code, host.name, reason, policy.origin)


def _incomplete(flow: Flow) -> bool:
    return any(gap.part is Part.SPD for host in (flow.sender, flow.receiver) for gap in host.gaps)


def _alone(policies: list[SecurityPolicy], peer: Host, others: list[SecurityPolicy]) -> list[SecurityPolicy]:
    """The policies of which no packet is in any policy of the other side."""
    alone = []
    for policy in policies:
        wanted = restricted(policy, peer)
        if wanted and not any(part.overlaps(other.selector) for part in wanted for other in others):
            alone.append(policy)
    return alone


def _nearest(policy: SecurityPolicy, others: list[SecurityPolicy]) -> SecurityPolicy | None:
    """An unmirrored policy of the peer that differs in one side only: probably the mistyped twin."""
    for other in others:
        a, b = policy.selector, other.selector
        if (a.source.overlaps(b.source)) != (a.destination.overlaps(b.destination)):
            return other
        if a.source == b.source and a.destination == b.destination:
            return other
    return None


def _undirected(selector: TrafficSelector) -> TrafficSelector:
    return min(selector, selector.reversed(), key=str)


def _one_way_there(peer: Host, policy: SecurityPolicy) -> bool:
    """The peer knows the reverse of this flow exactly, so that what it lacks is its own second half (SPD002)."""
    return any(
        other.action is Action.PROTECT
        and other.direction is policy.direction
        and other.selector == policy.selector.reversed()
        for other in peer.spd.policies
    )
