"""Packets of IP Filter's suite: read from text or hex, looked at as the kernel does, rewritten, printed.

A datagram is its bytes. Checksums are updated by the difference, as NAT does: a wrong one stays wrong by as much.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spdcheck.model.addresses import address_text, parse_value
from spdcheck.model.protocols import ESP, GRE, ICMP, ICMP6, TCP, UDP, protocol_number
from spdcheck.model.services import service_port
from spdcheck.semantics.fields import address_number, name_number
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT, WHOLE, Packet
from spdcheck.semantics.rulesets.ipf_conditions import CLASS_BITS, HEADER_BITS, OPTION_BITS, TRAIT_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAG_LETTERS = "FSRPAUEC"
ICMP_NAMES = {
    "echorep": 0, "unreach": 3, "squench": 4, "redir": 5, "echo": 8, "routerad": 9, "routersol": 10, "timex": 11,
    "paramprob": 12, "timest": 13, "timestrep": 14, "inforeq": 15, "inforep": 16, "maskreq": 17, "maskrep": 18,
}  # fmt: skip
ICMP_ERRORS = (3, 4, 5, 11, 12)
ICMP6_ERRORS = (1, 2, 3, 4)
_EXTENSIONS = {0: "hopopts", 43: "routing", 44: "frag", 60: "dstopts", 135: "mobility", 51: "ah"}
_LOWEST_TTL = 4


@dataclass
class Datagram:
    """A packet on its way in or out; ``l4`` is where its upper layer starts."""

    raw: bytearray
    inward: bool
    interface: str
    options: int = 0
    classes: int = 0
    multicast: bool = False
    link: dict[str, int] = field(default_factory=dict)
    family: int = 4
    protocol: int = 0
    l4: int = 20
    offset: int = 0
    more: bool = False
    headers: tuple[str, ...] = ()
    traits: set[str] = field(default_factory=set)
    bad: bool = False
    text: bool = False

    def __post_init__(self) -> None:
        self.family = self.raw[0] >> 4
        self.traits = {"mcast"} if self.multicast else set()
        (self._look4 if self.family == 4 else self._look6)()

    def _look4(self) -> None:
        raw = self.raw
        self.l4 = (raw[0] & 15) * 4
        self.protocol = raw[9]
        word = self.word(6)
        self.more, self.offset = bool(word & 0x2000), (word & 0x1FFF) * 8
        length = self.length
        if self.offset and (self.offset + length > 65535 or not length or (self.more and length & 7)):
            self.traits.add("bad")
        if raw[8] < _LOWEST_TTL:
            self.traits.add("lowttl")
        if self.l4 > 20:
            self._read_options()
        self._look_up(self.protocol)

    def _read_options(self) -> None:
        at = 20
        while at < self.l4:
            kind = self.raw[at]
            if kind == 0:
                break
            at += 1 if kind == 1 else max(self.raw[at + 1], 2)

    def _look6(self) -> None:
        raw = self.raw
        at, kind = 40, raw[6]
        found: list[str] = []
        while kind in _EXTENSIONS and at + 8 <= len(raw):
            self.traits.add("v6hdrs")
            if kind == 44:
                word = self.word(at + 2)
                self.offset, self.more = word & 0xFFF8, bool(word & 1)
                if self.more and self.word(4) & 7:
                    self.traits.add("bad")
            found.append(_EXTENSIONS[kind])
            size = 8 if kind == 44 else 8 + raw[at + 1] * 8
            kind, at = raw[at], at + size
            if self.offset:
                break
        self.protocol, self.l4, self.headers = kind, at, tuple(found)
        if raw[7] < _LOWEST_TTL:
            self.traits.add("lowttl")
        self._look_up(kind)

    def _look_up(self, protocol: int) -> None:
        """The upper layer: too short, impossible, or not even readable."""
        length = self.length
        least = {TCP: 20, UDP: 8, ICMP: 8, ICMP6: 8, ESP: 8, GRE: 4}.get(protocol, 0)
        if self.offset:
            if self.offset < least:
                self.traits.add("short")
            return
        if length < least:
            self.traits.add("short")
            self.bad = protocol in (ICMP, ICMP6, ESP, GRE) or (protocol == UDP and length > 3)
            return
        if protocol == TCP:
            self._look_tcp()
        elif protocol in (ICMP, ICMP6) and self.is_icmp_error and not self.text:
            inner = self.inner
            if inner is None:
                self.traits.add("short")
            elif inner.offset or inner.source != self.destination:
                self.traits.add("bad")

    def _look_tcp(self) -> None:
        flags = self.flags
        urg, syn, rst, ack = flags & 32, flags & 2, flags & 4, flags & 16
        wrong = (
            (self.raw[self.l4 + 12] >> 4) < 5
            or (urg and not self.word(self.l4 + 18))
            or (flags & 3 and rst and not ack)
            or (syn and flags & 40)
            or (not ack and (not flags & 6 or flags & 41))
        )
        if wrong:
            self.traits.add("bad")

    def word(self, at: int) -> int:
        """16 bits at an offset; 0 behind the end."""
        return int.from_bytes(self.raw[at : at + 2].ljust(2, b"\0"), "big")

    def number(self, at: int) -> int:
        """32 bits at an offset."""
        return int.from_bytes(self.raw[at : at + 4].ljust(4, b"\0"), "big")

    @property
    def length(self) -> int:
        """Bytes behind the IP header."""
        return len(self.raw) - self.l4

    @property
    def source(self) -> int:
        return int.from_bytes(self.raw[12:16] if self.family == 4 else self.raw[8:24], "big")

    @property
    def destination(self) -> int:
        return int.from_bytes(self.raw[16:20] if self.family == 4 else self.raw[24:40], "big")

    @property
    def has_ports(self) -> bool:
        return self.protocol in (TCP, UDP) and not self.offset and self.length > 3

    @property
    def source_port(self) -> int:
        return self.word(self.l4) if self.has_ports else 0

    @property
    def destination_port(self) -> int:
        return self.word(self.l4 + 2) if self.has_ports else 0

    @property
    def flags(self) -> int:
        return self.raw[self.l4 + 13] if self.protocol == TCP and not self.offset and self.length > 13 else 0

    @property
    def is_icmp(self) -> bool:
        return self.protocol == (ICMP if self.family == 4 else ICMP6) and not self.offset and self.length > 1

    @property
    def icmp_type(self) -> int:
        return self.raw[self.l4] if self.is_icmp else 0

    @property
    def icmp_code(self) -> int:
        return self.raw[self.l4 + 1] if self.is_icmp else 0

    @property
    def icmp_id(self) -> int:
        return self.word(self.l4 + 4) if self.is_icmp else 0

    @property
    def is_icmp_error(self) -> bool:
        return self.is_icmp and self.icmp_type in (ICMP_ERRORS if self.family == 4 else ICMP6_ERRORS)

    @property
    def inner(self) -> Datagram | None:
        """The packet that an ICMP error quotes."""
        start = self.l4 + 8
        if not self.is_icmp_error or len(self.raw) < start + (20 if self.family == 4 else 40):
            return None
        return Datagram(self.raw[start:], self.inward, self.interface)

    @property
    def fragment_id(self) -> int:
        if self.family == 4:
            return self.word(4)
        at = 40
        kind = self.raw[6]
        while kind in _EXTENSIONS and at + 8 <= len(self.raw):
            if kind == 44:
                return self.number(at + 4)
            kind, at = self.raw[at], at + 8 + self.raw[at + 1] * 8
        return 0

    @property
    def is_fragment(self) -> bool:
        return bool(self.offset or self.more)

    def packet(self, *, translated: bool = False, oow: bool = False) -> Packet:
        """The packet as predicates see it."""
        traits = sum(TRAIT_BITS[name] for name in self.traits | ({"oow"} if oow else set()))
        options = self.options
        if self.family == 6:
            options = sum(HEADER_BITS[name] for name in dict.fromkeys(self.headers))
        name = name_number(self.interface)
        return Packet(
            address_number(self.family, self.source),
            address_number(self.family, self.destination),
            self.protocol,
            self.source_port,
            self.destination_port,
            self.icmp_type,
            self.icmp_code,
            tcp_flags=self.flags,
            fragment=LATER_FRAGMENT if self.offset else FIRST_FRAGMENT if self.more else WHOLE,
            tos=self.raw[1] if self.family == 4 else 0,
            ttl=self.raw[8] if self.family == 4 else self.raw[7],
            ip_options=int(bool(self.options or self.classes or (self.family == 4 and self.l4 > 20))),
            option_set=options,
            security_classes=self.classes,
            traits=traits,
            in_interface=name if self.inward else 0,
            out_interface=0 if self.inward else name,
            translated=int(translated),
        )

    def replace(self, start: int, new: bytes, *sums: int | None) -> None:
        """Other bytes at an even place of a header; the checksums at these offsets follow."""
        old = bytes(self.raw[start : start + len(new)])
        self.raw[start : start + len(new)] = new
        for at in sums:
            if at is not None:
                self.adjust(at, old, new)

    def adjust(self, at: int, old: bytes, new: bytes) -> None:
        """A checksum after a change of the bytes under it (RFC 1624)."""
        if at + 2 > len(self.raw):
            return
        total = ~self.word(at) & 0xFFFF
        for place in range(0, len(new), 2):
            total += (~int.from_bytes(old[place : place + 2], "big")) & 0xFFFF
            total += int.from_bytes(new[place : place + 2], "big")
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        self.raw[at : at + 2] = (~total & 0xFFFF).to_bytes(2, "big")

    @property
    def checksum(self) -> int | None:
        """Where the checksum of the upper layer is, if it covers the addresses."""
        if self.offset:
            return None
        if self.protocol == TCP:
            return self.l4 + 16
        if self.protocol == UDP and self.word(self.l4 + 6):
            return self.l4 + 6
        return self.l4 + 2 if self.protocol == ICMP6 else None

    def set_source(self, value: int) -> None:
        """Another source address."""
        size = 4 if self.family == 4 else 16
        self.replace(12 if self.family == 4 else 8, value.to_bytes(size, "big"), self._header_sum, self.checksum)

    def set_destination(self, value: int) -> None:
        """Another destination address."""
        size = 4 if self.family == 4 else 16
        self.replace(16 if self.family == 4 else 24, value.to_bytes(size, "big"), self._header_sum, self.checksum)

    @property
    def _header_sum(self) -> int | None:
        return 10 if self.family == 4 else None

    def set_source_port(self, port: int) -> None:
        """Another source port."""
        self.replace(self.l4, port.to_bytes(2, "big"), self.checksum)

    def set_destination_port(self, port: int) -> None:
        """Another destination port."""
        self.replace(self.l4 + 2, port.to_bytes(2, "big"), self.checksum)

    def set_icmp_id(self, number: int) -> None:
        """Another id of an ICMP query."""
        self.replace(self.l4 + 4, number.to_bytes(2, "big"), self.l4 + 2)

    def set_id(self, number: int) -> None:
        """Another identification."""
        if self.family == 4:
            self.replace(4, number.to_bytes(2, "big"), 10)

    def hex(self) -> str:
        """The bytes as the suite prints them."""
        words = [self.raw[at : at + 2].hex() for at in range(0, len(self.raw), 2)]
        return " ".join(words) + " "

    def line(self) -> str:
        """The one line that ``ipftest`` prints."""
        arrow = "<" if self.inward else ">"
        ends = f"{self._end(self.source, self.source_port)} > {self._end(self.destination, self.destination_port)}"
        if self.family == 4:
            head = f"ip #{self.word(4)} {self.word(2)}({self.l4}) {self.protocol}"
            if self.offset:
                head += f" @{self.offset >> 3}"
        else:
            head = f"ip6/0 {self.word(4)} 0 {self.protocol}"
        letters = "".join(letter for bit, letter in enumerate(FLAG_LETTERS) if self.flags >> bit & 1)
        return f"{arrow} {self.interface} {head} {ends}{' ' + letters if letters else ''}"

    def _end(self, address: int, port: int) -> str:
        if self.family == 4:
            text = address_text(4, address)
        else:
            text = ":".join(f"{address >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
        return f"{text},{port}" if self.has_ports else text


def read_text(text: str) -> Iterator[Datagram]:
    """The packets of an input in text form; ``nic`` lines declare interfaces and are no packets."""
    for line in text.splitlines():
        words = line.partition("#")[0].replace(";", " ").split()
        if words and words[0] != "nic":
            yield _from_words(words)


def _from_words(words: list[str]) -> Datagram:
    family = 6 if words[0].endswith("6") else 4
    inward = words.pop(0).startswith("in")
    interface = "anon0"
    if words[0] == "on":
        interface = words[1]
        del words[:2]
    protocol = 0
    if not re.match(r"[\da-fA-F:]*[.:]", words[0]):
        word = words.pop(0)
        protocol = protocol_number(word) or 0
    ends = [_address(words.pop(0), protocol) for _ in range(2)]
    options, classes, sequence, acknowledged, flags, kind, code = 0, 0, 0, 0, 0, 0, 0
    if words and re.fullmatch(r"[FSRPAUEC]+", words[0]):
        flags = sum(1 << FLAG_LETTERS.index(letter) for letter in words.pop(0))
    while words:
        word = words.pop(0)
        name, _, value = word.partition("=")
        if word == "opt":
            options, classes = _options(words.pop(0))
        elif name == "seq":
            sequence = int(value)
        elif name == "ack":
            acknowledged = int(value)
        else:
            name, _, value = word.partition(",")
            kind = ICMP_NAMES[name] if name in ICMP_NAMES else int(name)
            code = int(value or 0)
    body = b""
    if protocol == TCP:
        body = b"".join((
            ends[0][2].to_bytes(2, "big"), ends[1][2].to_bytes(2, "big"), sequence.to_bytes(4, "big"),
            acknowledged.to_bytes(4, "big"), bytes((0x50, flags)), (4096).to_bytes(2, "big"),
            bytes(3), bytes((1 if flags & 32 else 0,)),
        ))  # fmt: skip
    elif protocol == UDP:
        body = ends[0][2].to_bytes(2, "big") + ends[1][2].to_bytes(2, "big") + b"\0\x08\0\0"
    elif protocol == ICMP:
        body = bytes((kind, code)) + bytes(26)
    elif protocol == ICMP6:
        body = bytes(88)
    elif family == 6:
        body = bytes(1)
    source, destination = ends[0][1], ends[1][1]
    if family == 4:
        header = bytes((0x45, 0)) + (20 + len(body)).to_bytes(2, "big") + bytes((0, 0, 0, 0, 63, protocol, 0, 0))
        raw = header + source.to_bytes(4, "big") + destination.to_bytes(4, "big") + body
    else:
        header = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + bytes((protocol, 63))
        raw = header + source.to_bytes(16, "big") + destination.to_bytes(16, "big") + body
    return Datagram(bytearray(raw), inward, interface, options, classes, text=True)


def _address(word: str, protocol: int) -> tuple[int, int, int]:
    text, _, port = word.partition(",")
    family, value = parse_value(text) or (4, 0)
    number = 0
    if port:
        number = int(port) if port.isdigit() else service_port(port, "udp" if protocol == UDP else "tcp") or 0
    return family, value, number


def _options(text: str) -> tuple[int, int]:
    options = classes = 0
    for item in text.split(","):
        name, _, value = item.partition("=")
        if name == "sec-class":
            options |= OPTION_BITS["sec"]
            classes |= CLASS_BITS[value]
        else:
            options |= OPTION_BITS[name]
    return options, classes


def read_hex(text: str) -> Iterator[Datagram]:
    """The packets of an input in hex form."""
    inward, interface, multicast = True, "anon0", False
    link: dict[str, int] = {}
    digits = ""
    for line in [*text.splitlines(), ""]:
        bare = line.partition("#")[0].strip()
        if bare.startswith("["):
            where, _, rest = bare[1:].partition("]")
            way, _, name = where.partition(",")
            name, _, address = name.partition("=")
            inward, interface = way != "out", name or "anon0"
            if address:
                link[interface] = (parse_value(address) or (4, 0))[1]
            multicast = rest.startswith("+mcast")
            bare = rest.removeprefix("+mcast")
        if bare:
            digits += "".join(bare.split())
        elif digits and not line.strip():
            yield Datagram(bytearray.fromhex(digits), inward, interface, multicast=multicast, link=dict(link))
            digits = ""
