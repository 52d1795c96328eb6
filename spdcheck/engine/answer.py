"""What a question to the engine can answer, and which rung of the ladder gave the answer."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.semantics.packet import Packet


class ReplayError(AssertionError):
    """A witness does not do what it should when the concrete interpreter runs it: a bug in spdcheck."""


class Rung(Enum):
    """The rungs of the ladder, cheapest first (``docs/engine.md`` says why each is sound)."""

    STRUCTURAL = "structural"
    CANDIDATES = "candidates"
    COVERING = "covering rule"
    CORNER = "corner witness"
    SUBTRACTION = "subtraction"
    SOLVER = "solver"


@dataclass(frozen=True, slots=True)
class Holds:
    """Yes, for every packet. ``because`` are the numbers of the entries that make it so, if the question has any."""

    rung: Rung
    because: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fails:
    """No: ``witness`` is a packet for which it is not so. It was replayed by the concrete interpreter."""

    rung: Rung
    witness: Packet


@dataclass(frozen=True, slots=True)
class Unknown:
    """No verdict: a part is not modelled, or a cap or time limit was reached. ``reason`` is for people."""

    rung: Rung
    reason: str


Answer: TypeAlias = Holds | Fails | Unknown


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work a question may cost before the next rung takes over, or the answer is Unknown.

    ``pieces`` counts the boxes of one subtraction, ``boxes`` those of one predicate.
    """

    pieces: int = 20_000
    boxes: int = 4096
    corners: int = 64
    solver_seconds: float = 5.0


DEFAULT_LIMITS = Limits()
