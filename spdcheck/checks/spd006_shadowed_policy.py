"""SPD006: a policy that no packet ever reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import shadowed, some_packet
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Direction
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy


class ShadowedPolicy(Check):
    """Policies that the kernel asks earlier take every packet of this one: it never decides.

    ## What it does

    Walks each direction in the order in which this host's kernel asks (insertion order on the BSDs, priority and then
    insertion on Linux) and names every policy whose packets are all taken by earlier ones, alone or together, with the
    smallest set of culprits.

    ## Why it matters

    There is no "most specific wins" in an SPD of KAME, FreeBSD, NetBSD or Linux. A narrow exception behind a wide
    policy does nothing: what should stay clear is encrypted, what should use another tunnel does not.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.0.0.0/8 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    spdadd 10.1.0.0/16 10.0.0.0/8 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    netipsec/key.c `key_do_allocsp`; net/xfrm/xfrm_policy.c `xfrm_policy_lookup_bytype`.
    """

    code = "SPD006"
    name = "shadowed-policy"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every direction of every host whose SPD is an ordered list."""
        for host in context.hosts:
            if host.platform is Platform.OPENBSD:
                continue
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
            for direction in Direction:
                yield from self._direction(host, asked_order(host, direction))

    def _direction(self, host: Host, policies: tuple[SecurityPolicy, ...]) -> Iterator[Finding | Undecided]:
        for index, culprits, unknown in shadowed([policy.selector for policy in policies]):
            policy = policies[index]
            if policy.implied or (policy.by_ike is not None and any(policies[n].by_ike is not None for n in culprits)):
                continue  # Which of two negotiations ends first is no matter of the order of lines: SPD007.
            if unknown:
                yield Undecided(self.code, host.name, unknown, policy.origin)
                continue
            earlier = [policies[number] for number in culprits]
            same = all((other.action, _protection(other)) == (policy.action, _protection(policy)) for other in earlier)
            by = "an earlier policy takes" if len(earlier) == 1 else f"{len(earlier)} earlier policies together take"
            yield self.finding(
                host,
                policy.origin,
                f"this {policy.direction.value} policy never decides: {by} every packet of {policy.selector}"
                + (", with the same protection" if same else ""),
                label="never reached",
                notes=[Note(other.origin, f"takes {other.selector}") for other in earlier],
                mend="remove it" if same else "move it before the wider one",
                witness=some_packet(policy.selector),
                severity=Severity.WARNING if same else None,
            )


def _protection(policy: SecurityPolicy) -> tuple[object, ...]:
    return tuple(template.same_protection for template in policy.templates)
