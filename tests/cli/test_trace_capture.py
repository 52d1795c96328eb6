"""Captures: every format, both byte orders, every link type, and whatever else is in a file."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.cli.capture import Capture, read, read_stream
from spdcheck.cli.capture_file import CaptureError

SYN, SYN_ACK = 2, 18


def ipv4(source: str, target: str, protocol: int, payload: bytes, fragment: int = 0, number: int = 7) -> bytes:
    ends = bytes(int(part) for part in f"{source}.{target}".split("."))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number, fragment, 64, protocol, 0) + ends + payload


def ipv6(protocol: int, payload: bytes) -> bytes:
    ends = bytes(15) + b"\1" + bytes(15) + b"\2"
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload


def tcp(source: int, target: int, flags: int = SYN) -> bytes:
    return struct.pack(">HHIIBB", source, target, 0, 0, 0x50, flags) + bytes(6)


def pcap(frames: list[bytes], link: int = 1, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(f"{order}IIII", 1, 2, len(data), len(data)) + data for data in frames)


def block(kind: int, body: bytes, order: str) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + length + body + length


def pcapng(frames: list[bytes], link: int = 1, order: str = "<") -> bytes:
    parts = [block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)]
    parts.append(block(1, struct.pack(f"{order}HHI", link, 0, 65535), order))
    parts.append(block(0xBAD, b"a block of another kind", order))
    for number, data in enumerate(frames):
        if number % 2:
            parts.append(block(3, struct.pack(f"{order}I", len(data)) + data, order))
        else:
            parts.append(block(6, struct.pack(f"{order}IIIII", 0, 0, 0, len(data), len(data)) + data, order))
    return b"".join(parts)


def ether(packet: bytes, kind: int = 0x0800) -> bytes:
    return bytes(12) + struct.pack(">H", kind) + packet


def flows(data: bytes) -> Capture:
    return read_stream(io.BytesIO(data), "x.pcap")


def texts(capture: Capture) -> dict[str, int]:
    return {flow.text: count for flow, count in capture.flows.items()}


PACKET = ipv4("10.1.0.7", "10.2.0.9", 6, tcp(40000, 443))
WANTED = {"tcp 10.1.0.7:40000 10.2.0.9:443": 1}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_both_byte_orders_and_resolutions(order: str, magic: int) -> None:
    assert texts(flows(pcap([ether(PACKET)], order=order, magic=magic))) == WANTED


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng(order: str) -> None:
    assert texts(flows(pcapng([ether(PACKET)] * 3, order=order))) == {next(iter(WANTED)): 3}


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (1, ether(PACKET)),
        (1, bytes(12) + b"\x81\x00\x00\x05" + b"\x08\x00" + PACKET),
        (1, bytes(12) + b"\x88\xa8\x00\x05" + b"\x81\x00\x00\x06" + b"\x08\x00" + PACKET),
        (12, PACKET),
        (101, PACKET),
        (228, PACKET),
        (113, bytes(14) + b"\x08\x00" + PACKET),
        (276, b"\x08\x00" + bytes(18) + PACKET),
        (0, struct.pack("<I", 2) + PACKET),
        (0, struct.pack(">I", 2) + PACKET),
        (108, struct.pack(">I", 2) + PACKET),
    ],
)
def test_every_link_type(link: int, frame: bytes) -> None:
    assert texts(flows(pcap([frame], link))) == WANTED


def test_both_directions_are_one_flow_begun_by_the_syn() -> None:
    answer = ipv4("10.2.0.9", "10.1.0.7", 6, tcp(443, 40000, SYN_ACK))
    assert texts(flows(pcap([answer, PACKET, answer], 101))) == {next(iter(WANTED)): 3}


def test_an_echo_reply_belongs_to_its_request() -> None:
    request, reply = ipv4("10.1.0.7", "10.2.0.9", 1, b"\x08\0" + bytes(6)), ipv4("10.2.0.9", "10.1.0.7", 1, bytes(8))
    assert texts(flows(pcap([reply, request], 101))) == {"icmp 10.1.0.7 10.2.0.9 8/0": 2}


def test_esp_has_two_directions() -> None:
    there, back = ipv4("10.1.0.7", "10.2.0.9", 50, bytes(8)), ipv4("10.2.0.9", "10.1.0.7", 50, bytes(8))
    assert texts(flows(pcap([there, back, there], 101))) == {"esp 10.1.0.7 10.2.0.9": 2, "esp 10.2.0.9 10.1.0.7": 1}


def test_fragments_go_to_the_flow_of_their_beginning() -> None:
    later = ipv4("10.1.0.7", "10.2.0.9", 6, bytes(30), fragment=3)
    first = ipv4("10.1.0.7", "10.2.0.9", 6, tcp(40000, 443), fragment=0x2000)
    lost = ipv4("10.1.0.7", "10.2.0.9", 6, bytes(30), fragment=3, number=9)
    capture = flows(pcap([later, first, lost], 101))
    assert texts(capture) == {next(iter(WANTED)): 2}
    assert capture.left_out == {"fragments whose beginning was not captured": 1}


def test_ipv6_behind_extension_headers() -> None:
    fragment = struct.pack(">BBHI", 6, 0, 1, 77) + tcp(40000, 443)
    later = struct.pack(">BBHI", 6, 0, 16 << 3, 77) + bytes(8)
    options = bytes([44, 0]) + bytes(6)
    capture = flows(pcap([ipv6(0, options + fragment), ipv6(44, later)], 101))
    assert texts(capture) == {"tcp [::1]:40000 [::2]:443": 2}


def test_what_is_no_ip_packet_is_counted() -> None:
    capture = flows(pcap([ether(b"", 0x0806), b"short", ether(PACKET[:10]), ether(PACKET)]))
    assert texts(capture) == WANTED
    assert sum(capture.left_out.values()) == 3
    assert flows(pcap([b"x"], 147)).left_out == {"link type 147, which is not read": 1}


@pytest.mark.parametrize("maker", [pcap, pcapng])
def test_a_file_that_ends_early_gives_what_is_in_it(maker: object) -> None:
    assert callable(maker)
    data = maker([ether(PACKET), ether(PACKET)])
    capture = flows(data[:-30])
    assert texts(capture) == WANTED
    assert "ends in the middle" in capture.trouble


def test_a_damaged_length_ends_the_reading() -> None:
    data = pcap([ether(PACKET)]) + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0)
    capture = flows(data)
    assert texts(capture) == WANTED
    assert "claims to have 4294967295 bytes" in capture.trouble


@pytest.mark.parametrize(
    "data", [b"", b"\x1f\x8b\x08\x00 gzip", b"\xd4\xc3\xb2\xa1\x02\x00", b"\x0a\x0d\x0d\x0a" + bytes(8)]
)
def test_what_is_no_capture_is_refused(data: bytes) -> None:
    with pytest.raises(CaptureError, match=r"x\.pcap"):
        flows(data)


def test_a_file_that_does_not_exist() -> None:
    with pytest.raises(CaptureError, match="can't be read"):
        read("nowhere.pcap")


heads = st.sampled_from([pcap([]), pcap([], 101, ">"), pcap([], 113), pcap([], 276), pcap([], 0), pcapng([]), b""])


@given(heads, st.binary(max_size=300))
def test_no_file_raises_anything_but_its_own_error(head: bytes, rest: bytes) -> None:
    try:
        capture = flows(head + rest)
    except CaptureError:
        return
    assert sum(capture.flows.values()) + sum(capture.left_out.values()) == capture.packets


@given(st.sampled_from([1, 12, 101, 113, 276, 0, 108]), st.lists(st.binary(max_size=120), max_size=4))
def test_no_packet_raises(link: int, frames: list[bytes]) -> None:
    capture = flows(pcap(frames, link))
    assert capture.packets == len(frames)
    assert not capture.trouble


@given(st.lists(st.tuples(st.sampled_from([4, 6]), st.integers(0, 255), st.binary(max_size=60)), max_size=5))
def test_every_flow_can_be_traced(packets: list[tuple[int, int, bytes]]) -> None:
    from spdcheck.model.host import Site
    from spdcheck.semantics.flow import parse_flow

    frames = [
        ipv4("10.1.0.7", "10.2.0.9", number, data) if family == 4 else ipv6(number, data)
        for family, number, data in packets
    ]
    for flow in flows(pcap(frames, 101)).flows:
        packet = parse_flow(flow.text, Site("x", ())).packet()
        # ICMP of the other family is taken for this family's.
        assert packet.protocol == (58 if (packet.family, flow.protocol) == (6, 1) else flow.protocol)
