"""Checks that turn what a format said about its text into findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Finding, Severity, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Check, Context
    from spdcheck.model.diagnostic import Diagnostic


def findings(check: Check, context: Context) -> Iterator[Finding]:
    """A finding for every diagnostic of this check's code, site-wide ones first."""
    for diagnostic in context.site.diagnostics:
        if diagnostic.code == check.code:
            yield _finding(check, context.site.name, diagnostic)
    for host in context.hosts:
        for diagnostic in host.diagnostics:
            if diagnostic.code == check.code:
                yield _finding(check, host.name, diagnostic)


def _finding(check: Check, host: str, diagnostic: Diagnostic) -> Finding:
    severity = check.severity
    if diagnostic.warning and severity is Severity.ERROR:
        severity = Severity.WARNING
    return check.finding(
        host,
        diagnostic.span,
        diagnostic.message,
        label=diagnostic.label,
        notes=diagnostic.notes,
        mend=diagnostic.mend,
        severity=severity,
    )


def undecided(check: Check, context: Context) -> Iterator[Undecided]:
    """One question without a verdict for every part of a host that is not known."""
    for host in context.hosts:
        seen = set()
        for gap in host.gaps:
            if (gap.part, gap.reason) not in seen:
                seen.add((gap.part, gap.reason))
                yield Undecided(check.code, host.name, f"{gap.part.value}: {gap.reason}", gap.span)
