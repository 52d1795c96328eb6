"""FWL001: the key exchange can't pass a packet filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks import openings
from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.carriers import Cargo, carriers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class IkeNotOpen(Check):
    """ISAKMP (udp port 500) between two peers can't pass a host's packet filter, in one direction or both.

    ## What it does

    For every peer with which a key daemon of this host would negotiate, sends the packet that begins phase 1 out
    through the host's filters, and lets the peer's come in. The line that stops it is named, and the rule that misses
    it by one value. Where a filter remembers connections, answers pass; then only one side can begin, and the finding
    is a warning.

    ## Why it matters

    The daemon tries again and again, and gives up: "phase1 negotiation failed due to time up". A side that can only
    answer loses the tunnel whenever it is its turn to renew keys.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    firewall_enable="YES"
    firewall_type="closed"
    ipsec_enable="YES"
    racoon_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/transport//require;
    === gw/usr/local/etc/racoon/racoon.conf
    remote 198.51.100.2 { exchange_mode main; proposal { encryption_algorithm aes 256; hash_algorithm sha256;
      authentication_method pre_shared_key; dh_group 14; } }
    sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256;
      compression_algorithm deflate; }
    ```

    ## Correction

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    firewall_enable="YES"
    firewall_type="open"
    ipsec_enable="YES"
    racoon_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/transport//require;
    === gw/usr/local/etc/racoon/racoon.conf
    remote 198.51.100.2 { exchange_mode main; proposal { encryption_algorithm aes 256; hash_algorithm sha256;
      authentication_method pre_shared_key; dh_group 14; } }
    sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256;
      compression_algorithm deflate; }
    ```

    ## References

    RFC 2408 section 2.5.1 (UDP port 500 must be supported).
    """

    code = "FWL001"
    name = "ike-not-open"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every negotiation of every host that has filters."""
        for host in context.hosts:
            if not context.ways.is_filtered(host):
                continue
            for carrier in carriers(host):
                if carrier.cargo is Cargo.ISAKMP:
                    passive = carrier.section is not None and carrier.section.passive
                    yield from openings.findings(self, context, carrier, only_answers=passive)
