"""CRY002: a hash that is not to be used any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.grouped_uses import grouped
from spdcheck.model.algorithms import HASHES, INTEGRITY, Advice
from spdcheck.semantics.algorithm_uses import Stage, hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.grouped_uses import Group
    from spdcheck.model.host import Host


class WeakHash(Check):
    """A hash or integrity algorithm is named that the RFCs have given up, or are about to.

    ## What it does

    Looks up the hashes of phase 1 and the integrity algorithms of phase 2 and of associations given by hand. MD5 and
    its kin are MUST NOT. SHA-1 is still MUST, but on its way out (MUST-), and only remarked.

    ## Why it matters

    Nobody forges an HMAC-MD5 today, but phase 1 signs with the bare hash, and equipment drops these algorithms one
    release after the other.

    ## Example

    ```
    === gw/etc/racoon.conf
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_md5;
        compression_algorithm deflate;
    }
    ```

    ## Correction

    ```
    === gw/etc/racoon.conf
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## References

    RFC 8221 section 6; RFC 8247 sections 2.2 and 2.3.
    """

    code = "CRY002"
    name = "weak-hash"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each algorithm and stage of a host."""
        for host in context.hosts:
            for group in grouped(hashes(host)):
                finding = self._judge(host, group)
                if finding is not None:
                    yield finding

    def _judge(self, host: Host, group: Group) -> Finding | None:
        if group.name == "null":
            return None
        advice, reference = _advice(group)
        if advice is Advice.MUST_MINUS:
            message = f"{group.name} {group.where} is on its way out: {reference} says {advice.value}"
            severity = Severity.INFO
        elif advice is not None and advice.is_weak:
            message = f"{group.name} {group.where}: {reference} says {advice.value}"
            severity = self.severity if group.first else Severity.INFO
        else:
            return None
        return self.finding(
            host,
            group.origin,
            message if group.first else f"{message}; it is a fallback here",
            label="ageing" if advice is Advice.MUST_MINUS else "weak",
            notes=group.notes,
            mend="use sha256 at both peers",
            severity=severity,
            subject=group.stage.value,
        )


def _advice(group: Group) -> tuple[Advice | None, str]:
    if group.stage is Stage.PHASE1:
        return HASHES.get(group.name), "RFC 8247 section 2.3"
    known = INTEGRITY.get(group.name)
    return (None, "") if known is None else (known.advice, known.reference)
