"""The report as one page for a browser: the site as a picture, who reaches whom, every finding with both peers' lines.

Nothing is loaded from elsewhere. Every text from a configuration is escaped. The page is complete without its script,
which only filters; it follows the reader's screen, light or dark, and can be printed.
"""

from __future__ import annotations

import re
from html import escape as escape_html
from typing import TYPE_CHECKING

from spdcheck import __version__
from spdcheck.checks import load
from spdcheck.checks.finding import Certainty, Severity
from spdcheck.output import html_matrix, site_picture
from spdcheck.output.columns import plain
from spdcheck.output.json import relative
from spdcheck.output.links import link
from spdcheck.output.summary import counted, open_questions
from spdcheck.output.terminal import Look
from spdcheck.output.trace_svg import STYLE
from spdcheck.output.trace_svg import render as as_picture
from spdcheck.output.trace_text import render as as_text
from spdcheck.resources import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import FileReport, Site
    from spdcheck.output.summary import Checked, Summary
    from spdcheck.source import SourceFile, Span

_LOOK = Look()
_AROUND, _MOST_LINES = 1, 14
_MOST_COLUMNS, _BEFORE = 400, 80
"""A longer line is cut, to what is marked in it and so many characters before."""
_CERTAINTY = {
    Certainty.PROVED: "proved by a packet",
    Certainty.MODELLED: "follows from the files",
    Certainty.POSSIBLE: "possible: the model is incomplete here",
}


def render(summary: Summary, links: str = "") -> Iterator[str]:
    """The whole page, in parts; places are links where ``links`` is a template of addresses."""
    names = ", ".join(checked.site.name for checked in summary.checked)
    yield _head(names)
    yield f"<h1>spdcheck: {text_of(names)}</h1>\n"
    yield f'<p class="dim">{text_of(summary.extent_in_words)}</p>\n'
    yield _tiles(summary)
    findings = [finding for checked in summary.checked for finding in checked.report.findings]
    anchors = {finding: f"f{number}" for number, finding in enumerate(findings, 1)}
    yield _contents(summary)
    yield '<div id="site"></div>\n'
    for checked in summary.checked:
        yield from _site(checked, anchors, several=len(summary.checked) > 1)
    yield from _findings(summary, anchors, links)
    yield from _open_questions(summary, links)
    yield from _suppressed(summary)
    yield from _files(summary.files)
    yield from _explanations(findings)
    yield f'<p class="dim">spdcheck {text_of(__version__)}</p>\n'
    yield f"<script>\n{table('report.js').read_text(encoding='utf-8')}</script>\n</body>\n</html>\n"


def text_of(text: str) -> str:
    """A text from anywhere as text of the page."""
    return escape_html(plain(text))


def _head(names: str) -> str:
    style = table("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">\n"
        f"<title>spdcheck: {text_of(names)}</title>\n"
        f"<style>\n{style}{scoped(STYLE, '.trace')}</style>\n</head>\n<body>\n"
    )


def scoped(style: str, within: str) -> str:
    """A style sheet whose rules hold within one class only."""

    def rule(match: re.Match[str]) -> str:
        selectors = ",".join(f"{within} {selector.strip()}" for selector in match[1].split(","))
        return f"{selectors}{{{match[2]}}}"

    return re.sub(r"([^{}@]+)\{([^{}]*)\}", rule, style) + "\n"


def _tiles(summary: Summary) -> str:
    verdict = {"clean": "good", "findings": "error", "no verdict": "warning"}[summary.verdict.value]
    tiles = [(verdict, summary.verdict.value, "verdict")]
    tiles += [(s.value, str(summary.count(s)), f"{s.value}s" if s is not Severity.INFO else "infos") for s in Severity]
    tiles.append(
        ("warning" if summary.undecided else "", str(len(list(open_questions(summary.undecided)))), "open questions")
    )
    body = "".join(
        f'<div class="tile {kind}"><b>{text_of(big)}</b>{text_of(small)}</div>' for kind, big, small in tiles
    )
    return f'<div class="tiles">{body}</div>\n'


def _contents(summary: Summary) -> str:
    links = [("site", "Site"), ("findings", "Findings")]
    links += [("open", "Open questions")] if summary.undecided else []
    links += [("files", "Files"), ("codes", "What the codes mean")]
    return "<nav>" + "".join(f'<a href="#{anchor}">{word}</a>' for anchor, word in links) + "</nav>\n"


def _site(checked: Checked, anchors: Mapping[Finding, str], *, several: bool) -> Iterator[str]:
    title = f"Site {checked.site.name}" if several else "Site"
    yield f"<h2>{text_of(title)}</h2>\n"
    picture = site_picture.render(checked.site, checked.report, anchors)
    yield f'<div class="picture">{picture}</div>\n'
    yield '<p class="dim">↑ faces the untrusted network, ↓ lies behind the host, ⇄ is a tunnel device. '
    yield "Lines are tunnels: ✓ nothing is said against it, ! warnings, ✗ broken, ? no verdict; "
    yield "they lead to what is said about them.</p>\n"
    if not checked.site.single_file:
        yield from html_matrix.render(checked.site)


def _findings(summary: Summary, anchors: Mapping[Finding, str], links: str) -> Iterator[str]:
    yield '<h2 id="findings">Findings</h2>\n'
    if not anchors:
        yield "<p>Nothing was found.</p>\n"
        return
    hosts = dict.fromkeys(finding.host for finding in anchors)
    boxes = "".join(f'<label><input type="checkbox" value="{s.value}" checked> {s.value}</label>' for s in Severity)
    options = "".join(f'<option value="{text_of(host)}">{text_of(host)}</option>' for host in hosts if host)
    codes = "".join(
        f'<option value="{code}">{code} {text_of(name)}</option>'
        for code, name in sorted({(finding.code, finding.name) for finding in anchors})
    )
    yield (
        f'<form class="filter">{boxes}<label>host <select name="host"><option value="">all</option>{options}</select>'
        f'</label><label>code <select name="code"><option value="">all</option>{codes}</select>'
        '</label><label>text <input name="text" type="search"></label><output></output></form>\n'
    )
    for checked in summary.checked:
        owners = {report.file.path: host.name for host in checked.site.hosts for report in host.files}
        for finding in sorted(checked.report.findings, key=lambda finding: (finding.severity.rank, finding.order)):
            yield from _finding(finding, checked.site, owners, anchors[finding], links)


def _finding(finding: Finding, site: Site, owners: Mapping[str, str], anchor: str, links: str) -> Iterator[str]:
    severity = finding.severity.value
    yield (
        f'<article class="finding {severity}" id="{anchor}" data-severity="{severity}" '
        f'data-host="{text_of(finding.host)}" data-code="{finding.code}">\n'
        f'<header><span class="badge {severity}">{severity}</span>'
        f'<h3><a href="#{finding.code}">{finding.code}</a> {text_of(finding.name)}</h3>'
        f'<span class="badge plain">{text_of(_CERTAINTY[finding.certainty])}</span>'
        f'<span class="dim">{text_of(finding.host)}</span>'
        f'<p class="message">{text_of(finding.message)}</p></header>\n'
    )
    groups: dict[SourceFile, list[tuple[Span, str, bool]]] = {finding.span.file: [(finding.span, finding.label, True)]}
    for note in finding.notes:
        groups.setdefault(note.span.file, []).append((note.span, note.text, False))
    yield '<div class="sides">\n'
    for file, marks in groups.items():
        yield _excerpt(file, marks, owners.get(file.path, ""), links)
    yield "</div>\n"
    if finding.mend:
        yield f'<p class="mend"><b>Mend:</b> {text_of(finding.mend)}</p>\n'
    if finding.trace is not None:
        yield witness(finding.trace, site, links)
    elif finding.witness is not None:
        yield f"<p>Witness: <code>{text_of(str(finding.witness))}</code></p>\n"
    yield "</article>\n"


def witness(trace: Trace, site: Site, links: str = "") -> str:
    """A trace, folded away: as a picture and as text."""
    text = escape_html("".join(as_text(trace, site, _LOOK)))
    return (
        f"<details><summary>Witness: <code>{text_of(str(trace.packet))}</code></summary>\n"
        f'<div class="picture trace">{as_picture(trace, site, style=False, links=links)}</div>\n'
        f"<details><summary>as text</summary><pre>{text}</pre></details>\n</details>\n"
    )


def _excerpt(file: SourceFile, marks: Sequence[tuple[Span, str, bool]], host: str, links: str) -> str:
    primary = any(first for _, _, first in marks)
    where = _linked(text_of(relative(file.path)), link(links, marks[0][0]))
    head = f"<b>{text_of(host)}</b> {where}" if host else where
    kind = ' class="primary"' if primary else ""
    rows = "".join(_rows(file, [span for span, _, _ in marks])) if file.text else ""
    said = "".join(f'<p class="said">line {span.begin.line}: {text_of(label)}</p>' for span, label, _ in marks if label)
    return f"<figure{kind}><figcaption>{head}</figcaption><pre>{rows}</pre>{said}</figure>\n"


def _linked(inner: str, address: str) -> str:
    return f'<a href="{escape_html(address)}">{inner}</a>' if address else inner


def _rows(file: SourceFile, spans: Sequence[Span]) -> Iterator[str]:
    """The lines around the places, with the places marked; a gap where lines are left out."""
    wanted: set[int] = set()
    last_line = len(file.line_starts)
    for span in spans:
        first, last = span.begin.line, min(span.finish.line, span.begin.line + _MOST_LINES)
        wanted.update(range(max(1, first - _AROUND), min(last_line, last + _AROUND) + 1))
    before = 0
    for number in sorted(wanted):
        if before and number > before + 1:
            yield '<span class="n">…</span>\n'
        before = number
        yield f'<span class="n">{number}</span>{_marked(file, number, spans)}\n'


def _marked(file: SourceFile, number: int, spans: Sequence[Span]) -> str:
    text, base = file.line(number).rstrip("\r\n"), file.line_starts[number - 1]
    start, stop = 0, len(text)
    if stop > _MOST_COLUMNS:
        marked = [span.start - base for span in spans if span.start < base + stop and span.end > base]
        start = min(max(min(marked, default=0) - _BEFORE, 0), stop - _MOST_COLUMNS)
        stop = start + _MOST_COLUMNS
    parts = ["…"] if start else []
    rest = "…" if stop < len(text) else ""
    text = text[:stop]
    inside = [any(span.start <= base + k < span.end for span in spans) for k in range(stop)]
    for k in range(start + 1, stop + 1):
        if k == len(text) or inside[k] != inside[start]:
            piece = escape_html("".join(c if c == "\t" or c.isprintable() else "�" for c in text[start:k]))
            parts.append(f"<mark>{piece}</mark>" if inside[start] else piece)
            start = k
    return "".join(parts) + rest


def _open_questions(summary: Summary, links: str) -> Iterator[str]:
    questions = list(open_questions(summary.undecided))
    if not questions:
        return
    yield '<h2 id="open">Open questions</h2>\n'
    yield "<p>No verdict is given where something could not be understood.</p>\n<ul>\n"
    for question in questions:
        place = ""
        if question.span is not None:
            where = f"<code>{text_of(relative(question.span.where))}</code>"
            place = f" {_linked(where, link(links, question.span))}"
        yield f"<li>{text_of(str(question))}{place}</li>\n"
    yield "</ul>\n"


def _suppressed(summary: Summary) -> Iterator[str]:
    items = [item for checked in summary.checked for item in checked.report.suppressed]
    if not items:
        return
    yield f"<details><summary>{counted(len(items), 'finding')} suppressed</summary>\n<ul>\n"
    for item in items:
        why = f": {item.reason}" if item.reason else ""
        text = f"{item.finding.code} {item.finding.message} ({item.by}{why}, {relative(item.origin.where)})"
        yield f"<li>{text_of(text)}</li>\n"
    yield "</ul>\n</details>\n"


def _files(files: Sequence[FileReport]) -> Iterator[str]:
    yield '<h2 id="files">Files</h2>\n<div class="scroll"><table>\n<thead><tr>'
    heads = ("file", "format", "statements", "without effect here", "not modelled", "not understood")
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead>\n<tbody>\n"
    for report in files:
        loaded = "" if report.loaded else " (not loaded)"
        cells = (report.statements, report.inert, report.unmodelled, report.unparsed)
        row = "".join(f"<td>{number}</td>" for number in cells)
        name = f"{relative(report.file.path)}{loaded}"
        yield f"<tr><td><code>{text_of(name)}</code></td><td>{text_of(report.format)}</td>{row}</tr>\n"
    yield "</tbody>\n</table></div>\n"


def _explanations(findings: Sequence[Finding]) -> Iterator[str]:
    codes = sorted({finding.code for finding in findings})
    if not codes:
        return
    yield '<h2 id="codes">What the codes mean</h2>\n'
    for code in codes:
        check = load(code)
        sections = check.documentation()
        yield f'<details id="{code}"><summary>{code} {text_of(check.name)}: {text_of(check.summary())}</summary>\n'
        for title in ("What it does", "Why it matters", "References"):
            yield f"<p><b>{title}.</b> {text_of(sections[title]).replace('`', '')}</p>\n"
        yield "</details>\n"
