"""Findings for people at a terminal: the headline, every place as an excerpt, the witness, the mend.

::

    error[SPD004] selector-mismatch: forsberg protects only half of what fedorov sends
       --> fedorov/etc/ipsec.conf:7:8 (fedorov)
        │
      7 │ spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
        │        ━━━━━━━━━━━ all of 10.1.0.0/16
        │
       ::: forsberg/etc/ipsec.conf:9:8 (forsberg)
        │
      9 │ spdadd 10.1.0.0/17 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
        │        ─────────── only 10.1.0.0/17
        │
        = witness: tcp 10.1.128.1:40000 → 10.2.0.9:443
        = mend: write 10.1.0.0/16
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Certainty
from spdcheck.output.columns import width_of, wrap
from spdcheck.output.links import link
from spdcheck.output.snippet import Mark, excerpt, number_width
from spdcheck.output.summary import Summary, last_line, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.model.host import Site
    from spdcheck.output.summary import Checked
    from spdcheck.output.terminal import Look
    from spdcheck.source import SourceFile

_MOST_NOTES = 12
"""More related places than this are counted, not shown; ``--format json`` has them all."""

_CERTAINTY = {
    Certainty.MODELLED: "modelled",
    Certainty.POSSIBLE: "possible: the model is incomplete here",
}


def render(checked: Sequence[Checked], look: Look) -> Iterator[str]:
    """Every finding of every site and, at the end, the summary. Sites have headings where there are several."""
    for one in checked:
        if len(checked) > 1:
            yield heading(one.site.name, look) + "\n\n"
        hosts = _hosts_of_files(one.site)
        for finding in one.report.findings:
            yield _block(finding, one.site, hosts, look)
        if len(checked) > 1:
            yield "\n".join(lines(Summary((one,)), look)) + "\n\n"
    if len(checked) > 1:
        yield heading(f"all {len(checked)} sites", look) + "\n\n"
        yield "\n".join(last_line(Summary(tuple(checked)), look)) + "\n"
    else:
        yield "\n".join(lines(Summary(tuple(checked)), look)) + "\n"


def block(finding: Finding, site: Site, look: Look) -> str:
    """One finding alone, with an empty line behind it."""
    return _block(finding, site, _hosts_of_files(site), look)


def _block(finding: Finding, site: Site, hosts: Mapping[str, str], look: Look) -> str:
    return "\n".join(_finding(finding, site, hosts, look)) + "\n\n"


def heading(text: str, look: Look) -> str:
    """A rule across the page with a name in it."""
    rule = "-" if look.ascii_only else "─"
    name = look.text(text)
    behind = max(3, min(look.width, 100) - width_of(name) - 4)
    return f"{look.paint(rule * 2, 'frame')} {look.paint(name, 'strong')} {look.paint(rule * behind, 'frame')}"


def _hosts_of_files(site: Site) -> Mapping[str, str]:
    """Whose file it is, by path."""
    return {report.file.path: host.name for host in site.hosts for report in host.files}


def _finding(finding: Finding, site: Site, hosts: Mapping[str, str], look: Look) -> Iterator[str]:
    role = finding.severity.value
    yield from _headline(finding, look)
    marks = [Mark(finding.span, finding.label, primary=True, role=role)]
    marks += [Mark(note.span, note.text) for note in finding.notes[:_MOST_NOTES]]
    excerpts: dict[SourceFile, list[Mark]] = {}
    for mark in marks:
        excerpts.setdefault(mark.span.file, []).append(mark)
    numbers = number_width(marks, look)
    bar = look.paint(f"{'':>{numbers}} {'|' if look.ascii_only else '│'}", "frame")
    loose: list[str] = []
    for number, (file, places) in enumerate(excerpts.items()):
        host = finding.host if number == 0 else hosts.get(file.path, "")
        if number and file.text:
            yield bar
        if file.text or number == 0:
            arrow = look.paint(f"{'':>{numbers}}{':::' if number else '-->'}", "frame")
            address = link(look.links, places[0].span)
            yield from _indented(f"{arrow} ", _where(places[0], host), numbers + 4, look, address)
        if file.text:
            yield from excerpt(places, look, numbers)
        else:
            loose += [f"{file.path}: {m.label}" if number else m.label for m in places if m.label]
    if any(file.text for file in excerpts):
        yield bar
    if len(finding.notes) > _MOST_NOTES:
        loose.append(f"and {len(finding.notes) - _MOST_NOTES} more places")
    yield from _footer(finding, site, loose, numbers, look)


def _headline(finding: Finding, look: Look) -> Iterator[str]:
    """``error[SPD004] selector-mismatch: message``, broken between words where it is too long."""
    start = f"{finding.severity.value}[{finding.code}]"
    first, *more = wrap(look.text(f"{start} {finding.name}: {finding.message}"), look.width)
    if first.startswith(start):
        yield look.paint(start, finding.severity.value) + look.paint(first[len(start) :], "strong")
    else:
        yield first
    for part in more:
        yield look.paint(part, "strong")


def _where(mark: Mark, host: str) -> str:
    span = mark.span
    place = f"{span.file.path}:{span.begin.line}:{span.begin.column}" if span.file.text else span.file.path
    return f"{place} ({host})" if host else place


def _footer(finding: Finding, site: Site, loose: Iterable[str], numbers: int, look: Look) -> Iterator[str]:
    rows = [("note", text, "related") for text in loose]
    if finding.witness is not None:
        rows.append(("witness", str(finding.witness), "strong"))
    if finding.trace is not None:
        from spdcheck.output.trace_text import brief

        rows.append(("trace", brief(finding.trace, site, look).rstrip(), "dim"))
    if finding.mend:
        rows.append(("mend", finding.mend, "mend"))
    if finding.certainty in _CERTAINTY:
        rows.append(("certainty", _CERTAINTY[finding.certainty], "dim"))
    for title, text, role in rows:
        sign = look.paint(f"{'':>{numbers}} =", "frame")
        first, *literal = text.split("\n")
        indent = numbers + 3
        lead = f"{title}: "
        yield from _indented(f"{sign} {look.paint(lead, role)}", first, indent + len(lead), look)
        for line in literal:
            yield f"{'':>{indent + 2}}{look.text(line)}".rstrip()


def _indented(lead: str, text: str, columns: int, look: Look, address: str = "") -> Iterator[str]:
    """A text behind a lead of so many columns, its further lines below its first word."""
    room = look.width - columns
    first, *more = wrap(look.text(text), max(room, 1))
    yield f"{lead}{look.linked(first, address)}".rstrip()
    for part in more:
        yield f"{'':>{columns}}{look.linked(part, address)}"
