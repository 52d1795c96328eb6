"""What IKE would make of a site: the SAs of a policy, or why there would be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.frame import Protection
from spdcheck.engine.trace import Disposition, Step
from spdcheck.engine.traffic import One
from spdcheck.model.addresses import AddressRange
from spdcheck.model.policy import Protocol
from spdcheck.model.protocols import UDP
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics import negotiation
from spdcheck.semantics.encapsulation import esp
from spdcheck.semantics.generated_policies import generated
from spdcheck.semantics.ike.outcome import Agreed, Cause, Refused, Transport, Unknown
from spdcheck.semantics.ike.sides import ISAKMP_PORT, NAT_T_PORT, Want
from spdcheck.semantics.ike.wants import Daemons, Started
from spdcheck.semantics.packet import ESTABLISHED, packet
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import ids_of

if TYPE_CHECKING:
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Leaf
    from spdcheck.model.host import Host
    from spdcheck.model.policy import Direction, SecurityPolicy, Template
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.encapsulation import Overhead
    from spdcheck.semantics.ike.outcome import Doubt, Outcome
    from spdcheck.semantics.quick_mode import Ids

_FIRST_MESSAGE_BYTES = 200
"""An SA payload with a proposal or two, in main mode: small enough for every path."""


class _Result(NamedTuple):
    """What is left of a negotiation for a policy: why there is none, whether ESP goes in UDP, what was agreed on.

    ``unknown`` says why nobody can tell whether it comes up, ``granted`` what is taken for granted that it does.
    """

    why: str
    udp: bool = False
    agreed: Agreed | None = None
    unknown: str = ""
    granted: str = ""


class Sought(NamedTuple):
    """The SA that was looked for; else why there is none, or why nobody can tell."""

    protection: Protection | None
    why: str = ""
    unknown: str = ""


class Presence(NamedTuple):
    """Why a policy that a key daemon would install is not there, or why nobody can tell; both empty where it is."""

    missing: str = ""
    unknown: str = ""


THERE = Presence()


class Negotiations:
    """What IKE would make of a site: each pair of end points is tried once, its packets through both firewalls."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.daemons = Daemons(simulator.site)
        self._ways: dict[tuple[str, AddressRange, AddressRange], Transport] = {}
        self._outcomes: dict[tuple[object, ...], Outcome | None] = {}
        self.made: dict[str, dict[tuple[Direction, TrafficSelector], SecurityPolicy]] = {}

    def outcome(self, started: Started) -> Outcome | None:
        """What becomes of something that a host starts, its packets through both firewalls."""
        want = started.want
        key = (started.daemon.host.name, want.near, want.far, want.ids, want.origin)
        if key not in self._outcomes:
            found = None
            if want.near is not None and want.far is not None and started.responder is not None:
                found = self.daemons.outcome(started, self.transport(started.daemon.host, want.near, want.far))
            self._outcomes[key] = found
        return self._outcomes[key]

    def protection(
        self, host: Host, policy: SecurityPolicy, template: Template, near: AddressRange, far: AddressRange
    ) -> Sought:
        """The SA that a negotiation would give, or why it would fail."""
        result = self._result(host, policy, near, far)
        if (result.why or result.unknown) and not self._simulator.tunnels_up:
            return Sought(None, result.why, result.unknown)
        here = negotiation.speaker(host, near, far)
        peer = self._simulator.topology.peer(far)
        agreed = _overhead(result.agreed, template)
        return Sought(
            Protection(
                template.protocol, template.mode, near, far, None, None,
                agreed or negotiation.overhead(here.daemon, policy, template), here.origin,
                peer="" if peer is None else peer.name, udp=result.udp, granted=result.granted,
            )
        )  # fmt: skip

    def presence(self, host: Host, policy: SecurityPolicy) -> Presence:
        """Whether a policy that a key daemon installs is there, as everything that a file says is."""
        if policy.by_ike is None or self._simulator.tunnels_up:
            return THERE
        if self._simulator.before_ike:
            return Presence("phase 2 has not succeeded yet")
        near, far = near_address(policy), far_address(policy)
        if near is None or far is None:
            return THERE
        result = self._result(host, policy, near, far)
        return Presence(result.why, result.unknown)

    def policies_made(self, host: Host, direction: Direction) -> tuple[SecurityPolicy, ...]:
        """The policies that negotiations have left in a host's SPD (``generate_policy``), behind those of its files."""
        made = self.made.get(host.name, {})
        return tuple(policy for (of, _), policy in made.items() if of is direction)

    def _result(self, host: Host, policy: SecurityPolicy, near: AddressRange, far: AddressRange) -> _Result:
        """The negotiation that a policy needs, or comes from."""
        ids = ids_of(policy)
        if policy.by_ike is not None and policy.by_ike.initiator != host.name:
            host, near, far, ids = self._simulator.topology.hosts[policy.by_ike.initiator], far, near, ids.reversed()
        started = None if policy.implied else self._started(host, policy, ids, near, far)
        outcome = None if started is None else self.outcome(started)
        if isinstance(outcome, Refused) and outcome.refusal.cause is Cause.CANNOT_START:
            # a side that only answers gets its SAs when the other one starts
            outcome = self._by_the_other(host, ids, started) or outcome
        if outcome is None:
            return self._alone(host, near, far)
        if isinstance(outcome, Refused):
            return _Result(_sentence(outcome))
        doubts = outcome.doubts if isinstance(outcome, Unknown) else ()
        serious = next((doubt for doubt in doubts if not doubt.elsewhere), None)
        agreed = outcome.agreed if isinstance(outcome, Unknown) else outcome
        if serious is not None or agreed is None:
            return _Result("", unknown=_open(serious or doubts[0], outcome))
        if agreed.phase2 is not None and agreed.phase2.makes_policies and started is not None:
            self._make(self._simulator.topology.hosts[agreed.responder], policy)
        return _Result("", agreed.udp, agreed, granted="; ".join(doubt.reason for doubt in doubts))

    def _started(
        self, host: Host, policy: SecurityPolicy, ids: Ids, near: AddressRange, far: AddressRange
    ) -> Started | None:
        """What a host starts for a policy, and with whom; None where nobody of the site could answer."""
        responder = self._simulator.topology.peer(far)
        if responder is None or responder.external or responder is host:
            return None
        if policy.by_ike is not None:
            return next(
                (item for item in self.daemons.started_by(host) if item.want.ids == ids and item.want.far == far), None
            )
        racoon = next((known for known in self.daemons.of(host) if known.is_racoon), None)
        if racoon is None:
            return None
        return Started(racoon, Want(near, far, ids, policy.origin, policy), responder)

    def _by_the_other(self, host: Host, ids: Ids, started: Started | None) -> Outcome | None:
        other = None if started is None else started.responder
        if other is None:
            return None
        offered = [item for item in self.daemons.started_by(other) if item.responder is host and item.want.ids]
        found = next((item for item in offered if item.want.ids == ids.reversed()), None)
        if found is None:
            # The kernel looks for an SA by its end points: what was negotiated for a part serves the whole policy.
            found = next((item for item in offered if item.want.ids and ids.reversed().covers(item.want.ids)), None)
        return None if found is None else self.outcome(found)

    def _make(self, responder: Host, policy: SecurityPolicy) -> None:
        """racoon makes policies of what it answers (``generate_policy``); isakmpd's flows are in the SPD already."""
        if policy.by_ike is None and any(known.is_racoon for known in self.daemons.of(responder)):
            made = self.made.setdefault(responder.name, {})
            for new in generated(responder, policy):
                made[new.direction, new.selector] = new

    def _alone(self, host: Host, near: AddressRange, far: AddressRange) -> _Result:
        """A negotiation with a peer whose files are not ours, or could not be read: its own side, and the packets."""
        here = negotiation.speaker(host, near, far)
        if here.section is None:
            return _Result(here.why_not)
        peer = self._simulator.topology.peer(far)
        if peer is not None and not peer.external:
            there = negotiation.speaker(peer, far, near)
            if there.section is None:
                return _Result(there.why_not)
            spoken = {here.section.nat_traversal, there.section.nat_traversal}
        else:
            spoken = {here.section.nat_traversal}
        way = self.transport(host, near, far)
        encapsulated = (way.seen is not None or "force" in spoken) and "off" not in spoken
        return _Result(way.blocked, encapsulated, unknown="" if way.blocked else way.unknown)

    def transport(self, host: Host, near: AddressRange, far: AddressRange) -> Transport:
        """How the packets of a key exchange that this host starts fare, and the answers."""
        key = (host.name, near, far)
        if key not in self._ways:
            peer = self._simulator.topology.peer(far)
            way = self._exchange(host, near, far, peer, ISAKMP_PORT)
            if way.seen is None and host.public_address not in (None, near):
                # The NAT device is none of the site's hosts.
                way = way._replace(seen=host.public_address)
            if way.seen is not None:
                moved = self._exchange(host, near, far, peer, NAT_T_PORT)
                way = way._replace(blocked_behind_nat=moved.blocked)
            self._ways[key] = way
        return self._ways[key]

    def _exchange(self, host: Host, near: AddressRange, far: AddressRange, peer: Host | None, port: int) -> Transport:
        """Sends the first packet of a key exchange through both filters, and its answer back."""
        asked = packet(
            near.family, near.first, far.first,
            protocol=UDP, source_port=port, destination_port=port, length=_FIRST_MESSAGE_BYTES,
        )  # fmt: skip
        leaf = next(self._simulator.send(host, One(asked), bypass=True))
        if not leaf.end.arrives:
            return _stopped("the key exchange", leaf, None)
        arrived = leaf.situation.frame.traffic.example()
        seen = None
        if arrived.source != asked.source:
            seen = AddressRange(near.family, arrived.source, arrived.source)
        if peer is None or peer.external or leaf.situation.host is not peer:
            return Transport(seen=seen)
        answer = replace(
            arrived, source=arrived.destination, destination=arrived.source, connection=ESTABLISHED,
            source_port=arrived.destination_port, destination_port=arrived.source_port,
        )  # fmt: skip
        back = next(self._simulator.send(peer, One(answer), leaf.situation.states, bypass=True))
        if not back.end.arrives:
            return _stopped("the answer to the key exchange", back, seen)
        return Transport(seen=seen)


def _stopped(what: str, leaf: Leaf, seen: AddressRange | None) -> Transport:
    """The way of a packet that ends before it arrives, or nobody knows where."""
    steps = (step for step in reversed(leaf.situation.steps) if isinstance(step, Step) and step.origin is not None)
    last = next(steps, None)
    place = None if last is None else last.origin
    if leaf.end.disposition is Disposition.UNKNOWN:
        return Transport(seen=seen, place=place, unknown=f"whether {what} gets through: {leaf.end.sentence}")
    return Transport(f"{what} does not get through: {leaf.end.sentence}", seen, place)


def _open(doubt: Doubt, outcome: Outcome) -> str:
    """Why nobody can tell what becomes of a negotiation."""
    return f"whether IKE comes up between {outcome.initiator} and {outcome.responder}: {doubt.host}: {doubt.reason}"


def _sentence(outcome: Refused) -> str:
    """A refusal as the reason why there is no SA."""
    refusal = outcome.refusal
    if refusal.cause is Cause.TRANSPORT:
        return refusal.reason
    return f"IKE fails in phase {refusal.step.phase} ({refusal.step.value}): {refusal.reason}"


def _overhead(agreed: Agreed | None, template: Template) -> Overhead | None:
    """What the agreed SA of a template adds; None where that is not ESP, or not known."""
    second = None if agreed is None else agreed.phase2
    if second is None or template.protocol is not Protocol.ESP:
        return None
    sa = next((sa for sa in second.sas if sa.protocol is Protocol.ESP and sa.encryption is not None), None)
    return None if sa is None or sa.encryption is None else esp(sa.encryption, sa.integrity)
