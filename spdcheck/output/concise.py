"""One line for each finding, as editors and ``grep`` read it: ``path:line:col: error SPD004 message [host]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.output.summary import Checked
    from spdcheck.output.terminal import Look


def render(checked: Iterable[Checked], look: Look) -> Iterator[str]:
    """The findings of every site, then its open questions, one line each."""
    for site in checked:
        for finding in site.report.findings:
            begin = finding.span.begin
            where = look.text(f"{finding.span.file.path}:{begin.line}:{begin.column}")
            severity = look.paint(finding.severity.value, finding.severity.value)
            code = look.paint(finding.code, "strong")
            yield f"{where}: {severity} {code} {look.text(finding.message)} [{look.text(finding.host)}]\n"
        for item in site.report.undecided:
            where = ""
            if item.span is not None:
                begin = item.span.begin
                where = look.text(f"{item.span.file.path}:{begin.line}:{begin.column}") + ": "
            word = look.paint("no verdict", "warning")
            yield f"{where}{word} {look.paint(item.code, 'strong')} {look.text(item.reason)} [{look.text(item.host)}]\n"
