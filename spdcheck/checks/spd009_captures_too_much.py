"""SPD009: a policy that takes packets nobody meant: IKE, loopback, the own network, another tunnel's carrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import Region, some_packet, uncovered
from spdcheck.model.addresses import LOOPBACK4, LOOPBACK6
from spdcheck.model.diagnostic import Note
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction
from spdcheck.model.protocols import ESP, UDP
from spdcheck.model.selector import PortRange, TrafficSelector
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span

ISAKMP = PortRange(500, 500)


class CapturesTooMuch(Check):
    """A policy takes packets that were hardly meant: key exchange, loopback, the own network, another tunnel's carrier.

    ## What it does

    For every `out` policy that protects something it asks whether these packets fall into it, after what earlier
    policies take: traffic from this host to the network behind it, loopback traffic, ESP of another tunnel (on systems
    that look up the outer packet again), and the key exchange with the peer itself. The last is only a remark where a
    key daemon of this host opens bypass sockets, as racoon and isakmpd do.

    ## Why it matters

    A policy towards 0.0.0.0/0 cuts the gateway off from its own network: answers to the local clients are sent into the
    tunnel. A policy that takes IKE waits for the SA that only IKE could make.

    ## Example

    ```
    === spdcheck.toml
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 0.0.0.0/0 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 0.0.0.0/0 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.1.0.0/16 any -P out none;
    spdadd 10.1.0.0/16 10.1.0.0/16 any -P in none;
    spdadd 10.1.0.0/16 0.0.0.0/0 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 0.0.0.0/0 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 4301 section 4.4.1 (bypass of IKE); net/xfrm/xfrm_policy.c (loopback is exempt on Linux).
    """

    code = "SPD009"
    name = "captures-too-much"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every protecting out policy of every host."""
        for host in context.hosts:
            policies = asked_order(host, Direction.OUT)
            for index, policy in enumerate(policies):
                if policy.action is not Action.PROTECT:
                    continue
                before = _Before(policies, index)
                yield from self._own_network(host, policy, before)
                yield from self._loopback(host, policy, before)
            yield from self._key_exchange(host, policies)
            yield from self._carriers(host, policies)

    def _own_network(self, host: Host, policy: SecurityPolicy, before: _Before) -> Iterator[Finding]:
        if policy.tunnel is None:
            return
        for network, gateway, where in _own_networks(host, policy):
            if policy.remote.contains(network) and policy.local.overlaps(network):
                source = gateway if gateway is not None and policy.local.contains(gateway) else network
                wanted = policy.selector._replace(source=source, destination=network)
                rest = before.rest(wanted)
                if rest:
                    yield self.finding(
                        host,
                        policy.selector_origin,
                        f"{policy.selector} also takes what this host sends to the network behind it, {network}",
                        label=f"covers {network} on both sides",
                        notes=[Note(where, "this network")] if where is not None else [],
                        mend=f"put spdadd {network} {network} any -P out none (and -P in none) before it",
                        witness=rest[0].packet,
                        severity=Severity.ERROR,
                    )
                    return

    def _loopback(self, host: Host, policy: SecurityPolicy, before: _Before) -> Iterator[Finding]:
        loopback = LOOPBACK4 if policy.selector.family == 4 else LOOPBACK6
        if not (policy.selector.source.contains(loopback) and policy.selector.destination.contains(loopback)):
            return
        wanted = policy.selector._replace(source=loopback, destination=loopback)
        rest = before.rest(wanted)
        if rest and host.platform is not Platform.LINUX:
            yield self.finding(
                host,
                policy.selector_origin,
                f"{policy.selector} takes loopback traffic too: local programs can't talk to each other any more",
                label="covers the loopback addresses",
                mend=f"put spdadd {loopback} {loopback} any -P out none (and -P in none) before it",
                witness=rest[0].packet,
            )

    def _key_exchange(self, host: Host, policies: tuple[SecurityPolicy, ...]) -> Iterator[Finding]:
        """One finding for a host: every policy that takes the key exchange with its own peer."""
        taken: list[tuple[SecurityPolicy, TrafficSelector]] = []
        for index, policy in enumerate(policies):
            near, far = near_address(policy), far_address(policy)
            if policy.action is not Action.PROTECT or near is None or far is None or near == far:
                continue
            exchange = TrafficSelector(near, far, UDP, ISAKMP, ISAKMP)
            if not policy.selector.contains(exchange) or _keyed_by_hand(host, near, far):
                continue
            if _Before(policies, index).rest(exchange):
                taken.append((policy, exchange))
        if not taken:
            return
        policy, exchange = taken[0]
        near, far = exchange.source, exchange.destination
        daemon = next(iter(host.daemons), None)
        others = "" if len(taken) == 1 else f", and {len(taken) - 1} more policies do so with other peers"
        yield self.finding(
            host,
            policy.selector_origin,
            f"{policy.selector} takes the key exchange with {far} too{others}"
            + (
                f": it works only because {daemon.program} opens its sockets with a bypass policy"
                if daemon
                else ": no daemon of this host is known to bypass it"
            ),
            label="covers udp port 500 between the peers",
            notes=[Note(other.selector_origin, "this one too") for other, _ in taken[1:]],
            mend=f"put spdadd {near}[500] {far}[500] udp -P out none (and its reverse -P in none) before it",
            witness=some_packet(exchange),
            severity=Severity.INFO if daemon else Severity.WARNING,
        )

    def _carriers(self, host: Host, policies: tuple[SecurityPolicy, ...]) -> Iterator[Finding]:
        """On systems that look up the ESP packet again, the wide policy of one tunnel takes the packets of another."""
        if host.platform is Platform.LINUX or host.platform is Platform.OPENBSD:
            return
        tunnels: dict[tuple[AddressRange, AddressRange], SecurityPolicy] = {}
        for policy in policies:
            template = policy.tunnel
            if template is not None and template.source is not None and template.destination is not None:
                tunnels.setdefault((template.source, template.destination), policy)
        for (near, far), owner in tunnels.items():
            carrier = TrafficSelector(near, far, ESP)
            for policy in policies:
                if not policy.selector.overlaps(carrier):
                    continue
                template = policy.tunnel
                ends = None if template is None else (template.source, template.destination)
                if policy.action is Action.PROTECT and template is not None and ends != (near, far):
                    yield self.finding(
                        host,
                        policy.selector_origin,
                        f"{policy.selector} takes the ESP packets of the tunnel {near}→{far} too, and puts them "
                        f"into {template.source}→{template.destination}",
                        label="covers another tunnel's carrier",
                        notes=[Note(owner.origin, f"the tunnel {near}→{far}")],
                        mend=f"put spdadd {near} {far} 50 -P out none before it",
                        witness=some_packet(policy.selector, carrier),
                    )
                break


class _Before:
    """The policies that are asked before one of them."""

    def __init__(self, policies: tuple[SecurityPolicy, ...], index: int) -> None:
        self._policies = policies
        self._index = index

    def rest(self, selector: TrafficSelector) -> list[Region]:
        """What of a selector they leave."""
        return uncovered(selector, [policy.selector for policy in self._policies[: self._index]])


def _own_networks(
    host: Host, policy: SecurityPolicy
) -> Iterator[tuple[AddressRange, AddressRange | None, Span | None]]:
    """``(network, own address in it, place)`` of the networks behind a host: its interfaces', or what it protects."""
    found = False
    near = near_address(policy)
    for interface in host.interfaces:
        if interface.tunnel is not None or interface.inferred:
            continue
        for address in interface.addresses:
            if address.prefix.is_host:
                continue
            if near is not None and address.prefix.contains(near):
                continue
            found = True
            yield address.prefix, address.address, address.origin
    if not found and not policy.local.is_host and not policy.local.is_everything:
        yield policy.local, None, policy.selector_origin


def _keyed_by_hand(host: Host, near: AddressRange, far: AddressRange) -> bool:
    return any((sa.source, sa.destination) == (near, far) for sa in host.sad.associations)
