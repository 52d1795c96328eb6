"""The ways of a site's protected traffic and of the packets that carry it, each worked out once."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from spdcheck.engine.exploration import BLOCKED, Ending, explore, is_sent, sent
from spdcheck.engine.frame import Frame, Protection, protect, wrap
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.situation import Situation
from spdcheck.engine.trace import NO_FLOW, Disposition, Mark, Step, Wire
from spdcheck.engine.traffic import Many
from spdcheck.model.policy import Action, Direction, Mode, Protocol
from spdcheck.model.protocols import AH, ESP, IPV6_ENCAP, UDP
from spdcheck.semantics.beginning import flow_of
from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.datapath.stages import Kind
from spdcheck.semantics.encapsulation import DEVICE_PROTOCOL, UNKNOWN_ESP, ah, device_length, ipcomp
from spdcheck.semantics.fields import DESTINATION_PORT, PROTOCOL
from spdcheck.semantics.filters import points
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.predicate import FALSE, TRUE, in_set, is_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.situation import Leaf, State
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Interface, Site, Tunnel
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.predicate import Predicate

TAKEN = Action.PROTECT.value.upper()
"""What the step says at which a policy takes packets into IPsec."""

PROTECTED = frozenset({"esp", "ah"})


class Ways:
    """Everything that becomes of protected flows in one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._found: dict[tuple[bool, int, str], tuple[Ending, ...]] = {}

    @cached_property
    def simulator(self) -> Simulator:
        """The site as it is."""
        return Simulator(self.site)

    @cached_property
    def before_ike(self) -> Simulator:
        """The site while no negotiation has come to its end yet."""
        return Simulator(self.site, before_ike=True)

    @cached_property
    def supposing(self) -> Simulator:
        """The site as if IKE came to an end and no filter stopped the carriers."""
        return Simulator(self.site, tunnels_up=True)

    @cached_property
    def through(self) -> Simulator:
        """The same, with the packets in the tunnels followed to their end."""
        return Simulator(self.site, tunnels_up=True, follows=True)

    @cached_property
    def without_policies(self) -> Simulator:
        """The site while no policies are loaded."""
        return Simulator(self.site, without_policies=True)

    def of(self, host: Host, policy: SecurityPolicy, *, tunnels_up: bool = False) -> tuple[Ending, ...]:
        """What becomes of the packets of an ``out`` policy that pass its host, wherever they begin."""
        key = (tunnels_up, id(policy), host.name)
        if key not in self._found:
            simulator = self.supposing if tunnels_up else self.simulator
            found = explore(simulator, flow_of(policy.selector), strangers=False)
            self._found[key] = tuple(
                ending for ending in found if passes(ending, host) and is_sent(simulator, ending.began)
            )
        return self._found[key]

    def is_filtered(self, host: Host) -> bool:
        """Some filter or NAT of the host is asked about packets of some interface."""
        path = datapath_of(host)
        ways = (path.receive, path.local, path.forward, path.send, path.carrier, path.device)
        stages = {stage for way in ways for stage in way if stage.kind is Kind.FILTER}
        names = [interface.name for interface in host.interfaces] or [""]
        return any(points(host, stage.hook, stage.interface or name) for stage in stages for name in names)


def protecting(host: Host) -> Iterator[SecurityPolicy]:
    """The ``out`` policies of a host that protect something and were written by somebody."""
    for policy in host.spd.of(Direction.OUT):
        if policy.action is Action.PROTECT and not policy.implied:
            yield policy


def passes(ending: Ending, host: Host) -> bool:
    """The packets come by a host."""
    return any(step.host == host.name for step in ending.situation.steps) or ending.situation.host is host


def clear_wire(ending: Ending, host: Host) -> int | None:
    """The place among the steps at which a host puts the packets on an untrusted wire in clear; None if it does not."""
    for number, step in enumerate(ending.situation.steps):
        if isinstance(step, Wire) and step.host == host.name and step.untrusted and not is_protected(step):
            return number
    return None


def is_protected(wire: Wire) -> bool:
    """The packet on the wire is under ESP or AH in some layer."""
    return not PROTECTED.isdisjoint(wire.form.replace("}", "").split("{"))


def left_protected(ending: Ending, host: Host) -> bool:
    """The packets left a host under IPsec by an untrusted wire."""
    wires = (step for step in ending.situation.steps if isinstance(step, Wire) and step.host == host.name)
    return any(wire.untrusted and is_protected(wire) for wire in wires)


def without_flow(ending: Ending, host: Host) -> bool:
    """The packets passed the host's SPD while a policy that a key daemon installs was not there."""
    steps = ending.situation.steps
    return any(isinstance(step, Step) and step.host == host.name and step.verdict == NO_FLOW for step in steps)


def too_long(ending: Ending) -> bool:
    """The packet was dropped for its length, or crossed the untrusted network in fragments."""
    if ending.disposition is Disposition.FRAGMENTATION_NEEDED:
        return True
    return any(isinstance(step, Wire) and step.untrusted and step.packet.fragment for step in ending.situation.steps)


def filtered(ending: Ending) -> Step | None:
    """The step at which a packet filter stopped the packets, or None if none did."""
    last = ending.situation.steps[-1] if ending.situation.steps else None
    stopped = isinstance(last, Step) and last.mark is Mark.FAIL and last.stage.startswith("FILTER")
    return last if ending.disposition in BLOCKED and stopped and isinstance(last, Step) else None


def stops_bare(ending: Ending, host: Host) -> bool:
    """A filter of the host stopped the packets, bare as they are before and behind the tunnel."""
    bare = ending.situation.frame.protection is None
    return bare and ending.situation.host is host and filtered(ending) is not None


def is_translated(ending: Ending, *, before: int | None = None) -> bool:
    """NAT has changed the packets, on the way or before one of its steps."""
    return translation(ending, before=before) is not None


def translation(ending: Ending, *, before: int | None = None) -> Step | None:
    """The first step at which NAT changes the packets."""
    for step in ending.situation.steps[:before]:
        if isinstance(step, Step) and step.mark is Mark.CHANGE and step.verdict in ("translated", "state"):
            return step
    return None


def translated_inside(ending: Ending, host: Host) -> tuple[Step, Step] | None:
    """NAT changes packets between the policy that takes them and the tunnel, and the peer has no policy for them.

    The step of the translation, and that of the peer's policy check.
    """
    steps = [step for step in ending.situation.steps if isinstance(step, Step)]
    taken = next((n for n, s in enumerate(steps) if s.host == host.name and s.verdict == TAKEN), None)
    if taken is None:
        return None
    wrapped = next((n for n, s in enumerate(steps) if n > taken and s.stage == Kind.ENCAPSULATE.word), taken)
    change = next((s for s in steps[taken:wrapped] if s.mark is Mark.CHANGE and s.verdict == "translated"), None)
    checks = (Kind.SPD_IN.word, Kind.SPD_FWD.word)
    asked = next((s for s in steps[wrapped:] if s.host != host.name and s.stage in checks), None)
    return None if change is None or asked is None or asked.mark is Mark.PROTECT else (change, asked)


def between_gateways(policy: SecurityPolicy) -> Predicate:
    """The key exchange and what it protects, between the two gateways: they are never under the policy themselves."""
    near, far = near_address(policy), far_address(policy)
    if near is None or far is None:
        return FALSE
    first, second = (near, far) if policy.direction is Direction.OUT else (far, near)
    return source(first) & destination(second) & _CARRYING


def carriers_of(policy: SecurityPolicy) -> Predicate:
    """The key exchange and what it protects, from the peer to whatever address of this host."""
    far = far_address(policy)
    return FALSE if far is None else source(far) & _CARRYING


_CARRYING = in_set(PROTOCOL, (ESP, AH)) | is_value(PROTOCOL, UDP) & in_set(DESTINATION_PORT, (500, 500), (4500, 4500))


def unprotected(simulator: Simulator, host: Host, policy: SecurityPolicy, among: Predicate = TRUE) -> Iterator[Ending]:
    """What becomes of the packets of an ``in`` policy that a stranger sends from outside in clear."""
    near = near_address(policy)
    door = simulator.topology.outside(host) if near is None else door_of(simulator, host, near)
    if door:
        for flow in Many.of(flow_of(policy.selector) & among):
            yield from sent(simulator, host, door, flow)


def inward(
    simulator: Simulator, host: Host, policy: SecurityPolicy, states: tuple[State, ...] = ()
) -> Iterator[Ending]:
    """What becomes of the packets of an ``in`` policy that arrive as it wants them, whoever the peer is."""
    for ending in inward_of(simulator, host, policy, flow_of(policy.selector), states):
        if is_sent(simulator, ending.began):
            yield ending


def inward_of(
    simulator: Simulator,
    host: Host,
    policy: SecurityPolicy,
    condition: Predicate,
    states: tuple[State, ...] = (),
) -> Iterator[Ending]:
    """What becomes of packets that arrive under the protection of an ``in`` policy, whether it selects them or not."""
    near, far = near_address(policy), far_address(policy)
    if near is None or far is None:
        return
    door = door_of(simulator, host, near)
    start = partial(_arrive_protected, simulator, host, door, policy, (far, near), states)
    for flow in Many.of(condition):
        for leaf in start(flow):
            yield Ending(leaf, start)


def _arrive_protected(
    simulator: Simulator,
    host: Host,
    door: str,
    policy: SecurityPolicy,
    ends: tuple[AddressRange, AddressRange],
    states: tuple[State, ...],
    traffic: Traffic,
) -> Iterator[Leaf]:
    frame = Frame(traffic)
    for template in policy.templates:
        tunnel = template.mode is Mode.TUNNEL and template.source is not None and template.destination is not None
        source, destination = (template.source, template.destination) if tunnel else ends
        overhead = {Protocol.AH: ah(None, ends[0].family), Protocol.IPCOMP: ipcomp()}.get(
            template.protocol, UNKNOWN_ESP
        )
        assert source is not None
        assert destination is not None
        made = Protection(
            template.protocol, template.mode, source, destination, None, template.reqid or None, overhead, policy.origin
        )
        frame = protect(frame, made)
    yield from _arrive_as(simulator, host, door, frame, states)


def forged(simulator: Simulator, host: Host, interface: Interface, condition: Predicate) -> Iterator[Ending]:
    """What becomes of clear packets, wrapped as a tunnel device of this host expects them, that a stranger sends."""
    device = interface.tunnel
    if device is None:
        return
    start = partial(_arrive_wrapped, simulator, host, device)
    for flow in Many.of(condition):
        for leaf in start(flow):
            yield Ending(leaf, start)


def _arrive_wrapped(simulator: Simulator, host: Host, device: Tunnel, traffic: Traffic) -> Iterator[Leaf]:
    frame = Frame(traffic)
    number = IPV6_ENCAP if frame.family == 6 and device.kind in ("gif", "ipip") else DEVICE_PROTOCOL[device.kind]
    extra = device_length(0, device.kind, device.source.family)
    wrapped = wrap(frame, device.kind, device.destination, device.source, number, extra)
    yield from _arrive_as(simulator, host, door_of(simulator, host, device.source), wrapped)


def _arrive_as(
    simulator: Simulator, host: Host, door: str, frame: Frame, states: tuple[State, ...] = ()
) -> Iterator[Leaf]:
    path, began = datapath_of(host), frame.traffic.began
    start = Situation(host=host, path=path, frame=frame, came_from=began, in_interface=door, states=states)
    yield from simulator.walk(start, path.receive)


def door_of(simulator: Simulator, host: Host, own: AddressRange) -> str:
    """The interface by which packets for an own address come in from outside."""
    for interface in host.interfaces:
        if any(address.address == own for address in interface.addresses):
            return interface.name
    return simulator.topology.outside(host)
