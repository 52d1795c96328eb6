"""A filter is asked about traffic: which entry decides about which part, and what becomes of it there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from spdcheck.engine.division import Division
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics.changes import image
from spdcheck.semantics.decision import Continue, Decide, Undecided
from spdcheck.semantics.fields import CAPTURED, DESTINATION, DESTINATION_PORT, IP_OPTIONS, SOURCE, SOURCE_PORT
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.intervals import single
from spdcheck.semantics.predicate import is_value
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.filters import FilterPoint


class Answer(NamedTuple):
    """What a filter makes of a part of the traffic: as it came, as it goes on, who decided, and what is not known.

    ``translator`` is the place of the entry that changed it last, where that is not the one that decided.
    """

    before: Traffic
    behind: Traffic
    action: Hashable
    state: Hashable = None
    origin: Span | None = None
    unknown: str = ""
    rules: DecisionList | None = None
    translator: Span | None = None

    @property
    def verdict(self) -> object:
        """The action in the words that all filters share."""
        return getattr(self.action, "verdict", self.action)


_WITH_OPTIONS = Division([is_value(IP_OPTIONS, 1)])


def answers(point: FilterPoint, traffic: Traffic) -> Iterator[Answer]:
    """Every part of the traffic with what the filter makes of it; a translation before the rules is asked first."""
    for answer in _both(point, traffic):
        if answer.unknown or answer.verdict is not Verdict.PASS or getattr(answer.action, "options", True):
            yield answer
            continue
        for part in answer.before.split(_WITH_OPTIONS):
            if part.number is None:
                yield answer._replace(before=part.traffic, behind=_of(answer, part.traffic))
            else:
                yield answer._replace(before=part.traffic, behind=part.traffic, action=Verdict.BLOCK, state=None)


def _of(answer: Answer, part: Traffic) -> Traffic:
    """What becomes of a part of the packets of an answer."""
    return answer.behind.begun_in(part.began) or answer.behind


def _both(point: FilterPoint, traffic: Traffic) -> Iterator[Answer]:
    if point.before is None:
        yield from through(point.rules, traffic)
        return
    for first in through(point.before, traffic):
        if first.unknown or not getattr(first.action, "filtered", True):
            yield first
            continue
        for second in through(point.rules, first.behind):
            whole = first.before.begun_in(second.before.began) or first.before
            by = second.translator or first.translator or (first.origin if first.behind is not first.before else None)
            yield second._replace(before=whole, state=second.state or _kept(first, second), translator=by)


def _kept(first: Answer, second: Answer) -> Hashable:
    """The state of a translated packet, which it gets even from a rule without one."""
    return first.state if second.verdict is Verdict.PASS else None


def apply(traffic: Traffic, changes: Sequence[Change]) -> Traffic:
    """The traffic after the changes of a rule."""
    for change in changes:
        traffic = traffic.rewritten({change.field: image(traffic.side(change.field), change)})
    return traffic


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A list by identity: to compare two of them takes longer than what is kept saves."""

    rules: DecisionList

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.rules is self.rules

    def __hash__(self) -> int:
        return id(self.rules)


class _Ready:
    """A list made ready for one flow after the other: the numbers of its deciding and of its changing entries."""

    def __init__(self, rules: DecisionList) -> None:
        self.deciding = [n for n, entry in enumerate(rules.entries) if isinstance(entry.effect, Decide)]
        self.changing = [n for n, entry in enumerate(rules.entries) if isinstance(entry.effect, Continue)]
        conditions = rules.arriving()
        self.division = Division(conditions[n] for n in self.deciding)


@lru_cache(maxsize=512)
def _ready(same: _Same) -> _Ready:
    return _Ready(same.rules)


def through(rules: DecisionList, traffic: Traffic) -> Iterator[Answer]:
    """The parts of the traffic by the entry that decides about them."""
    ready = _ready(_Same(rules))
    for part in traffic.split(ready.division):
        number = len(rules.entries) if part.number is None else ready.deciding[part.number]
        entry = None if part.number is None else rules.entries[number]
        effect = rules.default if entry is None or not isinstance(entry.effect, Decide) else entry.effect
        origin = _place(None if entry is None else entry.origin)
        unknown = part.unknown or (effect.action.reason if isinstance(effect.action, Undecided) else "")
        before = [n for n in ready.changing if n < number]
        for came, goes, doubt, by in _changed(rules, before, part.traffic, part.traffic):
            behind = apply(goes, effect.changes)
            if before:
                behind = behind.rewritten({CAPTURED: single(0)})
            yield Answer(came, behind, effect.action, effect.state, origin, unknown or doubt, rules, by)


def _changed(
    rules: DecisionList, numbers: Sequence[int], came: Traffic, goes: Traffic, by: Span | None = None
) -> Iterator[tuple[Traffic, Traffic, str, Span | None]]:
    """The parts of the traffic as they came and as the changing entries leave them.

    With why nobody can be sure, and the place of the last entry that changed anything but notes of the filter's own.
    """
    if not numbers:
        yield came, goes, "", by
        return
    entry, condition = rules.entries[numbers[0]], rules.arriving()[numbers[0]]
    for part in came.split([condition]):
        here = goes.begun_in(part.traffic.began) or goes
        if part.unknown:
            yield part.traffic, here, part.unknown, by
            continue
        after = here if part.number is None else apply(here, entry.effect.changes)
        told = part.number is not None and any(change.field in _ON_THE_WIRE for change in entry.effect.changes)
        yield from _changed(rules, numbers[1:], part.traffic, after, _place(entry.origin) if told else by)


_ON_THE_WIRE = (SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT)


def _place(origin: object) -> Span | None:
    return origin if isinstance(origin, Span) else None
