"""The index finds exactly the ranges that overlap, in their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.semantics.address_index import AddressIndex
from spdcheck.semantics.fields import IPV6, address_interval
from spdcheck.semantics.intervals import normalise, overlaps
from tests.strategies import ranges

EDGES = st.sampled_from([0, 1, 255, 256, (1 << 32) - 1, IPV6, IPV6 + 1, 2 * IPV6 - 1])
intervals = st.one_of(
    ranges().map(address_interval),
    st.tuples(EDGES, EDGES).map(lambda ends: (min(ends), max(ends))),
    st.tuples(st.integers(0, 40), st.integers(0, 9)).map(lambda ends: (ends[0], ends[0] + ends[1])),
)


@given(st.lists(intervals, max_size=12), st.lists(intervals, max_size=3).map(normalise))
def test_what_touches_is_found(several: list[tuple[int, int]], side: tuple[tuple[int, int], ...]) -> None:
    expected = [number for number, one in enumerate(several) if overlaps((one,), side)]
    assert AddressIndex(several).touching(side) == expected
