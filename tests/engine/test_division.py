"""Traffic divided by prepared conditions falls into the parts that the bare conditions give, and packets agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.concrete import matches
from spdcheck.engine.division import EVERY_FIELD, Division
from spdcheck.engine.traffic import Many, One
from spdcheck.semantics.fields import FIELDS
from spdcheck.semantics.intervals import has
from tests.strategies import packets, predicates

if TYPE_CHECKING:
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

FIELDS_ASKED = tuple(FIELDS.values())[:8]
LISTS = st.lists(predicates(FIELDS_ASKED, unknown=True), max_size=6)


@given(predicates(FIELDS_ASKED, unknown=False), LISTS)
def test_prepared_conditions_divide_as_bare_ones_do(flow: Predicate, conditions: list[Predicate]) -> None:
    division = Division(conditions)
    for many in Many.of(flow):
        assert list(many.split(division)) == list(many.split(conditions))


@given(LISTS, packets())
def test_a_packet_is_in_the_part_of_the_first_condition_that_may_take_it(
    conditions: list[Predicate], packet: Packet
) -> None:
    (part,) = One(packet).split(Division(conditions))
    first = next((n for n, condition in enumerate(conditions) if matches(condition, packet) is not False), None)
    assert part.number == first
    parts = [
        found
        for found in Many(EVERY_FIELD.everything).split(conditions)
        if all(has(found.traffic.side(field), packet[field]) for field in EVERY_FIELD.fields)
    ]
    assert [found.number for found in parts] == [first]
    assert bool(parts[0].unknown) == (first is not None and matches(conditions[first], packet) is None)
