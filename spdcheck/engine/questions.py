"""What can be asked of one decision list: which entries never decide, which could go, where the order matters.

Every answer comes with a packet that was replayed by :mod:`spdcheck.engine.run`, or with the reason why there is none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.engine.answer import DEFAULT_LIMITS, Fails, Holds, ReplayError, Rung, Unknown
from spdcheck.engine.boxes import TooManyBoxes, intersect
from spdcheck.engine.concrete import matches
from spdcheck.engine.cover import Gap
from spdcheck.engine.fates import Fates
from spdcheck.engine.ladder import Ladder
from spdcheck.engine.run import outcomes
from spdcheck.engine.witness import example
from spdcheck.errors import BudgetError
from spdcheck.records import dataclass
from spdcheck.semantics.decision import Decide, DecisionList
from spdcheck.semantics.predicate import TRUE, fields_of
from spdcheck.semantics.words import box_text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterator

    from spdcheck.engine.answer import Limits
    from spdcheck.engine.boxes import Box
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Shadow:
    """The entry never has a say: ``culprits`` decide about all its packets before, and none of them can be left out.

    Without culprits it asks for packets that do not exist. ``example`` is one of its packets, decided by a culprit.
    ``unknown`` is the reason why nobody can tell; empty where it is proved.
    """

    entry: int
    culprits: tuple[int, ...]
    rung: Rung
    example: Packet | None = None
    unknown: str = ""


@dataclass(slots=True)
class Shadows:
    """All entries without a say, and which rung of the ladder decided how often."""

    found: tuple[Shadow, ...] = ()
    rungs: Counter[Rung] = field(default_factory=Counter)


class Shadowing:
    """A list made ready for one question: has an entry a say? Each is answered when it is first asked.

    It holds the numbers of the entries that are known to have none.
    """

    def __init__(self, rules: DecisionList, within: Predicate = TRUE, limits: Limits = DEFAULT_LIMITS) -> None:
        self._within = within
        self._ladder = _ladder(rules, within, limits)
        self._known: dict[int, Shadow | None] = {}

    def of(self, number: int) -> Shadow | None:
        """Why no packet reaches the entry, or why nobody can tell; None where one does."""
        if number not in self._known:
            self._known[number] = self._ask(number)
        return self._known[number]

    def __contains__(self, number: object) -> bool:
        found = self.of(number) if isinstance(number, int) else None
        return found is not None and not found.unknown

    def all(self) -> Shadows:
        """All entries without a say."""
        asked = (self.of(number) for number in range(len(self._ladder.conditions)))
        return Shadows(tuple(shadow for shadow in asked if shadow is not None), self._ladder.rungs)

    def _ask(self, number: int) -> Shadow | None:
        ladder, within = self._ladder, self._within
        condition = ladder.conditions[number]
        answer = ladder.decide(number if within == TRUE else condition & within, range(number))
        if isinstance(answer, Holds):
            return Shadow(number, answer.because, answer.rung, _taken(ladder, condition & within, answer.because))
        return Shadow(number, (), answer.rung, unknown=answer.reason) if isinstance(answer, Unknown) else None


def shadowed(rules: DecisionList, within: Predicate = TRUE, limits: Limits = DEFAULT_LIMITS) -> Shadows:
    """The entries that no packet of ``within`` reaches, for all packets by default."""
    return Shadowing(rules, within, limits).all()


def _taken(ladder: Ladder, condition: Predicate, culprits: tuple[int, ...]) -> Packet | None:
    """A packet that a shadowed entry asks for and a culprit takes; None if the entry asks for no possible packet."""
    packet = ladder.packet_of(condition)
    if packet is None:
        return None
    if all(matches(ladder.conditions[culprit], packet) is not True for culprit in culprits):
        raise ReplayError(f"{packet} is taken by none of the entries that were thought to take it")
    return packet


@dataclass(frozen=True, slots=True)
class Redundant:
    """Without the entry every packet is treated as with it. ``unknown`` as in :class:`Shadow`."""

    entry: int
    unknown: str = ""


class Kin:
    """Entries that one rule has become: the rule could go only if all of them could.

    ``rule_of`` names the rule of an entry by its number, None for what no rule has made. Once one of its entries is
    needed, in whichever list, nothing is worked out about the others.
    """

    def __init__(self, rule_of: Callable[[int], Hashable | None], needed: set[Hashable]) -> None:
        self._rule_of, self._needed = rule_of, needed

    def is_settled(self, number: int) -> bool:
        """Nothing can be gained from asking about the entry."""
        rule = self._rule_of(number)
        return rule is None or rule in self._needed

    def needs(self, number: int) -> None:
        """The entry is needed, and its rule with it."""
        rule = self._rule_of(number)
        if rule is not None:
            self._needed.add(rule)


def redundant(
    rules: DecisionList,
    limits: Limits = DEFAULT_LIMITS,
    idle: Container[int] = (),
    kin: Kin | None = None,
) -> Iterator[Redundant]:
    """The deciding entries that could go, one at a time: shadowed ones, and those whose packets fare the same later.

    Two entries that are redundant each may still need one of them to stay. ``idle`` are entries that are known to be
    shadowed: about them nothing has to be worked out. With ``kin``, entries of rules that are needed are left out.
    """
    try:
        fates = Fates(rules, limits=limits)
    except TooManyBoxes:
        for number, entry in enumerate(rules.entries):
            if isinstance(entry.effect, Decide):
                yield Redundant(number, "a condition is too large for boxes")
        return
    for number, entry in enumerate(rules.entries):
        if not isinstance(entry.effect, Decide):
            continue
        if kin is not None and kin.is_settled(number):
            continue
        if number in idle:
            yield Redundant(number)
            continue
        if fates.shown_needed(number):
            if kin is not None:
                kin.needs(number)
            continue
        try:
            needed, unsure = _needed(fates, number)
        except BudgetError as error:
            yield Redundant(number, str(error))
            continue
        if not needed:
            yield Redundant(number, "a condition that is not modelled decides" if unsure else "")
        elif kin is not None:
            kin.needs(number)


def _needed(fates: Fates, number: int) -> tuple[bool, bool]:
    """Some packet fares differently without the entry; and: that can't be told of some packets."""
    unsure = False
    for box in fates.of(number):
        for piece, fate in fates.split(box):
            if not fate.sure:
                unsure = True
            elif fate.entry == number:
                for part, other in fates.split(piece, skip=number, same_as=fate.treatment):
                    if not other.sure:
                        unsure = True
                    elif fate.treatment[:2] != other.treatment[:2] or any(fates.unequal(part, fate, other)):
                        return True, unsure
    return False, unsure


@dataclass(frozen=True, slots=True)
class Conflict:
    """The order of two overlapping entries decides: ``witness`` would be treated otherwise if they changed places.

    ``unknown`` is the reason why nobody can tell with whom the entry (``first`` and ``second`` are it) overlaps.
    """

    first: int
    second: int
    witness: Packet | None
    unknown: str = ""


def conflicts(rules: DecisionList, limits: Limits = DEFAULT_LIMITS) -> Iterator[Conflict]:
    """Pairs of deciding entries with different effects such that some packet reaches the first and fits both."""
    idle = {n for n, entry in enumerate(rules.entries) if not isinstance(entry.effect, Decide)}
    ladder = _ladder(rules, TRUE, limits)
    for number in sorted((ladder.unboxed | ladder.uncertain) - idle):
        yield Conflict(number, number, None, "its condition is not modelled, or too large for boxes")
    cover = ladder.surely
    for second, entry in enumerate(rules.entries):
        if second in idle:
            continue
        for box in ladder.space.possible(cover.of(second)):
            told: set[int] = set()
            for n in cover.overlapping(box, cover.before(second)):
                first = cover.owner[n]
                if first in told or rules.entries[first].effect == entry.effect:
                    continue
                common = intersect(box, cover.boxes[n])
                if common is None:
                    continue
                others = cover.before(second) & ~cover.set_of((first,))
                gap = cover.covers([common], others)
                if isinstance(gap, Gap):
                    told.add(first)
                    packet = example(gap.free, ladder.space)
                    if {outcome.entry for outcome in outcomes(rules, packet)} >= {first}:
                        yield Conflict(first, second, packet)


@dataclass(frozen=True, slots=True)
class Reach:
    """The actions that packets of a set can meet, each with a packet that does; and those nobody can tell, with why."""

    actions: dict[Hashable, Packet]
    unknown: dict[Hashable, str]


def reachable(rules: DecisionList, within: Predicate = TRUE, limits: Limits = DEFAULT_LIMITS) -> Reach:
    """What can happen to the packets of ``within``."""
    ladder = _ladder(rules, within, limits)
    reach = Reach({}, {})
    effects = [entry.effect for entry in rules.entries]
    for number, effect in enumerate([*effects, rules.default]):
        if not isinstance(effect, Decide) or effect.action in reach.actions:
            continue
        target = within if number == len(effects) else ladder.conditions[number] & within
        answer = ladder.covered(target, range(number))
        if isinstance(answer, Fails):
            if all(outcome.decide.action != effect.action for outcome in outcomes(rules, answer.witness)):
                raise ReplayError(f"{answer.witness} does not meet {effect.action}")
            reach.actions[effect.action] = answer.witness
            reach.unknown.pop(effect.action, None)
        elif isinstance(answer, Unknown):
            reach.unknown.setdefault(effect.action, answer.reason)
    return reach


@dataclass(frozen=True, slots=True)
class Image:
    """The packets ``arriving`` are decided by ``entry`` and leave as ``leaving``: boxes of ``fields``, and in words."""

    entry: int | None
    decide: Decide
    arriving: Box
    leaving: Box
    fields: tuple[Field, ...]
    texts: tuple[str, str]


def images(rules: DecisionList, within: Predicate = TRUE, limits: Limits = DEFAULT_LIMITS) -> Iterator[Image]:
    """What becomes of the packets of ``within``: disjoint regions, and what each is turned into (NAT, tags, marks).

    Raises :exc:`~spdcheck.errors.BudgetError` where a condition is not modelled or there are too many regions.
    """
    try:
        fates = Fates(rules, fields_of(within), limits)
        boxes = fates.space.possible(fates.boxes_of(within))
    except TooManyBoxes as error:
        raise BudgetError("a condition is too large for boxes") from error
    for box in boxes:
        for piece, fate in fates.split(box):
            if not fate.sure:
                raise BudgetError("whether an entry matches is not modelled")
            leaving = fates.image(piece, fate)
            texts = (box_text(fates.space.fields, piece), box_text(fates.space.fields, leaving))
            yield Image(fate.entry, fate.decide, piece, leaving, fates.space.fields, texts)


def _ladder(rules: DecisionList, within: Predicate, limits: Limits) -> Ladder:
    idle = [n for n, entry in enumerate(rules.entries) if not isinstance(entry.effect, Decide)]
    return Ladder(rules.arriving(), (within,), limits, idle)
