"""Findings as GitLab's code quality report: what a merge request's widget shows."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from spdcheck.checks.finding import Severity
from spdcheck.output.json import relative
from spdcheck.output.summary import open_questions

if TYPE_CHECKING:
    from spdcheck.checks.finding import Finding
    from spdcheck.output.summary import Summary

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(summary: Summary) -> str:
    """A list of findings, open questions as minor ones. Fingerprints are made unique, as GitLab wants them."""
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for checked in summary.checked:
        rows += [_finding(finding, seen) for finding in checked.report.findings]
        for question in open_questions(checked.report.undecided):
            path = "" if question.span is None else relative(question.span.file.path)
            line = 1 if question.span is None else question.span.begin.line
            text = f"no verdict: {question}"
            known = hashlib.sha256(f"{question.host} {question.reason}".encode(errors="surrogatepass")).hexdigest()[:20]
            rows.append(_row("no-verdict", text, known, "minor", path, line, seen))
    return json.dumps(rows, indent=2) + "\n"


def _finding(finding: Finding, seen: dict[str, int]) -> dict[str, Any]:
    # GitLab does not show check_name: the code leads the description.
    text = f"{finding.code}: {finding.message}"
    path, line = relative(finding.span.file.path), finding.span.begin.line
    severity = SEVERITIES[finding.severity]
    row = _row(f"{finding.code} {finding.name}", text, finding.fingerprint, severity, path, line, seen)
    row["location"]["lines"]["end"] = finding.span.finish.line
    return row


def _row(
    name: str, text: str, fingerprint: str, severity: str, path: str, line: int, seen: dict[str, int]
) -> dict[str, Any]:
    seen[fingerprint] = seen.get(fingerprint, 0) + 1
    if seen[fingerprint] > 1:
        fingerprint = f"{fingerprint}-{seen[fingerprint]}"
    return {
        "description": text,
        "check_name": name,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
