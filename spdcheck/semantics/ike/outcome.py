"""What a negotiation comes to: agreed with everything that was agreed on, refused at a step, or not known.

Names of algorithms are setkey's. Identities and addresses are those that the initiator sees, unless said otherwise.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ike import ExchangeMode
    from spdcheck.model.policy import Mode, Protocol
    from spdcheck.semantics.quick_mode import Ids
    from spdcheck.source import Span


class Step(Enum):
    """The steps of a negotiation, in the order in which they are decided."""

    START = "start"
    TRANSPORT = "transport"
    PEER = "peer look-up"
    MODE = "exchange mode"
    PROPOSAL = "phase 1 proposal"
    NAT = "NAT traversal"
    CREDENTIALS = "credentials"
    IDENTITIES = "phase 1 identities"
    PHASE2_IDS = "phase 2 identities"
    PHASE2_PROPOSAL = "phase 2 proposal"

    @property
    def phase(self) -> int:
        """1 or 2."""
        return 2 if self in (Step.PHASE2_IDS, Step.PHASE2_PROPOSAL) else 1


class Cause(Enum):
    """Why a negotiation fails; one check answers for each."""

    CANNOT_START = "can't start"
    TRANSPORT = "packets do not get through"
    NAT = "NAT without NAT traversal"
    NO_PEER = "no section for the peer"
    NO_SAINFO = "no sainfo"
    EXCHANGE_MODE = "exchange mode"
    PROPOSAL = "phase 1 proposal"
    LIFETIME = "lifetime"
    CREDENTIAL = "credential"
    IDENTITY = "identity"
    IDS = "phase 2 identities"
    PHASE2_PROPOSAL = "phase 2 proposal"
    PFS = "PFS group"
    KEYNOTE = "KeyNote policy"


class Place(NamedTuple):
    """A line of a host's configuration and what it says."""

    host: str
    span: Span
    text: str


class Log(NamedTuple):
    """A line that the daemon of a host writes to its log."""

    host: str
    line: str


class Decision(NamedTuple):
    """What a side makes of a message, and the line that says so (None where it is a default)."""

    host: str
    text: str
    span: Span | None = None
    accepted: bool = True


class Item(NamedTuple):
    """A part of a message, and the line from which it comes (None where it is a default)."""

    text: str
    span: Span | None = None


class Message(NamedTuple):
    """One message: who sends it, in which exchange, to which UDP port, what is in it, and what was decided on it."""

    number: int
    sender: str
    receiver: str
    exchange: str
    port: int
    content: tuple[Item, ...]
    decisions: tuple[Decision, ...] = ()


class Refusal(NamedTuple):
    """Where a negotiation ends: ``by`` is the host that refuses; ``differing`` the attribute that the sides differ in.

    ``places`` are the lines of both sides, those of ``by`` first.
    """

    step: Step
    cause: Cause
    by: str
    reason: str
    places: tuple[Place, ...]
    logs: tuple[Log, ...]
    differing: str = ""
    mend: str = ""


class Doubt(NamedTuple):
    """Something that the files do not tell and that may make the negotiation fail.

    ``elsewhere`` marks what no repository should hold or need hold (keys, policy files): a trace takes it for granted,
    and says so.
    """

    host: str
    reason: str
    span: Span | None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase1:
    """The ISAKMP SA. ``bits`` is the key length as negotiated, None where the cipher has one of its own."""

    mode: ExchangeMode
    encryption: str
    bits: int | None
    hash: str
    authentication: str
    group: int
    seconds: int | None
    kilobytes: int | None

    def __str__(self) -> str:
        cipher = self.encryption if self.bits is None else f"{self.encryption}-{self.bits}"
        return f"{cipher}, {self.hash}, {self.authentication}, group {self.group}"


class NegotiatedSa(NamedTuple):
    """One protection of phase 2, in the order in which it is applied; both directions get the same."""

    protocol: Protocol
    mode: Mode
    encryption: str | None
    bits: int | None
    integrity: str | None

    def __str__(self) -> str:
        cipher = self.encryption if self.bits is None else f"{self.encryption}-{self.bits}"
        algorithms = ", ".join(word for word in (cipher, self.integrity) if word)
        return f"{self.protocol.value}/{self.mode.value} {algorithms}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase2:
    """What quick mode gives. ``ids`` are the identities as the initiator sees them: what both sides install.

    ``makes_policies``: the responder makes policies (racoon) or flows (isakmpd) of them, whatever its files say.
    """

    ids: Ids
    sas: tuple[NegotiatedSa, ...]
    pfs_group: int | None
    seconds: int | None
    kilobytes: int | None
    makes_policies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The negotiation comes up.

    ``near`` and ``far`` are the ends as the initiator addresses them, ``seen`` is the initiator's address as the
    responder sees it. ``udp``: ESP travels in UDP (port 4500). ``phase2`` is None where nobody asks for one.
    ``assumptions`` are what no file can tell, such as that a certificate is valid.
    """

    initiator: str
    responder: str
    near: AddressRange
    far: AddressRange
    seen: AddressRange
    messages: tuple[Message, ...]
    phase1: Phase1
    phase2: Phase2 | None
    udp: bool = False
    assumptions: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The negotiation fails, whatever is not known."""

    initiator: str
    responder: str
    messages: tuple[Message, ...]
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell.

    ``agreed`` is what it comes to if every doubt is for the best; ``refusal`` is where it ends as far as the files
    could be read. Both are None where even that is open.
    """

    initiator: str
    responder: str
    messages: tuple[Message, ...]
    doubts: tuple[Doubt, ...]
    agreed: Agreed | None = None
    refusal: Refusal | None = None


Outcome = Agreed | Refused | Unknown


class Transport(NamedTuple):
    """How the packets of the key exchange fare, which the procedure is told.

    ``blocked`` says why they do not get through (empty if they do); ``seen`` is the initiator's address as the
    responder sees it where NAT has changed it; ``place`` the line that decided; ``blocked_behind_nat`` says why packets
    of UDP 4500 do not get through.
    """

    blocked: str = ""
    seen: AddressRange | None = None
    place: Span | None = None
    unknown: str = ""
    blocked_behind_nat: str = ""
