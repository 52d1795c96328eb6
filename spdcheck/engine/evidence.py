"""Why a stage decided as it did: the rules that it tried before, and what each one misses.

For people: nothing here takes part in a verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.concrete import matches
from spdcheck.engine.run import outcomes
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics.decision import Decide
from spdcheck.semantics.fields import FRAGMENT, Kind, value_text
from spdcheck.semantics.near_miss import slips
from spdcheck.semantics.packet import WHOLE
from spdcheck.semantics.predicate import And, InSet, Masked, Not, Or, unknowns_of
from spdcheck.semantics.selectors import predicate_of
from spdcheck.semantics.words import predicate_text, side_text
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from spdcheck.engine.concrete import Truth
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

_FAR = 99
"""How far apart two values are that do not look alike at all."""

_BITS = 2
"""How far apart two sets of bits are: flags of a packet are nearer to others than its protocol is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stage asked: the packet as the stage saw it, and the list, as policies or as a decision list.

    ``blind`` says that the ports were not looked at (forwarded packets of the BSDs).
    """

    packet: Packet
    policies: tuple[SecurityPolicy, ...] = ()
    rules: DecisionList | None = None
    blind: bool = False


class Miss(NamedTuple):
    """Why a rule does not fit: ``what`` the rule asks about, what it wants and what the packet has.

    ``distance`` is small where the two look alike.
    """

    what: str
    wanted: str
    actual: str
    distance: int = _FAR

    def __str__(self) -> str:
        if not self.actual:
            return f"{self.what}: {self.wanted}"
        return f"{self.what} is {self.actual}, not {self.wanted}"


class Tried(NamedTuple):
    """One rule of the list: its place, its action, whether it fits (None: nobody can tell), and what it misses."""

    number: int
    origin: Span | None
    action: Hashable
    fits: Truth
    misses: tuple[Miss, ...]
    condition: Predicate

    @property
    def rank(self) -> tuple[int, int]:
        """Small for a rule that nearly fits."""
        return len(self.misses), sum(miss.distance for miss in self.misses)


def tried(asked: Asked) -> Iterator[Tried]:
    """Every rule in the order in which the kernel asks it."""
    for number, (condition, action, origin) in enumerate(_rows(asked)):
        fits = matches(condition, asked.packet)
        found = () if fits else tuple(misses(condition, asked.packet))
        yield Tried(number, origin, action, fits, found, condition)


def decider(asked: Asked) -> int | None:
    """The number of the rule that decided, None for the default."""
    if asked.rules is not None:
        return outcomes(asked.rules, asked.packet)[0].entry
    return next((number for number, row in enumerate(_rows(asked)) if matches(row[0], asked.packet)), None)


def nearest(asked: Asked, wanted: Callable[[Hashable], bool], most: int = 1) -> Tried | None:
    """The rule with a wanted action that misses least, and no more than ``most`` things."""
    rows = [
        Tried(number, origin, action, False, tuple(misses(condition, asked.packet)), condition)
        for number, (condition, action, origin) in enumerate(_rows(asked))
        if wanted(action) and matches(condition, asked.packet) is False and _lacking(condition, asked.packet) <= most
    ]
    return min(rows, key=lambda row: row.rank, default=None)


def _lacking(condition: Predicate, packet: Packet) -> int:
    """How many :func:`misses` there are: to put them into words takes long, and few rules miss little."""
    if matches(condition, packet):
        return 0
    if isinstance(condition, And):
        return sum(_lacking(part, packet) for part in condition.parts)
    if isinstance(condition, Or) and condition.parts:
        return min(_lacking(part, packet) for part in condition.parts)
    return 1


def _rows(asked: Asked) -> Iterator[tuple[Predicate, Hashable, Span | None]]:
    if asked.rules is not None:
        # What is true of the packet as it arrives: a list may change it on the way.
        for entry, condition in zip(asked.rules.entries, asked.rules.arriving(), strict=True):
            action = entry.effect.action if isinstance(entry.effect, Decide) else None
            yield condition, action, entry.origin if isinstance(entry.origin, Span) else None
        return
    for policy in asked.policies:
        yield predicate_of(policy.selector), policy.action, policy.origin


def misses(condition: Predicate, packet: Packet) -> Iterator[Miss]:
    """What of a condition does not hold of a packet; of alternatives, the one that is nearest to holding."""
    truth = matches(condition, packet)
    if truth:
        return
    if isinstance(condition, And):
        for part in condition.parts:
            yield from misses(part, packet)
    elif isinstance(condition, Or) and condition.parts:
        ways = [tuple(misses(part, packet)) for part in condition.parts]
        yield from min(ways, key=lambda way: (len(way), sum(miss.distance for miss in way)))
    elif isinstance(condition, InSet):
        field, value = condition.field, packet[condition.field]
        wanted, actual = side_text(field, condition.intervals), value_text(field, value)
        yield Miss(field.words, wanted, actual, _distance(field.kind, wanted, actual))
    elif isinstance(condition, Masked):
        wanted = predicate_text(condition).removeprefix(f"{condition.field.words} ")
        yield Miss(condition.field.words, wanted, value_text(condition.field, packet[condition.field]), _BITS)
    elif isinstance(condition, Not):
        yield Miss("the rule excludes", predicate_text(condition.part), "")
    elif truth is None:
        yield Miss("not known", "; ".join(unknowns_of(condition)), "")
    else:
        yield Miss("the rule", "fits nothing", "")


def _distance(kind: Kind, wanted: str, actual: str) -> int:
    if kind not in (Kind.ADDRESS, Kind.PORT, Kind.NAME):
        return 3
    apart = min(_FAR, *(slips(word.partition("/")[0], actual) for word in wanted.split(", ")))
    return apart + 3 if kind is Kind.NAME else apart  # Names of interfaces look alike and are meant to differ.


def sees_ports(asked: Asked) -> bool:
    """The lookup could compare ports."""
    return not asked.blind and asked.packet[FRAGMENT] == WHOLE
