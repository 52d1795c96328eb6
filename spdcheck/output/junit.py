"""Checks as the test cases of JUnit's XML: one for each check and host, its findings with their traces as failures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from spdcheck.checks.finding import Severity
from spdcheck.output.json import relative
from spdcheck.output.terminal import Look
from spdcheck.output.trace_text import render as as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.finding import Finding, Undecided
    from spdcheck.model.host import Site
    from spdcheck.output.summary import Checked, Summary

_LOOK = Look()
_FAILS = {
    "error": (Severity.ERROR,),
    "warning": (Severity.ERROR, Severity.WARNING),
    "info": tuple(Severity),
    "never": (),
}


def render(summary: Summary) -> str:
    """The whole document: a suite for each site."""
    return "".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="spdcheck">\n'
    for checked in summary.checked:
        yield from _suite(checked)
    yield "</testsuites>\n"


def _suite(checked: Checked) -> Iterator[str]:
    from spdcheck.checks.run import name_of

    said: dict[tuple[str, str], list[Finding]] = {}
    for finding in checked.report.findings:
        said.setdefault((finding.code, finding.host), []).append(finding)
    open_ones: dict[tuple[str, str], list[Undecided]] = {}
    for item in checked.report.undecided:
        open_ones.setdefault((item.code, item.host), []).append(item)
    pairs = dict.fromkeys((code, host.name) for code in checked.report.checks_run for host in checked.site.hosts)
    pairs |= dict.fromkeys((*said, *open_ones))
    fails = _FAILS[checked.fail_on]
    failed = sum(any(f.severity in fails for f in said.get(pair, ())) for pair in pairs)
    errors = sum(not any(f.severity in fails for f in said.get(pair, ())) and pair in open_ones for pair in pairs)
    name = quoteattr(_plain(checked.site.name))
    yield f'  <testsuite name={name} tests="{len(pairs)}" failures="{failed}" errors="{errors}" skipped="0">\n'
    for pair in pairs:
        code, host = pair
        title = quoteattr(_plain(f"{code} {name_of(code)}"))
        head = f"    <testcase name={title} classname={quoteattr(_plain(host or checked.site.name))}"
        counting = [f for f in said.get(pair, ()) if f.severity in fails]
        remarks = [f for f in said.get(pair, ()) if f.severity not in fails]
        if not counting and not remarks and pair not in open_ones:
            yield f"{head}/>\n"
            continue
        yield f"{head}>\n"
        for finding in counting:
            text = escape(_plain(_text(finding, checked.site), lines=True))
            message = quoteattr(_plain(finding.message))
            yield f"      <failure type={quoteattr(finding.severity.value)} message={message}>{text}</failure>\n"
        if not counting and pair in open_ones:
            reasons = "; ".join(item.reason for item in open_ones[pair])
            yield f'      <error type="no verdict" message={quoteattr(_plain(reasons))}/>\n'
        if remarks:
            text = "\n".join(f"{f.severity.value}: {f.message} ({relative(f.span.where)})" for f in remarks)
            yield f"      <system-out>{escape(_plain(text, lines=True))}</system-out>\n"
        yield "    </testcase>\n"
    yield "  </testsuite>\n"


def _text(finding: Finding, site: Site) -> str:
    lines = [f"{relative(finding.span.file.path)}:{finding.span.begin.line}: {finding.message}"]
    lines += [f"{relative(note.span.file.path)}:{note.span.begin.line}: {note.text}" for note in finding.notes]
    if finding.mend:
        lines.append(f"mend: {finding.mend}")
    if finding.trace is not None:
        lines += ["", "".join(as_text(finding.trace, site, _LOOK))]
    elif finding.witness is not None:
        lines.append(f"witness: {finding.witness}")
    return "\n".join(lines)


def _plain(text: str, *, lines: bool = False) -> str:
    """The text without the characters that XML can't hold."""
    kept = "\t\n" if lines else "\t"
    return "".join(char if char in kept or _in_xml(char) else "?" for char in text)


def _in_xml(char: str) -> bool:
    return char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff"
