"""Findings as plain text for golden files: every place, every word, nothing that depends on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.checks.finding import Finding, Undecided
    from spdcheck.source import Span


def findings_text(findings: Iterable[Finding], undecided: Iterable[Undecided]) -> str:
    """One paragraph for each finding, then one line for each question without a verdict."""
    parts = [_finding(finding) for finding in findings]
    parts += [f"undecided {item.host}: {item.reason}{_at(item.span)}\n" for item in undecided]
    return "\n".join(parts)


def _finding(finding: Finding) -> str:
    lines = [
        f"{finding.code} {finding.severity.value} {finding.certainty.value} {finding.host}",
        f"  {_place(finding.span)}  {finding.message}",
    ]
    if finding.label:
        lines.append(f"    ^ {finding.label}")
    lines += [f"  {_place(note.span)}  note: {note.text}" for note in finding.notes]
    if finding.mend:
        lines.append(f"  mend: {finding.mend}")
    if finding.witness is not None:
        lines.append(f"  witness: {finding.witness}")
    return "\n".join(lines) + "\n"


def _place(span: Span) -> str:
    begin = span.begin
    return f"{span.file.path}:{begin.line}:{begin.column}"


def _at(span: Span | None) -> str:
    return "" if span is None else f" ({_place(span)})"
