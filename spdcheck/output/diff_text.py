"""A change for people: the gravest first, each with a packet that shows it and its way before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.wording import packets_in_words
from spdcheck.output.columns import wrap
from spdcheck.output.concise import finding_line
from spdcheck.output.full import block, heading
from spdcheck.output.summary import counted, open_questions
from spdcheck.output.trace_text import brief, headline
from spdcheck.output.trace_text import render as whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.change import Change
    from spdcheck.engine.differences import Difference, Doubt
    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Site
    from spdcheck.output.terminal import Look

_ROLES = {"exposed": "error", "closed": "warning", "opened": "warning", "unanswered": "warning", "undecided": "warning"}


def render(change: Change, names: tuple[str, str], look: Look, *, verbose: bool = False) -> Iterator[str]:
    """The traffic, the findings, the open questions, and one line with the sum."""
    for item in change.traffic.found:
        yield from _difference(change, item, look, verbose=verbose)
    for doubt in change.traffic.doubts:
        yield "".join(f"{line}\n" for line in _doubt(doubt, look)) + "\n"
    for title, site, findings, role in (
        ("findings that appear", change.new, change.appeared, "error"),
        ("findings that disappear", change.old, change.disappeared, "good"),
    ):
        if findings:
            yield heading(title, look) + "\n"
            for finding in findings:
                if verbose and role == "error":
                    yield "\n" + block(finding, site, look)
                else:
                    yield finding_line(finding, look)
            yield "\n"
    for question in open_questions(change.newly_open):
        yield from _wrapped("no verdict any more:", "warning", str(question), look)
    yield from _wrapped(f"{summary(change)}:", "strong", extent(change, names), look)


def summary(change: Change) -> str:
    """``1 exposed, 2 closed; 1 finding appears, 3 disappear`` or ``no packet fares differently``."""
    counts: dict[str, int] = {}
    for item in change.traffic.found:
        counts[item.kind.value] = counts.get(item.kind.value, 0) + 1
    flows = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    lost = len(change.traffic.doubts)
    words = [f"traffic {flows}"] if flows else ["no packet fares differently" if not lost else "no change is proved"]
    words += [f"{counted(lost, 'doubt')}"] if lost else []
    for number, verb in ((len(change.appeared), "appear"), (len(change.disappeared), "disappear")):
        if number:
            words.append(f"{counted(number, 'finding')} {verb}{'s' if number == 1 else ''}")
    return ", ".join(words)


def extent(change: Change, names: tuple[str, str]) -> str:
    """What was compared, and how much of it."""
    if not change.changed and not change.touched:
        return f"{names[0]} and {names[1]} say the same"
    hosts = ", ".join(change.changed) or "none"
    return (
        f"from {names[0]} to {names[1]}, changed hosts: {hosts}; {counted(len(change.touched), 'host')} of "
        f"{len(change.new.hosts)} looked at"
    )


def _difference(change: Change, item: Difference, look: Look, *, verbose: bool) -> Iterator[str]:
    lead = look.paint(item.kind.value, _ROLES.get(item.kind.value, "good"))
    text = f"{packets_in_words(item.packets)} {item.sentence}"
    first, *more = wrap(look.text(text), look.width - 2, first=look.width - len(item.kind.value) - 2)
    yield f"{lead}: {first}\n" + "".join(f"  {line}\n" for line in more)
    for word, part, site in (("before", item.before, change.old), ("now", item.after, change.new)):
        yield from _way(word, part, site, look, verbose=verbose)
    yield "\n"


def _way(word: str, part: Trace, site: Site, look: Look, *, verbose: bool) -> Iterator[str]:
    if word == "before":
        yield f"  witness: {look.text(str(part.packet))}\n"
    if verbose:
        yield heading(word, look) + "\n" + "".join(whole(part, site, look))
        return
    sentence = " ".join("".join(headline(part, look)).split())
    yield from _wrapped(f"  {word:7}", "dim", sentence, look)
    for line in wrap(brief(part, site, look).strip(), look.width - 10):
        yield f"          {line}\n"


def _doubt(doubt: Doubt, look: Look) -> Iterator[str]:
    about = f"{packets_in_words(doubt.packets)}: " if doubt.packets else ""
    place = f" ({doubt.place.where})" if doubt.place is not None else ""
    first, *more = wrap(look.text(f"{about}{doubt.reason}{place}"), look.width - 2, first=look.width - 8)
    yield f"{look.paint('doubt', 'warning')}: {first}"
    for line in more:
        yield f"  {line}"


def _wrapped(lead: str, role: str, text: str, look: Look) -> Iterator[str]:
    first, *more = wrap(look.text(text), look.width - 10, first=look.width - len(lead) - 1)
    yield f"{look.paint(lead, role)} {first}\n" + "".join(f"          {line}\n" for line in more)
