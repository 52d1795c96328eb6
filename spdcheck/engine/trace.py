"""Traces: what happened to a packet, stage by stage, and how it ended."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.engine.evidence import Asked
    from spdcheck.semantics.packet import Packet
    from spdcheck.source import Span


class Disposition(Enum):
    """How the way of a packet ended.

    LEAKED is delivered (or sent out) in clear although a policy of the site protects the flow. SELECTOR_MISMATCH is a
    decrypted packet that the policy of its own SA does not fit (RFC 4301 section 5.2 step 4).
    """

    DELIVERED = "DELIVERED"
    DENIED_IN = "DENIED_IN"
    DENIED_OUT = "DENIED_OUT"
    DISCARDED_BY_SPD = "DISCARDED_BY_SPD"
    NO_SA = "NO_SA"
    SELECTOR_MISMATCH = "SELECTOR_MISMATCH"
    LEAKED = "LEAKED"
    FRAGMENTATION_NEEDED = "FRAGMENTATION_NEEDED"
    NO_ROUTE = "NO_ROUTE"
    UNKNOWN = "UNKNOWN"


ARRIVED = (Disposition.DELIVERED, Disposition.LEAKED)
"""Ends at which the packet is where it should be, protected or not."""

NO_FLOW = "no flow"
"""The verdict on a policy that a key daemon would install, but does not."""


class Mark(Enum):
    """What a step means at a glance; the symbol never depends on colour."""

    OK = "✓"
    FAIL = "✗"
    PROTECT = "◆"
    CHANGE = "⇄"
    SKIP = "–"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage that the packet passed, or that was left out.

    ``verdict`` is one or two words, ``origin`` the line that decided (None: nothing written decided), ``detail`` the
    rest of the sentence. ``packet`` is the packet behind the stage where it changed, ``length`` its bytes. ``asked``
    is the list that was asked and the packet as it was then, for whoever wants to know why.
    """

    host: str
    stage: str
    mark: Mark
    verdict: str
    detail: str = ""
    interface: str = ""
    origin: Span | None = None
    packet: Packet | None = None
    length: int = 0
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Wire:
    """The packet between two hosts, as a sniffer would show it; ``spi`` of ESP and AH where it is known."""

    host: str
    interface: str
    packet: Packet
    form: str
    length: int
    untrusted: bool
    spi: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole way of a packet.

    ``protected`` says that it crossed every untrusted wire under IPsec (and crossed one at all). ``where`` is the host
    at which it ended, ``sentence`` says why. ``counter`` is the kernel's own word for a drop (``XfrmInNoPols``).
    ``lost`` marks a packet that leaked and does not arrive either.
    """

    packet: Packet
    disposition: Disposition
    sentence: str
    protected: bool
    where: str
    interface: str
    steps: tuple[Step | Wire, ...]
    counter: str = ""
    reply: Trace | None = None
    lost: bool = False

    @property
    def arrives(self) -> bool:
        """The packet reaches its destination, protected or not."""
        return self.disposition in ARRIVED and not self.lost

    @property
    def wires(self) -> tuple[Wire, ...]:
        """The packet on every wire that it crossed."""
        return tuple(step for step in self.steps if isinstance(step, Wire))
