from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from spdcheck.engine import boxes as b
from spdcheck.engine.concrete import matches
from spdcheck.engine.witness import example
from spdcheck.semantics.intervals import has
from spdcheck.semantics.predicate import Predicate, all_of
from tests.strategies import conditions, packets, predicates

if TYPE_CHECKING:
    from spdcheck.semantics.packet import Packet


def inside(boxes: list[b.Box], space: b.Space, sample: Packet) -> bool:
    return any(all(has(side, sample[f]) for f, side in zip(space.fields, box, strict=True)) for box in boxes)


@given(predicates(unknown=True), packets())
def test_boxes_are_exact(predicate: Predicate, sample: Packet) -> None:
    space = b.Space.of([predicate])
    surely = inside(b.boxes_of(predicate, space, unknown=False), space, sample)
    possibly = inside(b.boxes_of(predicate, space, unknown=True), space, sample)
    assert {True: (True, True), None: (False, True), False: (False, False)}[matches(predicate, sample)] == (
        surely,
        possibly,
    )


@given(predicates(), predicates(), packets())
def test_the_algebra_of_boxes(one: Predicate, other: Predicate, sample: Packet) -> None:
    space = b.Space.of([one, other])
    mine, yours = (b.boxes_of(p, space, unknown=False) for p in (one, other))
    left = b.subtract_all(b.disjoint(mine), yours)
    assert inside(left, space, sample) == bool(matches(one & ~other, sample))
    assert inside(b.merged(left), space, sample) == inside(left, space, sample)
    assert sum(b.volume(box) for box in b.disjoint(left)) == sum(b.volume(box) for box in left)


@given(conditions(), conditions())
def test_two_boxes(one: Predicate, other: Predicate) -> None:
    space = b.Space.of([one, other])
    for x in b.boxes_of(one, space, unknown=False):
        for y in b.boxes_of(other, space, unknown=False):
            common = b.intersect(x, y)
            assert (common is not None) == b.overlap(x, y)
            assert b.contains(x, y) == (b.subtract(y, x) == [])
            assert sum(map(b.volume, b.subtract(x, y))) == b.volume(x) - (0 if common is None else b.volume(common))


@given(predicates())
def test_examples_are_in_their_box(predicate: Predicate) -> None:
    space = b.Space.of([predicate])
    for box in space.possible(b.boxes_of(predicate, space, unknown=False)):
        assert matches(predicate, example(box, space)) is True
        assert matches(space.predicate(box), example(box, space)) is True


@given(predicates())
def test_impossible_packets_are_left_out(predicate: Predicate) -> None:
    space = b.Space.of([predicate])
    for box in space.possible([space.everything]):
        assert example(box, space).family in (4, 6)
    assert all_of([]) == space.predicate(space.everything)
