"""NAT003: AH on a path with address translation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.carriers import Cargo, carriers, leaving
from spdcheck.engine.ways import translation
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.carriers import Carrier


class AhThroughNat(Check):
    """AH authenticates the addresses of the packet, and a NAT on its way changes them.

    ## What it does

    Looks for policies with AH where a NAT device stands before one of the peers (`public-address` in `spdcheck.toml`),
    or where a translation rule on the way changes the packet.

    ## Why it matters

    No packet passes the check at the other end: the addresses are part of what AH authenticates. Nothing helps but to
    do without AH, or without NAT.

    ## Example

    ```
    === spdcheck.toml
    [host.a]
    public-address = "203.0.113.9"
    [host.a.interface.em0]
    addresses = ["192.168.7.2/24"]
    === a/etc/ipsec.conf
    spdadd 192.168.7.2 198.51.100.2 any -P out ipsec ah/transport//require;
    spdadd 198.51.100.2 192.168.7.2 any -P in ipsec ah/transport//require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.a]
    public-address = "203.0.113.9"
    [host.a.interface.em0]
    addresses = ["192.168.7.2/24"]
    === a/etc/ipsec.conf
    spdadd 192.168.7.2 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.168.7.2 any -P in ipsec esp/transport//require;
    ```

    ## References

    RFC 4302 section 3.3.3.1; RFC 3715 section 2.1.
    """

    code = "NAT003"
    name = "ah-through-nat"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every peer with which a host speaks AH."""
        told: set[frozenset[str]] = set()
        for host in context.hosts:
            for carrier in carriers(host):
                peer = context.peering.owner(carrier.far)
                pair = frozenset((host.name, str(carrier.far) if peer is None else peer.name))
                if carrier.cargo is Cargo.AH and pair not in told:
                    said = list(self._carrier(context, carrier))
                    told |= {pair} if said else set()
                    yield from said

    def _carrier(self, context: Context, carrier: Carrier) -> Iterator[Finding | Undecided]:
        host, policy = carrier.host, carrier.policy
        place = next((t.origin for t in policy.templates if t.protocol is Protocol.AH), policy.origin)
        peer = context.peering.owner(carrier.far)
        for other in (host, peer):
            if other is not None and other.public_address is not None:
                yield self.finding(
                    host,
                    place,
                    f"AH with {carrier.far} can't work: a NAT device stands before {other.name} "
                    f"({other.public_address} in public)",
                    label="authenticates the addresses",
                    mend="use esp with an authentication algorithm, and NAT traversal",
                )
                return
        ending = leaving(context.ways.simulator, carrier)
        step = translation(ending)
        if step is None:
            return
        trace = ending.replayed()
        if trace is None:
            yield self.not_replayed(host, "the translation of AH", step.origin)
            return
        yield self.finding(
            host,
            place,
            f"AH with {carrier.far} can't work: {step.detail} of {step.host} translates it",
            label="authenticates the addresses",
            notes=[Note(step.origin, "translated here")] if step.origin is not None else [],
            mend="use esp with an authentication algorithm, and NAT traversal",
            trace=trace,
        )
