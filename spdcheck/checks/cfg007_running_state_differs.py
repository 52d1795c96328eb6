"""CFG007: a listing of the kernel that the files can't have produced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.running_associations import RunningAssociations
from spdcheck.checks.running_difference import grouped
from spdcheck.checks.running_oddities import oddities
from spdcheck.checks.running_phase1 import phase1_differences
from spdcheck.checks.running_policies import RunningPolicies
from spdcheck.model.diagnostic import Part
from spdcheck.model.running import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.running_difference import Difference
    from spdcheck.model.host import Host
    from spdcheck.model.running import Dump


class RunningStateDiffers(Check):
    """What the kernel holds is not what the files and the key daemons would make.

    ## What it does

    Compares listings (`setkey -D`, `setkey -DP`, `racoonctl show-sa`, `netstat -rn -f encap`, `ipsecctl -s all`,
    `ip xfrm state`, `ip xfrm policy`) with the configuration. Policies: selector, action, protection, ends, level,
    request id, priority. SAs: mode and request id against the policies; algorithms, key lengths and lifetimes against
    what the daemons of both sides would agree on, or against the line that writes the SA; keys by their fingerprints.
    And what no kernel prints at all: one number for two policies, an SPI that is two different numbers.

    What a daemon makes out of the proposal of a peer (`generate_policy`) is taken as it is. Nothing is called missing
    where the listing was cut short.

    ## Why it matters

    After the next boot the machine does something else than today. Or the listing is not of this machine, and whoever
    looks for a fault looks at the wrong one.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 gre -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 gre -P in ipsec esp/transport//require;
    === gw/setkey-DP.txt
    198.51.100.2 192.0.2.1 gre
        in ipsec
        esp/transport//require
        spid=2 seq=1 pid=812
    192.0.2.1 198.51.100.2 gre
        out ipsec
        esp/transport//use
        spid=2 seq=0 pid=812
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 gre -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 gre -P in ipsec esp/transport//require;
    === gw/setkey-DP.txt
    198.51.100.2 192.0.2.1 gre
        in ipsec
        esp/transport//require
        spid=2 seq=1 pid=812
    192.0.2.1 198.51.100.2 gre
        out ipsec
        esp/transport//require
        spid=1 seq=0 pid=812
    ```

    ## References

    setkey(8) -D; netstat(1) -f encap; ip-xfrm(8); RFC 4301 section 4.4.
    """

    code = "CFG007"
    name = "running-state-differs"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every listing of every host."""
        for host in context.hosts:
            for dump in host.running.dumps:
                for found in grouped(self._differences(context, host, dump)):
                    first = found.first
                    yield self.finding(
                        host,
                        first.span,
                        found.message,
                        label=first.label,
                        notes=found.notes,
                        mend=first.mend,
                        severity=first.severity,
                        subject=f"{first.kind} {first.who}",
                    )
                yield from self._open(host, dump)

    def _differences(self, context: Context, host: Host, dump: Dump) -> Iterator[Difference]:
        unread = host.gap_in(Part.RUNNING)
        whole = unread is None or unread.span.file is not dump.origin.file
        yield from oddities(host, dump)
        if Database.SPD in dump.shows and host.gap_in(Part.SPD) is None:
            yield from RunningPolicies(context.peering, host, dump).differences(whole=whole)
        if Database.SAD in dump.shows and host.gap_in(Part.SPD, Part.SAD, Part.IKE) is None:
            yield from RunningAssociations(context.peering, host, dump).differences(whole=whole)
        if host.gap_in(Part.IKE) is None:
            yield from phase1_differences(host, dump)

    def _open(self, host: Host, dump: Dump) -> Iterator[Undecided]:
        """What could not be compared."""
        parts = []
        if Database.SPD in dump.shows:
            parts += [Part.SPD, Part.RUNNING]
        if Database.SAD in dump.shows:
            parts += [Part.SPD, Part.SAD, Part.IKE, Part.RUNNING]
        if Database.PHASE1 in dump.shows:
            parts.append(Part.IKE)
        yield from self.undecided(host, parts)
