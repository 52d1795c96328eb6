"""The KeyNote compliance checker: what a set of assertions makes of an action (RFC 2704, section 5).

The compliance value of an assertion is the lower of its Conditions and its Licensees; that of a principal the highest
of the assertions that it authorizes, or the highest value of all if it stands behind the action itself; that of the
query the value of ``POLICY``. Every assertion counts as one of the local policy, as those of isakmpd.policy do.

Source: libkeynote (``keynote.y``, ``parse_assertion.c``). Where it differs from the RFC, it is libkeynote that is
followed: an assertion without Licensees licenses everybody. Trust that runs in a circle proves nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from spdcheck.model.keynote import (
    ANYONE,
    NOBODY,
    POLICY,
    Attribute,
    Calculation,
    Clause,
    Comparison,
    Dereference,
    Either,
    Every,
    Joined,
    Licensee,
    Matches,
    Negative,
    Not,
    NumberOf,
    Passphrase,
    Threshold,
)
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.keynote_conditions import Bounds, Conditions, Environment
from spdcheck.semantics.keynote_values import ANYTHING, Special

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spdcheck.model.keynote import Assertion, Licensees
    from spdcheck.semantics.keynote_values import Word

ISAKMPD_VALUES = ("false", "true")
"""The compliance values that isakmpd asks for, the lowest first (``policy.c``)."""

_ENCODED = ("dsa-", "rsa-", "x509-", "binary-")

Principal = str | Passphrase | Special
"""Who takes an action; ``ANYTHING`` may be anybody."""


class Compliance(NamedTuple):
    """The answer to a query: the lowest and the highest value that it may have."""

    lowest: str
    highest: str

    @property
    def is_certain(self) -> bool:
        """Nothing that is open can change it."""
        return self.lowest == self.highest


def query(
    assertions: Iterable[Assertion],
    authorizers: Iterable[Principal],
    attributes: Mapping[str, str | frozenset[str] | Special],
    values: tuple[str, ...] = ISAKMPD_VALUES,
    *,
    is_open: bool = False,
) -> Compliance:
    """The compliance value of an action with these attributes, taken by these principals.

    An attribute may be a text, a set of texts of which it is one, or ``ANYTHING``; ``is_open`` makes every attribute
    that is not listed ``ANYTHING`` (else it is empty). ``values`` has the lowest first and must not be empty.
    """
    acting = tuple(authorizers)
    listed = ",".join(item for item in acting if isinstance(item, str))
    hides = any(isinstance(item, Passphrase) for item in acting)
    environment = Environment(attributes, values, is_open=is_open, authorizers=ANYTHING if hides else listed)
    bounds = _Graph(tuple(assertions), environment, acting).policy()
    return Compliance(values[bounds.low], values[bounds.high])


class _Node(NamedTuple):
    """An assertion with what does not depend on others: the value of its conditions and whom it is by."""

    assertion: Assertion
    conditions: Bounds
    authorizers: frozenset[Word]
    speaker: Conditions


class _Graph:
    """Who licenses whom. Values only ever rise, from the lowest of all, until nothing changes."""

    def __init__(
        self, assertions: tuple[Assertion, ...], environment: Environment, acting: tuple[Principal, ...]
    ) -> None:
        self._last = len(environment.values) - 1
        self._acting = frozenset(canonical(item) for item in acting)
        self._nodes = []
        for assertion in assertions:
            speaker = Conditions(environment, assertion.constants)
            bounds = Bounds(self._last, self._last)
            if assertion.conditions is not None:
                bounds = speaker.program(assertion.conditions)
            names = frozenset(canonical(item) for item in speaker.text(assertion.authorizer))
            self._nodes.append(_Node(assertion, bounds, names, speaker))
        self._values: dict[Word, Bounds] = {}
        self._of_anybody = Bounds(0, 0)

    def policy(self) -> Bounds:
        """The value of POLICY."""
        waiting: dict[Word, set[int]] = {}
        for place, node in enumerate(self._nodes):
            for principal in self._principals(node):
                waiting.setdefault(principal, set()).add(place)
        due = set(range(len(self._nodes)))
        while due:
            place = due.pop()
            for principal in self._raise(self._nodes[place]):
                if principal is ANYTHING:
                    due |= set(range(len(self._nodes)))
                due |= waiting.get(principal, set()) | waiting.get(ANYTHING, set())
        known = self._values.get(POLICY, Bounds(0, 0))
        return Bounds(known.low, max(known.high, self._of_anybody.high))

    def _raise(self, node: _Node) -> Iterator[Word]:
        """Counts an assertion; the principals whose value it raised."""
        licensees = self._licensees(node.assertion.licensees, node.speaker)
        value = Bounds(min(node.conditions.low, licensees.low), min(node.conditions.high, licensees.high))
        is_certain = len(node.authorizers) == 1
        for name in node.authorizers:
            if name is ANYTHING:
                if value.high > self._of_anybody.high:
                    self._of_anybody = Bounds(0, value.high)
                    yield name
                continue
            old = self._values.get(name, Bounds(0, 0))
            new = Bounds(max(old.low, value.low if is_certain else 0), max(old.high, value.high))
            if new != old:
                self._values[name] = new
                yield name

    def _principals(self, node: _Node) -> Iterator[Word]:
        todo: list[Licensees | str] = [node.assertion.licensees]
        while todo:
            item = todo.pop()
            if isinstance(item, Licensee):
                yield from (canonical(name) for name in node.speaker.text(item.key))
            elif isinstance(item, Threshold):
                todo.extend(item.of)

    def _licensees(self, licensees: Licensees | str, speaker: Conditions) -> Bounds:
        if isinstance(licensees, str):
            return Bounds(self._last, self._last) if licensees == ANYONE else Bounds(0, 0)
        if isinstance(licensees, Licensee):
            found = [self._principal(canonical(name)) for name in speaker.text(licensees.key)]
            return Bounds(min(item.low for item in found), max(item.high for item in found))
        if licensees.count > len(licensees.of):
            return Bounds(0, 0)  # libkeynote takes it for a syntax error
        several = [self._licensees(item, speaker) for item in licensees.of]
        place = licensees.count - 1
        lows = sorted((item.low for item in several), reverse=True)
        highs = sorted((item.high for item in several), reverse=True)
        return Bounds(lows[place], highs[place])

    def _principal(self, name: Word) -> Bounds:
        if name in self._acting:
            return Bounds(self._last, self._last)
        if name is ANYTHING or (ANYTHING in self._acting):
            return Bounds(0, self._last)
        known = self._values.get(name, Bounds(0, 0))
        return Bounds(known.low, max(known.high, self._of_anybody.high))


def canonical(principal: Word) -> Word:
    """A key by its bytes, so that ``rsa-hex:0A`` and ``rsa-base64:Cg==`` are the same; other names as they are."""
    if not isinstance(principal, str):
        return principal
    kind, colon, data = principal.partition(":")
    kind = kind.lower()
    if not colon or not kind.startswith(_ENCODED):
        return principal
    name, _, encoding = kind.rpartition("-")
    try:
        if encoding == "hex":
            key = bytes.fromhex(data)
        elif encoding == "base64":
            key = base64.b64decode(data, validate=True)
        else:
            return principal
    except (ValueError, binascii.Error):
        return principal
    return f"{name}-hex:{key.hex()}"


def attributes_of(assertion: Assertion) -> frozenset[str]:
    """The attributes that the conditions of an assertion ask for by name, local constants left out."""
    names: set[str] = set()
    todo: list[object] = list(assertion.conditions or ())
    while todo:
        match todo.pop():
            case Attribute(name, _):
                names.add(name)
            case Clause(test, value):
                todo.append(test)
                todo.extend(value if isinstance(value, tuple) else (value,))
            case Every(of) | Either(of) | Joined(of):
                todo.extend(of)
            case Not(one) | Negative(one) | Dereference(one) | NumberOf(one, _):
                todo.append(one)
            case Matches(left, right) | Comparison(_, left, right):
                todo += (left, right)
            case Calculation(first, steps, _):
                todo += (first, *(operand for _, operand in steps))
    return frozenset(names - {name for name, _ in assertion.constants})


__all__ = ["ANYTHING", "ISAKMPD_VALUES", "NOBODY", "Compliance", "attributes_of", "canonical", "query"]
