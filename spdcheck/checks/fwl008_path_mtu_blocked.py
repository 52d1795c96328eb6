"""FWL008: nobody learns that a packet is too long for the tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.carriers import Cargo, carriers
from spdcheck.engine.path_mtu import to_the_gateway, to_the_sender
from spdcheck.engine.remedy import remedy
from spdcheck.model.diagnostic import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


class PathMtuBlocked(Check):
    """ICMP "fragmentation needed" can't get back to the sender of packets that are too long for the tunnel.

    ## What it does

    A tunnel makes packets longer, so that what fits at the sender does not fit on the wire. Two messages tell: the
    gateway's own to the sender behind it, and that of a router on the way to the gateway, about ESP with "don't
    fragment". Both are sent through the host's filters; a filter that remembers the connection lets them pass.

    ## Why it matters

    Connections open and hang as soon as somebody sends a full packet: a path MTU black hole.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "netbsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/ipf.conf
    pass in quick on em1 proto tcp all
    pass out quick on em1 proto tcp all
    pass in quick on em0 proto esp all
    pass out quick on em0 proto esp all
    block in all
    block out all
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "netbsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/ipf.conf
    pass out quick on em1 proto icmp all icmp-type unreach
    pass in quick on em1 proto tcp all
    pass out quick on em1 proto tcp all
    pass in quick on em0 proto esp all
    pass out quick on em0 proto esp all
    block in all
    block out all
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 1191; RFC 2923 section 2.1; RFC 4301 section 8.2.
    """

    code = "FWL008"
    name = "path-mtu-blocked"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every policy and carrier of every host that has filters; each blocking line once."""
        for host in context.hosts:
            if not context.ways.is_filtered(host):
                continue
            told: set[Span] = set()
            for policy in context.protecting(host):
                ending = to_the_sender(context.ways, host, policy)
                if ending is not None:
                    text = f"{host.name} can't tell a sender behind it that its packets are too long for the tunnel"
                    yield from self._blocked(context, host, policy, ending, text, told)
            for carrier in carriers(host):
                ending = to_the_gateway(context.ways, carrier) if carrier.cargo in (Cargo.ESP, Cargo.AH) else None
                if ending is not None:
                    text = f"{host.name} never learns that its {carrier.cargo.value} to {carrier.far} is too long"
                    yield from self._blocked(context, host, carrier.policy, ending, text, told)

    def _blocked(
        self, context: Context, host: Host, policy: SecurityPolicy, ending: Ending, text: str, told: set[Span]
    ) -> Iterator[Finding | Undecided]:
        place = ending.place or policy.origin
        if place in told:
            return
        told.add(place)
        trace = ending.replayed()
        if trace is None:
            yield self.not_replayed(host, f"that {text}", place)
            return
        found = remedy(context.site, trace)
        needs = [Note(policy.selector_origin, "protected by this policy")] if place != policy.origin else []
        yield self.finding(
            host,
            place,
            text,
            label="blocks ICMP fragmentation needed",
            notes=[*(Note(near.span, near.label) for near in found.places if near.span != place), *needs],
            mend="let ICMP type 3 code 4 pass (IPv6: ICMP type 2), or keep state",
            trace=trace,
        )
