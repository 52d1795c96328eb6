"""CRY007: a key exchange that is history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context

_IKEV1_ONLY = ("racoon", "isakmpd")


class Ikev1(Check):
    """The key exchange daemon of this host speaks IKEv1 only.

    ## What it does

    racoon and isakmpd know IKEv1 and nothing else. One remark for each host that has one of them.

    ## Why it matters

    IKEv1 is deprecated as a whole, no new algorithms are defined for it, and neither daemon is maintained where it came
    from. Nothing fails today.

    ## Example

    ```
    === gw/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    flush;
    spdflush;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    RFC 9395 section 3: IKEv1 is Historic; RFC 7296.
    """

    code = "CRY007"
    name = "ikev1"
    severity = Severity.INFO
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One remark a host."""
        for host in context.hosts:
            daemon = next((daemon for daemon in host.daemons if daemon.program in _IKEV1_ONLY), None)
            if daemon is not None:
                place = daemon.peers[0].heading if daemon.peers else daemon.origin
                yield self.finding(
                    host,
                    place,
                    f"{daemon.program} speaks IKEv1 only, which RFC 9395 deprecates",
                    label="IKEv1",
                    mend="plan for an IKEv2 daemon; nothing fails today",
                )
