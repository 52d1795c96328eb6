"""Questions about traffic selectors, as the SPD checks ask them: what is left over, what is shadowed, what overlaps.

Selectors are boxes by themselves, so that these functions need no predicates and are fast for whole SPDs. All answers
are exact, for both families; where the work exceeds its limit even for the solver, :exc:`BudgetError` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.answer import DEFAULT_LIMITS, ReplayError
from spdcheck.engine.boxes import Space, intersect, merged, overlap, subtract
from spdcheck.engine.concrete import matches
from spdcheck.engine.cover import Cover, Covered, Gap
from spdcheck.engine.witness import example
from spdcheck.errors import BudgetError
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.intervals import has
from spdcheck.semantics.selectors import SELECTOR_FIELDS, predicate_of, sides_of
from spdcheck.semantics.words import box_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.engine.answer import Limits
    from spdcheck.engine.boxes import Box
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.packet import Packet

SPACE = Space.of_fields(SELECTOR_FIELDS)


class Region(NamedTuple):
    """Some packets: in words, as a box of :data:`SPACE`, and one of them."""

    text: str
    packet: Packet
    box: Box

    def takes(self, packet: Packet) -> bool:
        """The packet is in the region."""
        return all(has(side, packet[field]) for field, side in zip(SELECTOR_FIELDS, self.box, strict=True))


class Shadowed(NamedTuple):
    """The selector at ``number`` never decides: those at ``culprits`` take all its packets, and all of them are needed.

    ``unknown`` is the reason why nobody can tell; empty where it is proved.
    """

    number: int
    culprits: tuple[int, ...]
    unknown: str


class Overlap(NamedTuple):
    """The selectors at ``first`` and ``second`` both take some packets."""

    first: int
    second: int


def uncovered(
    selector: TrafficSelector, covers: Iterable[TrafficSelector], limits: Limits = DEFAULT_LIMITS
) -> list[Region]:
    """The packets of a selector that no other one takes, as few disjoint regions; empty if all are covered."""
    target = sides_of(selector)
    touching = [(box, cover) for cover in covers if overlap(box := sides_of(cover), target)]
    left = [target]
    for box, _ in touching:
        left = [piece for rest in left for piece in subtract(rest, box)]
        if len(left) > limits.pieces:
            raise BudgetError(f"what is left of {selector} needs more than {limits.pieces} regions")
    return [_region(box, selector, [cover for _, cover in touching]) for box in merged(left)]


def shadowed(selectors: Sequence[TrafficSelector], limits: Limits = DEFAULT_LIMITS) -> Iterator[Shadowed]:
    """The selectors, asked in this order, that never decide because earlier ones take all their packets."""
    seen: dict[TrafficSelector, int] = {}
    cover = Cover(SPACE, [(sides_of(selector),) for selector in selectors], limits)
    for number, selector in enumerate(selectors):
        twin = seen.setdefault(selector, number)
        if twin != number:
            yield Shadowed(number, (twin,), "")
            continue
        targets = cover.of(number)
        outcome = cover.covers(targets, cover.before(number))
        if isinstance(outcome, Covered):
            yield Shadowed(number, cover.minimal(targets, outcome.by), "")
        elif not isinstance(outcome, Gap):
            unknown = _ask_solver(selector, [selectors[n] for n in outcome.candidates], limits)
            if unknown is not None:
                yield Shadowed(number, outcome.candidates, unknown)


def overlapping(selectors: Sequence[TrafficSelector]) -> Iterator[Overlap]:
    """Every pair of selectors that take a common packet, by the later one's place."""
    cover = Cover(SPACE, [(sides_of(selector),) for selector in selectors])
    for second in range(len(selectors)):
        for first in cover.overlapping(cover.boxes[second], cover.before(second)):
            yield Overlap(first, second)


class Mirror(NamedTuple):
    """``pairs`` are the places of equal selectors in both lists; the others are places without an equal one."""

    pairs: list[tuple[int, int]]
    only_sent: list[int]
    only_expected: list[int]


def mirror(sent: Sequence[TrafficSelector], expected: Sequence[TrafficSelector]) -> Mirror:
    """Pairs what a sender protects with what its peer expects: equal selectors, each with the first unpaired equal one.

    One look at each selector. Only what is left has to be compared with :func:`uncovered`.
    """
    waiting: dict[TrafficSelector, list[int]] = {}
    for number in range(len(expected) - 1, -1, -1):
        waiting.setdefault(expected[number], []).append(number)
    pairs, only_sent = [], []
    for number, selector in enumerate(sent):
        twins = waiting.get(selector)
        if twins:
            pairs.append((number, twins.pop()))
        else:
            only_sent.append(number)
    return Mirror(pairs, only_sent, sorted(number for rest in waiting.values() for number in rest))


def some_packet(*selectors: TrafficSelector) -> Packet | None:
    """A packet that all the selectors take, or None if there is none."""
    box: Box | None = SPACE.everything
    for selector in selectors:
        box = None if box is None else intersect(box, sides_of(selector))
    if box is None:
        return None
    packet = example(box, SPACE)
    if not all(matches(predicate_of(selector), packet) for selector in selectors):
        raise ReplayError(f"a witness does not replay: {packet}")
    return packet


def _region(box: Box, selector: TrafficSelector, covers: Sequence[TrafficSelector]) -> Region:
    packet = example(box, SPACE)
    if not matches(predicate_of(selector), packet) or any(matches(predicate_of(cover), packet) for cover in covers):
        raise ReplayError(f"a witness does not replay: {packet}")
    return Region(box_text(SELECTOR_FIELDS, box), packet, box)


def _ask_solver(selector: TrafficSelector, earlier: Sequence[TrafficSelector], limits: Limits) -> str | None:
    """None if the selector has packets of its own, empty if it has none, else why nobody can tell."""
    from spdcheck.engine import solve
    from spdcheck.semantics.predicate import all_of

    question = all_of([predicate_of(selector), *(~predicate_of(other) for other in earlier)])
    found = solve.find_packet(question, unknown=False, seconds=limits.solver_seconds)
    if isinstance(found, solve.Sat):
        return None
    return found.reason if isinstance(found, solve.GaveUp) else ""
