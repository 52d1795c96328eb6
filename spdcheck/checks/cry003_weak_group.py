"""CRY003: a Diffie-Hellman group that is too small, or none at all in phase 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.grouped_uses import grouped
from spdcheck.model.algorithms import GROUPS
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.algorithm_uses import Stage, groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host


class WeakGroup(Check):
    """A Diffie-Hellman group is too small, or phase 2 makes its keys without one.

    ## What it does

    Looks up the groups of phase 1 and of PFS in RFC 8247: 1 and 22 are MUST NOT; 2, 5, 23 and 24 are SHOULD NOT. A
    `sainfo` without `pfs_group` is remarked.

    ## Why it matters

    Group 2 (1024 bits) is one precomputation for everybody who uses it (Logjam): who has done it once reads recorded
    traffic of years. Without PFS, whoever learns the keys of phase 1 has all phase 2 keys that were made under it.

    ## Example

    ```
    === gw/etc/racoon.conf
    sainfo anonymous {
        pfs_group 2;
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## Correction

    ```
    === gw/etc/racoon.conf
    sainfo anonymous {
        pfs_group 14;
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## References

    RFC 8247 section 2.4; RFC 2409 section 8.
    """

    code = "CRY003"
    name = "weak-group"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each group and stage of a host, and one for all sections without PFS."""
        for host in context.hosts:
            for group in grouped(groups(host)):
                known = GROUPS.get(int(group.name))
                if known is None or not known.advice.is_weak:
                    continue
                use = "PFS" if group.stage is Stage.PHASE2 else "phase 1"
                message = (
                    f"group {known.number} ({known.name}) for {use}: RFC 8247 section 2.4 says {known.advice.value}"
                )
                yield self.finding(
                    host,
                    group.origin,
                    message if group.first else f"{message}; it is a fallback here",
                    label="too small",
                    notes=group.notes,
                    mend="use group 14 (modp2048) or a larger one at both peers",
                    severity=self.severity if group.first else Severity.INFO,
                    subject=group.stage.value,
                )
            yield from self._without(host)

    def _without(self, host: Host) -> Iterator[Finding]:
        bare = [proposal for daemon in host.daemons for proposal in daemon.phase2 if proposal.pfs_group is None]
        if bare:
            yield self.finding(
                host,
                bare[0].heading,
                "phase 2 without PFS: whoever learns the keys of phase 1 has these too",
                label="no pfs_group",
                notes=[Note(proposal.heading, "here too") for proposal in bare[1:6]],
                mend="add pfs_group 14; at both peers",
                severity=Severity.INFO,
                subject="no PFS",
            )
