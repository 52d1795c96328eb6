"""CFG012: an address that comes from outside, and changes, is written down as if it stayed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.file_places import files_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.source import Span

_FILTERS = ("pf", "ipfilter", "ipnat", "iptables")
_SHOWN = 4


class FixedAddress(Check):
    """An interface gets its address from outside (DHCP, PPP), but files name the address that it has today.

    ## What it does

    Looks for the present addresses of dynamic interfaces (`ifconfig_em0="DHCP"`, or `dynamic = true` in
    `spdcheck.toml`) in listen addresses, end points of tunnels and rules of packet filters.

    ## Why it matters

    After the next change the key daemon listens on an address that the host does not have, which isakmpd does not even
    say, and the filter blocks what it let pass before.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "openbsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    dynamic = true
    === gw/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 192.0.2.1
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "openbsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    dynamic = true
    === gw/etc/isakmpd/isakmpd.conf
    [General]
    Retransmits= 5
    ```

    ## References

    isakmpd.conf(5) `Listen-on` ("no error is given"); pf.conf(5), interface names in parentheses; ipf(5) `0/32`.
    """

    code = "CFG012"
    name = "fixed-address"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every address of every dynamic interface."""
        for host in context.hosts:
            for interface in host.interfaces:
                for own in interface.addresses if interface.dynamic else ():
                    places = [*_claims(host, own.address), *_rules(host, own.address)]
                    if places:
                        yield self._finding(host, interface.name, own.address, places, interface.origin)

    def _finding(
        self, host: Host, interface: str, address: AddressRange, places: list[tuple[Span, str]], origin: Span | None
    ) -> Finding:
        (first, what), *others = places
        more = len(others) - _SHOWN
        notes = [Note(span, text) for span, text in others[:_SHOWN]]
        if more > 0:
            notes[-1] = notes[-1]._replace(text=f"{notes[-1].text}, and so do {more} more")
        if origin is not None:
            notes.append(Note(origin, f"{interface} gets its address from outside"))
        return self.finding(
            host,
            first,
            f"{address} is what {interface} has today; its address comes from outside and may change, but "
            f"{len(places)} {'places name' if others else 'place names'} it",
            label=what,
            notes=notes,
            mend=f"leave Listen-on out, write ({interface}) in pf.conf, any or 0/32 in ipf.conf",
            subject=str(address),
        )


def _claims(host: Host, address: AddressRange) -> Iterator[tuple[Span, str]]:
    """Daemons and policies of the host's own files; what isakmpd installs follows its configuration."""
    for daemon in host.daemons:
        for listener in daemon.listeners:
            if listener.address == address:
                yield listener.origin, f"{daemon.program} listens on it"
        for peer in daemon.peers:
            if peer.local_address == address:
                yield peer.heading, f"{daemon.program} speaks from it"
    for policy in host.spd.policies:
        if policy.by_ike is None and not policy.implied:
            ends = (end for template in policy.templates for end in (template.source, template.destination))
            if address in ends:
                yield policy.origin, "an end of this tunnel"


def _rules(host: Host, address: AddressRange) -> Iterator[tuple[Span, str]]:
    """Where the files of packet filters write the address, comments left out."""
    literal = re.compile(rf"(?<![\w.:]){re.escape(str(address))}(?![\w.:]|/(?!32\b|128\b))", re.IGNORECASE)
    for report in (report for name in _FILTERS for report in files_of(host, name)):
        text = report.file.text
        for found in literal.finditer(text):
            line = text.rfind("\n", 0, found.start()) + 1
            if "#" not in text[line : found.start()]:
                yield report.file.span(found.start(), found.end()), "a rule names it"
