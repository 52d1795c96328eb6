"""One line for each finding, as editors and ``grep`` read it: ``path:line:col: error SPD004 message [host]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.output.summary import open_questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.checks.finding import Finding
    from spdcheck.output.summary import Checked
    from spdcheck.output.terminal import Look
    from spdcheck.source import Span


def render(checked: Iterable[Checked], look: Look) -> Iterator[str]:
    """The findings of every site, then its open questions: ``path:line:col: no verdict SPD001,SPD004 why [host]``."""
    for site in checked:
        for finding in site.report.findings:
            yield finding_line(finding, look)
        for question in open_questions(site.report.undecided):
            codes = ",".join(question.codes)
            yield _line(question.span, "no verdict", "warning", codes, question.reason, question.host, look)


def finding_line(finding: Finding, look: Look) -> str:
    """One finding on one line."""
    severity = finding.severity.value
    return _line(finding.span, severity, severity, finding.code, finding.message, finding.host, look)


def _line(span: Span | None, word: str, role: str, code: str, message: str, host: str, look: Look) -> str:
    place = ""
    if span is not None:
        begin = span.begin
        place = look.text(f"{span.file.path}:{begin.line}:{begin.column}") + ": "
    start = " ".join(part for part in (look.paint(word, role), look.paint(code, "strong")) if part)
    owner = f" [{look.text(host)}]" if host else ""
    return f"{place}{start} {look.text(message)}{owner}\n"
