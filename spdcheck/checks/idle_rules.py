"""Rules of packet filters that have no say, put together from the entries of their lists.

One rule may be several entries: its lists are written out, names have several addresses, and a rule without a direction
is in two lists. Only a rule all of whose entries have no say has none itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spdcheck.engine.questions import redundant, shadowed
from spdcheck.semantics.decision import Continue
from spdcheck.semantics.fields import CAPTURED
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.semantics.filters import RuleList
    from spdcheck.semantics.packet import Packet


class Idle(NamedTuple):
    """A rule without a say: those that decide instead (none: it asks for no possible packet), and one of its packets.

    ``unknown`` says why nobody can tell. ``in_chain`` tells that the rule is asked about some packets only.
    """

    origin: Span
    culprits: tuple[Span, ...]
    example: Packet | None = None
    unknown: str = ""
    in_chain: bool = False


def never_deciding(lists: Iterable[RuleList]) -> Iterator[Idle]:
    """The rules none of whose entries is ever the one that decides, in the order of the file."""
    known = [item for item in lists if not item.unknown]
    spoken = _spoken(known)
    found: dict[Span, list[Idle]] = {}
    for item in known:
        for shadow in shadowed(item.rules).found:
            if shadow.unknown and item.either:
                continue
            origin = _rule(item, shadow.entry)
            if origin is not None:
                places = (_rule(item, number) for number in shadow.culprits)
                culprits = tuple(dict.fromkeys(place for place in places if place is not None and place != origin))
                found.setdefault(origin, []).append(Idle(origin, culprits, shadow.example, shadow.unknown, item.either))
    for origin, idle in sorted(found.items(), key=lambda row: row[0].start):
        if len(idle) == spoken[origin]:
            culprits = tuple(dict.fromkeys(place for one in idle for place in one.culprits))
            unknown = next((one.unknown for one in idle if one.unknown), "")
            example = next((one.example for one in idle if one.example), None)
            yield Idle(origin, culprits, example, unknown, any(one.in_chain for one in idle))


def without_effect(lists: Iterable[RuleList]) -> Iterator[Idle]:
    """The rules that could go, one at a time, without any packet faring differently; rules that log or tag stay."""
    known = [item for item in lists if not item.unknown]
    spoken = _spoken(known)
    found: dict[Span, list[Idle]] = {}
    for item in known:
        for answer in redundant(item.rules):
            origin = _rule(item, answer.entry)
            if origin is not None and origin not in item.logged:
                found.setdefault(origin, []).append(Idle(origin, (), None, answer.unknown))
    for origin, idle in sorted(found.items(), key=lambda row: row[0].start):
        if len(idle) == spoken[origin] and not any(one.unknown for one in idle):
            yield Idle(origin, ())


def _spoken(lists: Iterable[RuleList]) -> dict[Span, int]:
    """How many entries each rule has become; those that change packets for later rules count as well."""
    counts: dict[Span, int] = {}
    for item in lists:
        for number in range(len(item.rules.entries)):
            origin = _rule(item, number)
            if origin is not None:
                counts[origin] = counts.get(origin, 0) + 1
    return counts


def _rule(item: RuleList, number: int) -> Span | None:
    """The rule that an entry was made of; None for what no line says by itself."""
    entry = item.rules.entries[number]
    origin, effect = entry.origin, entry.effect
    if isinstance(effect, Continue) and all(change.field is CAPTURED for change in effect.changes):
        return None
    return origin if isinstance(origin, Span) and origin != item.origin else None
