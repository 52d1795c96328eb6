"""FWL002: ESP or AH can't pass a packet filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks import openings
from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.carriers import Cargo, carriers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class EspNotOpen(Check):
    """ESP (IP protocol 50) or AH (51) between two peers can't pass a host's packet filter, in one direction or both.

    ## What it does

    For every protecting policy, sends the packet that carries its traffic out through the host's filters, and lets the
    peer's come in. The line that stops it is named, and the rule that misses it by one value. Where a filter remembers
    connections, what comes in as an answer passes; then the finding is a warning. Full packets are longer than the wire
    once they are wrapped, and come in fragments: a filter that looks at each of them has to let all in.

    ## Why it matters

    The tunnel comes up, and nothing goes through it.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    firewall_enable="YES"
    firewall_type="closed"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/transport//require;
    ```

    ## Correction

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    firewall_enable="YES"
    firewall_type="open"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/transport//require;
    ```

    ## References

    RFC 4303 section 2 (protocol 50), RFC 4302 section 2 (protocol 51).
    """

    code = "FWL002"
    name = "esp-not-open"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """The carrier of every peer of every host that has filters."""
        for host in context.hosts:
            if not context.ways.is_filtered(host):
                continue
            for carrier in carriers(host):
                behind_nat = carrier.section is not None and carrier.section.nat_traversal == "force"
                if carrier.cargo in (Cargo.ESP, Cargo.AH) and not behind_nat:
                    yield from openings.findings(self, context, carrier)
                    yield from openings.fragments(self, context, carrier, Severity.WARNING)
