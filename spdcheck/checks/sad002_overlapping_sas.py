"""SAD002: two tunnels, or two associations, claim the same traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import several
from spdcheck.engine.selectors import overlapping, some_packet
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.manual_keys import ManualKeys, effective_mode
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import TrafficSelector


class OverlappingSas(Check):
    """Two tunnels, or two associations given by hand, claim the same traffic, and only one of them gets it.

    ## What it does

    Looks for `out` policies with different tunnel end points that take the same packets, unless the more specific one
    is asked first, which is what people mean. Looks for peers that negotiate the same flow with isakmpd, and for
    several outgoing associations given by hand that serve the same policy. Says which one the kernel uses.

    ## Why it matters

    The packets take the other tunnel than its owner believes, and the peer that waits for them gets nothing. With two
    associations the answer differs between kernels, so that one peer may speak with a key that the other gave up.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/15 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    spdadd 10.1.0.0/16 10.2.0.0/15 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    RFC 4301 section 4.4.1; sysctl net.key.preferred_oldsa; net/xfrm/xfrm_state.c `xfrm_state_look_at`.
    """

    code = "SAD002"
    name = "overlapping-sas"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Each pair of tunnels once, then the associations of every policy."""
        for host in context.hosts:
            yield from self._tunnels(host)
            yield from self._overwritten(host)
            yield from self._associations(host)
            yield from self.undecided(host, (Part.SPD, Part.SAD))

    def _tunnels(self, host: Host) -> Iterator[Finding]:
        policies = [policy for policy in asked_order(host, Direction.OUT) if _ends(policy) is not None]
        if len({_ends(policy) for policy in policies}) < 2:
            return
        told = set()
        for first, second in overlapping([policy.selector for policy in policies]):
            earlier, later = policies[first], policies[second]
            pair = (_ends(earlier), _ends(later))
            if pair[0] == pair[1] or later.selector.contains(earlier.selector) or pair in told:
                continue
            told.add(pair)
            yield self.finding(
                host,
                later.origin,
                f"{_text(pair[1])} and {_text(pair[0])} both claim "
                f"{'all of ' if earlier.selector.contains(later.selector) else 'a part of '}{later.selector}; "
                f"{_text(pair[0])} gets it, {_why_first(host, earlier, later)}",
                label="gets less than it says",
                notes=[Note(earlier.origin, "asked first")],
                mend="take the common part out of one of them"
                if _by_ike(earlier, later) or host.platform is Platform.OPENBSD
                else "put the more specific policy first, or take the common part out of one of them",
                witness=some_packet(earlier.selector, later.selector),
            )

    def _overwritten(self, host: Host) -> Iterator[Finding]:
        """Flows that negotiations with several peers install for the same packets: there is room for one."""
        rivals: dict[TrafficSelector, list[SecurityPolicy]] = {}
        for policy in host.spd.of(Direction.OUT):
            if policy.by_ike is not None:
                rivals.setdefault(policy.selector, []).append(policy)
        for selector, policies in rivals.items():
            ends = {far_address(policy) for policy in policies}
            if len(ends) < 2:
                continue
            peers = [policy.by_ike for policy in policies if policy.by_ike is not None]
            names = [by.responder if by.initiator == host.name else by.initiator for by in peers]
            told = [name or str(far_address(policy)) for name, policy in zip(names, policies, strict=True)]
            yield self.finding(
                host,
                policies[-1].origin,
                f"{several(told)} negotiate the same flow {selector}: each one overwrites it, so that the "
                "one that came last gets the packets of all",
                label="one flow for several peers",
                notes=[Note(policy.origin, f"with {far_address(policy)}") for policy in policies[:-1]]
                if len({policy.origin for policy in policies}) > 1
                else [],
                mend="give each peer a network of its own",
                witness=some_packet(selector),
            )

    def _associations(self, host: Host) -> Iterator[Finding]:
        told = set()
        by_hand = ManualKeys(host)
        for policy in host.spd.of(Direction.OUT):
            if policy.action is not Action.PROTECT:
                continue
            for template in policy.templates:
                for rivals in _rivals(host, by_hand.serving(policy, template)):
                    spis = tuple(rival.spi for rival in rivals)
                    if (rivals[0].source, rivals[0].destination, spis) in told:
                        continue
                    told.add((rivals[0].source, rivals[0].destination, spis))
                    yield self.finding(
                        host,
                        rivals[-1].origin,
                        f"{len(rivals)} associations from {rivals[0].source} to {rivals[0].destination} serve the same "
                        f"policy; {_winner(host, rivals)}",
                        label="another one for the same traffic",
                        notes=[
                            *(Note(rival.origin, f"SPI {rival.spi:#x}") for rival in rivals[:-1]),
                            Note(policy.origin, "the policy"),
                        ],
                        mend="remove all but one, or bind each to a policy of its own with unique:N and -u N",
                    )


def _ends(policy: SecurityPolicy) -> tuple[AddressRange, AddressRange] | None:
    template = policy.tunnel
    if policy.action is not Action.PROTECT or template is None:
        return None
    if template.source is None or template.destination is None:
        return None
    return template.source, template.destination


def _by_ike(*policies: SecurityPolicy) -> bool:
    return all(policy.by_ike is not None for policy in policies)


def _why_first(host: Host, earlier: SecurityPolicy, later: SecurityPolicy) -> str:
    if host.platform is Platform.OPENBSD:
        return "since the more specific flow is taken, by its source first"
    if _by_ike(earlier, later):
        return "if its negotiation ends first"
    return "since its policy is asked first"


def _text(ends: tuple[AddressRange, AddressRange] | None) -> str:
    return "" if ends is None else f"the tunnel {ends[0]}→{ends[1]}"


def _rivals(host: Host, associations: tuple[SecurityAssociation, ...]) -> Iterator[list[SecurityAssociation]]:
    """The associations among which the kernel has no reason to choose."""
    groups: dict[object, list[SecurityAssociation]] = {}
    for association in associations:
        mode = effective_mode(association, host.platform)
        key = (association.source, association.destination, mode, association.reqid)
        groups.setdefault(key, []).append(association)
    for group in groups.values():
        if len({association.spi for association in group}) > 1:
            yield group


def _winner(host: Host, rivals: list[SecurityAssociation]) -> str:
    oldest, newest = f"{rivals[0].spi:#x}", f"{rivals[-1].spi:#x}"
    if host.platform is Platform.LINUX:
        return f"Linux sends with the newest, SPI {newest}"
    if host.platform is not None and host.platform.is_bsd:
        return f"the oldest, SPI {oldest}, is used while net.key.preferred_oldsa is 1, else the newest, SPI {newest}"
    return f"one kernel sends with the oldest, SPI {oldest}, another with the newest, SPI {newest}"
