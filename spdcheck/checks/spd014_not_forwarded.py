"""SPD014: a tunnel for a network behind a host that forwards nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity
from spdcheck.engine.selectors import some_packet
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Action, Direction, Mode
from spdcheck.semantics.forwarding import forwards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy


class NotForwarded(Check):
    """The network of a tunnel lies behind a host whose kernel forwards no packets.

    ## What it does

    Looks at the local side of every tunnel policy. If it is more than the host's own addresses, the host has to
    forward; the check says where forwarding is switched off. It is silent where nothing is said about it, except on
    FreeBSD and NetBSD with an rc.conf at hand: there `gateway_enable` is off unless that file sets it.

    ## Why it matters

    The tunnel comes up, the gateways reach each other through it, and nothing behind them does: what is decrypted for
    the network is dropped (Linux counts `InAddrErrors`), and what the network sends never reaches the policy.

    ## Example

    ```
    === gw/etc/sysctl.conf
    net.ipv4.ip_forward = 0
    === gw/etc/ipsec-tools.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === spdcheck.toml
    [host.gw]
    platform = "linux"
    ```

    ## Correction

    ```
    === gw/etc/sysctl.conf
    net.ipv4.ip_forward = 1
    === gw/etc/ipsec-tools.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === spdcheck.toml
    [host.gw]
    platform = "linux"
    ```

    ## References

    Linux Documentation/networking/ip-sysctl `ip_forward`; inet(4) of the BSDs; rc.conf(5) `gateway_enable`.
    """

    code = "SPD014"
    name = "not-forwarded"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding]:
        """The first such policy of each host and family."""
        for host in context.hosts:
            told: set[int] = set()
            for policy in host.spd.of(Direction.OUT):
                family = policy.selector.source.family
                if family in told or not _is_for_others(host, policy):
                    continue
                on, why, place = forwards(host, family, "")
                if on:
                    continue
                told.add(family)
                yield self.finding(
                    host,
                    place or policy.origin,
                    f"{policy.local} lies behind {host.name}, but {why}: the tunnel serves {host.name} alone",
                    label="" if place is None else "nothing is forwarded",
                    notes=[] if place is None else [Note(policy.selector_origin, "for a network behind this host")],
                    mend=_MENDS.get(family, "") if place is not None else 'set gateway_enable="YES" in rc.conf',
                    severity=Severity.ERROR if place is not None else Severity.WARNING,
                    witness=some_packet(policy.selector),
                )


_MENDS = {
    4: "set net.ipv4.ip_forward (Linux) or net.inet.ip.forwarding to 1",
    6: "set net.ipv6.conf.all.forwarding (Linux) or net.inet6.ip6.forwarding to 1",
}


def _is_for_others(host: Host, policy: SecurityPolicy) -> bool:
    """A tunnel whose local side is not only this host's own addresses."""
    if policy.action is not Action.PROTECT or all(t.mode is not Mode.TUNNEL for t in policy.templates):
        return False
    return not (policy.local.is_host and (host.owns(policy.local) or not host.addresses))
