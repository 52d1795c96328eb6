"""FWL009: what a peer sends through the tunnel is let in whatever its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import flow_in_words
from spdcheck.engine.exploration import REFUSED, witness
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.engine.ways import inward_of
from spdcheck.model.addresses import EVERYTHING
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.beginning import first_packets
from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.datapath.stages import Kind
from spdcheck.semantics.filters import points
from spdcheck.semantics.peering import far_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


class InnerSourceUnchecked(Check):
    """A rule lets in what comes out of a tunnel with a source that no policy of the tunnel names.

    ## What it does

    Where a packet filter sees what IPsec has unwrapped (OpenBSD's enc0, FreeBSD's if its masks say so), sends packets
    with every other source through the tunnel. A kernel of BSD origin accepts a protected packet that matches no
    policy, so that the filter is the only one to look at it. Rules that let such packets in are named.

    ## Why it matters

    A peer that is allowed to speak for one network can speak for every other: it sends packets as the neighbour's
    network, or as this one.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "openbsd"
    release = "7.4"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/pf.conf
    block all
    pass in on em0 proto { udp, esp } to 192.0.2.1
    pass out on em0 proto { udp, esp } from 192.0.2.1
    pass on enc0
    pass out on em1
    === gw/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 192.0.2.1
    [Phase 1]
    198.51.100.2= branch
    [Phase 2]
    Connections= office-branch
    [branch]
    Phase= 1
    Address= 198.51.100.2
    [office-branch]
    Phase= 2
    ISAKMP-peer= branch
    Configuration= quick-mode
    Local-ID= office-net
    Remote-ID= branch-net
    [office-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    [branch-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.2.0.0
    Netmask= 255.255.0.0
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-PFS-GRP14-SUITE
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "openbsd"
    release = "7.4"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/pf.conf
    block all
    pass in on em0 proto { udp, esp } to 192.0.2.1
    pass out on em0 proto { udp, esp } from 192.0.2.1
    pass in on enc0 proto ipencap from 198.51.100.2 to 192.0.2.1
    pass in on enc0 from 10.2.0.0/16 to 10.1.0.0/16
    pass out on enc0 from 10.1.0.0/16 to 10.2.0.0/16
    pass out on em1
    === gw/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 192.0.2.1
    [Phase 1]
    198.51.100.2= branch
    [Phase 2]
    Connections= office-branch
    [branch]
    Phase= 1
    Address= 198.51.100.2
    [office-branch]
    Phase= 2
    ISAKMP-peer= branch
    Configuration= quick-mode
    Local-ID= office-net
    Remote-ID= branch-net
    [office-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    [branch-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.2.0.0
    Netmask= 255.255.0.0
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-PFS-GRP14-SUITE
    ```

    ## References

    enc(4); OpenBSD netinet/ip_spd.c `ipsp_spd_lookup`; RFC 4301 section 5.2 step 4, which demands the check.
    """

    code = "FWL009"
    name = "inner-source-unchecked"
    severity = Severity.WARNING
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every peer of every host whose filters see what IPsec has unwrapped."""
        for host in context.hosts:
            interface = _unwrapped_on(host)
            if not interface:
                continue
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
                continue
            peers: dict[AddressRange | None, list[SecurityPolicy]] = {}
            for policy in host.spd.of(Direction.IN):
                if policy.action is Action.PROTECT and policy.tunnel is not None and not policy.implied:
                    peers.setdefault(far_address(policy), []).append(policy)
            for policies in peers.values():
                yield from self._peer(context, host, policies, interface)

    def _peer(
        self, context: Context, host: Host, policies: list[SecurityPolicy], interface: str
    ) -> Iterator[Finding | Undecided]:
        """What one peer could send; told once for each rule that lets it in."""
        family = policies[0].selector.family
        allowed = [policy.remote for policy in policies if policy.remote.family == family]
        targets = [policy.local for policy in policies if policy.local.family == family]
        if any(remote.is_everything for remote in allowed):
            return
        other = source(EVERYTHING[family]) & ~source(*allowed) & destination(*targets)
        rules: dict[Span, list[Ending]] = {}
        for ending in inward_of(context.ways.supposing, host, policies[0], first_packets(other, family)):
            if ending.disposition is Disposition.UNKNOWN:
                yield Undecided(self.code, host.name, ending.sentence, ending.place)
            elif ending.disposition not in REFUSED:
                rule = _rule(ending, host, interface)
                if rule is not None:
                    rules.setdefault(rule, []).append(ending)
        for rule, endings in rules.items():
            trace = witness(endings)
            if trace is None:
                yield self.not_replayed(host, f"that {flow_in_words(endings)} gets in", rule)
                continue
            yield self.finding(
                host,
                rule,
                f"{flow_in_words(endings, upper=False)} gets in through the tunnel with {far_address(policies[0])}: "
                "no policy matches it, the kernel accepts it, and this rule lets it pass",
                label=f"any source on {interface}",
                notes=[Note(policy.selector_origin, f"the tunnel is for {policy.remote}") for policy in policies[:3]],
                mend=f"pass in on {interface} only from {', '.join(str(remote) for remote in allowed[:3])}",
                trace=trace,
                subject=str(far_address(policies[0])),
            )


def _unwrapped_on(host: Host) -> str:
    """The interface on which filters of this host see what IPsec has unwrapped, if the kernel does not look itself."""
    path = datapath_of(host)
    if path.tunnel_needs_policy:
        return ""
    names = [stage.interface for stage in path.receive if stage.kind is Kind.FILTER and not stage.outer]
    names += [stage.interface for stage in path.local if stage.kind is Kind.DECAPSULATE]
    return next((name for name in names if name and points(host, "in", name)), "")


def _rule(ending: Ending, host: Host, interface: str) -> Span | None:
    """The rule that lets the unwrapped packet in."""
    steps = (step for step in ending.situation.steps if isinstance(step, Step) and step.host == host.name)
    seen = (step for step in steps if step.stage == "FILTER in" and step.interface == interface)
    return next((step.origin for step in seen if step.mark is Mark.OK), None)
