"""The Conditions of a KeyNote assertion, for attributes that are known, open, or one of a few values.

Every part of a condition is answered by the set of what it may come to. A known attribute gives a set of one, so that
the whole is concrete; an open one gives :data:`ANYTHING`. A division by zero or a pattern that is none is
:data:`FAILED`: the clause around it counts as false (RFC 2704, section 5). Sets say too much where one open attribute
is asked for twice, never too little.

Nothing of a configuration is executed: this is an interpreter of values, and patterns have an engine of their own.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from spdcheck.model.keynote import (
    Attribute,
    Calculation,
    Comparison,
    Dereference,
    Either,
    Every,
    Joined,
    Literal,
    Matches,
    Negative,
    Not,
    Number,
    NumberOf,
    Text,
    Truth,
)
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.extended_regex import BadPatternError, TooHardError, search
from spdcheck.semantics.keynote_values import (
    ANY_WORD,
    ANYTHING,
    EMPTY,
    FAILED,
    MAX_OUTCOMES,
    TRUE,
    Figure,
    Special,
    Word,
    calculate,
    compare_figures,
    compare_words,
    few,
    int_of,
    join,
    number_of,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spdcheck.model.keynote import Arithmetic, Clause, Test


class Bounds(NamedTuple):
    """A compliance value as the lowest and the highest it may be, as places in the list of values."""

    low: int
    high: int


class Environment:
    """What attributes are worth: known text, a set of possible texts, or :data:`ANYTHING`.

    Where ``is_open`` is set, an attribute that is not listed may be anything, too; otherwise it is empty, as for
    libkeynote. ``values`` are the compliance values, the lowest first.
    """

    def __init__(
        self,
        attributes: Mapping[str, str | frozenset[str] | Special],
        values: tuple[str, ...],
        *,
        is_open: bool = False,
        authorizers: str | Special = ANYTHING,
    ) -> None:
        self.values = values
        self._is_open = is_open
        self._known: dict[str, frozenset[Word]] = {
            name: frozenset(value) if isinstance(value, frozenset) else frozenset({value})
            for name, value in attributes.items()
        }
        self._reserved: dict[str, frozenset[Word]] = {
            "_MIN_TRUST": frozenset({values[0]}),
            "_MAX_TRUST": frozenset({values[-1]}),
            "_VALUES": frozenset({",".join(values)}),
            "_ACTION_AUTHORIZERS": frozenset({authorizers}),
        }

    def lookup(self, name: str) -> frozenset[Word]:
        """The possible values of an action attribute."""
        known = self._reserved.get(name) or self._known.get(name)
        if known is None:
            return ANY_WORD if self._is_open and not name.startswith("_") else EMPTY
        return known


class Conditions:
    """The interpreter of one assertion: it knows the assertion's constants and what the last pattern has found."""

    def __init__(self, environment: Environment, constants: Iterable[tuple[str, Literal]]) -> None:
        self._environment = environment
        self._constants = {name: word(literal) for name, literal in constants}
        self._found: dict[str, frozenset[Word]] | None = {}
        self._certain = True

    def program(self, clauses: tuple[Clause, ...]) -> Bounds:
        """The highest value of all clauses whose test is true; the lowest value where there is none."""
        low = high = 0
        for clause in clauses:
            bounds = self._clause(clause)
            low, high = max(low, bounds.low), max(high, bounds.high)
        return Bounds(low, high)

    def _clause(self, clause: Clause) -> Bounds:
        outcome = self.test(clause.test)
        certain = self._certain
        self._certain = certain and outcome == TRUE
        value = self._value(clause.value)
        self._certain = certain
        self._found = {}  # what a pattern has found lasts to the end of its clause, be that an inner one
        if True not in outcome:
            return Bounds(0, 0)
        return value if outcome == TRUE else Bounds(0, value.high)

    def _value(self, value: Text | tuple[Clause, ...] | None) -> Bounds:
        last = len(self._environment.values) - 1
        if value is None:
            return Bounds(last, last)
        if isinstance(value, tuple):
            return self.program(value)
        places = []
        for text in self.text(value):
            if text is ANYTHING:
                return Bounds(0, last)
            # a value that nobody asks for is the lowest
            places.append(self._environment.values.index(text) if text in self._environment.values else 0)
        return Bounds(min(places), max(places))

    def test(self, test: Test) -> frozenset[bool | Special]:
        """Which of true, false and :data:`FAILED` a test may come to."""
        match test:
            case Truth(value):
                return frozenset({value})
            case Not(of):
                return frozenset(not item if isinstance(item, bool) else item for item in self.test(of))
            case Every(of):
                return self._in_turn(of, until=False)
            case Either(of):
                return self._in_turn(of, until=True)
            case Matches(subject, pattern):
                return self._matches(self.text(subject), self.text(pattern))
            case Comparison(operator, left, right):
                return self._comparison(operator, left, right)

    def _in_turn(self, tests: tuple[Test, ...], *, until: bool) -> frozenset[bool | Special]:
        """The outcome of tests that are asked in turn, up to the first that comes to ``until``."""
        certain = self._certain
        ended: set[bool | Special] = set()
        for test in tests:
            outcome = self.test(test)
            ended |= outcome - {not until}
            if (not until) not in outcome:
                self._certain = certain
                return frozenset(ended)
            self._certain = self._certain and len(outcome) == 1
        self._certain = certain
        return frozenset(ended | {not until})

    def _comparison(
        self, operator: str, left: Text | Arithmetic, right: Text | Arithmetic
    ) -> frozenset[bool | Special]:
        if isinstance(left, Text):
            assert isinstance(right, Text)
            words = product(self.text(left), self.text(right))
            return frozenset().union(*(compare_words(operator, *pair) for pair in words))
        assert not isinstance(right, Text)
        figures = product(self.figure(left), self.figure(right))
        return frozenset().union(*(compare_figures(operator, *pair) for pair in figures))

    # ---- texts

    def text(self, text: Text) -> frozenset[Word]:
        """The possible values of a text."""
        match text:
            case Literal():
                return word(text)
            case Attribute(name, _):
                return self._lookup(name)
            case Dereference(of):
                values: frozenset[Word] = frozenset()
                for found in self.text(of):
                    values |= self._lookup(found) if isinstance(found, str) else ANY_WORD
                return few(values)
            case Joined(parts):
                joined: frozenset[Word] = EMPTY
                for part in parts:
                    joined = few(frozenset(join(*pair) for pair in product(joined, self.text(part))))
                return joined

    def _lookup(self, name: str) -> frozenset[Word]:
        if name in ("_MIN_TRUST", "_MAX_TRUST", "_VALUES", "_ACTION_AUTHORIZERS"):
            return self._environment.lookup(name)
        if self._found is None and name[:1] == "_" and name[1:].isdigit():
            return ANY_WORD
        if self._found and name in self._found:
            return self._found[name]
        if name in self._constants:
            return self._constants[name]
        return self._environment.lookup(name)

    def _matches(self, subjects: frozenset[Word], patterns: frozenset[Word]) -> frozenset[bool | Special]:
        outcome: set[bool | Special] = set()
        found: dict[str, frozenset[Word]] | None = None
        for subject, pattern in product(subjects, patterns):
            if not isinstance(pattern, str):
                outcome |= {True, False, FAILED}
                continue
            try:
                match = search(pattern, subject if isinstance(subject, str) else "")
            except BadPatternError:
                outcome.add(FAILED)
                continue
            except TooHardError:
                outcome |= {True, False, FAILED}
                continue
            if not isinstance(subject, str):
                outcome |= {True, False}
                continue
            outcome.add(match is not None)
            if match is not None:
                found = {"_0": frozenset({str(match.group_count)})}
                found |= {f"_{place}": frozenset({group}) for place, group in enumerate(match.groups, 1)}
            else:
                found = {}
        self._found = found if self._certain and len(subjects) == len(patterns) == 1 else None
        return frozenset(outcome)

    # ---- numbers

    def figure(self, number: Arithmetic) -> frozenset[Figure]:
        """The possible values of a number; :data:`FAILED` among them where it may be divided by zero."""
        match number:
            case Number(value):
                return frozenset({value})
            case NumberOf(text, is_float):
                return frozenset(number_of(item, is_float=is_float) for item in self.text(text))
            case Negative(of):
                return frozenset(
                    item if isinstance(item, Special) else -item if isinstance(item, float) else int_of(-item)
                    for item in self.figure(of)
                )
            case Calculation(first, steps, is_float):
                results = self.figure(first)
                for operator, operand in steps:
                    pairs = product(results, self.figure(operand))
                    results = frozenset().union(*(calculate(operator, a, b, is_float=is_float) for a, b in pairs))
                    if len(results) > MAX_OUTCOMES:
                        results = frozenset({ANYTHING}) | (results & {FAILED})
                return results
