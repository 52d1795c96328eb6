from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.semantics import intervals as sets

numbers = st.sets(st.integers(0, 20)).map(lambda chosen: sets.normalise((n, n) for n in chosen))


def elements(side: sets.IntervalSet) -> set[int]:
    return {n for first, last in side for n in range(first, last + 1)}


@given(numbers, numbers)
def test_the_algebra_is_that_of_sets(a: sets.IntervalSet, b: sets.IntervalSet) -> None:
    assert elements(sets.union(a, b)) == elements(a) | elements(b)
    assert elements(sets.intersect(a, b)) == elements(a) & elements(b)
    assert elements(sets.minus(a, b)) == elements(a) - elements(b)
    assert sets.overlaps(a, b) == bool(elements(a) & elements(b))
    assert sets.contains(a, b) == (elements(a) >= elements(b))
    assert sets.size(a) == len(elements(a))
    assert all(sets.has(a, n) == (n in elements(a)) for n in range(22))


@given(numbers, numbers)
def test_results_are_in_normal_form(a: sets.IntervalSet, b: sets.IntervalSet) -> None:
    for result in (sets.union(a, b), sets.intersect(a, b), sets.minus(a, b)):
        assert result == sets.normalise(result)


@given(st.integers(0, 255), st.integers(0, 255))
def test_masks(mask: int, value: int) -> None:
    side = sets.of_mask(8, mask, value & mask)
    assert side is not None
    assert elements(side) == {n for n in range(256) if n & mask == value & mask}
    assert side == sets.normalise(side)


def test_a_mask_with_too_many_holes_is_refused() -> None:
    assert sets.of_mask(32, 0x5555_5555, 0) is None
