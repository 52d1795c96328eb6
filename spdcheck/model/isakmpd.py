"""What only isakmpd has: connections, suites, ranges of numbers, and who answers whom (isakmpd.conf(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.ike import Algorithm, AuthMethod, Phase2Id
    from spdcheck.source import Span


class NumberRange(NamedTuple):
    """``offer`` is what an initiator proposes; a responder takes ``least`` to ``most``, both included.

    Written ``X,Y:Z``, or ``X`` for X alone. The offer is not compared with its own range.
    """

    offer: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Life:
    """A lifetime section: ``unit`` is ``seconds`` or ``kilobytes``; ``range`` is None for ANY."""

    name: str
    unit: str
    range: NumberRange | None
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase1Transform:
    """A phase 1 transform by the name of its section; an attribute is None where it is missing.

    ``any_of`` holds the tags (in lower case) whose value is ANY: a responder takes what comes. ``is_generated``:
    isakmpd makes the section by itself, and ``origin`` is the place that names it.
    """

    name: str
    encryption: Algorithm | None
    hash: Algorithm | None
    auth: AuthMethod | None
    group: int | None
    key_bits: NumberRange | None
    lives: tuple[Life, ...]
    origin: Span
    any_of: frozenset[str] = frozenset()
    is_generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase2Transform:
    """A phase 2 transform: one choice of algorithms for an SA. ``tunnel`` is None where the mode is missing."""

    name: str
    encryption: Algorithm | None
    integrity: Algorithm | None
    tunnel: bool | None
    group: int | None
    key_bits: NumberRange | None
    lives: tuple[Life, ...]
    origin: Span
    is_generated: bool = False


@dataclass(frozen=True, slots=True)
class SuiteProtocol:
    """One SA of a suite: ``protocol`` is ``esp``, ``ah``, ``ipcomp`` or empty; one of the transforms is taken."""

    name: str
    protocol: str
    transforms: tuple[Phase2Transform, ...]
    origin: Span


@dataclass(frozen=True, slots=True)
class Suite:
    """SAs that are made together, one for each protocol."""

    name: str
    protocols: tuple[SuiteProtocol, ...]
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A phase 2 connection. Its flows appear only once phase 2 has succeeded, with the identities of the negotiation.

    ``peer`` names the peer's section. ``active``: brought up by this daemon; ``passive``: its identities are known when
    a peer asks. An identity is None where it is missing, or, if ``local_name`` or ``remote_name`` says how the file
    calls it, where it can't be read.
    """

    name: str
    peer: str
    local: Phase2Id | None
    remote: Phase2Id | None
    suites: tuple[Suite, ...]
    active: bool
    passive: bool
    origin: Span
    heading: Span
    flags: tuple[str, ...] = ()
    local_name: str = ""
    remote_name: str = ""


class Incoming(NamedTuple):
    """A line of ``[Phase 1]``: a peer's address, or None for Default, and the section that answers it."""

    address: str | None
    section: str
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Isakmpd:
    """The rest of an isakmpd.conf. ``incoming`` are the lines of ``[Phase 1]``. ``uses_keynote`` is False where phase 2
    is not checked against a policy at all.
    """

    incoming: tuple[Incoming, ...] = ()
    connections: tuple[Connection, ...] = ()
    policy_file: str = "/etc/isakmpd/isakmpd.policy"
    uses_keynote: bool = True
    acquire_only: bool = False
    shared_sadb: bool = False
    check_interval: int = 60
