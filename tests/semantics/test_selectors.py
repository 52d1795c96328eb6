"""Looking up which policies some addresses touch: the fast way finds what the plain one finds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.model.addresses import prefix
from spdcheck.model.selector import TrafficSelector
from spdcheck.semantics.fields import IPV6
from spdcheck.semantics.intervals import normalise
from spdcheck.semantics.selectors import touches, touching

small = st.integers(0, 255)
addresses = st.builds(lambda base, bits: prefix(4, base >> bits << bits, 32 - bits), small, st.integers(0, 8))
selectors = st.builds(TrafficSelector, addresses, addresses)
wide = st.builds(lambda base, bits: prefix(6, base >> bits << bits, 128 - bits), small, st.integers(0, 8))
sides = st.lists(st.tuples(small, small).map(sorted), max_size=3).map(
    lambda pairs: normalise((low, high) for low, high in pairs)
)


@given(st.lists(st.one_of(selectors, st.builds(TrafficSelector, wide, wide)), max_size=6), sides, sides, st.booleans())
def test_touching_finds_what_touches(found: list[TrafficSelector], a: Any, b: Any, six: bool) -> None:
    if six:
        a, b = (tuple((low + IPV6, high + IPV6) for low, high in side) for side in (a, b))
    policies: Any = [SimpleNamespace(selector=selector) for selector in found]
    assert touching(policies, a, b) == tuple(p for p in policies if touches(p.selector, a, b))
