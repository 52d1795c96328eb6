from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.answer import Fails, Holds, Limits, Rung, Unknown
from spdcheck.engine.compare import difference, equivalent
from spdcheck.engine.fates import Fates
from spdcheck.engine.lookup import Lookup
from spdcheck.engine.questions import conflicts, images, reachable, redundant, shadowed
from spdcheck.engine.run import Outcome, decided, outcomes
from spdcheck.errors import BudgetError
from spdcheck.model.addresses import prefix
from spdcheck.semantics import conditions as rule
from spdcheck.semantics.changes import Assign, Choose, SetBits, Shift
from spdcheck.semantics.decision import Continue, Decide, DecisionList, Entry
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    PROTOCOL,
    SOURCE,
    TAG,
    TCP_FLAGS,
    address_interval,
)
from spdcheck.semantics.intervals import has
from spdcheck.semantics.predicate import TRUE, Predicate, in_set, is_value
from spdcheck.semantics.predicate import Unknown as NotKnown
from tests.strategies import grid, packets, predicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.packet import Packet

FIELDS = (DESTINATION_PORT, FRAGMENT)
ONLY_SOLVER = Limits(pieces=0)

actions = st.sampled_from(("pass", "block"))
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Assign, st.just(DESTINATION_PORT), st.sampled_from((22, 80))),
    st.builds(Shift, st.just(DESTINATION_PORT), st.just(22), st.sampled_from((80, 443)), st.sampled_from((23, 8000))),
    st.sampled_from((SetBits(TCP_FLAGS, 0x80, 0x80), SetBits(TCP_FLAGS, 0xC0, 0x80))),
    st.just(Choose(DESTINATION_PORT, ((1024, 65535),))),
)
maybe_changes = st.one_of(st.just(()), st.just(()), changes.map(lambda one: (one,)))


def entries(unknown: bool) -> st.SearchStrategy[Entry]:
    effects = st.one_of(
        st.builds(Decide, actions, maybe_changes),
        st.builds(Decide, actions),
        st.builds(Continue, changes.map(lambda one: (one,))),
    )
    return st.builds(Entry, predicates(FIELDS, unknown=unknown, most=2), effects)


def lists(unknown: bool = False, most: int = 4) -> st.SearchStrategy[DecisionList]:
    return st.builds(DecisionList, st.lists(entries(unknown), max_size=most).map(tuple), st.builds(Decide, actions))


def everything(*rules: DecisionList) -> Iterator[Packet]:
    """One packet of every kind that the lists can tell apart or change differently."""
    marks: list[Predicate] = [
        is_value(DESTINATION_PORT, 22, 80),
        is_value(TCP_FLAGS, 0x80, 0xC0),
        is_value(DESTINATION_PORT, 23, 81),
    ]
    yield from grid(*marks, *(condition for one in rules for condition in one.arriving()))


def treatments(rules: DecisionList, sample: Packet) -> set[tuple[object, ...]]:
    return {outcome.treatment for outcome in outcomes(rules, sample)}


def near(one: DecisionList, seed: int) -> DecisionList:
    """A list that differs a little: two neighbours swapped, one dropped, or one doubled."""
    chosen = list(one.entries)
    if chosen:
        place = seed % len(chosen)
        kind = seed % 3
        if kind == 0:
            chosen[place], chosen[place - 1] = chosen[place - 1], chosen[place]
        elif kind == 1:
            del chosen[place]
        else:
            chosen.append(chosen[place])
    return DecisionList(tuple(chosen), one.default)


@given(lists(), st.one_of(lists(), st.integers(0, 30)))
def test_differences_are_exact(left: DecisionList, other: DecisionList | int) -> None:
    right = near(left, other) if isinstance(other, int) else other
    result = difference(left, right)
    differing = [p for p in everything(left, right) if treatments(left, p) != treatments(right, p)]
    certain = [p for p in differing if not treatments(left, p) & treatments(right, p)]
    if not result.unknown and all(one.complete for one in result.differences):
        for sample in everything(left, right):
            inside = [
                one
                for one in result.differences
                for box in one.boxes
                if all(has(side, sample[field]) for field, side in zip(result.fields, box, strict=True))
            ]
            assert len(inside) <= 1, "regions overlap"
            assert bool(inside) == (sample in differing)
    elif not result.differences:
        assert result.unknown or not certain
    for one in result.differences:
        assert treatments(left, one.witness) != treatments(right, one.witness)
        assert one.texts


@given(lists(), st.one_of(lists(), st.integers(0, 30)))
def test_boxes_and_solver_agree_on_equivalence(left: DecisionList, other: DecisionList | int) -> None:
    right = near(left, other) if isinstance(other, int) else other
    by_boxes, by_solver = equivalent(left, right), equivalent(left, right, limits=ONLY_SOLVER)
    if not isinstance(by_boxes, Unknown) and not isinstance(by_solver, Unknown):
        assert type(by_boxes) is type(by_solver)
    for answer in (by_boxes, by_solver):
        if isinstance(answer, Fails):
            assert not treatments(left, answer.witness) & treatments(right, answer.witness)


@given(lists(unknown=True), lists(unknown=True))
def test_unknown_parts_never_give_a_false_verdict(left: DecisionList, right: DecisionList) -> None:
    answer = equivalent(left, right)
    if isinstance(answer, Holds):
        assert all(treatments(left, p) == treatments(right, p) for p in everything(left, right))
    if isinstance(answer, Fails):
        assert not treatments(left, answer.witness) & treatments(right, answer.witness)


@given(lists(unknown=True, most=5))
def test_shadowed_entries_never_have_a_say(rules: DecisionList) -> None:
    found = {shadow.entry: shadow for shadow in shadowed(rules).found}
    reached: set[int] = set()
    for sample in everything(rules):
        for outcome in outcomes(rules, sample):
            reached |= {*outcome.passed, *(() if outcome.entry is None else (outcome.entry,))}
    for number in range(len(rules.entries)):
        if number in found and not found[number].unknown:
            assert number not in reached
            assert all(culprit < number for culprit in found[number].culprits)
        if number not in reached:
            assert number in found


@given(lists(most=5))
def test_redundant_entries_can_go(rules: DecisionList) -> None:
    answers = {one.entry: one.unknown for one in redundant(rules)}
    for number, entry in enumerate(rules.entries):
        if isinstance(entry.effect, Decide) and not answers.get(number):
            without = DecisionList(rules.entries[:number] + rules.entries[number + 1 :], rules.default)
            same = all(treatments(rules, p) == treatments(without, p) for p in everything(rules))
            assert (number in answers) == same


@given(lists(most=5))
def test_reachable_actions(rules: DecisionList) -> None:
    reach = reachable(rules, rule.protocol(6) | TRUE)
    met = {outcome.decide.action for p in everything(rules) for outcome in outcomes(rules, p)}
    assert set(reach.actions) <= met
    assert met <= set(reach.actions) | set(reach.unknown)
    for action, witness in reach.actions.items():
        assert action in {outcome.decide.action for outcome in outcomes(rules, witness)}


@given(lists(most=4), packets())
def test_fates_are_those_of_the_interpreter(rules: DecisionList, sample: Packet) -> None:
    fates = Fates(rules)
    pieces = [
        (box, fate)
        for start in fates.space.possible([fates.space.everything])
        for box, fate in fates.split(start)
        if all(has(side, sample[field]) for field, side in zip(fates.space.fields, box, strict=True))
    ]
    possible = outcomes(rules, sample)
    ((box, fate),) = pieces[:1] if all(not fate.sure for _, fate in pieces) else [p for p in pieces if p[1].sure]
    if fate.sure:
        (outcome,) = possible
        assert (fate.entry, fate.decide) == (outcome.entry, outcome.decide)
        leaving = fates.image(box, fate)
        assert all(has(side, outcome.packet[field]) for field, side in zip(fates.space.fields, leaving, strict=True))
    else:
        assert fate.entry in {outcome.entry for outcome in possible} or len(possible) > 1 or rules.changes_packets


@given(lists(unknown=True, most=6), packets())
def test_the_prepared_look_up_agrees(rules: DecisionList, sample: Packet) -> None:
    assert Lookup(rules).outcomes(sample) == outcomes(rules, sample)


def first_match(*rules: tuple[Predicate, str]) -> DecisionList:
    return DecisionList(tuple(Entry(predicate, Decide(action)) for predicate, action in rules), Decide("block"))


WEB, SSH, TCP = (
    rule.destination_port((80, 80), protocols=(6,)),
    rule.destination_port((22, 22), protocols=(6,)),
    rule.protocol(6),
)


def test_a_union_shadows_and_its_culprits_are_named() -> None:
    low, high = rule.destination_port((0, 50), protocols=(6,)), rule.destination_port((51, 65535), protocols=(6,))
    rules = first_match(
        (SSH, "block"), (low, "pass"), (rule.protocol(17), "pass"), (high, "pass"), (TCP & ~SSH, "block")
    )
    (shadow,) = shadowed(rules).found
    assert (shadow.entry, shadow.culprits, shadow.rung) == (4, (1, 3), Rung.SUBTRACTION)
    assert shadow.example is not None
    (inside,) = shadowed(rules, within=rule.protocol(17)).found[:1]
    assert inside.entry == 0


def test_what_an_unknown_part_leaves_open() -> None:
    limited = NotKnown("limit 3/minute")
    rules = first_match((TCP & limited, "pass"), (WEB, "block"), (TCP, "pass"), (SSH, "block"))
    assert [(shadow.entry, shadow.unknown) for shadow in shadowed(rules).found] == [
        (0, "limit 3/minute"),
        (1, "limit 3/minute"),
        (2, "limit 3/minute"),
        (3, ""),
    ]
    rules = first_match((TCP & limited, "pass"), (WEB & limited, "block"), (WEB & limited, "pass"))
    assert {shadow.unknown for shadow in shadowed(rules).found} == {"limit 3/minute"}


def test_conflicts_have_a_witness() -> None:
    rules = first_match((rule.protocol(6, 17), "pass"), (rule.destination_port((80, 80)), "block"), (SSH, "pass"))
    (conflict,) = conflicts(rules)
    assert (conflict.first, conflict.second) == (0, 1)
    outcome = decided(rules, conflict.witness) if conflict.witness else None
    assert isinstance(outcome, Outcome)
    assert outcome.entry == 0


def test_differences_in_words() -> None:
    left = first_match((SSH, "block"), (TCP, "pass"))
    right = first_match((TCP, "pass"), (SSH, "block"))
    (found,) = difference(left, right).differences
    assert (found.left, found.right, found.texts) == (0, 0, ("any → any[22] tcp",))
    assert str(found.witness) == "tcp 192.0.2.1:40000 → 198.51.100.1:22 [S]"


def test_commuting_swaps_need_no_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    left = first_match((WEB, "pass"), (SSH, "block"), (rule.protocol(17), "pass"))
    right = first_match((rule.protocol(17), "pass"), (SSH, "block"), (WEB, "pass"))
    monkeypatch.setattr(Fates, "split", None)
    assert equivalent(left, right) == Holds(Rung.STRUCTURAL)


def test_images_under_nat() -> None:
    inside, outside = prefix(4, 10 << 24, 24), prefix(4, 0xC0000200, 24)
    first, last = address_interval(inside)
    nat = DecisionList(
        (
            Entry(rule.source(inside) & rule.destination(prefix(4, 0x0A020000, 16)), Decide("exempt")),
            Entry(rule.source(inside), Decide("map", (Shift(SOURCE, first, last, outside.first),))),
        ),
        Decide("as it is"),
    )
    found = {(image.decide.action, *image.texts) for image in images(nat, rule.source(inside) & TCP)}
    assert found == {
        ("exempt", "10.0.0.0/24 → 10.2.0.0/16 tcp", "10.0.0.0/24 → 10.2.0.0/16 tcp"),
        ("map", "10.0.0.0/24 → any IPv4 but 10.2.0.0/16 tcp", "192.0.2.0/24 → any IPv4 but 10.2.0.0/16 tcp"),
    }
    with pytest.raises(BudgetError):
        list(images(first_match((TCP & NotKnown("limit"), "pass"))))


def test_equal_nat_written_differently() -> None:
    whole = DecisionList((Entry(TRUE, Decide("map", (Assign(DESTINATION_PORT, 80),))),), Decide("x"))
    parts = DecisionList(
        (
            Entry(is_value(DESTINATION_PORT, 80), Decide("map")),
            Entry(TRUE, Decide("map", (Assign(DESTINATION_PORT, 80), Assign(TAG, 0)))),
        ),
        Decide("x"),
    )
    untagged = is_value(TAG, 0)
    assert isinstance(equivalent(whole, parts, within=untagged), Holds)
    assert isinstance(equivalent(whole, parts, within=untagged, limits=ONLY_SOLVER), Holds)
    assert isinstance(equivalent(whole, parts), Fails)


def test_both_families_and_their_translation() -> None:
    other = DecisionList((Entry(in_set(DESTINATION, (1 << 128, (1 << 128) + 9)), Decide("pass")),), Decide("block"))
    assert isinstance(equivalent(other, DecisionList((), Decide("block"))), Fails)
    assert isinstance(equivalent(other, DecisionList((), Decide("block")), within=rule.family(4)), Holds)
    assert isinstance(equivalent(other, other), Holds)
    assert PROTOCOL not in Fates(other).space.fields
