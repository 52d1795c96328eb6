"""Stages about interfaces: gif and gre devices that wrap and unwrap, and whether the packet fits into the MTU."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from spdcheck.engine.frame import Frame, form, protect, unwrap, wrap
from spdcheck.engine.situation import End, Move
from spdcheck.engine.trace import Disposition, Mark, Step, Wire
from spdcheck.model.protocols import IPV6_ENCAP
from spdcheck.semantics.encapsulation import DEVICE_MTU, DEVICE_PROTOCOL, device_length
from spdcheck.semantics.fields import (
    DESTINATION,
    DF,
    LENGTH,
    MARK,
    SOURCE,
    address_range,
)
from spdcheck.semantics.intervals import contains, single

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.semantics.datapath.stages import Stage

USUAL_MTU = 1500
_LONGEST = 65535
"""The longest packet that the length field of a header can state."""


def device_out(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """A gif or gre device wraps what is routed into it; the result starts anew."""
    del simulator, stage
    interface = situation.host.interface(situation.out_interface)
    if interface is None or interface.tunnel is None:
        yield Move(situation)
        return
    device = interface.tunnel
    frame = situation.frame
    number = IPV6_ENCAP if frame.family == 6 and device.kind in ("gif", "ipip") else DEVICE_PROTOCOL[device.kind]
    extra = device_length(0, device.kind, device.source.family)
    wrapped = wrap(frame, device.kind, device.source, device.destination, number, extra)
    step = Step(
        situation.host.name, "DEVICE", Mark.CHANGE, f"{frame.length}→{wrapped.length} B",
        f"{interface.name} wraps it: {device.source} → {device.destination}", interface.name, device.origin,
        wrapped.traffic.example(), wrapped.length,
    )  # fmt: skip
    seen = Wire(situation.host.name, interface.name, frame.traffic.example(), form(frame), frame.length, False)
    after = situation.with_(
        seen, step, frame=wrapped, forwarded=False, out_interface="", route=None, gateway=None, policy=None, pending=(),
        hops=situation.hops + 1,
    )  # fmt: skip
    yield Move(after, way=situation.path.device)


def device_in(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """A tunnel device unwraps what is for it; what was inside comes in by the device."""
    del simulator, stage
    frame = situation.frame
    if frame.inner is None or frame.protection is not None:
        yield Move(situation)
        return
    source = address_range(*frame.traffic.side(SOURCE)[0])
    target = address_range(*frame.traffic.side(DESTINATION)[0])
    for interface in situation.host.interfaces:
        device = interface.tunnel
        if device is None or DEVICE_PROTOCOL[device.kind] != DEVICE_PROTOCOL[frame.kind]:
            continue
        if (device.source, device.destination) == (target, source):
            inner = unwrap(frame)
            if situation.path.forward_policies:
                # Linux keeps the mark of the packet that was around it.
                inner = inner.with_traffic(inner.traffic.rewritten({MARK: frame.traffic.side(MARK)}))
            step = Step(
                situation.host.name, "DEVICE", Mark.CHANGE, f"{frame.length}→{inner.length} B",
                f"{interface.name} unwraps it", interface.name, device.origin, inner.traffic.example(), inner.length,
            )  # fmt: skip
            after = situation.with_(step, frame=inner, in_interface=interface.name, hops=situation.hops + 1)
            yield Move(after, way=situation.path.receive)
            return
    step = Step(situation.host.name, "DEVICE", Mark.FAIL, "none", f"no device takes {frame.kind} from {source}")
    end = End(Disposition.DENIED_IN, f"no tunnel device of {situation.host.name} takes {frame.kind} from {source}")
    yield Move(situation.with_(step), end=end)


def mtu(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Compares the packet, as it will be on the wire, with the MTU of the interface it leaves by."""
    del stage
    frame = _as_it_will_be(situation)
    limit = _mtu_towards(simulator, situation, frame)
    if frame.length <= limit or situation.out_interface == "lo":
        yield Move(situation)
        return
    own = situation.frame
    if contains(single(1), own.traffic.side(DF)):
        largest = _largest(situation, limit)
        if own.inner is not None and own.protection is None:
            # Who sent what a tunnel device has wrapped is told about the packet inside.
            largest -= own.length - own.inner.length
        detail = f"{frame.length} B do not fit into {limit}, DF is set; at most {largest} B"
        step = Step(situation.host.name, "MTU", Mark.FAIL, "too large", detail, situation.out_interface)
        sentence = f"{detail}; {situation.host.name} answers ICMP fragmentation needed, mtu {largest}"
        yield Move(situation.with_(step), end=End(Disposition.FRAGMENTATION_NEEDED, sentence, "Ip.FragFails"))
        return
    if situation.pending:
        # What this host sends leaves in fragments of the tunnel's size, what it forwards in fragments of the link's.
        room = 0 if situation.forwarded else _largest(situation, limit)
        yield Move(situation.with_(fragment_bytes=room))
        return
    detail = f"{frame.length} B do not fit into {limit}: it leaves in fragments"
    step = Step(situation.host.name, "MTU", Mark.CHANGE, "fragmented", detail, situation.out_interface)
    yield Move(situation.with_(step, fragment_bytes=situation.fragment_bytes or limit))


def _largest(situation: Situation, limit: int) -> int:
    """The longest packet that still fits once its pending protections are around it."""
    lengths = range(_LONGEST + 1)
    return bisect_right(lengths, limit, key=lambda length: _as_it_will_be(situation, length).length) - 1


def _as_it_will_be(situation: Situation, length: int | None = None) -> Frame:
    """The frame with its pending protections around it, optionally of another length."""
    frame = situation.frame
    if length is not None:
        frame = frame.with_traffic(frame.traffic.rewritten({LENGTH: single(length)}))
    for protection in situation.pending:
        frame = protect(frame, protection)
    return frame


def _mtu_towards(simulator: Simulator, situation: Situation, frame: Frame) -> int:
    name = situation.out_interface
    if situation.pending:
        target = address_range(*frame.traffic.side(DESTINATION)[0])
        entry = simulator.topology.route(situation.host, target)
        name = entry.interface if entry is not None else name
    interface = situation.host.interface(name)
    if interface is None or interface.mtu is None:
        device = None if interface is None else interface.tunnel
        return USUAL_MTU if device is None else DEVICE_MTU[device.kind]
    return interface.mtu
