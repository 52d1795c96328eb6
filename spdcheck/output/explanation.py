"""What a check says about itself: one page for ``explain``, one row each for ``rules``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.output.columns import wrap
from spdcheck.output.json import SCHEMA, dump

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.checks.base import Check
    from spdcheck.output.terminal import Look


def render(check: type[Check], look: Look) -> str:
    """The page of one check; examples keep their lines, prose is broken to the width."""
    severity = check.severity.value
    lines = [f"{look.paint(f'{check.code} {check.name}', 'strong')} ({look.paint(severity, severity)})", ""]
    lines += wrap(look.text(check.summary()), look.width)
    for title, body in check.documentation().items():
        lines += ["", look.paint(look.text(title), "strong"), ""]
        for number, part in enumerate(body.split("```")):
            # Every second part stands between fences; the rest of the fence's line is the language.
            lines += _example(part, look) if number % 2 else _prose(part, look)
    return "\n".join(lines) + "\n"


def _example(text: str, look: Look) -> Iterator[str]:
    for line in text.splitlines()[1:]:
        yield f"    {look.text(line)}".rstrip()


def _prose(text: str, look: Look) -> Iterator[str]:
    """Paragraphs and list items, each broken anew, with an empty line between paragraphs."""
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    for number, block in enumerate(blocks):
        if number:
            yield ""
        for item in re.split(r"\n(?=\s*(?:[-*|]|\d+\.)\s)", block.strip()):
            yield from (f"  {row}" for row in wrap(look.text(" ".join(item.split())), look.width - 2))


def as_table(checks: Iterable[type[Check]], look: Look) -> Iterator[str]:
    """One row a check: code, name, severity, the first sentence of its page."""
    listed = list(checks)
    columns = max((len(check.name) for check in listed), default=0)
    indent = 6 + 2 + columns + 2 + 7 + 2
    room = max(look.width - indent, 30)
    for check in listed:
        severity = check.severity.value
        first, *more = wrap(look.text(check.summary()), room)
        painted = look.paint(severity, severity) + " " * (7 - len(severity))
        yield f"{look.paint(check.code, 'strong')}  {check.name:{columns}}  {painted}  {first}"
        for part in more:
            yield " " * indent + part


def as_json(checks: Iterable[type[Check]]) -> str:
    """Every check with its whole page."""
    return dump(
        {
            "schema": SCHEMA,
            "rules": [
                {
                    "code": check.code,
                    "name": check.name,
                    "severity": check.severity.value,
                    "since": check.since,
                    "needs_peer": check.needs_peer,
                    "summary": check.summary(),
                    "sections": check.documentation(),
                }
                for check in checks
            ],
        }
    )


def as_markdown(checks: Iterable[type[Check]]) -> Iterator[str]:
    """A table for documentation."""
    yield "| code | name | severity | what it says |"
    yield "|---|---|---|---|"
    for check in checks:
        summary = check.summary().replace("|", "\\|")
        yield f"| {check.code} | {check.name} | {check.severity.value} | {summary} |"
