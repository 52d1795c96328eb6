"""Packets whose fate is another in a changed site: all of them, as regions, each with a packet that shows it.

The traffic that a change can touch is followed through both sites. Where an end of the one has packets of an end of
the other that is not the same, those packets are a region; one of them is run again alone through both sites before
anybody says so.
"""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from spdcheck.engine.answers import answers
from spdcheck.engine.exploration import Ending, explore
from spdcheck.engine.trace import ARRIVED, Disposition
from spdcheck.engine.tracing import begin, trace
from spdcheck.engine.traffic import Many, One
from spdcheck.errors import BudgetError, UsageError
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics.beginning import first_packets
from spdcheck.semantics.conditions import family
from spdcheck.semantics.fields import DESTINATION, SOURCE
from spdcheck.semantics.intervals import overlaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.trace import Trace
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.source import Span


class Fate(Enum):
    """What becomes of a packet, as far as a change of it matters. The values are what people read."""

    PROTECTED = "delivered under protection"
    CLEAR = "delivered in clear"
    INSIDE = "delivered"
    LEAKED = "leaked in clear"
    STOPPED = "stopped"
    UNKNOWN = "unknown"

    @property
    def arrives(self) -> bool:
        """It comes to somebody."""
        return self not in (Fate.STOPPED, Fate.UNKNOWN)

    @property
    def in_clear(self) -> bool:
        """It crosses an untrusted wire as everybody can read it."""
        return self in (Fate.CLEAR, Fate.LEAKED)


class Kind(Enum):
    """How a fate has changed, the gravest first."""

    EXPOSED = "exposed"
    OPENED = "opened"
    CLOSED = "closed"
    PROTECTED = "protected"
    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    ELSEWHERE = "elsewhere"
    UNDECIDED = "undecided"
    DECIDED = "decided"


class End(NamedTuple):
    """How packets end: the fate, where, and with which address in the end where NAT gave them another."""

    fate: Fate
    where: str
    address: tuple[tuple[int, int], ...] | None
    sentence: str
    place: Span | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Packets with the same fate in the old site and another, the same for all, in the new one.

    ``packets`` are sets without a common packet; ``before`` and ``after`` are the ways of one of them.
    """

    kind: Kind
    old: Fate
    new: Fate
    packets: tuple[Traffic, ...]
    before: Trace
    after: Trace

    @property
    def sentence(self) -> str:
        """What has happened to the packets: ``were delivered, protected, and are now stopped``."""
        if self.kind in (Kind.ANSWERED, Kind.UNANSWERED):
            now = "do too" if self.kind is Kind.ANSWERED else "no longer do"
            return f"arrive as before, but their answers {now}"
        if self.kind is Kind.ELSEWHERE:
            return f"arrive at {self.after.where} instead of {self.before.where}, or with other addresses"
        return f"were {self.old.value} and are now {self.new.value}"


class Doubt(NamedTuple):
    """Packets of which nobody can tell whether their fate has changed, and why."""

    packets: tuple[Traffic, ...]
    reason: str
    place: Span | None


class Differences(NamedTuple):
    """Everything that a comparison found, the gravest kind first; ``followed`` counts the pairs of ends compared."""

    found: tuple[Difference, ...]
    doubts: tuple[Doubt, ...]
    followed: int


def differences(old: Simulator, new: Simulator, condition: Predicate) -> Differences:
    """Every change of fate among the packets of a condition that begin a connection, of both families."""
    groups: dict[tuple[Kind, object], list[tuple[Ending, Ending, Many]]] = {}
    doubts: dict[str, Doubt] = {}
    followed = 0
    for version in (4, 6):
        beginning = first_packets(condition & family(version), version)
        try:
            before = [_Walk(old, ending) for ending in explore(old, beginning)]
            after = [_Walk(new, ending) for ending in explore(new, beginning)]
            for one, two, common in _meeting(before, after):
                followed += 1
                for kind, packets in _changes(one, two, common):
                    place = (one.ending.place, two.ending.place)
                    groups.setdefault((kind, (one.end[:3], two.end[:3], place)), []).append(
                        (one.ending, two.ending, packets)
                    )
                if one.end.fate is two.end.fate is Fate.UNKNOWN:
                    so_far = doubts.get(two.end.sentence, Doubt((), "", None)).packets
                    doubts[two.end.sentence] = Doubt((*so_far, common), two.end.sentence, two.end.place)
        except BudgetError as error:
            doubts[str(error)] = Doubt((), f"given up: {error}", None)
    found = []
    for (kind, _), members in groups.items():
        shown = _replayed(old, new, kind, members)
        if isinstance(shown, Difference):
            found.append(shown)
        elif shown is not None:
            doubts.setdefault(shown.reason, shown)
    order = list(Kind)
    found.sort(key=lambda difference: order.index(difference.kind))
    return Differences(tuple(found), tuple(doubts.values()), followed)


class _Walk:
    """An ending with its fate, and, where asked for, the fate of the answers."""

    def __init__(self, simulator: Simulator, ending: Ending) -> None:
        self.simulator, self.ending = simulator, ending
        self.began = ending.began
        self.end = end_of(ending)
        self._answers: list[tuple[bool | None, Traffic]] | None = None

    @property
    def answers(self) -> list[tuple[bool | None, Traffic]]:
        """``(answered, packets)``: True, False, or None where nobody can tell; silent packets are left out."""
        if self._answers is None:
            self._answers = []
            for answer, asked in answers(self.simulator, self.ending):
                unknown = answer.disposition is Disposition.UNKNOWN
                self._answers.append((None if unknown else answer.arrived, asked or self.began))
        return self._answers


def end_of(ending: Ending) -> End:
    """How packets end, as far as it matters."""
    situation = ending.situation
    crossed = situation.wires_clear + situation.wires_protected
    if ending.disposition is Disposition.UNKNOWN:
        fate = Fate.UNKNOWN
    elif ending.disposition is Disposition.LEAKED:
        fate = Fate.LEAKED
    elif ending.disposition not in ARRIVED:
        fate = Fate.STOPPED
    else:
        fate = Fate.INSIDE if not crossed else Fate.CLEAR if situation.wires_clear else Fate.PROTECTED
    where = situation.host.name if fate.arrives else ""
    return End(fate, where, _translated(ending) if fate.arrives else None, ending.sentence, ending.place)


def _translated(ending: Ending) -> tuple[tuple[int, int], ...] | None:
    """The addresses that NAT has given the packets, None for packets that kept theirs."""
    now, began = ending.situation.frame.traffic, ending.began
    changed = [field for field in (SOURCE, DESTINATION) if now.side(field) != began.side(field)]
    return tuple(interval for field in changed for interval in now.side(field)) or None


def _meeting(before: list[_Walk], after: list[_Walk]) -> Iterator[tuple[_Walk, _Walk, Many]]:
    """Every pair of ends, one of each site, that have packets in common; by the addresses where they begin."""
    rows: dict[IntervalSet, list[_Walk]] = {}
    for two in after:
        rows.setdefault(two.began.side(SOURCE), []).append(two)
    for one in before:
        source, destination = one.began.side(SOURCE), one.began.side(DESTINATION)
        for side, walks in rows.items():
            if not overlaps(source, side):
                continue
            for two in walks:
                if not overlaps(destination, two.began.side(DESTINATION)):
                    continue
                common = one.began.begun_in(two.began)
                if isinstance(common, Many):
                    yield one, two, common


def _changes(one: _Walk, two: _Walk, common: Many) -> Iterator[tuple[Kind, Many]]:
    kind = kind_of(one.end, two.end)
    if kind is not None:
        yield kind, common
        return
    if one.end.fate.arrives and two.end.fate.arrives:
        yield from _answers_changed(one, two, common)


def kind_of(old: End, new: End) -> Kind | None:
    """How the fate has changed; None where it has not, or where a packet that was stopped is stopped elsewhere."""
    if old.fate is Fate.UNKNOWN or new.fate is Fate.UNKNOWN:
        return None if old.fate is new.fate else Kind.UNDECIDED if new.fate is Fate.UNKNOWN else Kind.DECIDED
    if old.fate.arrives != new.fate.arrives:
        if not new.fate.arrives:
            return Kind.CLOSED
        return Kind.EXPOSED if new.fate is Fate.LEAKED else Kind.OPENED
    if not new.fate.arrives:
        return None
    if old.fate.in_clear != new.fate.in_clear and Fate.INSIDE not in (old.fate, new.fate):
        return Kind.EXPOSED if new.fate.in_clear else Kind.PROTECTED
    if (old.fate, new.fate) == (Fate.CLEAR, Fate.LEAKED):
        return None
    if (old.where, old.address) != (new.where, new.address):
        return Kind.ELSEWHERE
    return None


def _answers_changed(one: _Walk, two: _Walk, common: Many) -> Iterator[tuple[Kind, Many]]:
    for was, asked in one.answers:
        for now, again in two.answers:
            packets = common.begun_in(asked)
            packets = packets.begun_in(again) if packets is not None else None
            kind = _kind_of_answer(was, now)
            if packets is not None and kind is not None:
                yield kind, packets


def _replayed(
    old: Simulator, new: Simulator, kind: Kind, members: Iterable[tuple[Ending, Ending, Many]]
) -> Difference | Doubt | None:
    """The group as a difference, shown by one of its packets run alone; a doubt where no single packet shows it."""
    packets: list[Many] = []
    shown: Difference | None = None
    fallback: Ending | None = None
    for one, two, common in members:
        packets.append(common)
        fallback = fallback or two
        if shown is not None:
            continue
        packet = common.example()
        try:
            before, after = trace(old, packet), trace(new, packet)
        except UsageError:
            continue
        if kind_of_packet(old, new, before, after) is kind:
            shown = Difference(kind, end_of(one).fate, end_of(two).fate, (), before, after)
    if shown is not None:
        return Difference(kind, shown.old, shown.new, tuple(packets), shown.before, shown.after)
    if fallback is None:
        return None
    reason = f"that some packets are {kind.value} could not be replayed with a single packet"
    return Doubt(tuple(packets), reason, fallback.place)


def kind_of_packet(old: Simulator, new: Simulator, before: Trace, after: Trace) -> Kind | None:
    """How the fate of one packet, or of its answer, has changed."""
    was, now = (end_of(_alone(simulator, part)) for simulator, part in ((old, before), (new, after)))
    kind = kind_of(was, now)
    if kind is not None or not was.fate.arrives:
        return kind
    return _kind_of_answer(_answered(before), _answered(after))


def _alone(simulator: Simulator, part: Trace) -> Ending:
    start = partial(begin, simulator)
    return Ending(next(start(One(part.packet))), start)


def _answered(part: Trace) -> bool | None:
    """The answer arrives; False also where nobody answers, None where nobody can tell."""
    if part.reply is None:
        return False
    return None if part.reply.disposition is Disposition.UNKNOWN else part.reply.arrives


def _kind_of_answer(was: bool | None, now: bool | None) -> Kind | None:
    if was is now:
        return None
    if was is None or now is None:
        return Kind.DECIDED if was is None else Kind.UNDECIDED
    return Kind.ANSWERED if now else Kind.UNANSWERED
