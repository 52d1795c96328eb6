"""SPD003: Linux forwards nothing out of a tunnel without a fwd policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.policy_wording import is_of_ip
from spdcheck.checks.wording import in_words
from spdcheck.engine.selectors import uncovered
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Action, Direction, Mode
from spdcheck.semantics.spd_order import needs_forward_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host


class MissingForwardPolicy(Check):
    """Decrypted packets for a network behind this Linux gateway match no `fwd` policy and are dropped.

    ## What it does

    On Linux (2.6.10 and later) a decrypted packet that is forwarded is checked against `fwd` policies, one for this
    host itself against `in`. For every tunnel `in` policy, the part that is not for this host's own addresses must be
    covered by `fwd` policies. setkey of ipsec-tools 0.5 and later adds them by itself; older ones, `setkey -k` and
    hand-written `ip xfrm` lines do not.

    ## Why it matters

    The tunnel comes up, pings to the gateway itself work, everything behind it is silent. The kernel counts
    XfrmInNoPols.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "linux"
    tools = { "ipsec-tools" = "0.3.3" }
    === gw/etc/ipsec-tools.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "linux"
    tools = { "ipsec-tools" = "0.3.3" }
    === gw/etc/ipsec-tools.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P fwd ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    net/xfrm/xfrm_policy.c `__xfrm_policy_check`; setkey(8) of ipsec-tools, options -k and -r.
    """

    code = "SPD003"
    name = "missing-forward-policy"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every tunnel in policy of every Linux host."""
        for host in context.hosts:
            if needs_forward_policy(host):
                yield from self._of_host(host)

    def _of_host(self, host: Host) -> Iterator[Finding | Undecided]:
        if host.gap_in(Part.SPD) is not None:
            yield from self.undecided(host, (Part.SPD,))
            return
        forward = [policy.selector for policy in host.spd.of(Direction.FWD)]
        exact = set(forward)
        for policy in host.spd.of(Direction.IN):
            tunnel = any(template.mode is Mode.TUNNEL for template in policy.templates)
            if policy.action is not Action.PROTECT or not tunnel or policy.selector in exact:
                continue
            for_us = [policy.selector._replace(destination=own) for own in host.addresses if policy.local.contains(own)]
            if policy.local.is_host and not host.owns(policy.local) and not forward and not for_us:
                # A single address that no interface is known to have is this host's own more often than not.
                continue
            missing = uncovered(policy.selector, [*forward, *for_us])
            if missing:
                yield self.finding(
                    host,
                    policy.origin,
                    f"no fwd policy covers {in_words(missing)}: what the tunnel delivers for the network behind this "
                    "host is dropped",
                    label="only in",
                    mend="add the same policy with `dir fwd`: ip adds none by itself"
                    if is_of_ip(policy)
                    else "add the same policy with -P fwd, or use ipsec-tools 0.5 or later, which adds it",
                    witness=missing[0].packet,
                )
