"""Rules of packet filters that have no say, put together from the entries of their lists.

One rule may be several entries: its lists are written out, names have several addresses, and a rule without a direction
is in two lists. Only a rule all of whose entries have no say has none itself.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from spdcheck.engine.questions import Kin, Shadowing, redundant
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics.decision import Continue, Decide, DecisionList
from spdcheck.semantics.fields import CAPTURED
from spdcheck.semantics.filters import Heard
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Iterator

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


class IdleRules:
    """The rules of some lists that have no say. What was worked out for FWL006 is not worked out again for FWL007."""

    def __init__(self, lists: Iterable[RuleList]) -> None:
        self._lists = [item for item in lists if not item.unknown]
        self._spoken = _spoken(self._lists)
        self._shadows = [Shadowing(item.rules) for item in self._lists]

    @cached_property
    def never_deciding(self) -> tuple[Idle, ...]:
        """The rules none of whose entries is ever the one that decides, in the order of the file."""
        found: dict[Span, list[Idle]] = {}
        speaking: set[Span] = set()
        for item, shadows in zip(self._lists, self._shadows, strict=True):
            for number in range(len(item.rules.entries)):
                origin = _rule(item, number)
                if origin is None or origin in speaking:
                    continue
                shadow = shadows.of(number)
                if shadow is None or (shadow.unknown and item.either):
                    # One entry with a say is enough: a line of Shorewall becomes dozens.
                    speaking.add(origin)
                    continue
                places = (_rule(item, culprit) for culprit in shadow.culprits)
                culprits = tuple(dict.fromkeys(place for place in places if place is not None and place != origin))
                found.setdefault(origin, []).append(Idle(origin, culprits, shadow.example, shadow.unknown, item.either))
        return tuple(self._never_deciding(found))

    def _never_deciding(self, found: dict[Span, list[Idle]]) -> Iterator[Idle]:
        for origin, idle in self._whole(found):
            culprits = tuple(dict.fromkeys(place for one in idle for place in one.culprits))
            unknown = next((one.unknown for one in idle if one.unknown), "")
            example = next((one.example for one in idle if one.example), None)
            yield Idle(origin, culprits, example, unknown, any(one.in_chain for one in idle))

    @cached_property
    def without_effect(self) -> tuple[Span, ...]:
        """The rules that could go, one at a time, without any packet faring differently.

        Rules that log or tag stay, and so do those that keep packets from one that logs. Those that never decide at all
        are told by :attr:`never_deciding`.
        """
        found: dict[Span, list[Idle]] = {}
        needed: set[Hashable] = set()
        for item, shadows in zip(self._lists, self._shadows, strict=True):
            for answer in redundant(_with_logs(item), idle=shadows, kin=Kin(partial(_rule, item), needed)):
                origin = _rule(item, answer.entry)
                if origin is not None and origin not in item.logged | item.replaced:
                    found.setdefault(origin, []).append(Idle(origin, (), None, answer.unknown))
        for item in self._lists:
            for origin in _kept_from_logs(item, found):
                found.pop(origin, None)
        told = {idle.origin for idle in self.never_deciding}
        sure = (origin for origin, idle in self._whole(found) if not any(one.unknown for one in idle))
        return tuple(origin for origin in sure if origin not in told)

    def _whole(self, found: dict[Span, list[Idle]]) -> Iterator[tuple[Span, list[Idle]]]:
        """The rules all of whose entries were found, in the order of the file."""
        for origin, idle in sorted(found.items(), key=lambda row: row[0].start):
            if len(idle) == self._spoken[origin]:
                yield origin, idle


def _kept_from_logs(item: RuleList, candidates: Container[Span]) -> set[Span]:
    """The rules of a list without which more would be logged, or nobody can tell; only candidates are looked at."""
    if item.heard is None:
        return set()
    heard = item._replace(rules=item.heard)
    entries = item.heard.entries
    last = max(
        (n for n, e in enumerate(entries) if isinstance(e.effect, Decide) and isinstance(e.effect.action, Heard)),
        default=0,
    )
    places = [_rule(heard, number) for number in range(last)]
    asked = {number for number, place in enumerate(places) if place is not None and place in candidates}
    others = frozenset(number for number in range(len(entries)) if number not in asked)
    quiet = {answer.entry for answer in redundant(item.heard, idle=others) if not answer.unknown}
    return {place for number in asked - quiet if (place := places[number]) is not None}


class Logged(NamedTuple):
    """What a rule decides that logs: not the same as the verdict without a word."""

    action: Hashable


def _with_logs(item: RuleList) -> DecisionList:
    """The list with actions that tell which rules log."""
    if not item.logged:
        return item.rules
    entries = (
        replace(entry, effect=replace(entry.effect, action=Logged(entry.effect.action)))
        if isinstance(entry.effect, Decide) and entry.origin in item.logged
        else entry
        for entry in item.rules.entries
    )
    return DecisionList(tuple(entries), item.rules.default)


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
