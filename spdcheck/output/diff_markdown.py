"""A change as the comment that a bot writes under a pull request: Markdown, the traces folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.wording import packets_in_words
from spdcheck.output.diff_text import extent, summary
from spdcheck.output.markdown import code, escaped, within_html
from spdcheck.output.summary import open_questions
from spdcheck.output.terminal import Look
from spdcheck.output.trace_text import render as whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.change import Change
    from spdcheck.checks.finding import Finding
    from spdcheck.engine.differences import Difference

_SIGNS = {"exposed": "🔴", "closed": "🟠", "opened": "🟠", "unanswered": "🟠", "undecided": "❔", "decided": "ℹ️"}
_LOOK = Look()


def render(change: Change, names: tuple[str, str]) -> str:
    """The whole comment."""
    return "\n".join(_lines(change, names)) + "\n"


def _lines(change: Change, names: tuple[str, str]) -> Iterator[str]:
    yield f"### spdcheck: {escaped(summary(change))}"
    yield ""
    yield escaped(extent(change, names))
    yield ""
    for item in change.traffic.found:
        yield from _difference(change, item)
    for doubt in change.traffic.doubts:
        about = f"{packets_in_words(doubt.packets)}: " if doubt.packets else ""
        yield f"- ❔ {escaped(about + doubt.reason)}"
    for title, findings in (("Findings that appear", change.appeared), ("Findings that disappear", change.disappeared)):
        if findings:
            yield ""
            yield f"#### {title}"
            yield ""
            yield "| | finding | where |"
            yield "|---|---|---|"
            yield from (_row(finding) for finding in findings)
    questions = [str(question) for question in open_questions(change.newly_open)]
    if questions:
        yield ""
        yield "#### No verdict any more"
        yield ""
        yield from (f"- {escaped(question)}" for question in questions)


def _difference(change: Change, item: Difference) -> Iterator[str]:
    sign = _SIGNS.get(item.kind.value, "🟢")
    yield f"{sign} **{item.kind.value}**: {escaped(f'{packets_in_words(item.packets)} {item.sentence}')}"
    yield ""
    yield f"<details><summary>witness: <code>{within_html(str(item.before.packet))}</code></summary>"
    yield ""
    for word, part, site in (("before", item.before, change.old), ("now", item.after, change.new)):
        yield f"**{word}**"
        yield ""
        yield "~~~~~~text"
        yield "".join(whole(part, site, _LOOK)).rstrip("\n").replace("~~~~~~", "~ ~ ~ ~ ~ ~")
        yield "~~~~~~"
        yield ""
    yield "</details>"
    yield ""


def _row(finding: Finding) -> str:
    where = code(finding.span.where)
    return f"| {finding.severity.value} | **{finding.code}** {escaped(finding.message)} | {where} |"
