"""Addresses that were perhaps meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.model.addresses import parse_address
from spdcheck.semantics.near_miss import nearest, slips

WORDS = st.text(alphabet="0123456789.", max_size=15)


@pytest.mark.parametrize(
    ("a", "b", "count"),
    [
        ("192.0.2.1", "192.0.2.1", 0),
        ("192.0.2.1", "192.0.2.10", 1),
        ("192.0.2.12", "192.0.2.21", 1),
        ("78.172.25.27", "78.172.25.72", 1),
        ("10.0.0.1", "10.0.0.254", 3),
        ("", "abc", 3),
    ],
)
def test_slips(a: str, b: str, count: int) -> None:
    assert slips(a, b) == count


@given(WORDS, WORDS)
def test_slips_are_a_distance(a: str, b: str) -> None:
    assert slips(a, b) == slips(b, a)
    assert (slips(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= slips(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("wanted", "candidates", "found"),
    [
        ("192.0.2.1", ["198.51.100.2", "192.0.2.11"], "192.0.2.11"),
        ("192.0.2.1", ["192.0.2.254"], "192.0.2.254"),
        ("192.0.2.1", ["198.51.100.2", "10.0.0.1"], None),
        ("192.0.2.1", ["192.0.2.1"], None),
        ("2001:db8::1", ["192.0.2.1", "2001:db8::11"], "2001:db8::11"),
        ("2001:db8:1::1", ["2001:db8:1::ffff"], "2001:db8:1::ffff"),
        ("192.0.2.1", [], None),
    ],
)
def test_nearest(wanted: str, candidates: list[str], found: str | None) -> None:
    address = parse_address(wanted)
    assert address is not None
    parsed = [candidate for text in candidates if (candidate := parse_address(text)) is not None]
    result = nearest(address, parsed)
    assert (None if result is None else str(result)) == found
