"""Where a packet is on its way, and what a stage makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.engine.evidence import Asked
from spdcheck.engine.trace import ARRIVED, Step
from spdcheck.engine.traffic import One
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass, replace
from spdcheck.semantics.filters import ANSWERS

if TYPE_CHECKING:
    from spdcheck.engine.frame import Frame, Protection
    from spdcheck.engine.trace import Disposition, Wire
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.datapath.stages import Datapath, Stage
    from spdcheck.semantics.filters import Connection, Detour
    from spdcheck.semantics.routing import RouteEntry


@dataclass(frozen=True, slots=True)
class State:
    """What a filter or NAT remembers of a connection: the traffic before and behind it, at one point of one host.

    ``known`` says where its packets meet the point again, ``interface`` is the one on which it became known. ``flow``
    is the traffic whose way made it: that is never its own answer, even where it goes back to where it came from.
    """

    host: str
    point: str
    before: Traffic
    behind: Traffic
    text: str
    known: Connection = ANSWERS
    interface: str = ""
    flow: Traffic | None = None


@dataclass(frozen=True, slots=True)
class Tracked:
    """What connection tracking knows of a frame on its way through one host.

    ``first`` is the traffic as it was tracked, ``state`` the connection that it belongs to (None for a new one),
    ``back`` tells an answer. ``confirmed`` says that the new connection is remembered.
    """

    first: Traffic
    state: State | None = None
    back: bool = False
    confirmed: bool = False


class Situation(NamedTuple):
    """A frame at one place of one host.

    ``came_from`` is the flow as it was at its beginning. ``arrived`` are the protections under which the frame came in
    (outermost first), ``policy`` and ``pending`` what the SPD demands before it may leave, ``applied`` the policies
    that have wrapped it at this host, ``found`` the SA of an arriving frame, ``bypass`` marks the packets of a key
    daemon, whose sockets no policy is asked about. ``forwarded`` tells the two ways to
    leave a host apart. ``translated`` says that NAT has changed the frame since the SPD was asked, ``untranslated``
    is the frame's traffic before a DNAT on arrival; ``tracked`` is for Linux's connection tracking.
    ``fragment_bytes`` is the size of the fragments in which it leaves (0: whole), ``in_fragments`` says that it came in
    such and nobody has put it together. ``detour`` is where a filter has just decided to send it. ``wires_clear`` and
    ``wires_protected`` count untrusted wires crossed.
    """

    host: Host
    path: Datapath
    frame: Frame
    came_from: Traffic
    in_interface: str = ""
    out_interface: str = ""
    route: RouteEntry | None = None
    gateway: AddressRange | None = None
    forwarded: bool = False
    policy: SecurityPolicy | None = None
    pending: tuple[Protection, ...] = ()
    arrived: tuple[Protection, ...] = ()
    applied: tuple[SecurityPolicy, ...] = ()
    found: Protection | None = None
    bypass: bool = False
    translated: bool = False
    untranslated: Traffic | None = None
    tracked: Tracked | None = None
    steps: tuple[Step | Wire, ...] = ()
    states: tuple[State, ...] = ()
    fragment_bytes: int = 0
    in_fragments: bool = False
    detour: Detour | None = None
    wires_clear: int = 0
    wires_protected: int = 0
    hops: int = 0

    def with_(self, *steps: Step | Wire, **changes: Any) -> Situation:
        """The same situation with some steps more and some values changed."""
        if steps:
            changes["steps"] = self.steps + steps
        return self._replace(**changes)


def with_evidence(before: Situation, move: Move, seen: Traffic, **asked: Any) -> Move:
    """The move with what its stage asked of the traffic ``seen`` in its last step; only one packet leaves evidence."""
    steps = move.situation.steps
    last = steps[-1] if len(steps) > len(before.steps) else None
    if not isinstance(seen, One) or not isinstance(last, Step) or last.asked is not None:
        return move
    told = replace(last, asked=Asked(seen.packet, **asked))
    return move._replace(situation=move.situation._replace(steps=(*steps[:-1], told)))


class End(NamedTuple):
    """The way ends here: how, in one sentence, and the kernel's counter that grows.

    ``lost`` marks a packet that leaked and does not arrive either.
    """

    disposition: Disposition
    sentence: str
    counter: str = ""
    lost: bool = False

    @property
    def arrives(self) -> bool:
        """It reaches the one it is for, in clear or protected."""
        return self.disposition in ARRIVED and not self.lost


class Move(NamedTuple):
    """What a stage makes of a situation: go on to the next stage, take another way, or end."""

    situation: Situation
    way: tuple[Stage, ...] | None = None
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One end of a walk."""

    situation: Situation
    end: End
