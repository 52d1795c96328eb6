"""Frames out of capture files: pcap and pcapng, and the IP packet in a frame of a link type.

Sources: pcap-savefile(5), draft-ietf-opsawg-pcapng, the link types of tcpdump.org.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

from spdcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">",
}  # fmt: skip
"""The first bytes of a pcap file, with microseconds or nanoseconds, and the byte order that they mean."""
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
_MOST_BYTES = 1 << 24
"""No packet or block is longer than this; a longer one means that the file is damaged."""
_ETHERTYPE = {0x0800, 0x86DD}
_VLAN = {0x8100, 0x88A8, 0x9100, 0x9200}
_FAMILIES = {2, 10, 24, 28, 30}
"""AF_INET, and the numbers that Linux and the BSDs give AF_INET6."""


class CaptureError(UsageError):
    """The file is no capture, or none that can be read at all."""


class Damaged(Exception):  # noqa: N818 (the reader turns it into a note)
    """A packet or block is not as it must be."""


def frames(stream: IO[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """The link type and the bytes of every frame; ``name`` is for messages.

    Raises :class:`CaptureError` for what is no capture, :class:`Damaged` where the rest of one can't be read.
    """
    magic = stream.read(4)
    if magic in PCAP_MAGIC:
        yield from _pcap(stream, PCAP_MAGIC[magic], name)
    elif magic == PCAPNG_MAGIC:
        yield from _pcapng(stream, name)
    elif not magic:
        raise CaptureError(f"{name}: the file is empty")
    else:
        raise CaptureError(f"{name}: this is no pcap or pcapng file (it begins with {magic.hex(' ')})")


def _exactly(stream: IO[bytes], count: int, what: str) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise Damaged(f"the file ends in the middle of {what}")
    return data


def _pcap(stream: IO[bytes], order: str, name: str) -> Iterator[tuple[int, bytes]]:
    header = stream.read(20)
    if len(header) < 20:
        raise CaptureError(f"{name}: the file ends within its header")
    link = struct.unpack(f"{order}I", header[16:20])[0] & 0x0FFFFFFF
    number = 0
    while head := stream.read(16):
        number += 1
        if len(head) < 16:
            raise Damaged(f"the file ends in the middle of packet {number}")
        length = struct.unpack(f"{order}I", head[8:12])[0]
        if length > _MOST_BYTES:
            raise Damaged(f"packet {number} claims to have {length} bytes; the rest of the file can't be read")
        yield link, _exactly(stream, length, f"packet {number}")


def _pcapng(stream: IO[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """Blocks: section header, interface description, enhanced, simple and obsolete packets; others are skipped."""
    order, number, kind = "<", 0, PCAPNG_MAGIC
    links: list[int] = []
    while kind:
        if len(kind) < 4:
            raise Damaged("the file ends in the middle of a block")
        raw = _exactly(stream, 4, "a block")
        if kind == PCAPNG_MAGIC:
            mark = _exactly(stream, 4, "a section header")
            if mark not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                if not links and not number:
                    raise CaptureError(f"{name}: the header of this pcapng file is damaged")
                raise Damaged("a section header is damaged; the rest of the file can't be read")
            order, links = (">" if mark == b"\x1a\x2b\x3c\x4d" else "<"), []
        length = struct.unpack(f"{order}I", raw)[0]
        done = 12 if kind == PCAPNG_MAGIC else 8
        if length < done + 4 or length > _MOST_BYTES or length % 4:
            raise Damaged(f"a block claims to have {length} bytes; the rest of the file can't be read")
        body = _exactly(stream, length - done, "a block")[:-4]
        block = struct.unpack(f"{order}I", kind)[0]
        if block == 1 and len(body) >= 8:
            links.append(struct.unpack(f"{order}H", body[:2])[0])
        elif block in (2, 3, 6):
            number += 1
            yield _packet_block(block, body, order, links, number)
        kind = stream.read(4)


def _packet_block(block: int, body: bytes, order: str, links: list[int], number: int) -> tuple[int, bytes]:
    if block == 3:
        interface, start, length = 0, 4, len(body) - 4
        if len(body) >= 4:
            length = min(length, struct.unpack(f"{order}I", body[:4])[0])
    else:
        if len(body) < 20:
            raise Damaged(f"packet {number} is too short for its block")
        interface = struct.unpack(f"{order}I" if block == 6 else f"{order}H", body[: 4 if block == 6 else 2])[0]
        start, length = 20, struct.unpack(f"{order}I", body[12:16])[0]
    if interface >= len(links) or length < 0 or start + length > len(body):
        raise Damaged(f"packet {number} is damaged; the rest of the file can't be read")
    return links[interface], body[start : start + length]


def network_layer(link: int, data: bytes) -> bytes | str:
    """The IP packet in a frame of a link type, or why there is none."""
    if link == 1:
        return _behind_ethertype(data, 12, "a frame that is too short")
    if link == 113:
        return _behind_ethertype(data, 14, "a frame that is too short")
    if link == 276:
        if len(data) < 20:
            return "a frame that is too short"
        return _of_ethertype(struct.unpack(">H", data[:2])[0], data[20:])
    if link in (12, 14, 101, 228, 229):
        return data or "a frame that is too short"
    if link in (0, 108):
        if len(data) < 4:
            return "a frame that is too short"
        known = any(int.from_bytes(data[:4], order) in _FAMILIES for order in ("big", "little"))
        return data[4:] if known else "no IP packet"
    return f"link type {link}, which is not read"


def _behind_ethertype(data: bytes, at: int, short: str) -> bytes | str:
    while True:
        if len(data) < at + 2:
            return short
        kind = struct.unpack(">H", data[at : at + 2])[0]
        if kind not in _VLAN:
            return _of_ethertype(kind, data[at + 2 :])
        at += 4


def _of_ethertype(kind: int, packet: bytes) -> bytes | str:
    if kind in _VLAN and len(packet) >= 4:
        return _of_ethertype(struct.unpack(">H", packet[2:4])[0], packet[4:])
    return packet if kind in _ETHERTYPE else "no IP packet"
