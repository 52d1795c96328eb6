"""IKE013: a line of ``[Phase 1]`` leads an address to the section of another peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.addresses import parse_address
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.isakmpd_connections import peer_section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon


class AnswersAnotherAddress(Check):
    """`[Phase 1]` of isakmpd.conf answers an address with a section that is for another peer.

    ## What it does

    Compares each address of `[Phase 1]` with the `Address` of the section that it names. Where they differ, the section
    speaks with one peer when it starts and answers another. Several addresses may lead to a section without `Address`.

    ## Why it matters

    The line is a leftover of an address that the peer had before, or that of a stranger, who is answered with the
    peer's key and settings. The peer itself gets the `Default` section, or no answer at all.

    ## Example

    ```
    === gw/etc/isakmpd/isakmpd.conf
    [Phase 1]
    203.0.113.3= office
    [office]
    Phase= 1
    Address= 198.51.100.2
    Configuration= main-mode
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14-RSA_SIG
    ```

    ## Correction

    ```
    === gw/etc/isakmpd/isakmpd.conf
    [Phase 1]
    198.51.100.2= office
    [office]
    Phase= 1
    Address= 198.51.100.2
    Configuration= main-mode
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14-RSA_SIG
    ```

    ## References

    isakmpd.conf(5), "Phase 1"; isakmpd exchange.c `exchange_setup_p1`.
    """

    code = "IKE013"
    name = "answers-another-address"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every line of every isakmpd.conf."""
        for host in context.hosts:
            for daemon in host.daemons:
                if daemon.isakmpd is not None:
                    yield from self._lines(host, daemon)

    def _lines(self, host: Host, daemon: KeyDaemon) -> Iterator[Finding]:
        assert daemon.isakmpd is not None
        lines = daemon.isakmpd.incoming
        by_default = {line.section.lower() for line in lines if line.address is None}
        for line in lines:
            address = None if line.address is None else parse_address(line.address)
            peer = peer_section(daemon, line.section)
            if address is None or peer is None or peer.address in (None, address) or peer.passive:
                continue
            answered = any(
                other.address is not None and parse_address(other.address) == peer.address for other in lines
            )
            if answered:
                effect = f"{peer.address} has a line of its own"
            elif line.section.lower() in by_default:
                effect = f"{peer.address} is answered all the same, by Default"
            else:
                effect = f"{peer.address} is not answered by it"
            yield self.finding(
                host,
                line.origin,
                f"[Phase 1] answers {address} with [{peer.name}], which is for {peer.address}: {effect}",
                label=f"not the address of [{peer.name}]",
                notes=[Note(peer.heading, f"its Address is {peer.address}")],
                mend=f"write {peer.address}= {peer.name}, or remove the line",
                subject=str(address),
            )
