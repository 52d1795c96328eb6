"""SPD008: protection that a packet may do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import some_packet
from spdcheck.model.policy import Action, Direction, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class OptionalProtection(Check):
    """With level `use` or `default` a packet without protection passes.

    ## What it does

    Names every policy of which no template is `require` or `unique`. A level that is left out is `default`, which asks
    the kernel's sysctl, and that says `use` unless somebody changed it. IPComp alone is no protection and is not asked.

    ## Why it matters

    Outbound, packets leave in clear while there is no SA: at boot, during a failed negotiation, after an expiry.
    Inbound, anybody may send clear packets that pretend to come from the peer's network.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/use;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    setkey(8), "level"; ipsec_set_policy(3); sysctl net.inet.ipsec.esp_net_deflev.
    """

    code = "SPD008"
    name = "optional-protection"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every policy of every host."""
        for host in context.hosts:
            for policy in host.spd.policies:
                protecting = [t for t in policy.templates if t.protocol.value != "ipcomp"]
                if policy.action is not Action.PROTECT or policy.implied or not protecting:
                    continue
                if not all(template.level.is_optional for template in protecting):
                    continue
                template = protecting[0]
                level = template.level
                consequence = (
                    "packets leave in clear while there is no SA"
                    if policy.direction is Direction.OUT
                    else f"clear packets that claim to come from {policy.remote} are accepted"
                )
                unless = " (unless the sysctl says otherwise)" if level is Level.DEFAULT else ""
                yield self.finding(
                    host,
                    template.origin,
                    f"level {level.value} makes the protection of {policy.selector} optional{unless}: {consequence}",
                    label=f"level {level.value}",
                    mend="write require (or unique)",
                    witness=some_packet(policy.selector),
                )
