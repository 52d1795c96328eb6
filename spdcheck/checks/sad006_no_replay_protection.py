"""SAD006: an association that accepts the same packet twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Mode
from spdcheck.semantics.manual_keys import family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.model.running import Dump
    from spdcheck.source import SourceFile


class NoReplayProtection(Check):
    """Associations have no replay window, so that recorded packets are accepted again.

    ## What it does

    Names the ESP and AH associations without `-r`, or with `-r 0`, once a file. Only the receiver's window counts, but
    both peers write the same line. In a listing of the kernel (`setkey -D`, `ip xfrm state`), the associations that
    lead to this host, whoever has made them.

    ## Why it matters

    Whoever can record packets can send them again, and they are decrypted and delivered again. A window alone helps
    only until one peer restarts: its counter starts at 1 again, and the other drops everything. RFC 4303 therefore
    wants anti-replay only with keys that a daemon negotiates.

    ## Example

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -r 32 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    ```

    ## References

    RFC 4303 section 3.4.3; RFC 4301 section 4.5.1; setkey(8) -r.
    """  # noqa: E501 (a key has the length that it has)

    code = "SAD006"
    name = "no-replay-protection"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each script and each listing."""
        for host in context.hosts:
            for dump in host.running.dumps:
                yield from self._running(host, dump)
            open_ones: dict[SourceFile, list[SecurityAssociation]] = {}
            for association in host.sad.associations:
                if family_of(association.protocol) in ("esp", "ah") and not association.replay_window:
                    open_ones.setdefault(association.origin.file, []).append(association)
            for associations in open_ones.values():
                first, *others = associations
                count = f"{len(associations)} associations have" if others else "this association has"
                yield self.finding(
                    host,
                    first.origin,
                    f"{count} no replay window: recorded packets are accepted again",
                    label="no -r",
                    notes=[Note(other.origin, "this one too") for other in others[:5]],
                    mend="let a key exchange daemon make the SAs, or write -r 32 and load both peers' scripts together",
                )

    def _running(self, host: Host, dump: Dump) -> Iterator[Finding]:
        """What a kernel accepts today. Lines that the files write are told where they stand."""
        written = {(sa.destination, family_of(sa.protocol), sa.spi) for sa in host.sad.associations}
        open_ones = [
            sa
            for sa in dump.associations
            if sa.replay_window == 0
            and family_of(sa.protocol) in ("esp", "ah")
            and sa.state not in ("larval", "dead")
            and host.owns(sa.destination)
            and (sa.destination, family_of(sa.protocol), sa.spi or 0) not in written
        ]
        if not open_ones:
            return
        first, *others = open_ones
        count = f"{len(open_ones)} associations in the kernel have" if others else "this association in the kernel has"
        both = all(sa.mode is Mode.ANY for sa in open_ones)
        modes = ", in tunnel and in transport mode (mode=any)" if both else ""
        yield self.finding(
            host,
            first.place("replay"),
            f"{count} no replay window: recorded packets are accepted again{modes}",
            label="no window",
            notes=[Note(other.place("replay"), "this one too") for other in others[:5]],
            mend="see that the key exchange daemon sets one (ReplayWindow in a suite of isakmpd.conf)",
        )
