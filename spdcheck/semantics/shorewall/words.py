"""Small texts inside of settings and parameters: actions with parameters and log levels."""

from __future__ import annotations

from spdcheck.model.shorewall_columns import Action, Log
from spdcheck.source import Span  # noqa: TC001


def split_top(text: str, separator: str) -> list[str]:
    """The parts between separators that stand in no parentheses."""
    found, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == separator and depth == 0:
            found.append(text[start:place])
            start = place + 1
    return [*found, text[start:]]


def action_of(text: str, origin: Span) -> Action:
    """``name(parameters)modifier:level:tag`` as a value."""
    head, *rest = split_top(text, ":")
    log = None
    if rest and rest[0]:
        log = Log(rest[0].rstrip("!"), rest[1] if len(rest) > 1 else "", rest[0].endswith("!"), origin)
    modifier = head[-1] if head[-1:] in ("+", "-", "!") else ""
    head = head[:-1] if modifier else head
    slash = "/" in head and "(" not in head
    if slash:
        name, _, inner = head.partition("/")
        return Action(name, (inner,) if inner else (), modifier, log, origin, slash=True)
    name, bracket, inner = head.partition("(")
    parameters: tuple[str, ...] = ()
    if bracket:
        inner = inner[: inner.rfind(")")] if ")" in inner else inner
        parameters = tuple(part.strip() for part in split_top(inner, ",")) if inner else ()
    return Action(name.strip(), parameters, modifier, log, origin)


def action_list(text: str, origin: Span) -> tuple[Action, ...]:
    """Several of them, with commas."""
    return tuple(action_of(part.strip(), origin) for part in split_top(text, ",") if part.strip())
