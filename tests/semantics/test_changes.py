from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.concrete import matches
from spdcheck.engine.run import outcomes
from spdcheck.semantics.changes import Assign, Change, Choose, SetBits, Shift, before, image
from spdcheck.semantics.decision import Continue, Decide, DecisionList, Entry
from spdcheck.semantics.fields import DESTINATION_PORT, FRAGMENT, MARK, PROTOCOL, TCP_FLAGS
from spdcheck.semantics.intervals import has, normalise
from spdcheck.semantics.predicate import FALSE, Predicate, masked
from tests.strategies import packets, predicates

if TYPE_CHECKING:
    from spdcheck.semantics.packet import Packet

FIELDS = (DESTINATION_PORT, TCP_FLAGS, PROTOCOL)

certain_changes = st.one_of(
    st.builds(Assign, st.sampled_from((DESTINATION_PORT, TCP_FLAGS)), st.sampled_from((0, 22, 80, 130))),
    st.builds(
        Shift,
        st.just(DESTINATION_PORT),
        st.sampled_from((0, 20, 80)),
        st.sampled_from((80, 443)),
        st.sampled_from((0, 1000)),
    ),
    st.sampled_from((0x80, 0xC0, 0x0F, 0x81)).flatmap(
        lambda mask: st.sampled_from((0, 0xFF, 0x81)).map(lambda value: SetBits(TCP_FLAGS, mask, value & mask))
    ),
)
choices = st.builds(
    Choose, st.just(DESTINATION_PORT), st.sampled_from((((80, 90),), ((1024, 65535),), ((22, 22), (443, 443))))
)


def applied(sample: Packet, changes: list[Change]) -> Packet:
    for change in changes:
        sample = sample.with_values({change.field: change.apply(sample[change.field])})
    return sample


@given(predicates(FIELDS, unknown=True), st.lists(certain_changes, max_size=3), packets())
def test_before_asks_of_the_unchanged_packet(predicate: Predicate, changes: list[Change], sample: Packet) -> None:
    assert matches(before(predicate, changes), sample) is matches(predicate, applied(sample, changes))


@given(predicates((DESTINATION_PORT,)), choices, packets())
def test_a_choice_is_certain_only_where_every_value_agrees(
    predicate: Predicate, choice: Choose, sample: Packet
) -> None:
    values = [value for interval in choice.values for value in interval] + [choice.values[-1][1] - 1]
    answers = {
        matches(predicate, sample.with_values({DESTINATION_PORT: value}))
        for value in values
        if has(choice.values, value)
    }
    truth = matches(before(predicate, (choice,)), sample)
    assert truth is None or answers == {truth}


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=3), certain_changes)
def test_images(side: list[tuple[int, int]], change: Change) -> None:
    values = normalise(side)
    if values:
        expected = {change.apply(value) for first, last in values for value in range(first, last + 1)}
        found = image(values, change)
        assert {n for first, last in found for n in range(first, last + 1)} == expected


actions = st.sampled_from(("pass", "block"))
entries = st.builds(
    Entry,
    predicates((DESTINATION_PORT, TCP_FLAGS, FRAGMENT), unknown=True, most=3),
    st.one_of(
        st.builds(Decide, actions, st.lists(certain_changes, max_size=1).map(tuple)),
        st.builds(Continue, st.lists(certain_changes, min_size=1, max_size=2).map(tuple)),
    ),
    st.none(),
)


@given(st.lists(entries, max_size=6), packets())
def test_conditions_on_arrival_say_what_the_list_does(chosen: list[Entry], sample: Packet) -> None:
    """The first entry whose condition holds on arrival is the one that decides."""
    rules = DecisionList(tuple(chosen), Decide("default"))
    possible = outcomes(rules, sample)
    arriving = rules.arriving()
    truths = [matches(condition, sample) for condition in arriving]
    deciding = [
        (number, truth)
        for number, (entry, truth) in enumerate(zip(chosen, truths, strict=True))
        if isinstance(entry.effect, Decide) and truth is not False
    ]
    certain = [number for number, truth in deciding if truth]
    first = certain[0] if certain else None
    allowed = {number for number, truth in deciding if first is None or number <= first} | {first}
    assert {outcome.entry for outcome in possible} <= allowed
    if allowed == {first}:
        assert {outcome.entry for outcome in possible} == {first}


def test_marks_keep_other_bits() -> None:
    mark = SetBits(MARK, 0xFF00, 0x1200)
    assert mark.apply(0xABCD) == 0x12CD
    assert before(masked(MARK, 0xFFFF, 0x12CD), (mark,)) == masked(MARK, 0xFF, 0xCD)
    assert before(masked(MARK, 0xFFFF, 0x13CD), (mark,)) == FALSE
