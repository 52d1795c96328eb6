"""A negotiation for people: the answer first, then message by message what is in it and which lines decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.trace import Mark
from spdcheck.output.columns import pad, width_of, wrap
from spdcheck.output.trace_parts import Places, mark_text
from spdcheck.semantics.ike.outcome import Agreed, Refused, Unknown
from spdcheck.semantics.ike.phase2 import EXCHANGE as QUICK_MODE
from spdcheck.semantics.ike.words import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.engine.ike import Negotiation
    from spdcheck.model.host import Site
    from spdcheck.output.terminal import Look
    from spdcheck.semantics.ike.outcome import Message, Outcome, Refusal
    from spdcheck.source import Span

_LEAST_TEXT = 24
_TITLE = 12


def render(negotiations: Iterable[Negotiation], site: Site, look: Look) -> Iterator[str]:
    """Every negotiation, one behind the other."""
    page = _Page(site, look)
    for number, negotiation in enumerate(negotiations):
        if number:
            yield "\n"
        yield from page.negotiation(negotiation)


class _Page:
    def __init__(self, site: Site, look: Look) -> None:
        self._look = look
        self._places = Places(site)
        self._arrow = "->" if look.ascii_only else "→"
        self._shown: set[tuple[Message, ...]] = set()

    def negotiation(self, negotiation: Negotiation) -> Iterator[str]:
        outcome, paint = negotiation.outcome, self._look.paint
        title = f"{negotiation.initiator} {self._arrow} {negotiation.responder}"
        if outcome is None:
            lead = self._look.text(f"{title}: ")
            yield from self._lines(paint(lead, "strong"), lead, negotiation.why_not, 2)
            return
        about = f" for {negotiation.about}" if negotiation.about else ""
        lead = self._look.text(f"{title}{about}: ")
        yield from self._lines(paint(lead, "strong"), lead, _answer(outcome), 2, _role(outcome))
        yield from self._summary(outcome)
        yield from self._messages(outcome.messages)
        refusal = outcome.refusal if isinstance(outcome, Refused | Unknown) else None
        if refusal is not None:
            yield from self._logs(refusal)

    def _messages(self, messages: tuple[Message, ...]) -> Iterator[str]:
        """All messages; a phase 1 that was shown before is left out."""
        first = tuple(message for message in messages if message.exchange != QUICK_MODE)
        if len(first) < len(messages) and first in self._shown:
            yield "\n" + self._look.paint("  phase 1 as above", "dim") + "\n"
            messages = messages[len(first) :]
        self._shown.add(first)
        for message in messages:
            yield "\n"
            yield from self._message(message)

    def _summary(self, outcome: Outcome) -> Iterator[str]:
        if isinstance(outcome, Agreed):
            yield from self._agreed(outcome)
        if isinstance(outcome, Unknown):
            for doubt in outcome.doubts:
                yield from self._titled("not known", doubt.reason, doubt.span)
            if outcome.agreed is not None:
                yield from self._agreed(outcome.agreed)
        refusal = outcome.refusal if isinstance(outcome, Refused | Unknown) else None
        if refusal is not None:
            yield from self._titled("because", refusal.reason, None)
            for place in refusal.places:
                yield from self._titled("", f"{place.host}: {place.text}", place.span)
            if refusal.mend:
                yield from self._titled("mend", refusal.mend, None, "mend")

    def _agreed(self, agreed: Agreed) -> Iterator[str]:
        first = agreed.phase1
        life = duration(first.seconds, first.kilobytes)
        yield from self._titled("ISAKMP SA", f"{first.mode.value} mode, {first}, {life}", None)
        second = agreed.phase2
        if second is not None:
            for sa in second.sas:
                pfs = "no PFS" if second.pfs_group is None else f"PFS group {second.pfs_group}"
                text = f"{sa}, {pfs}, {duration(second.seconds, second.kilobytes)}"
                yield from self._titled("IPsec SA", text + (", in UDP 4500" if agreed.udp else ""), None)
            by = f", policies made by {agreed.responder}" if second.makes_policies else ""
            yield from self._titled("for", f"{second.ids}{by}", None)
        for doubt in agreed.assumptions:
            yield from self._titled("assumed", doubt.reason, doubt.span)

    def _message(self, message: Message) -> Iterator[str]:
        head = f"  {message.number} {message.sender} {self._arrow} {message.receiver}"
        way = f"{message.exchange}, udp {message.port}"
        yield f"{self._look.paint(self._look.text(head), 'strong')}  {self._look.paint(way, 'dim')}\n"
        for item in message.content:
            yield from self._placed("      ", "      ", item.text, item.span)
        for decision in message.decisions:
            mark = mark_text(Mark.OK if decision.accepted else Mark.FAIL, self._look)
            lead = f"    {mark} {decision.host}: "
            role = "good" if decision.accepted else "error"
            painted = f"    {self._look.paint(mark, role)} {self._look.text(decision.host)}: "
            yield from self._placed(painted, lead, decision.text, decision.span)

    def _logs(self, refusal: Refusal) -> Iterator[str]:
        hosts = dict.fromkeys(log.host for log in refusal.logs)
        for host in hosts:
            yield "\n"
            yield self._look.paint(self._look.text(f"  log of {host}"), "strong") + "\n"
            for log in refusal.logs:
                if log.host == host:
                    yield from self._lines("    ", "    ", log.line, 6)

    def _titled(self, title: str, text: str, span: Span | None, role: str = "dim") -> Iterator[str]:
        lead = f"  {title.ljust(_TITLE)}"
        yield from self._placed(self._look.paint(lead, role), lead, text, span)

    def _placed(self, painted: str, lead: str, text: str, span: Span | None) -> Iterator[str]:
        """A text that runs in its column, with its place at the right end of its first line."""
        indent = width_of(lead)
        place = self._look.text(self._places.short(span))
        room = self._look.width - indent - (width_of(place) + 2 if place else 0)
        if place and room < _LEAST_TEXT:
            yield from self._lines(painted, lead, text, indent)
            yield " " * indent + self._look.paint(place, "dim") + "\n"
            return
        first, *rest = wrap(self._look.text(text), self._look.width - indent, first=room) or [""]
        tail = f"  {self._look.paint(place, 'dim')}" if place else ""
        yield f"{painted}{pad(first, room) if place else first}{tail}\n"
        for line in rest:
            yield " " * indent + line + "\n"

    def _lines(self, painted: str, lead: str, text: str, indent: int, role: str = "") -> Iterator[str]:
        room = self._look.width - width_of(lead)
        first, *rest = wrap(self._look.text(text), self._look.width - indent, first=room) or [""]
        yield painted + self._look.paint(first, role) + "\n"
        for line in rest:
            yield " " * indent + self._look.paint(line, role) + "\n"


def _answer(outcome: Outcome) -> str:
    if isinstance(outcome, Agreed):
        return "comes up" if outcome.phase2 is not None else "phase 1 comes up, nothing asks for phase 2"
    if isinstance(outcome, Unknown):
        return "nobody can tell"
    refusal = outcome.refusal
    return f"refused by {refusal.by} in phase {refusal.step.phase}, {refusal.step.value} ({refusal.cause.value})"


def _role(outcome: Outcome) -> str:
    if isinstance(outcome, Agreed):
        return "good"
    return "warning" if isinstance(outcome, Unknown) else "error"
