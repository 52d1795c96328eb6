from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spdcheck.engine import cover, solve
from spdcheck.engine.answer import Fails, Holds, Limits, ReplayError, Rung, Unknown
from spdcheck.engine.boxes import overlap, subtract
from spdcheck.engine.concrete import matches
from spdcheck.engine.index import Index
from spdcheck.engine.ladder import Ladder
from spdcheck.model.addresses import prefix
from spdcheck.semantics.fields import DESTINATION_PORT, FRAGMENT, MARK, PROTOCOL, SOURCE, TCP_FLAGS, address_interval
from spdcheck.semantics.predicate import TRUE, Predicate, all_of, in_set, is_value, masked
from tests.strategies import grid, predicates

if TYPE_CHECKING:
    from spdcheck.engine.answer import Answer

SMALL = (SOURCE, PROTOCOL, TCP_FLAGS)
ONLY_SOLVER = Limits(boxes=0)


def brute_force(target: Predicate, others: list[Predicate]) -> str:
    """Holds, Fails or Unknown by asking every packet that the predicates can tell apart."""
    verdict = "Holds"
    for sample in grid(target, *others):
        truths = [matches(other, sample) for other in others]
        mine = matches(target, sample)
        if mine is True and all(truth is False for truth in truths):
            return "Fails"
        if mine is not False and not any(truth is True for truth in truths):
            verdict = "Unknown"
    return verdict


def checked(answer: Answer, target: Predicate, others: list[Predicate]) -> str:
    """The answer's name, after its evidence was checked."""
    if isinstance(answer, Fails):
        assert matches(target, answer.witness) is True
        assert all(matches(other, answer.witness) is False for other in others)
    if isinstance(answer, Holds) and answer.rung is not Rung.SOLVER:
        assert brute_force(target, [others[n] for n in answer.because]) == "Holds"
        for n in answer.because:
            fewer = [others[m] for m in answer.because if m != n]
            assert len(answer.because) == 1 or brute_force(target, fewer) != "Holds", "a culprit is not needed"
    if isinstance(answer, Unknown):
        assert answer.reason
    return type(answer).__name__


@given(st.lists(predicates(SMALL, unknown=True, most=3), min_size=1, max_size=4))
def test_ladder_and_solver_agree_with_brute_force(rules: list[Predicate]) -> None:
    *others, target = rules
    expected = brute_force(target, others)
    assert checked(Ladder(rules).covered(len(others)), target, others) == expected
    assert checked(Ladder(rules, limits=ONLY_SOLVER).covered(len(others)), target, others) == expected


_NETS = ((8, 0), (8, 1), (16, 0), (32, 0), (32, 1))
_SOURCES = [
    TRUE,
    *(in_set(SOURCE, address_interval(prefix(4, 10 << 24 | n << (32 - bits), bits))) for bits, n in _NETS),
    in_set(SOURCE, (10 << 24, (10 << 24) + 5), (11 << 24, (12 << 24) - 1)),
    *(in_set(SOURCE, address_interval(prefix(6, 0xFD << 120, bits))) for bits in (0, 8, 127)),
    ~in_set(SOURCE, address_interval(prefix(4, 10 << 24, 8))),
]
_PORTS = [
    TRUE,
    *(in_set(DESTINATION_PORT, *p) for p in (((0, 80),), ((80, 443),), ((81, 442),), ((22, 22), (443, 443)))),
]
_FRAGMENTS = [TRUE, is_value(FRAGMENT, 0), is_value(FRAGMENT, 1, 2), masked(TCP_FLAGS, 0xA0, 0x20)]
_MENU = [all_of(parts) for parts in product(_SOURCES, _PORTS, _FRAGMENTS)]


@settings(max_examples=10_000 if settings().max_examples >= 200 else 50)
@given(st.lists(st.integers(0, len(_MENU) - 1), min_size=2, max_size=5))
def test_no_rung_disagrees(chosen: list[int]) -> None:
    """The whole ladder and its last exact rung on its own say what brute force says."""
    rules = [_MENU[number] for number in chosen]
    *others, target = rules
    ladder = Ladder(rules)
    expected = brute_force(target, others)
    assert checked(ladder.covered(len(others)), target, others) == expected
    alone = []
    for box in ladder.space.possible(ladder.surely.of(len(others))):
        parts = [(part, n) for n in range(len(others)) for part in ladder.surely.of(n) if overlap(part, box)]
        alone.append(cover.subtraction(box, parts, most=10_000))
    assert all(isinstance(outcome, cover.Covered) for outcome in alone) == (expected == "Holds")


@given(predicates(unknown=True))
def test_the_solver_agrees_with_the_concrete_interpreter(predicate: Predicate) -> None:
    truths = {matches(predicate, sample) for sample in grid(predicate)}
    for unknown in (False, True):
        found = solve.find_packet(predicate, unknown=unknown, seconds=10)
        assert isinstance(found, solve.Sat if True in truths or (unknown and None in truths) else solve.Unsat)


def web(first: int, last: int) -> Predicate:
    return is_value(PROTOCOL, 6) & in_set(DESTINATION_PORT, (first, last))


def test_rungs_say_who_decided() -> None:
    rules = [web(0, 99), web(100, 200), web(0, 99), web(10, 20), web(50, 150), web(150, 300), is_value(PROTOCOL, 17)]
    answers = [Ladder(rules).covered(n) for n in range(len(rules))]
    assert [answer.rung for answer in answers] == [
        Rung.CANDIDATES,
        Rung.CANDIDATES,
        Rung.STRUCTURAL,
        Rung.COVERING,
        Rung.SUBTRACTION,
        Rung.CORNER,
        Rung.CANDIDATES,
    ]
    assert answers[4] == Holds(Rung.SUBTRACTION, (0, 1))
    assert isinstance(answers[5], Fails)
    assert answers[5].witness.destination_port > 200


def test_caps_and_time_limits_are_unknown_never_fine() -> None:
    hard = [masked(MARK, 0x5555_5555 << k, 0) for k in (0, 1)]
    question = [*hard, is_value(MARK, *range(0, 60, 2))]
    limits = Limits(pieces=1, boxes=1, corners=0, solver_seconds=0.0)
    assert isinstance(Ladder(question, limits=limits).covered(2), (Unknown, Fails))
    assert isinstance(Ladder(question).covered(2), Fails)


def test_a_broken_rung_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Subtraction that forgets one piece claims a cover that is none: the property above has to fail."""
    monkeypatch.setattr(cover, "subtract", lambda a, b: subtract(a, b)[1:])
    with pytest.raises(AssertionError):
        _property_of_all_rungs()


def test_a_broken_index_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Candidates that miss a box: a witness does not replay."""
    monkeypatch.setattr(Index, "overlapping", lambda self, box, among: 0)
    with pytest.raises((AssertionError, ReplayError)):
        _property_of_all_rungs()


def test_a_broken_cover_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover, "contains", overlap)
    with pytest.raises(AssertionError):
        _property_of_all_rungs()


def _property_of_all_rungs() -> None:
    holes = in_set(DESTINATION_PORT, (400, 410), (500, 510))
    rules = [web(0, 99), web(100, 200), web(250, 300), holes, web(50, 150), web(150, 270), web(90, 210), web(405, 505)]
    for number, target in enumerate(rules):
        others = rules[:number]
        assert checked(Ladder(rules).covered(number), target, others) == brute_force(target, others)


def test_ipv6_is_as_exact_as_ipv4() -> None:
    low, high = in_set(SOURCE, (1 << 128, (1 << 129) - 2)), in_set(SOURCE, ((1 << 129) - 1, (1 << 129) - 1))
    everything = low | high
    assert isinstance(Ladder([low, everything]).covered(1), Fails)
    assert isinstance(Ladder([low, high, everything]).covered(2), Holds)
    assert isinstance(Ladder([all_of([everything, web(80, 80)]), everything]).covered(1), Fails)
