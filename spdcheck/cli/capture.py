"""Which flows are in a capture, and how many packets of each.

Only what tells one flow from another is read: addresses, protocol, ports, ICMP type. Both directions of a connection
are one flow, in the direction in which it was begun, as far as the capture shows it. A file that ends in the middle of
a packet, as captures do that were stopped, gives what is in it and a note.

The file formats are in ``capture_file``.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import field
from pathlib import Path
from typing import IO

from spdcheck.cli.capture_file import CaptureError, Damaged, frames, network_layer
from spdcheck.model.addresses import address_text
from spdcheck.model.protocols import ICMP, ICMP6, PORT_PROTOCOLS, TCP, protocol_name
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

_SYN, _ACK = 2, 16
_EXTENSIONS = {0, 43, 60, 135, 139, 140}
_ANSWER = {(ICMP, 0): 8, (ICMP6, 129): 128}


class Flow(NamedTuple):
    """One flow; ``text`` is what :func:`spdcheck.semantics.flow.parse_flow` reads."""

    protocol: int
    source: str
    destination: str
    source_port: int | None
    destination_port: int | None
    icmp: tuple[int, int] | None

    @property
    def text(self) -> str:
        """The flow as a person says it."""
        words = [
            protocol_name(self.protocol), _end(self.source, self.source_port),
            _end(self.destination, self.destination_port),
        ]  # fmt: skip
        if self.icmp is not None:
            words.append(f"{self.icmp[0]}/{self.icmp[1]}")
        return " ".join(words)

    @property
    def back(self) -> Flow:
        """The flow of the answers."""
        return self._replace(
            source=self.destination, destination=self.source,
            source_port=self.destination_port, destination_port=self.source_port,
        )  # fmt: skip


def _end(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@dataclass(slots=True)
class Capture:
    """What was read. ``flows`` counts the packets of each flow, in the order in which they first appear.

    ``left_out`` counts by reason what is no IP packet or can't be told; ``trouble`` says why reading ended early.
    """

    flows: Counter[Flow] = field(default_factory=Counter)
    packets: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    trouble: str = ""


def read(path: str | Path) -> Capture:
    """Reads a capture file; raises :class:`CaptureError` for what is none."""
    try:
        with Path(path).open("rb") as stream:
            return read_stream(stream, str(path))
    except OSError as error:
        raise CaptureError(f"{path}: can't be read: {error.strerror or error}") from None


def read_stream(stream: IO[bytes], name: str) -> Capture:
    """Reads a capture from an open stream; ``name`` is for messages."""
    collector = _Collector()
    try:
        for link, data in frames(stream, name):
            collector.add(link, data)
    except Damaged as damage:
        collector.capture.trouble = f"{name}: {damage}"
    return collector.finish()


class _Collector:
    """Counts flows. Later fragments go to the flow of their first one, wherever that stands in the file."""

    def __init__(self) -> None:
        self.capture = Capture()
        self._known: dict[Flow, Flow] = {}
        self._begun: dict[tuple[str, str, int, int], Flow] = {}
        self._waiting: Counter[tuple[str, str, int, int]] = Counter()

    def add(self, link: int, data: bytes) -> None:
        """One frame of a link type."""
        self.capture.packets += 1
        packet = network_layer(link, data)
        if isinstance(packet, str):
            self.capture.left_out[packet] += 1
            return
        found = _ipv4(packet) if packet[:1] and packet[0] >> 4 == 4 else _ipv6(packet)
        if isinstance(found, str):
            self.capture.left_out[found] += 1
        elif found.later:
            self._waiting[found.key] += 1
        else:
            self._count(found)

    def _count(self, found: _Header) -> None:
        flow = _flow(found)
        if flow is None:
            self.capture.left_out["too short to tell the flow"] += 1
            return
        known = self._known.get(flow)
        if known is None:
            known = flow.back if _is_answer(found, flow) else flow
            if known.icmp is not None and (known.protocol, known.icmp[0]) in _ANSWER:
                known = known._replace(icmp=(_ANSWER[known.protocol, known.icmp[0]], known.icmp[1]))
            known = self._known.get(known, known)
            self._known[flow] = self._known[known] = known
            if known.source_port is not None:
                self._known[known.back] = known
        self.capture.flows[known] += 1
        if found.first:
            self._begun[found.key] = known

    def finish(self) -> Capture:
        """Gives the fragments to their flows."""
        for key, count in self._waiting.items():
            flow = self._begun.get(key)
            if flow is None:
                self.capture.left_out["fragments whose beginning was not captured"] += count
            else:
                self.capture.flows[flow] += count
        return self.capture


def _is_answer(found: _Header, flow: Flow) -> bool:
    """The first packet that we see of a connection goes back to who began it, as far as it shows."""
    if flow.icmp is not None:
        return (flow.protocol, flow.icmp[0]) in _ANSWER
    if flow.source_port is None or flow.destination_port is None:
        return False
    if flow.protocol == TCP and len(found.payload) >= 14:
        flags = found.payload[13]
        if flags & _SYN:
            return bool(flags & _ACK)
    return flow.source_port < 1024 <= flow.destination_port


class _Header(NamedTuple):
    """What an IP header says: ``first`` and ``later`` tell fragments; ``key`` is equal for those of one packet."""

    family: int
    source: str
    destination: str
    protocol: int
    payload: bytes
    first: bool
    later: bool
    number: int

    @property
    def key(self) -> tuple[str, str, int, int]:
        """The packet that a fragment belongs to (RFC 791; IPv6: RFC 8200)."""
        return self.source, self.destination, self.protocol if self.family == 4 else 0, self.number


def _flow(found: _Header) -> Flow | None:
    ports: tuple[int | None, int | None] = (None, None)
    icmp = None
    if found.protocol in PORT_PROTOCOLS:
        if len(found.payload) < 4:
            return None
        ports = struct.unpack(">HH", found.payload[:4])
    elif found.protocol in (ICMP, ICMP6):
        if len(found.payload) < 2:
            return None
        icmp = (found.payload[0], found.payload[1])
    return Flow(found.protocol, found.source, found.destination, *ports, icmp)


def _ipv4(packet: bytes) -> _Header | str:
    if len(packet) < 20 or (packet[0] & 15) * 4 < 20 or len(packet) < (packet[0] & 15) * 4:
        return "too short for an IPv4 header"
    offset = struct.unpack(">H", packet[6:8])[0]
    more, later = bool(offset & 0x2000), bool(offset & 0x1FFF)
    return _Header(
        4, _address(4, packet[12:16]), _address(4, packet[16:20]), packet[9], packet[(packet[0] & 15) * 4 :],
        more and not later, later, struct.unpack(">H", packet[4:6])[0],
    )  # fmt: skip


def _ipv6(packet: bytes) -> _Header | str:
    if not packet or packet[0] >> 4 != 6:
        return "no IP packet"
    if len(packet) < 40:
        return "too short for an IPv6 header"
    source, destination = _address(6, packet[8:24]), _address(6, packet[24:40])
    kind, rest = packet[6], packet[40:]
    first = later = False
    number = 0
    while kind in _EXTENSIONS or kind == 44:
        if len(rest) < 8:
            return "too short for an IPv6 header"
        if kind == 44:
            offset = struct.unpack(">H", rest[2:4])[0]
            first, later = bool(offset & 1) and not offset >> 3, bool(offset >> 3)
            number = struct.unpack(">I", rest[4:8])[0]
        length = 8 if kind == 44 else 8 + rest[1] * 8
        kind, rest = rest[0], rest[length:]
        if later:
            break
    return _Header(6, source, destination, kind, rest, first, later, number)


def _address(family: int, data: bytes) -> str:
    return address_text(family, int.from_bytes(data, "big"))
