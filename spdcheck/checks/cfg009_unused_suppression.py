"""CFG009: a remark or a row of the baseline that hides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.suppressing import Sorted
    from spdcheck.model.host import Site
    from spdcheck.source import Span


class UnusedSuppression(Check):
    """A remark `spdcheck: ignore[CODE]`, or a row of the baseline, hides no finding.

    ## What it does

    Holds every remark and every row against all findings of the codes that it names. One that hides nothing is a
    warning, in a baseline an info; a code that no check has is a warning as well. These findings can't be hidden
    themselves.

    ## Why it matters

    A remark that outlives its reason hides the next defect on that line. A row that hides nothing will hide the same
    defect when it comes back.

    ## Example

    ```
    === gw/etc/ipsec.conf
    flush;
    spdflush;
    # spdcheck: ignore[CRY001] the old peer can do nothing else
    add 192.0.2.1 198.51.100.2 esp 0x1001 -E aes-cbc 0x00112233445566778899aabbccddeeff -A hmac-sha2-256
        0x8f14e45fceea167a5a36dedd4bea2543a1b2c3d4e5f60718293a4b5c6d7e8f90;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    flush;
    spdflush;
    # spdcheck: ignore[CRY001] the old peer can do nothing else
    add 192.0.2.1 198.51.100.2 esp 0x1001 -E des-cbc 0x1f3a5b7c9d0e2f4a -A hmac-sha2-256
        0x8f14e45fceea167a5a36dedd4bea2543a1b2c3d4e5f60718293a4b5c6d7e8f90;
    ```

    ## References

    `docs/suppressing.md`.
    """

    code = "CFG009"
    name = "unused-suppression"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Nothing: it is asked last, when everything else is said (:func:`spdcheck.checks.suppressing.settled`)."""
        del context
        yield from ()

    def idle(self, site: Site, found: Sorted) -> Iterator[Finding]:
        """One finding for each code of a remark, and each row, that hides nothing."""
        from spdcheck.checks import CHECKS, load

        known = {code for code, _, _ in CHECKS}
        for remark, code in found.idle_remarks:
            if code and code in known and site.single_file and load(code).needs_peer:
                continue
            what = (
                "this remark names no code; write spdcheck: ignore[CODE] reason"
                if not code
                else f"no check has the code {code}; spdcheck rules lists them"
                if code not in known
                else f"there is no {code} here to be hidden"
            )
            yield self._of(site, remark.origin, what, "remove it", code)
        for row in found.idle_rows:
            text = f"this row of the baseline hides nothing: its {row.code} is gone"
            yield self._of(site, row.origin, text, "spdcheck baseline prune removes it", row.fingerprint, Severity.INFO)

    def _of(
        self, site: Site, span: Span, text: str, mend: str, subject: str, severity: Severity | None = None
    ) -> Finding:
        owner = next((h.name for h in site.hosts if any(span.file is r.file for r in h.files)), "")
        return self.finding(owner, span, text, label="hides nothing", mend=mend, severity=severity, subject=subject)
