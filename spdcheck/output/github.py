"""Findings as annotations of a GitHub workflow, and the summary of its job in Markdown with the witness as a diagram.

Only ten annotations of a step are shown: the ten worst come first, the summary has them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.output.json import relative
from spdcheck.output.markdown import code, escaped, within_html
from spdcheck.output.summary import counted, open_questions
from spdcheck.output.trace_mermaid import render as as_diagram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.finding import Finding
    from spdcheck.output.summary import Checked, Summary

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
SHOWN = 10
"""So many annotations of a step GitHub shows."""
_MOST_DIAGRAMS = 20
_MOST_BYTES = 1_000_000
"""A job's summary takes 1 MiB; what does not fit is counted."""


def commands(summary: Summary) -> Iterator[str]:
    """One workflow command for each of the worst findings, one for the open questions."""
    findings = [finding for checked in summary.checked for finding in checked.report.findings]
    findings.sort(key=lambda finding: finding.severity.rank)
    questions = list(open_questions(summary.undecided))
    room = SHOWN - (1 if questions else 0)
    for finding in findings[:room]:
        yield _annotation(finding)
    if questions:
        first = questions[0]
        more = f" (and {len(questions) - 1} more)" if len(questions) > 1 else ""
        place = f"file={_property(relative(first.span.file.path))},line={first.span.begin.line}," if first.span else ""
        yield f"::warning {place}title=no verdict::{_data(str(first) + more)}\n"
    if len(findings) > room:
        yield f"{counted(len(findings) - room, 'finding')} more in the summary of the job\n"


def _annotation(finding: Finding) -> str:
    begin, finish = finding.span.begin, finding.span.finish
    places = {
        "file": relative(finding.span.file.path), "line": str(begin.line), "col": str(begin.column),
        "endLine": str(finish.line), "title": f"{finding.code} {finding.name}",
    }  # fmt: skip
    if finish.line == begin.line:
        places["endColumn"] = str(finish.column)
    words = ",".join(f"{name}={_property(value)}" for name, value in places.items())
    lines = [finding.message, *(f"{note.span.where}: {note.text}" for note in finding.notes[:3])]
    if finding.witness is not None:
        lines.append(f"witness: {finding.witness}")
    if finding.mend:
        lines.append(f"mend: {finding.mend}")
    return f"::{COMMANDS[finding.severity]} {words}::{_data(chr(10).join(lines))}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def job_summary(summary: Summary) -> str:
    """The whole result as a page of Markdown."""
    parts = [f"## spdcheck: {escaped(summary.findings_in_words)}\n\n{escaped(summary.extent_in_words)}\n"]
    size, left = len(parts[0]), 0
    for checked in summary.checked:
        for block in _site(checked):
            length = len(block.encode(errors="surrogatepass"))
            if size + length > _MOST_BYTES:
                left += 1
                continue
            size += length
            parts.append(block)
    if left:
        parts.append(f"\n{counted(left, 'part')} more did not fit into this summary.\n")
    return "\n".join(parts)


def _site(checked: Checked) -> Iterator[str]:
    report = checked.report
    if report.findings:
        yield f"### {escaped(checked.site.name)}\n\n| | finding | where |\n|---|---|---|"
        yield "\n".join(_row(finding) for finding in report.findings) + "\n"
    questions = [f"- {escaped(str(question))}" for question in open_questions(report.undecided)]
    if questions:
        yield "#### No verdict\n\n" + "\n".join(questions) + "\n"
    for finding in [finding for finding in report.findings if finding.trace is not None][:_MOST_DIAGRAMS]:
        assert finding.trace is not None
        diagram = as_diagram(finding.trace, checked.site).rstrip()
        title = f"{finding.code} {finding.message}"
        yield f"<details><summary>{within_html(title)}</summary>\n\n```mermaid\n{diagram}\n```\n\n</details>\n"


def _row(finding: Finding) -> str:
    where = code(f"{relative(finding.span.file.path)}:{finding.span.begin.line}")
    return f"| {finding.severity.value} | **{finding.code}** {escaped(finding.message)} | {where} |"
