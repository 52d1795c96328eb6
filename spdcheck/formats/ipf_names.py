"""Names and addresses that ipf.conf, ipnat.conf and ippool.conf share, read as their programs read them."""

from __future__ import annotations

from spdcheck.model.addresses import parse_value
from spdcheck.model.ipfilter import NetworkAddress
from spdcheck.model.protocols import protocol_number
from spdcheck.model.services import bsd_service_port
from spdcheck.named_tuples import NamedTuple

FULL = {4: 0xFFFFFFFF, 6: (1 << 128) - 1}
"""The mask of a single host."""

LOCALHOST = {4: NetworkAddress(4, 0x7F000001, FULL[4]), 6: NetworkAddress(6, 1, FULL[6])}
"""The one name that means the same everywhere."""

ICMP_TYPES: dict[str, tuple[int | None, int | None]] = {
    "echo": (8, 128), "echorep": (0, 129), "fqdnquery": (None, 139), "fqdnreply": (None, 140), "infoqry": (None, 139),
    "inforeq": (15, 139), "inforep": (16, 140), "listendone": (None, 132), "listenqry": (None, 130),
    "listenrep": (None, 131), "maskrep": (18, None), "maskreq": (17, None), "memberqry": (None, 130),
    "memberred": (None, 132), "memberreply": (None, 131), "neighadvert": (None, 136), "neighborsol": (None, 135),
    "neighborsolicit": (None, 135), "paramprob": (12, 4), "redir": (5, 137), "renumber": (None, 138),
    "routerad": (9, 134), "routeradvert": (9, 134), "routersol": (10, 133), "routersolcit": (10, 133),
    "squench": (4, None), "timest": (13, None), "timestrep": (14, None), "timex": (11, 3), "toobig": (None, 2),
    "unreach": (3, 1), "whorep": (None, 140), "whoreq": (None, 139),
}  # fmt: skip
"""ICMP types by name, for IPv4 and IPv6."""

ICMP_CODES = {
    "net-unr": 0, "host-unr": 1, "proto-unr": 2, "port-unr": 3, "needfrag": 4, "srcfail": 5, "net-unk": 6,
    "host-unk": 7, "isolate": 8, "net-prohib": 9, "host-prohib": 10, "net-tos": 11, "host-tos": 12, "filter-prohib": 13,
    "host-preced": 14, "preced-cutoff": 15, "cutoff-preced": 15,
}  # fmt: skip
"""Codes of ICMP unreachable. ipf reads ``cutoff-preced`` and prints ``preced-cutoff``, which 3.4 read too."""

FACILITIES = frozenset(
    [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "ftp",
        "authpriv",
        "audit",
        "logalert",
        "console",
        "security",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ]
)
PRIORITIES = frozenset(["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"])

TCP_FLAGS = "FSRPAUEC"
"""The letters of the flags, from bit 0 up; E is ECN-echo, C is congestion window reduced."""


class Octets(NamedTuple):
    """A dotted number: its value padded with zeros on the right, and of how many octets it was made."""

    value: int
    octets: int


def dotted(text: str) -> Octets | str:
    """``10.1`` as 10.1.0.0 with two octets; a sentence where it is no address."""
    parts = text.split(".")
    if len(parts) > 4:
        return f"`{text}` has {len(parts)} numbers, an IPv4 address has four at most"
    value = 0
    for part in parts:
        if len(part) > 3 or int(part) > 255:
            return f"`{part}` in `{text}` is no octet: 255 is the highest"
        value = value << 8 | int(part)
    return Octets(value << 8 * (4 - len(parts)), len(parts))


def little_endian(number: int) -> int:
    """A lone number where ipf expects an address: it lands in memory as it is, so that 10 is 10.0.0.0."""
    return int.from_bytes((number & FULL[4]).to_bytes(4, "little"), "big")


def mask_of_length(family: int, length: int) -> int | None:
    """The mask of a prefix, or None where there is no such prefix."""
    bits = 32 if family == 4 else 128
    if not 0 <= length <= bits:
        return None
    return FULL[family] >> (bits - length) << (bits - length) if length else 0


def length_of_mask(family: int, mask: int) -> int | None:
    """The length of the prefix that a mask makes, or None for a mask with holes."""
    inverted = mask ^ FULL[family]
    if inverted & (inverted + 1):
        return None
    return (32 if family == 4 else 128) - inverted.bit_length()


def network(family: int, value: int, mask: int) -> NetworkAddress:
    """A network; host bits are cleared, as the programs do."""
    return NetworkAddress(family, value & mask, mask)


def ipv6(text: str) -> int | None:
    """The value of an IPv6 address, or None."""
    parsed = parse_value(text)
    return parsed[1] if parsed is not None and parsed[0] == 6 else None


def flag_bits(text: str) -> int | None:
    """``SA`` as 0x12; None where a letter is no flag."""
    bits = 0
    for letter in text.upper():
        at = TCP_FLAGS.find(letter)
        if at < 0:
            return None
        bits |= 1 << at
    return bits


def flag_letters(bits: int) -> str:
    """0x12 as ``SA``."""
    return "".join(letter for at, letter in enumerate(TCP_FLAGS) if bits >> at & 1)


def port_of(name: str, protocols: tuple[int, ...]) -> int | None:
    """The port of a service name: the rule's protocol decides; without one, TCP and UDP must agree."""
    if len(protocols) == 1:
        return bsd_service_port(name, "tcp" if protocols[0] == 6 else "udp")
    tcp, udp = bsd_service_port(name, "tcp"), bsd_service_port(name, "udp")
    if tcp is not None and udp is not None and tcp != udp:
        return None
    return udp if tcp is None else tcp


def any_port_of(name: str) -> int | None:
    """The port of a service name, of whichever protocol knows it first."""
    return bsd_service_port(name, "tcp") or bsd_service_port(name, "udp")


def protocol_of(name: str) -> int | None:
    """The number of a protocol name."""
    return protocol_number(name)
