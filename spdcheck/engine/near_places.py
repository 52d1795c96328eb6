"""Rules that nearly fit: where the value stands by which they miss, and what to write there.

For people: nothing here takes part in a verdict.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.fields import (
    CONNECTION,
    DESTINATION,
    DESTINATION_PORT,
    IN_INTERFACE,
    IPSEC_IN,
    IPSEC_OUT,
    OUT_INTERFACE,
    SOURCE,
    SOURCE_PORT,
)
from spdcheck.semantics.packet import NEW
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.engine import evidence
    from spdcheck.engine.trace import Step

_SLIP = 2
"""Values so near to each other look like a slip of the pen."""
_CROSSING = {IN_INTERFACE.words: "comes in on", OUT_INTERFACE.words: "leaves by", IPSEC_IN.words: "",
             IPSEC_OUT.words: ""}  # fmt: skip
"""How people say by which interface a packet crosses a filter."""


class Place(NamedTuple):
    """A place in a file and what is to be said there."""

    span: Span
    label: str


def near(close: evidence.Tried) -> Place:
    """The place of the value that a rule has and the packet has not."""
    assert close.origin is not None, "only rules with a place are shown"
    miss = close.misses[0]
    return Place(inside(close.origin, miss.wanted), f"nearest miss: {_short(miss)}")


def is_slip(close: evidence.Tried) -> bool:
    """The value that the rule misses by looks mistyped: an address, rather than one of two services."""
    miss = close.misses[0]
    return miss.distance <= _SLIP and miss.what not in (SOURCE_PORT.words, DESTINATION_PORT.words)


def answers_only(step: Step, close: evidence.Tried) -> bool:
    """A rule that lets answers pass was never meant for what begins a connection."""
    begins = step.asked is not None and step.asked.packet.connection == NEW
    return begins and close.misses[0].what == CONNECTION.words


def passes(action: object) -> bool:
    """The action lets the packet through; that an interface is not filtered at all is no rule to widen."""
    return getattr(action, "passes", False) is True and getattr(action, "word", "") != "skip"


def _short(miss: evidence.Miss) -> str:
    if not miss.actual:
        return str(miss)
    if miss.what in _CROSSING:
        return f"the packet {_CROSSING[miss.what]} {miss.actual}".replace("  ", " ")
    return f"the packet's {miss.what} {'are' if miss.what.endswith('s') else 'is'} {miss.actual}"


def change(close: evidence.Tried) -> str:
    """What to write, where one value differs and looks as if it was meant."""
    miss = close.misses[0]
    if not miss.actual or close.origin is None:
        return ""
    where = close.origin.where
    if miss.distance <= _SLIP and inside(close.origin, miss.wanted) != close.origin:
        if miss.what in (SOURCE.words, DESTINATION.words) and "/" in miss.wanted and "/" not in miss.actual:
            return f"widen {miss.wanted} in {where} to hold {miss.actual}, or write a line of its own for this packet"
        return f"change {miss.wanted} to {miss.actual} in {where}"
    crossing = _CROSSING.get(miss.what)
    why = f"{_short(miss)}, not {miss.wanted}" if crossing is not None else str(miss)
    return f"if it was meant for this packet, widen {where}: {why}"


def inside(span: Span, word: str) -> Span:
    """The place of a word within a statement, or the statement."""
    for text in dict.fromkeys((word, word.partition("/")[0])):
        found = list(re.finditer(rf"(?<![\w.:/-]){re.escape(text)}(?![\w.:-])", span.text))
        if len(found) == 1:
            return Span(span.file, span.start + found[0].start(), span.start + found[0].end())
    return span
