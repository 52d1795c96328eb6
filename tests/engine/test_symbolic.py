from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spdcheck.engine import solve
from spdcheck.engine.boxes import Space, boxes_of
from spdcheck.engine.concrete import matches
from spdcheck.engine.symbolic import Translator
from spdcheck.semantics.changes import Assign
from spdcheck.semantics.conditions import address_mask, arrives_on, family
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.fields import (
    ADDRESS_FIELDS,
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    IPV6,
    MARK,
    SOURCE,
    TUNNEL_SOURCE,
    name_number,
)
from spdcheck.semantics.intervals import has
from spdcheck.semantics.packet import Packet, packet
from spdcheck.semantics.predicate import TRUE, Predicate, Unknown, all_of, fields_of, in_set, is_value, masked
from tests.strategies import packets, predicates


def symbolically(predicate: Predicate, sample: Packet) -> bool | None:
    """The truth of the term with the packet's values put in."""
    translator = Translator(sample.family)
    truths = []
    for unknown in (False, True):
        term = translator.term(predicate, unknown=unknown)
        values = [
            (
                variable,
                translator.constant(
                    sample[field] - (IPV6 if field in ADDRESS_FIELDS and sample.family == 6 else 0),
                    translator.width(field),
                ),
            )
            for field, variable in translator.variables.items()
        ]
        truths.append(translator.z3.is_true(translator.z3.simplify(translator.z3.substitute(term, *values))))
    return truths[0] if truths[0] == truths[1] else None


def by_boxes(predicate: Predicate, sample: Packet) -> bool | None:
    space = Space.of([predicate])
    surely, possibly = (
        any(
            all(has(side, sample[field]) for field, side in zip(space.fields, box, strict=True))
            for box in boxes_of(predicate, space, unknown=unknown)
        )
        for unknown in (False, True)
    )
    return surely if surely == possibly else None


@given(predicates(unknown=True), packets())
def test_the_three_interpreters_agree(predicate: Predicate, sample: Packet) -> None:
    assert matches(predicate, sample) is by_boxes(predicate, sample) is symbolically(predicate, sample)


@settings(max_examples=50)
@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1), packets())
def test_masks_with_any_holes(mask: int, value: int, sample: Packet) -> None:
    for predicate in (
        masked(MARK, mask, value & mask),
        address_mask(SOURCE, 4, mask, value & mask),
        address_mask(DESTINATION, 6, mask << 64, (value & mask) << 64),
        ~address_mask(SOURCE, 4, mask, sample.source & mask),
    ):
        assert symbolically(predicate, sample) is matches(predicate, sample)


def test_masks_match_their_family_only() -> None:
    condition = address_mask(SOURCE, 4, 0xFF0000FF, 0x0A000001)
    assert matches(condition, packet(4, 0x0A123401, 1)) is True
    assert matches(condition, packet(6, 0x0A123401, 1)) is False
    found = solve.find_packet(condition & family(6), unknown=False, seconds=5)
    assert isinstance(found, solve.Unsat)


def test_the_solver_stays_among_possible_values() -> None:
    impossible = in_set(TUNNEL_SOURCE, (0, (1 << 32) - 1)) & in_set(TUNNEL_SOURCE, (IPV6, 2 * IPV6 - 1))
    for question in (impossible, all_of([~is_value(FRAGMENT, n) for n in range(3)])):
        assert isinstance(solve.find_packet(question, unknown=False, seconds=5), solve.Unsat)
    found = solve.find_packet(~in_set(TUNNEL_SOURCE, (0, (1 << 32) - 1)), unknown=False, seconds=5)
    assert isinstance(found, solve.Sat)
    assert found.packet.tunnel_source >= IPV6


def test_names_and_unknown_parts() -> None:
    found = solve.find_packet(arrives_on("ppp+") & Unknown("limit"), unknown=True, seconds=5)
    assert isinstance(found, solve.Sat)
    assert found.packet.in_interface >> 104 == name_number("ppp") >> 104
    assert isinstance(solve.find_packet(Unknown("limit"), unknown=False, seconds=5), solve.Unsat)
    assert fields_of(Unknown("limit")) == frozenset()


def test_only_the_family_that_is_asked_about_is_translated() -> None:
    """An address of IPv4 that a rule assigns is no obstacle where only packets of IPv4 are meant."""

    def translating(port: int) -> DecisionList:
        entry = Entry(is_value(DESTINATION_PORT, port), Decide("pass", (Assign(DESTINATION, 0x0A000001),)))
        return DecisionList((entry,), Decide("pass"))

    same = solve.find_difference(translating(80), translating(80), family(4), 5)
    assert isinstance(same, solve.Unsat)
    assert isinstance(solve.find_difference(translating(80), translating(81), family(4), 5), solve.Sat)
    assert isinstance(solve.find_difference(translating(80), translating(80), TRUE, 5), solve.GaveUp)
