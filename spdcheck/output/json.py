"""Findings as JSON: one document, ``"schema": 1``. New keys may be added; no key changes its meaning within a schema.

Paths are relative to the folder in which spdcheck was started, with ``/`` between their parts.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spdcheck.checks.finding import Severity

if TYPE_CHECKING:
    from spdcheck.checks.finding import Finding, Suppressed, Undecided
    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import FileReport
    from spdcheck.output.summary import Summary
    from spdcheck.source import Span

SCHEMA = 1


def render(summary: Summary, exit_code: int) -> str:
    """The whole document; ``exit_code`` is the status with which the process will end."""
    document = {
        "schema": SCHEMA,
        "findings": [finding_value(f) for checked in summary.checked for f in checked.report.findings],
        "suppressed": [_suppressed(s) for checked in summary.checked for s in checked.report.suppressed],
        "files": [_file(report) for report in summary.files],
        "summary": {
            "sites": [checked.site.name for checked in summary.checked],
            "verdict": summary.verdict.value,
            "exit_code": exit_code,
            "severity": {severity.value: summary.count(severity) for severity in Severity},
            "undecided": [undecided_value(item) for item in summary.undecided],
            "hosts": len(summary.hosts),
            "files": len(summary.files),
            "statements": sum(report.statements for report in summary.files),
            "inert": sum(report.inert for report in summary.files),
            "unmodelled": sum(report.unmodelled for report in summary.files),
            "unparsed": sum(report.unparsed for report in summary.files),
            "checks": list(summary.checks),
        },
    }
    return dump(document)


def dump(document: object) -> str:
    """A document as text that every stream can take: ASCII, two blanks of indentation, a line end behind it."""
    return json.dumps(document, indent=2) + "\n"


def finding_value(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "certainty": finding.certainty.value,
        "message": finding.message,
        "host": finding.host,
        "location": location(finding.span),
        "label": finding.label,
        "related": [{"location": location(note.span), "message": note.text} for note in finding.notes],
        "witness": None if finding.witness is None else str(finding.witness),
        "trace": None if finding.trace is None else _trace(finding.trace),
        "mend": finding.mend,
        "fingerprint": finding.fingerprint,
    }


def _suppressed(item: Suppressed) -> dict[str, Any]:
    return {
        **finding_value(item.finding),
        "suppressed_by": item.by,
        "reason": item.reason or None,
        "remark": location(item.origin),
    }


def _trace(trace: Trace) -> dict[str, Any]:
    from spdcheck.output.trace_json import way

    return way(trace)


def location(span: Span) -> dict[str, Any]:
    """A place: lines and columns are counted from 1, the end is just behind the last character."""
    begin, finish = span.begin, span.finish
    return {
        "path": relative(span.file.path),
        "start_line": begin.line,
        "start_column": begin.column,
        "end_line": finish.line,
        "end_column": finish.column,
    }


def relative(path: str) -> str:
    """A path as seen from the current folder; one on another drive stays as it is."""
    if not Path(path).is_absolute():
        return path
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:
        return path


def _file(report: FileReport) -> dict[str, Any]:
    return {
        "path": relative(report.file.path),
        "format": report.format,
        "statements": report.statements,
        "parsed": report.parsed,
        "inert": report.inert,
        "unmodelled": report.unmodelled,
        "unparsed": report.unparsed,
        "loaded": report.loaded,
    }


def undecided_value(item: Undecided) -> dict[str, Any]:
    """One question without a verdict."""
    return {
        "code": item.code,
        "host": item.host,
        "reason": item.reason,
        "location": None if item.span is None else location(item.span),
    }
