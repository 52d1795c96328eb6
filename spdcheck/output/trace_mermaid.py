"""A trace as a Mermaid sequence diagram, which GitHub and GitLab draw in Markdown: hosts, notes and wires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.trace import Disposition, Mark, Step, Wire
from spdcheck.output.columns import plain
from spdcheck.output.trace_parts import Places, answer, is_clear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Site

_KEPT = frozenset(" .,:/()[]→✓✗◆⇄–?…+_=@*-σ")
"""What Mermaid takes as it is; everything else becomes an entity code."""
_LONGEST_NOTE = 46


def render(trace: Trace, site: Site) -> str:
    """The diagram as text."""
    return "\n".join(_lines(trace, site)) + "\n"


def _lines(trace: Trace, site: Site) -> Iterator[str]:
    names: dict[str, str] = {}
    for part in (trace, trace.reply):
        for host in (*(step.host for step in part.steps), part.where) if part is not None else ():
            names.setdefault(host, f"h{len(names)}")
    systems = {host.name: host for host in site.hosts}
    mark, found, sentence = answer(trace)
    yield "sequenceDiagram"
    yield "    autonumber"
    for host, alias in names.items():
        known = systems.get(host)
        system = "" if known is None or known.platform is None else known.platform.value
        release = "" if known is None else ".".join(str(part) for part in known.release)
        below = f"<br/>{escaped(f'{system} {release}'.strip())}" if system else ""
        yield f"    participant {alias} as {escaped(host)}{below}"
    places = Places(site)
    number = 0
    for title, part in (("Forward", trace), ("Reply", trace.reply)):
        if part is None:
            continue
        yield from _way(part, title, names, places, number)
        number += sum(isinstance(step, Step) for step in part.steps)
    over = ",".join(dict.fromkeys((next(iter(names.values()), "h0"), next(reversed(names.values()), "h0"))))
    if names:
        yield f"    Note over {over}: {mark.value} {found.value} {escaped(sentence.removeprefix('delivered '))}"


def _way(part: Trace, title: str, names: dict[str, str], places: Places, number: int) -> Iterator[str]:
    steps = [step for step in part.steps if not isinstance(step, Wire) or step.untrusted]
    if steps:
        yield f"    Note over {names[steps[0].host]}: {title}<br/>{escaped(str(part.packet))}"
    notes: list[str] = []
    for index, step in enumerate(steps):
        if isinstance(step, Step):
            number += 1
            notes.append(_note(step, number, places))
            following = steps[index + 1] if index + 1 < len(steps) else None
            if isinstance(following, Step) and following.host == step.host:
                continue
        if notes:
            yield f"    Note over {names[step.host]}: {'<br/>'.join(notes)}"
            notes = []
        if isinstance(step, Wire):
            after = next((s.host for s in steps[index + 1 :] if s.host != step.host), part.where)
            arrow = "--x" if part.disposition is Disposition.LEAKED else "-->>" if is_clear(step) else "->>"
            clear = " in clear" if is_clear(step) else ""
            packet = escaped(f"{step.packet} {step.length} B")
            yield f"    {names[step.host]}{arrow}{names.get(after, names[step.host])}: {packet}{clear}"
    yield f"    Note over {names[part.where]}: {_end(part)}"


def _note(step: Step, number: int, places: Places) -> str:
    verdict = "" if step.verdict == step.interface else step.verdict
    words = [str(number), step.mark.value, step.stage, step.interface, verdict, places.short(step.origin)]
    text = " ".join(word for word in words if word)
    if step.mark in (Mark.FAIL, Mark.UNKNOWN):
        text = f"{text} {step.detail}"
    return escaped(text if len(text) <= _LONGEST_NOTE else text[: _LONGEST_NOTE - 1].rstrip() + "…")


def _end(part: Trace) -> str:
    mark = "✓" if part.disposition is Disposition.DELIVERED else "✗"
    if part.disposition is Disposition.UNKNOWN:
        mark = "?"
    guarded = ", protected" if part.protected and mark == "✓" else ""
    return f"{mark} {part.disposition.value}{guarded}"


def escaped(text: str) -> str:
    """A text that Mermaid shows as it is: everything that it could read as syntax becomes ``#code;``.

    A lone ``end`` would close a block, so that its first letter is written as a code too.
    """
    shown = "".join(c if c.isalnum() or c in _KEPT else f"#{ord(c)};" for c in plain(text))
    return " ".join(f"#{ord(word[0])};{word[1:]}" if word.lower() == "end" else word for word in shown.split(" "))
