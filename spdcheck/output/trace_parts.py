"""What every form of a trace shares: the answer in one line, marks, short names of places, what a wire gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.remedy import failed_part
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.model.protocols import UDP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.engine.trace import Trace, Wire
    from spdcheck.model.host import Site
    from spdcheck.output.terminal import Look
    from spdcheck.source import SourceFile, Span

_ASCII_MARK = {Mark.OK: "+", Mark.FAIL: "x", Mark.PROTECT: "#", Mark.CHANGE: "~", Mark.SKIP: "-", Mark.UNKNOWN: "?"}
GOOD = (Disposition.DELIVERED,)


def answer(trace: Trace) -> tuple[Mark, Disposition, str]:
    """What the trace says in one line: of the way back, where the way there is fine and the way back is not."""
    found, sentence = trace.disposition, trace.sentence
    part = failed_part(trace)
    if part is not None and part is not trace:
        found, sentence = part.disposition, f"the reply does not get back: {part.sentence}"
    mark = Mark.OK if found in GOOD else Mark.UNKNOWN if found is Disposition.UNKNOWN else Mark.FAIL
    if mark is Mark.OK and any(wire.untrusted for wire in trace.wires):
        clear = any(is_clear(wire) for wire in trace.wires)
        sentence += ", protected on the way" if trace.protected else ", in clear on the way" if clear else ""
    return mark, found, sentence


def notes(trace: Trace, site: Site) -> Iterator[str]:
    """What the trace takes for granted: policies count as loaded, even where no boot script loads them."""
    decided = {step.origin.file for part in (trace, trace.reply) if part for step in part.steps
               if isinstance(step, Step) and step.origin is not None}  # fmt: skip
    for host in site.hosts:
        service = next((service for service in host.services if service.name == "ipsec"), None)
        if service is None or service.enabled or not any(script.file in decided for script in host.scripts):
            continue
        yield f"the policies of {host.name} count as loaded, but nothing loads them at boot ({service.origin.where})"


def mark_text(mark: Mark, look: Look) -> str:
    """The symbol of a mark, in ASCII where need be."""
    return _ASCII_MARK[mark] if look.ascii_only else mark.value


class Places:
    """Short names for the lines of a site's files: the last part of the path, and more where it would not be enough."""

    def __init__(self, site: Site) -> None:
        self._names: dict[SourceFile, str] = {}
        for host in site.hosts:
            paths = [report.file.path for report in host.files]
            for report in host.files:
                self._names[report.file] = _shortest(report.file.path, paths)

    def shorten(self, text: str) -> str:
        """A sentence with the short names instead of the paths of files."""
        for file, name in self._names.items():
            if f"{file.path}:" in text:
                text = text.replace(f"{file.path}:", f"{name}:")
        return text

    def short(self, span: Span | None) -> str:
        """``ipsec.conf:4``; the host is in the heading already."""
        if span is None:
            return ""
        name = self._names.get(span.file) or span.file.path.rpartition("/")[2]
        return f"{name}:{span.begin.line}"


def _shortest(path: str, paths: Iterable[str]) -> str:
    parts = path.split("/")
    for number in range(1, len(parts)):
        tail = "/".join(parts[-number:])
        if sum(other == tail or other.endswith(f"/{tail}") for other in paths) == 1:
            return tail
    return path


def is_protected(wire: Wire) -> bool:
    """Some layer of what is on the wire is ESP or AH."""
    return not {"esp", "ah"}.isdisjoint(wire.form.replace("}", "").split("{"))


def is_clear(wire: Wire) -> bool:
    """The packet can be read on an untrusted wire; the key exchange protects itself."""
    packet = wire.packet
    exchange = packet.protocol == UDP and {packet.source_port, packet.destination_port} <= {500, 4500}
    return wire.untrusted and not is_protected(wire) and not exchange
