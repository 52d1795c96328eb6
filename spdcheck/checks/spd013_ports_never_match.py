"""SPD013: a policy with ports for forwarded traffic, which BSD kernels look up without ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import some_packet
from spdcheck.model.policy import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy


class PortsNeverMatch(Check):
    """This policy names ports, but the kernel looks up forwarded packets without them: it never matches.

    ## What it does

    On FreeBSD and NetBSD a forwarded packet, and a packet that is checked on arrival, is looked up with addresses and
    protocol only; a policy with a port does not match. Policies with ports whose local side is not an address of this
    host are reported.

    ## Why it matters

    The traffic that was to be protected leaves in clear, and clear packets are accepted.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16[443] tcp -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16[443] 10.1.0.0/16 tcp -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 tcp -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 tcp -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    sys/netipsec/ipsec.c `ipsec_getpolicybyaddr` with IP_FORWARDING ("needport 0"), `ipsec4_in_reject`.
    """

    code = "SPD013"
    name = "ports-never-match"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every policy with ports of every BSD host."""
        for host in context.hosts:
            if host.platform is None or not host.platform.is_bsd:
                continue
            for policy in host.spd.policies:
                if policy.action is Action.PROTECT and policy.selector.has_ports and _is_forwarded(host, policy):
                    yield self.finding(
                        host,
                        policy.selector_origin,
                        f"{policy.selector} never matches: {host.platform.value} looks up forwarded packets without "
                        "their ports",
                        label="ports on forwarded traffic",
                        mend="leave the ports out and let a packet filter select them",
                        witness=some_packet(policy.selector),
                    )


def _is_forwarded(host: Host, policy: SecurityPolicy) -> bool:
    """The local side is not only this host's own addresses."""
    return not (policy.local.is_host and (host.owns(policy.local) or not host.addresses))
