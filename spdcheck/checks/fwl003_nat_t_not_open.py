"""FWL003: NAT traversal can't pass a packet filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks import openings
from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.carriers import Cargo, carriers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.carriers import Carrier


class NatTNotOpen(Check):
    """NAT traversal (udp port 4500) between two peers can't pass a host's packet filter.

    ## What it does

    Where NAT traversal is switched on and a NAT device is in between (`public-address` in `spdcheck.toml`), where it is
    forced, or where anybody may call (`remote anonymous`), sends a packet to port 4500 out through the host's filters,
    and lets the peer's come in. The line that stops it is named. If nobody can know whether a NAT is in between, the
    finding is a warning.

    ## Why it matters

    Peers that find a NAT between them float from port 500 to port 4500 in the middle of phase 1. A filter that knows
    500 only lets the negotiation begin and never end.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    firewall_enable="YES"
    firewall_type="closed"
    ipsec_enable="YES"
    racoon_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === gw/usr/local/etc/racoon/racoon.conf
    remote 198.51.100.2 { exchange_mode main; nat_traversal force; proposal { encryption_algorithm aes 256;
      hash_algorithm sha256; authentication_method pre_shared_key; dh_group 14; } }
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
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === gw/usr/local/etc/racoon/racoon.conf
    remote 198.51.100.2 { exchange_mode main; nat_traversal force; proposal { encryption_algorithm aes 256;
      hash_algorithm sha256; authentication_method pre_shared_key; dh_group 14; } }
    sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256;
      compression_algorithm deflate; }
    ```

    ## References

    RFC 3947 section 4 (changing to port 4500); RFC 3948.
    """

    code = "FWL003"
    name = "nat-t-not-open"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every negotiation that may need it, at every host that has filters."""
        for host in context.hosts:
            if not context.ways.is_filtered(host):
                continue
            for carrier in carriers(host):
                if carrier.cargo is not Cargo.NAT_T or carrier.section is None:
                    continue
                severity = None if self._needed(context, carrier) else Severity.WARNING
                if severity is None or carrier.section.address is None:
                    passive = carrier.section.passive
                    yield from openings.findings(self, context, carrier, only_answers=passive, severity=severity)
                if severity is None:
                    yield from openings.fragments(self, context, carrier, Severity.INFO)

    def _needed(self, context: Context, carrier: Carrier) -> bool:
        """A NAT is known to be in between, or its traversal is used without asking."""
        peer = context.peering.owner(carrier.far)
        behind = carrier.host.public_address is not None or (peer is not None and peer.public_address is not None)
        return behind or (carrier.section is not None and carrier.section.nat_traversal == "force")
