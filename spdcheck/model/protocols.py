"""Names of IP protocols and of the services that gateways talk about, frozen so that results are the same everywhere.

Numbers: IANA protocol numbers and service names; the spellings are those of ``/etc/protocols`` of the BSDs and Linux.
"""

from __future__ import annotations

ICMP, IGMP, IPIP, TCP, UDP, GRE, ESP, AH, ICMP6, OSPF, IPCOMP = 1, 2, 4, 6, 17, 47, 50, 51, 58, 89, 108
IPV6_ENCAP, SCTP, UDPLITE, DCCP, MOBILE, MH = 41, 132, 136, 33, 55, 135

PORT_PROTOCOLS = frozenset({TCP, UDP, DCCP, SCTP, UDPLITE})

_NAMES: dict[int, tuple[str, ...]] = {
    0: ("ip", "hopopt"), 1: ("icmp",), 2: ("igmp",), 3: ("ggp",), 4: ("ipencap", "ipip", "ip4"), 5: ("st", "st2"),
    6: ("tcp",), 7: ("cbt",), 8: ("egp",), 9: ("igp",), 12: ("pup",), 16: ("chaos",), 17: ("udp",), 20: ("hmp",),
    22: ("xns-idp",), 27: ("rdp",), 28: ("irtp",), 29: ("iso-tp4",), 33: ("dccp",), 36: ("xtp",), 37: ("ddp",),
    38: ("idpr-cmtp",), 41: ("ipv6", "ip6"), 43: ("ipv6-route",), 44: ("ipv6-frag",), 45: ("idrp",), 46: ("rsvp",),
    47: ("gre",), 50: ("esp", "ipv6-crypt"), 51: ("ah", "ipv6-auth"), 54: ("narp",), 55: ("mobile",), 57: ("skip",),
    58: ("ipv6-icmp", "icmp6", "icmpv6"), 59: ("ipv6-nonxt",), 60: ("ipv6-opts",), 73: ("rspf",), 75: ("pvp",),
    81: ("vmtp",), 88: ("eigrp",), 89: ("ospf", "ospfigp"), 93: ("ax.25",), 94: ("nos-ipip",), 97: ("etherip",),
    98: ("encap",), 103: ("pim",), 108: ("ipcomp",), 112: ("vrrp", "carp"), 115: ("l2tp",), 118: ("stp",),
    124: ("isis",), 132: ("sctp",), 133: ("fc",), 135: ("mobility-header", "ipv6-mobility", "mh"), 136: ("udplite",),
    137: ("mpls-in-ip",), 138: ("manet",), 139: ("hip",), 140: ("shim6",), 141: ("wesp",), 142: ("rohc",),
    240: ("pfsync",), 258: ("divert",),
}  # fmt: skip

PROTOCOL_NUMBERS: dict[str, int] = {name: number for number, names in _NAMES.items() for name in names}
"""Protocol number by (lower case) name, every alias included."""

ICMP_TYPE_NAMES: dict[tuple[int, int], str] = {
    (ICMP, 0): "echo-reply", (ICMP, 3): "unreachable", (ICMP, 5): "redirect", (ICMP, 8): "echo-request",
    (ICMP, 11): "time-exceeded", (ICMP6, 1): "unreachable", (ICMP6, 2): "packet-too-big",
    (ICMP6, 128): "echo-request", (ICMP6, 129): "echo-reply", (ICMP6, 133): "router-solicitation",
    (ICMP6, 134): "router-advertisement", (ICMP6, 135): "neighbour-solicitation",
    (ICMP6, 136): "neighbour-advertisement",
}  # fmt: skip


def protocol_number(name: str) -> int | None:
    """The number of a protocol given by name or number (``getprotobyname`` is case sensitive; we are not)."""
    if name.isascii() and name.isdigit():
        value = int(name)
        return value if value <= 255 else None
    return PROTOCOL_NUMBERS.get(name.lower())


def protocol_name(number: int) -> str:
    """The usual name of a protocol number, or the number itself."""
    names = _NAMES.get(number)
    if number == ICMP6:
        return "icmp6"
    return names[0] if names else str(number)
