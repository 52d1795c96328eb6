"""SPD008: protection that a packet may do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import several
from spdcheck.engine.exploration import REFUSED
from spdcheck.engine.selectors import some_packet
from spdcheck.engine.ways import unprotected
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


class OptionalProtection(Check):
    """With level `use` or `default` a packet without protection passes.

    ## What it does

    Names every policy of which no template is `require` or `unique`. A level that is left out is `default`, which asks
    the kernel's sysctl, and that says `use` unless somebody changed it. IPComp alone is no protection and is not asked.

    What isakmpd installs for arriving packets is `use` up to OpenBSD 5.4 and in its ports, whatever its configuration
    says. Where a packet filter stops all such packets in clear, that is only mentioned.

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
            yield from self._by_ike(context, host)
            for policy in host.spd.policies:
                if policy.by_ike is not None:
                    continue
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

    def _by_ike(self, context: Context, host: Host) -> Iterator[Finding | Undecided]:
        """What a key daemon installs: nothing that somebody wrote makes it optional, or could make it mandatory."""
        inward = [policy for policy in host.spd.of(Direction.IN) if policy.by_ike is not None]
        unknown = host.platform in (Platform.OPENBSD, None) and not host.release
        if inward and unknown and not context.site.single_file:
            reason = (
                f"the release of {host.name} is not known: isakmpd up to OpenBSD 5.4 accepts clear packets of its flows"
            )
            yield Undecided(self.code, host.name, reason, inward[0].origin)
        groups: dict[tuple[Span, bool], list[SecurityPolicy]] = {}
        for policy in inward:
            if policy.is_optional:
                endings = () if context.site.single_file else tuple(unprotected(context.ways.simulator, host, policy))
                stopped = bool(endings) and all(ending.disposition in REFUSED for ending in endings)
                groups.setdefault((policy.origin, stopped), []).append(policy)
        for (_, stopped), policies in groups.items():
            yield self._installed(host, policies, stopped=stopped)

    def _installed(self, host: Host, policies: list[SecurityPolicy], *, stopped: bool) -> Finding:
        policy = policies[0]
        remote = several([str(one.remote) for one in policies])
        now = "; a packet filter stops them" if stopped else ""
        release = f" {version}" if (version := ".".join(map(str, host.release))) else ""
        system = host.name if host.platform is None else host.platform.title
        system += release if host.platform is Platform.OPENBSD else ""
        return self.finding(
            host,
            policy.origin,
            f"isakmpd on {system} installs use for what arrives: clear packets that claim to come from {remote} are "
            f"accepted{now}",
            label=f"{policy.selector} is optional once phase 2 has succeeded",
            mend="keep them blocked" if stopped else f"block what comes from {remote} in clear from outside",
            witness=some_packet(policy.selector),
            severity=Severity.INFO if stopped else None,
        )
