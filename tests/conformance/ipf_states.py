"""The state table and the fragment cache of IP Filter, as far as its suite needs them (ip_state.c, ip_frag.c).

An oracle's second half: the rules come from the decision lists of spdcheck, what a rule's state does comes from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spdcheck.model.addresses import MULTICAST4, MULTICAST6
from spdcheck.model.protocols import ICMP, ICMP6, TCP, UDP
from spdcheck.semantics.rulesets.ipfilter import STATEFUL_ICMP, STATEFUL_ICMP6

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.semantics.rulesets.ipfilter import IpfFate, StateRule
    from tests.conformance.ipf_wire import Datagram

MAX_ACK_WINDOW = 66000
REPLIES = {4: {8: 0, 13: 14, 15: 16, 17: 18}, 6: {128: 129, 130: 131, 133: 134, 135: 136, 139: 140}}
FIN, SYN, RST, ACK = 1, 2, 4, 16


def _signed(number: int) -> int:
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


@dataclass
class Window:
    """What one side of a TCP connection has sent, and may send."""

    end: int = 0
    max_end: int = 0
    max_window: int = 1
    scale: int = 0


@dataclass
class State:
    """One entry: its key as the first packet had it, and the interfaces of the four ways."""

    rule: StateRule
    fate: IpfFate
    family: int
    protocol: int
    source: int
    destination: int
    source_port: int
    destination_port: int
    icmp_type: int
    icmp_id: int
    interfaces: list[str]
    machine: bool
    answered: bool = False
    """The last packet went the other way than the first."""
    windows: tuple[Window, Window] = field(default_factory=lambda: (Window(), Window()))


class States:
    """The table. ``limit`` is ``state_max``."""

    def __init__(self, limit: int = 4013) -> None:
        self.limit = limit
        self.entries: list[State] = []

    def add(self, packet: Datagram, rule: StateRule, fate: IpfFate) -> bool:
        """Makes a state; False where that can't be."""
        keep = rule.keep
        mine = [state for state in self.entries if state.rule is rule]
        if len(self.entries) >= self.limit or (keep.limit is not None and len(mine) >= keep.limit):
            return False
        if packet.traits & {"short", "bad"} or packet.offset or not self._may_start(packet):
            return False
        if not self._sources_allow(packet, rule, mine):
            return False
        slots = list(rule.interfaces)
        slots[0 if packet.inward else 2] = packet.interface
        state = State(
            rule, fate, packet.family, packet.protocol, packet.source, packet.destination, packet.source_port,
            packet.destination_port, packet.icmp_type, packet.icmp_id, slots, packet.flags == SYN,
        )  # fmt: skip
        if packet.protocol == TCP:
            _open(state, packet)
        self.entries.append(state)
        return True

    @staticmethod
    def _may_start(packet: Datagram) -> bool:
        if packet.protocol == TCP:
            return not packet.flags & RST
        if packet.protocol == ICMP:
            return packet.icmp_type in STATEFUL_ICMP
        return packet.protocol != ICMP6 or packet.icmp_type in STATEFUL_ICMP6

    @staticmethod
    def _sources_allow(packet: Datagram, rule: StateRule, mine: list[State]) -> bool:
        """``max-srcs`` and ``max-per-src``."""
        keep = rule.keep
        bits = 32 if packet.family == 4 else 128
        length = keep.max_per_source[1] if keep.max_per_source and keep.max_per_source[1] is not None else bits
        shift = bits - length
        own = [state for state in mine if state.source >> shift == packet.source >> shift]
        if keep.max_per_source is not None and len(own) >= keep.max_per_source[0]:
            return False
        nodes = {state.source >> shift for state in mine}
        return keep.max_sources is None or bool(own) or len(nodes) < keep.max_sources

    def find(self, packet: Datagram, heads: Callable[[str, Datagram], bool]) -> tuple[State | None, bool]:
        """The state of a packet, and whether one was there in whose window it is not.

        ``heads`` says whether the rules of an ``icmp-head`` group let an ICMP error through.
        """
        if packet.traits & {"short", "bad"} or packet.offset:
            return None, False
        if packet.is_icmp_error:
            return self._of_error(packet, heads), False
        outside = False
        for state in self.entries:
            back = self._matches(state, packet)
            if back is None:
                continue
            if packet.protocol == TCP and state.rule.keep.tracking != "loose" and not _in_window(state, packet, back):
                outside = True
                continue
            slot = (0 if packet.inward else 2) + back
            state.interfaces[slot] = packet.interface
            state.answered = bool(back)
            return state, False
        return None, outside

    @staticmethod
    def _matches(state: State, packet: Datagram) -> int | None:
        """0 for a packet as the first, 1 for one the other way, None for another connection."""
        if (state.family, state.protocol) != (packet.family, packet.protocol):
            return None
        forwards = (packet.source, packet.destination) == (state.source, state.destination)
        backwards = packet.destination == state.source and (
            packet.source == state.destination or _is_multicast(state.family, state.destination)
        )
        if packet.protocol in (TCP, UDP):
            ports = (packet.source_port, packet.destination_port)
            forwards &= ports == (state.source_port, state.destination_port)
            backwards &= ports == (state.destination_port, state.source_port)
        elif packet.protocol in (ICMP, ICMP6):
            reply = REPLIES[state.family].get(state.icmp_type)
            forwards &= (packet.icmp_type, packet.icmp_id) == (state.icmp_type, state.icmp_id)
            backwards &= (packet.icmp_type, packet.icmp_id) == (reply, state.icmp_id)
        for back, hit in ((0, forwards), (1, backwards)):
            if hit and state.interfaces[(0 if packet.inward else 2) + back] in ("", packet.interface):
                return back
        return None

    def _of_error(self, packet: Datagram, heads: Callable[[str, Datagram], bool]) -> State | None:
        inner = packet.inner
        if inner is None:
            return None
        for state in self.entries:
            if not state.rule.keep.icmp_errors or (state.family, state.protocol) != (inner.family, inner.protocol):
                continue
            forwards = (inner.source, inner.destination) == (state.source, state.destination)
            backwards = (inner.source, inner.destination) == (state.destination, state.source)
            ports = (inner.source_port, inner.destination_port)
            if inner.protocol in (TCP, UDP):
                forwards &= ports == (state.source_port, state.destination_port)
                backwards &= ports == (state.destination_port, state.source_port)
            elif inner.protocol in (ICMP, ICMP6):
                forwards &= inner.icmp_id == state.icmp_id
            if not (forwards or backwards):
                continue
            group = state.rule.keep.icmp_head
            return state if group is None or heads(group, packet) else None
        return None


def _is_multicast(family: int, address: int) -> bool:
    block = MULTICAST4 if family == 4 else MULTICAST6
    return block.first <= address <= block.last


def _sent(packet: Datagram) -> int:
    """Sequence numbers that a segment takes."""
    header = (packet.raw[packet.l4 + 12] >> 4) * 4
    return packet.length - header + bool(packet.flags & SYN) + bool(packet.flags & FIN)


def _open(state: State, packet: Datagram) -> None:
    window = state.windows[0]
    window.end = window.max_end = packet.number(packet.l4 + 4) + _sent(packet)
    window.max_window = packet.word(packet.l4 + 14) or 1
    window.scale = _scale(packet)


def _scale(packet: Datagram) -> int:
    """The window scale option of a SYN."""
    at = packet.l4 + 20
    end = packet.l4 + (packet.raw[packet.l4 + 12] >> 4) * 4
    while at < min(end, len(packet.raw) - 2):
        kind = packet.raw[at]
        if kind == 3:
            return packet.raw[at + 2]
        if kind == 0:
            break
        at += 1 if kind == 1 else max(packet.raw[at + 1], 2)
    return 0


def _in_window(state: State, packet: Datagram, back: int) -> bool:
    """``ipf_state_tcpinwindow``; the windows move along."""
    this, other = state.windows[back], state.windows[1 - back]
    sequence, acknowledged = packet.number(packet.l4 + 4), packet.number(packet.l4 + 8)
    window = packet.word(packet.l4 + 14)
    if not packet.flags & SYN:
        window <<= this.scale
    window = window or 1
    end = sequence + _sent(packet)
    if this.end == 0 and (not state.machine or packet.flags & (SYN | ACK) == SYN | ACK):
        this.end, this.max_window, this.max_end = end - 1, 1, end + window
        this.scale = _scale(packet)
    if not packet.flags & ACK or (packet.flags & RST and acknowledged == 0):
        acknowledged = other.end
    skew = _signed(other.end - acknowledged)
    if state.rule.keep.tracking == "strict" and sequence != this.end:
        return False
    inside = (
        _signed(this.max_end - end) >= 0
        and _signed(sequence - (this.end - other.max_window)) >= 0
        and -skew <= MAX_ACK_WINDOW
        and skew <= MAX_ACK_WINDOW << this.scale
    )
    if not inside:
        return False
    if skew < 0:
        other.end = acknowledged
    this.max_window = max(this.max_window, window)
    if _signed(end - this.end) > 0:
        this.end = end
    if _signed(acknowledged + window - other.max_end) >= 0:
        other.max_end = acknowledged + window
    return True


@dataclass
class Fragmented:
    """A packet in fragments: what became of the first one that was seen, and how far the others have come."""

    fate: IpfFate
    expected: int
    seen_first: bool
    first_end: int


@dataclass
class Fragments:
    """Fragmented packets that a rule with ``keep frags`` passed or blocked (``ipf_frag_new``, ``ipf_frag_lookup``)."""

    known: dict[tuple[int, int, int, int, int, str], Fragmented] = field(default_factory=dict)

    @staticmethod
    def _key(packet: Datagram) -> tuple[int, int, int, int, int, str]:
        return (packet.family, packet.source, packet.destination, packet.protocol, packet.fragment_id, packet.interface)

    def add(self, packet: Datagram, fate: IpfFate) -> None:
        """Remembers a fragment; ``strict`` wants to see the first one first."""
        strict = fate.frags is not None and fate.frags.strict
        if not packet.is_fragment or "bad" in packet.traits or (strict and packet.offset):
            return
        end = packet.offset + packet.length
        entry = Fragmented(fate, end, not packet.offset, 0 if packet.offset else packet.length)
        self.known.setdefault(self._key(packet), entry)

    def find(self, packet: Datagram) -> IpfFate | None:
        """What became of the fragments before this one. One that overlaps the first is marked as bad."""
        entry = self.known.get(self._key(packet)) if packet.is_fragment else None
        if entry is None or "short" in packet.traits:
            return None
        if entry.seen_first:
            if not packet.offset:
                return None
            if entry.first_end and packet.offset < entry.first_end:
                packet.traits.add("bad")
                return None
        elif not packet.offset:
            entry.seen_first = True
        if packet.offset == entry.expected:
            entry.expected = packet.offset + packet.length
        elif entry.fate.frags is not None and entry.fate.frags.strict:
            return None
        return entry.fate
