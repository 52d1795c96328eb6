"""A trace for people: the answer first, then one line a stage, with the line of configuration that decided.

The marks: ✓ passes, ◆ protected, ⇄ changed, – left out, ✗ stopped, ? not known. They stand without colour too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.trace import Disposition, Mark, Step, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Host, Site
    from spdcheck.output.terminal import Look

_ROLE = {
    Mark.OK: "good",
    Mark.FAIL: "error",
    Mark.PROTECT: "related",
    Mark.CHANGE: "warning",
    Mark.SKIP: "dim",
    Mark.UNKNOWN: "warning",
}
_ASCII_MARK = {Mark.OK: "+", Mark.FAIL: "x", Mark.PROTECT: "#", Mark.CHANGE: "~", Mark.SKIP: "-", Mark.UNKNOWN: "?"}
GOOD = (Disposition.DELIVERED,)


def render(trace: Trace, site: Site, look: Look, *, verbose: bool = False) -> Iterator[str]:
    """The whole trace: answer, way there, way back."""
    yield _headline(trace, look)
    yield look.paint(f"  {_facts(site)}", "dim") + "\n"
    number = 0
    for title, part in (("Forward", trace), ("Reply", trace.reply)):
        if part is None:
            continue
        yield f"\n{look.paint(title.ljust(9), 'strong')}{look.text(str(part.packet))} {part.packet.length} B\n"
        lines, number = _way(part, site, look, number, verbose=verbose)
        yield from lines


def _headline(trace: Trace, look: Look) -> str:
    found, sentence = trace.disposition, trace.sentence
    if trace.reply is not None and trace.reply.disposition not in GOOD and found in GOOD:
        found, sentence = trace.reply.disposition, f"the reply does not get back: {trace.reply.sentence}"
    fine = found in GOOD
    mark = Mark.OK if fine else Mark.UNKNOWN if found is Disposition.UNKNOWN else Mark.FAIL
    guarded = ""
    if fine and trace.wires:
        crossed = [wire for wire in trace.wires if wire.untrusted]
        guarded = ", protected on the way" if trace.protected else ", in clear" if crossed else ""
    word = f"{_mark(mark, look)} {found.value}"
    return f"{look.paint(word, 'good' if fine else 'error')}  {look.text(sentence)}{guarded}\n"


def _facts(site: Site) -> str:
    files = [report for host in site.hosts for report in host.files]
    lost = sum(report.unparsed + report.unmodelled for report in files)
    rest = "all read" if not lost else f"{lost} not understood"
    hosts = f"{len(site.hosts)} host{'s' if len(site.hosts) != 1 else ''}"
    statements = sum(report.statements for report in files)
    return f"site {site.name} · {hosts} · {len(files)} files · {statements} statements, {rest}"


def _mark(mark: Mark, look: Look) -> str:
    return _ASCII_MARK[mark] if look.ascii_only else mark.value


def _way(trace: Trace, site: Site, look: Look, number: int, *, verbose: bool) -> tuple[list[str], int]:
    hosts = {host.name: host for host in site.hosts}
    lines: list[str] = []
    current = ""
    for step in trace.steps:
        if isinstance(step, Wire):
            if step.untrusted or verbose:
                lines.append(_wire(step, look))
            continue
        if step.host != current:
            current = step.host
            lines.append(_heading(hosts.get(current), current, look))
        number += 1
        lines.append(_step(step, number, look))
        if step.packet is not None and (verbose or step.stage not in ("ENCAP", "DECAP", "DEVICE")):
            lines.append(look.paint(f"       now {look.text(str(step.packet))} {step.length} B", "dim") + "\n")
    return lines, number


def _heading(host: Host | None, name: str, look: Look) -> str:
    words = [name]
    if host is not None and host.platform is not None:
        release = ".".join(str(part) for part in host.release)
        words.append(f"{host.platform.value} {release}".strip())
    line = look.text(f" ── {' · '.join(words)} ")
    dash = "-" if look.ascii_only else "─"
    return look.paint(line + dash * max(3, look.width - len(line)), "frame") + "\n"


def _wire(wire: Wire, look: Look) -> str:
    where = "untrusted wire" if wire.untrusted else f"wire at {wire.interface}"
    line = look.text(f" ══ {where} ══  {wire.packet} {wire.length} B  {wire.form} ")
    dash = "=" if look.ascii_only else "═"
    return look.paint(line + dash * max(3, look.width - len(line)), "related") + "\n"


def _step(step: Step, number: int, look: Look) -> str:
    place = "" if step.origin is None else _short(step.origin.where)
    verdict = "" if step.verdict == step.interface else step.verdict
    head = f"{number:>3} {_mark(step.mark, look)} {step.stage:<11} {step.interface:<6} {verdict:<12}"
    rest = f"{look.text(step.detail)}"
    room = look.width - len(head) - 2
    tail = f"{place}  {rest}" if place else rest
    if len(tail) > room > 20:
        tail = tail[: room - len(look.ellipsis)] + look.ellipsis
    painted = look.text(head)
    return look.paint(painted, _ROLE[step.mark]) + f" {look.text(tail)}".rstrip() + "\n"


def _short(where: str) -> str:
    """A place by the last parts of its path: the host is in the heading already."""
    parts = where.split("/")
    return "/".join(parts[-2:]) if len(parts) > 2 else where


def brief(trace: Trace, look: Look) -> str:
    """The way on one line: ``a: SPD◆ ENCAP⇄ ═ b: DECAP⇄ SPD◆ DELIVERED ═ reply: …``."""
    words = [_brief_way(trace, look), trace.disposition.value]
    if trace.reply is not None:
        words += ["═ reply:", _brief_way(trace.reply, look), trace.reply.disposition.value]
    return look.text(" ".join(words)) + "\n"


def _brief_way(trace: Trace, look: Look) -> str:
    words: list[str] = []
    host = ""
    for step in trace.steps:
        if isinstance(step, Wire):
            if step.untrusted:
                words.append("═")
            continue
        if step.host != host:
            host = step.host
            words.append(f"{host}:")
        stage = step.stage.replace(" ", "-")
        failed = step.mark in (Mark.FAIL, Mark.UNKNOWN)
        at = f" {_short(step.origin.where)}" if failed and step.origin is not None else ""
        words.append(f"{stage}{_mark(step.mark, look)}{at}")
    return " ".join(words)
