"""SPD007: two policies overlap and their order decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import overlapping, some_packet
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction
from spdcheck.model.protocols import ICMP6
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy

_NEIGHBOUR_DISCOVERY = range(133, 138)
"""Router and neighbour solicitations and advertisements, and redirects (RFC 4861)."""


class OrderDependentOverlap(Check):
    """Two policies with different treatment overlap, and only their order says which one a packet gets.

    ## What it does

    Names pairs of policies of one direction that overlap without one containing the other, and treat the packets
    differently. What people mean stays silent: an exception that lies wholly inside a wider policy behind it, different
    priorities on Linux, neighbour discovery in clear. On Linux it also names a tie that kernels decide differently: an
    address pair of single hosts and an overlapping wider policy at the same priority.

    ## Why it matters

    A script that is sorted, split or loaded in two parts changes which tunnel the packets take. Up to Linux 6.1 the tie
    is decided by an accident of the oldest inexact policy, later by insertion.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.3.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.7.0/24 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.7.0/24 10.2.3.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.2.3.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    RFC 4301 section 4.4.1 and appendix B (decorrelation); net/xfrm/xfrm_policy.c `xfrm_policy_lookup_bytype`.
    """

    code = "SPD007"
    name = "order-dependent-overlap"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every overlapping pair of every direction of every host whose SPD is an ordered list."""
        for host in context.hosts:
            if host.platform is Platform.OPENBSD:
                continue
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
            for direction in (Direction.OUT, Direction.IN):
                yield from self._direction(host, asked_order(host, direction))

    def _direction(self, host: Host, policies: tuple[SecurityPolicy, ...]) -> Iterator[Finding]:
        for first, second in overlapping([policy.selector for policy in policies]):
            earlier, later = policies[first], policies[second]
            if _treatment(earlier) == _treatment(later) or later.implied or earlier.implied:
                continue
            tie = _is_tie(host, earlier, later)
            raced = earlier.by_ike is not None and later.by_ike is not None
            nested = later.selector.contains(earlier.selector) or earlier.selector.contains(later.selector)
            if (nested or _is_meant(host, earlier, later)) and not tie and not raced:
                continue
            if raced:
                why = "the one whose negotiation ends first is asked first, and wins"
            elif tie:
                why = (
                    "which of them wins differs between kernels, since one is a pair of single addresses and both have "
                    "the same priority"
                )
            else:
                why = "the one that is asked first wins"
            yield self.finding(
                host,
                later.origin,
                f"{later.selector} overlaps {earlier.selector}, which is treated differently: {why}",
                label="asked second",
                notes=[Note(earlier.origin, "asked first")],
                mend="give them different priorities" if tie else "split them so that they do not overlap",
                witness=some_packet(earlier.selector, later.selector),
            )


def _treatment(policy: SecurityPolicy) -> tuple[object, ...]:
    return (policy.action, tuple(template.same_protection for template in policy.templates))


def _is_meant(host: Host, earlier: SecurityPolicy, later: SecurityPolicy) -> bool:
    """Priorities put one before the other on purpose; and neighbour discovery has to stay in clear, whoever asks."""
    if host.platform is Platform.LINUX and earlier.priority != later.priority:
        return True
    kind = earlier.selector.icmp_type
    return earlier.action is Action.BYPASS and earlier.selector.protocol == ICMP6 and kind in _NEIGHBOUR_DISCOVERY


def _is_tie(host: Host, earlier: SecurityPolicy, later: SecurityPolicy) -> bool:
    if host.platform is not Platform.LINUX or earlier.priority != later.priority:
        return False
    exact = [p.selector.source.is_host and p.selector.destination.is_host for p in (earlier, later)]
    return exact[0] != exact[1]
