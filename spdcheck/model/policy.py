"""Security policies and the SPD (RFC 4301, section 4.4.1)."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.source import Span


class Direction(Enum):
    """Which packets a policy is asked about: leaving, arriving for this host, or (Linux only) forwarded."""

    OUT = "out"
    IN = "in"
    FWD = "fwd"


class Action(Enum):
    """What the SPD does with a packet (RFC 4301, section 4.4.1.2); setkey: ``ipsec``, ``none``, ``discard``."""

    PROTECT = "protect"
    BYPASS = "bypass"
    DISCARD = "discard"


class Protocol(Enum):
    """The protocol that a template demands."""

    ESP = "esp"
    AH = "ah"
    IPCOMP = "ipcomp"


class Mode(Enum):
    """Tunnel or transport (RFC 4301, section 3.2); ANY is a PF_KEY SA that serves both."""

    TUNNEL = "tunnel"
    TRANSPORT = "transport"
    ANY = "any"


class Level(Enum):
    """How strictly a template is meant (``ipsec_set_policy(3)``).

    DEFAULT asks the kernel's sysctl, which says USE unless somebody changed it. USE lets clear packets pass where no SA
    exists, and accepts them inbound. UNIQUE is REQUIRE with an SA of its own.
    """

    DEFAULT = "default"
    USE = "use"
    REQUIRE = "require"
    UNIQUE = "unique"

    @property
    def is_optional(self) -> bool:
        """Clear packets are accepted."""
        return self in (Level.DEFAULT, Level.USE)


@dataclass(frozen=True, slots=True)
class Template:
    """One protection that a policy demands, in the order in which they are applied.

    ``source`` and ``destination`` are the tunnel's end points (single addresses); None where the text gives none
    (transport mode) or where they are open (``dynamic`` end points). ``reqid`` is 0 where none is given.
    """

    protocol: Protocol
    mode: Mode
    source: AddressRange | None
    destination: AddressRange | None
    level: Level
    reqid: int
    origin: Span

    @property
    def same_protection(self) -> tuple[Protocol, Mode, AddressRange | None, AddressRange | None]:
        """What both peers must agree on, whatever the level."""
        if self.mode is Mode.TUNNEL:
            return (self.protocol, self.mode, self.source, self.destination)
        return (self.protocol, self.mode, None, None)

    def __str__(self) -> str:
        ends = "" if self.source is None or self.destination is None else f" {self.source}→{self.destination}"
        reqid = f":{self.reqid}" if self.reqid else ""
        return f"{self.protocol.value}/{self.mode.value}{ends} {self.level.value}{reqid}"


class ByIke(NamedTuple):
    """Whose negotiation a policy comes from: it is in the SPD only once phase 2 has succeeded.

    ``daemon`` installs it; ``initiator`` and ``responder`` are hosts, of which ``responder`` is empty where the site
    does not have it.
    """

    daemon: str
    initiator: str
    responder: str


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """One entry of an SPD.

    ``priority`` is the kernel's number (Linux: lower is asked first; 0 where the system has none). ``implied`` marks a
    policy that no line wrote but the program adds (setkey's ``fwd`` twin of every ``in`` on Linux). ``origin`` is the
    statement, ``selector_origin`` its selector. ``by_ike`` is set where a key daemon installs it (isakmpd's flows).
    """

    direction: Direction
    selector: TrafficSelector
    action: Action
    templates: tuple[Template, ...]
    origin: Span
    selector_origin: Span
    priority: int = 0
    implied: str = ""
    by_ike: ByIke | None = None

    @property
    def local(self) -> AddressRange:
        """The addresses on our side (the source of what leaves, the destination of what arrives)."""
        return self.selector.source if self.direction is Direction.OUT else self.selector.destination

    @property
    def remote(self) -> AddressRange:
        """The addresses on the peer's side."""
        return self.selector.destination if self.direction is Direction.OUT else self.selector.source

    @property
    def tunnel(self) -> Template | None:
        """The first template in tunnel mode, or None."""
        for template in self.templates:
            if template.mode is Mode.TUNNEL:
                return template
        return None

    @property
    def is_optional(self) -> bool:
        """A PROTECT policy of which no template is mandatory: clear packets pass."""
        return self.action is Action.PROTECT and all(template.level.is_optional for template in self.templates)


@dataclass(frozen=True, slots=True)
class Spd:
    """The policies of one host in the order in which its files insert them.

    The order in which a kernel *asks* them is a matter of meaning: ``spdcheck.semantics.spd_order``.
    """

    policies: tuple[SecurityPolicy, ...] = ()
    _by_direction: dict[Direction, tuple[SecurityPolicy, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def of(self, direction: Direction) -> tuple[SecurityPolicy, ...]:
        """The policies of one direction, in insertion order."""
        if direction not in self._by_direction:
            self._by_direction[direction] = tuple(p for p in self.policies if p.direction is direction)
        return self._by_direction[direction]
