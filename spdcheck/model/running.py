"""What a host's kernel and key daemon really hold, as ``setkey -D`` and its like print it: the running state.

It is kept apart from everything that is configured. A dump shows the SPD, the SAD or the phase 1 SAs at one moment,
made by the boot scripts, by key daemons, or by somebody at the keyboard; whoever prints one for a report often hides
values, so that nearly everything can be None: not printed.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.policy import Action, Direction, Level, Mode, Protocol
    from spdcheck.model.secret import Secret
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.source import Span


class Database(Enum):
    """What a dump lists."""

    SPD = "SPD"
    SAD = "SAD"
    PHASE1 = "phase 1 SAs"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTemplate:
    """One protection that a policy in the kernel demands.

    ``mode`` is None where the tool does not print it (flows of OpenBSD). ``source`` and ``destination`` are the
    tunnel's ends, ``peer`` the address that a flow names instead of them. ``reqid`` is 0 for none. ``chosen`` marks a
    request id that the kernel has picked (``unique#16457``).
    """

    protocol: Protocol
    mode: Mode | None
    level: Level
    origin: Span
    source: AddressRange | None = None
    destination: AddressRange | None = None
    peer: AddressRange | None = None
    reqid: int = 0
    chosen: bool = False

    def __str__(self) -> str:
        mode = f"/{self.mode.value}" if self.mode is not None else ""
        ends = f" {self.source}→{self.destination}" if self.source is not None else ""
        peer = f" peer {self.peer}" if self.peer is not None else ""
        reqid = f"{'#' if self.chosen else ':'}{self.reqid}" if self.reqid else ""
        return f"{self.protocol.value}{mode}{ends}{peer} {self.level.value}{reqid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPolicy:
    """One entry of the SPD in the kernel, or one flow of OpenBSD.

    ``priority`` is the kernel's number, None where the tool prints none. ``number`` is the kernel's own id of the entry
    (``spid``, ``index``), ``sequence`` its place in the dump, counted down to 0. ``interface`` is the device that an
    entry is bound to.
    """

    direction: Direction
    selector: TrafficSelector
    action: Action
    templates: tuple[RunningTemplate, ...]
    origin: Span
    selector_origin: Span
    priority: int | None = None
    number: int | None = None
    number_origin: Span | None = None
    sequence: int | None = None
    interface: str = ""


@dataclass(frozen=True, slots=True)
class RunningAlgorithm:
    """An algorithm of an SA in the kernel, by setkey's name, and the length of its key in bits.

    ``key`` is the fingerprint of a key that the dump shows; None where it was hidden before the dump was filed.
    """

    name: str
    bits: int | None
    key: Secret | None
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningAssociation:
    """One SA in the kernel. ``origin`` is its line with the ends, ``places`` the words of its parts by name.

    ``spi_text`` holds the SPI as printed in decimal and in hexadecimal where the two disagree, or where it is no number
    of 32 bits; ``spi`` is None then. Lifetimes are seconds and bytes, 0 for none; ``age`` is in seconds. ``state`` is
    ``larval``, ``mature``, ``dying`` or ``dead``, or empty. ``port`` is the peer's UDP port of ESP in UDP.
    """

    source: AddressRange
    destination: AddressRange
    protocol: str
    origin: Span
    spi: int | None = None
    spi_text: tuple[str, str] | None = None
    mode: Mode | None = None
    reqid: int | None = None
    encryption: RunningAlgorithm | None = None
    integrity: RunningAlgorithm | None = None
    compression: str | None = None
    replay_window: int | None = None
    state: str = ""
    age: int | None = None
    hard_seconds: int | None = None
    soft_seconds: int | None = None
    hard_bytes: int | None = None
    soft_bytes: int | None = None
    sequence: int | None = None
    port: int | None = None
    places: dict[str, Span] = field(default_factory=dict)

    def place(self, part: str) -> Span:
        """Where a part stands (``mode``, ``spi``, ``reqid``, ``lifetime``, ``replay``, ``state``), else the SA."""
        return self.places.get(part, self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPhase1:
    """One phase 1 SA of a key daemon. ``cookies`` are the two in hexadecimal digits as printed.

    ``exchange`` is racoonctl's letter (``M`` main, ``A`` aggressive, ``B`` base), ``side`` ``I`` or ``R``; both are
    empty where the short form does not print them.
    """

    remote: AddressRange
    origin: Span
    local: AddressRange | None = None
    cookies: tuple[str, str] = ("", "")
    cookies_origin: Span | None = None
    exchange: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key that can be read in a listing, whether its entry could be read or not."""

    key: Secret
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """What one listing shows.

    ``tool`` is the command that prints it. ``shows`` holds the data bases that it lists whole; one that was cut short
    or that could not be read to its end is in ``excerpts``.
    """

    tool: str
    origin: Span
    shows: frozenset[Database] = frozenset()
    excerpts: frozenset[Database] = frozenset()
    policies: tuple[RunningPolicy, ...] = ()
    associations: tuple[RunningAssociation, ...] = ()
    phase1: tuple[RunningPhase1, ...] = ()
    keys: tuple[ShownKey, ...] = ()


@dataclass(frozen=True, slots=True)
class RunningState:
    """Every dump of one host."""

    dumps: tuple[Dump, ...] = ()

    @property
    def policies(self) -> tuple[RunningPolicy, ...]:
        """The policies of all dumps."""
        return tuple(policy for dump in self.dumps for policy in dump.policies)

    @property
    def associations(self) -> tuple[RunningAssociation, ...]:
        """The SAs of all dumps."""
        return tuple(association for dump in self.dumps for association in dump.associations)
