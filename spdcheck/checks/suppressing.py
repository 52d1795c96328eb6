"""Leaves out the findings that remarks and the rows of a baseline hide, and tells which of those hide nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from spdcheck.checks.finding import Report, Suppressed
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.model.host import Site
    from spdcheck.model.suppression import BaselineRow, Suppression

UNUSED = "CFG009"
"""The check that tells what hides nothing; it can't be suppressed itself."""


class Sorted(NamedTuple):
    """Findings that stay, those that are hidden, and everything that hides nothing."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    idle_remarks: tuple[tuple[Suppression, str], ...]
    idle_rows: tuple[BaselineRow, ...]


def sort_out(site: Site, findings: Iterable[Finding]) -> Sorted:
    """Holds findings against the remarks and the baseline of their site; a remark comes with each code that is idle."""
    remarks: dict[str, list[Suppression]] = {}
    for remark in site.suppressions:
        remarks.setdefault(remark.origin.file.path, []).append(remark)
    rows: dict[str, list[BaselineRow]] = {}
    for row in site.baseline:
        rows.setdefault(row.fingerprint, []).append(row)
    used: set[tuple[Suppression, str]] = set()
    kept, suppressed = [], []
    for finding in findings:
        hiding = [] if finding.code == UNUSED else _remarks_on(finding, remarks.get(finding.span.file.path, ()))
        if hiding:
            used.update((remark, finding.code) for remark in hiding)
            suppressed.append(Suppressed(finding, "remark", hiding[0].reason, hiding[0].origin))
        elif finding.code != UNUSED and rows.get(finding.fingerprint):
            row = rows[finding.fingerprint].pop(0)
            suppressed.append(Suppressed(finding, "baseline", "", row.origin))
        else:
            kept.append(finding)
    pairs = [(remark, code) for remark in site.suppressions for code in remark.codes or ("",)]
    idle = tuple(pair for pair in pairs if pair not in used)
    left = Counter(id(row) for several in rows.values() for row in several)
    return Sorted(tuple(kept), tuple(suppressed), idle, tuple(row for row in site.baseline if left[id(row)]))


def _remarks_on(finding: Finding, remarks: Iterable[Suppression]) -> list[Suppression]:
    first, last = finding.span.begin.line, finding.span.finish.line
    return [
        remark
        for remark in remarks
        if finding.code in remark.codes and first <= remark.last_line and remark.first_line <= last
    ]


def without_suppressed(site: Site, report: Report) -> Report:
    """The report without what is hidden."""
    found = sort_out(site, report.findings)
    return replace(report, findings=found.kept, suppressed=found.suppressed)


def settled(site: Site, codes: Sequence[str], report: Report) -> Report:
    """The report without what is hidden, and with what CFG009 says of remarks and rows that hide nothing.

    Checks that they name and that were not selected are asked for that, so that the answer does not depend on the
    selection.
    """
    if not site.suppressions and not site.baseline:
        return report
    report = without_suppressed(site, report)
    if UNUSED not in codes:
        return report
    findings = {*report.findings, *_idle(site, _everything(site, report))}
    return replace(report, findings=tuple(sorted(findings, key=lambda finding: finding.order)))


def idle_findings(site: Site, codes: Sequence[str]) -> Iterable[Finding]:
    """What CFG009 says of a site, if it is one of the codes."""
    if UNUSED not in codes or not (site.suppressions or site.baseline):
        return ()
    return tuple(_idle(site, _everything(site, Report((), (), ()))))


def _idle(site: Site, found: Sorted) -> Iterable[Finding]:
    from spdcheck.checks.cfg009_unused_suppression import UnusedSuppression

    return UnusedSuppression().idle(site, found)


def _everything(site: Site, report: Report) -> Sorted:
    from spdcheck.checks import CHECKS
    from spdcheck.checks.run import ask

    known = {code for code, _, _ in CHECKS}
    named = {code for remark in site.suppressions for code in remark.codes} | {row.code for row in site.baseline}
    missing = sorted((named & known) - set(report.checks_run) - {UNUSED})
    said = [*report.findings, *(item.finding for item in report.suppressed)]
    if missing:
        said += ask(site, missing).findings
    return sort_out(site, dict.fromkeys(said))
