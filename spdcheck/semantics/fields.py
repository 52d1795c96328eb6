"""The fields of a packet that a rule can ask about: their widths, the values they can have, how they are numbered.

**Addresses** of both families are one number each: an IPv4 address is its 32-bit value, an IPv6 address is its
128-bit value plus 2^128. So a table that holds both families is one set, and no rule needs a separate question for the
family. Source and destination of a packet always have the same family.

**Names** (interfaces, tags) are numbered by their own bytes, padded with zeros: ``em0`` is ``b"em0"`` as a big number.
So a number means the same in every process, and a wildcard like ``ppp+`` is one interval, as a prefix is.

**A field that a packet does not have is 0** (the ports of ICMP, the reqid of a clear packet). A rule that asks about
such a field must ask for the protocol too; :mod:`spdcheck.semantics.conditions` does.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.addresses import BITS, AddressRange, address_text
from spdcheck.model.protocols import protocol_name
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.semantics.intervals import Interval, IntervalSet

IPV6 = 1 << 128
"""Where the numbers of IPv6 addresses begin."""

IPV4_SPACE: IntervalSet = ((0, (1 << 32) - 1),)
IPV6_SPACE: IntervalSet = ((IPV6, 2 * IPV6 - 1),)
ADDRESS_SPACE: IntervalSet = IPV4_SPACE + IPV6_SPACE
SPACE_OF_FAMILY = {4: IPV4_SPACE, 6: IPV6_SPACE}


class Kind(Enum):
    """How the numbers of a field are to be read."""

    NUMBER = "number"
    ADDRESS = "address"
    PROTOCOL = "protocol"
    PORT = "port"
    FLAGS = "flags"
    NAME = "name"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field: its name (also that of the attribute of a packet), its width in bits, its possible values."""

    name: str
    width: int
    kind: Kind
    position: int
    domain: IntervalSet
    words: str
    choices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.name.upper()

    def __reduce__(self) -> tuple[object, ...]:
        return (_field_named, (self.name,))


FIELDS: dict[str, Field] = {}
"""Every field by name, in the order in which people read a rule."""

_DOMAINS: dict[IntervalSet, IntervalSet] = {}
"""Equal domains are one object, so that ``is`` tells most sides without limits at once."""


def _field(name: str, width: int, kind: Kind = Kind.NUMBER, words: str = "", choices: tuple[str, ...] = ()) -> Field:
    if kind is Kind.ADDRESS:
        domain = ADDRESS_SPACE
    elif choices:
        domain = ((0, len(choices) - 1),)
    else:
        domain = ((0, (1 << width) - 1),)
    domain = _DOMAINS.setdefault(domain, domain)
    FIELDS[name] = Field(name, width, kind, len(FIELDS), domain, words or name.replace("_", " "), choices)
    return FIELDS[name]


def _field_named(name: str) -> Field:
    return FIELDS[name]


SOURCE = _field("source", 129, Kind.ADDRESS)
DESTINATION = _field("destination", 129, Kind.ADDRESS)
PROTOCOL = _field("protocol", 8, Kind.PROTOCOL)
SOURCE_PORT = _field("source_port", 16, Kind.PORT)
DESTINATION_PORT = _field("destination_port", 16, Kind.PORT)
ICMP_TYPE = _field("icmp_type", 8, words="ICMP type")
ICMP_CODE = _field("icmp_code", 8, words="ICMP code")
GRE_KEY = _field("gre_key", 32, words="GRE key")
TCP_FLAGS = _field("tcp_flags", 8, Kind.FLAGS, "TCP flags")
FRAGMENT = _field("fragment", 2, Kind.CHOICE, choices=("no fragment", "first fragment", "later fragment"))
DF = _field("df", 1, Kind.CHOICE, "DF", ("may be fragmented", "don't fragment"))
LENGTH = _field("length", 16, words="length")
TOS = _field("tos", 8, words="TOS")
TTL = _field("ttl", 8, words="TTL")
IP_OPTIONS = _field("ip_options", 1, Kind.CHOICE, "IP options", ("no IP options", "IP options"))
OPTION_SET = _field("option_set", 32, Kind.FLAGS, "named IP options")
"""Which IP options (of IPv6: which extension headers) are there; ipfilter gives the bits their names."""
SECURITY_CLASSES = _field("security_classes", 8, Kind.FLAGS, "classes of the IP security option")
TRAITS = _field("traits", 16, Kind.FLAGS, "traits")
"""What a packet filter notices besides headers: too short, out of window, link-level multicast (ipfilter ``with``)."""
IN_INTERFACE = _field("in_interface", 128, Kind.NAME, "in on")
OUT_INTERFACE = _field("out_interface", 128, Kind.NAME, "out on")
IPSEC_IN = _field("ipsec_in", 2, Kind.CHOICE, "arrived", ("arrived clear", "arrived in transport", "arrived in tunnel"))
REQID_IN = _field("reqid_in", 32, words="reqid of arrival")
IPSEC_OUT = _field("ipsec_out", 2, Kind.CHOICE, "leaves", ("leaves clear", "leaves in transport", "leaves in tunnel"))
REQID_OUT = _field("reqid_out", 32, words="reqid of departure")
TUNNEL_SOURCE = _field("tunnel_source", 129, Kind.ADDRESS, "tunnel from")
TUNNEL_DESTINATION = _field("tunnel_destination", 129, Kind.ADDRESS, "tunnel to")
CONNECTION = _field(
    "connection", 3, Kind.CHOICE, "connection", ("new", "established", "related", "invalid", "untracked")
)
TRANSLATED = _field("translated", 2, Kind.CHOICE, "NAT", ("not translated", "SNAT", "DNAT", "SNAT and DNAT"))
ORIGINAL_SOURCE = _field("original_source", 129, Kind.ADDRESS, "source of the connection's first packet")
ORIGINAL_DESTINATION = _field("original_destination", 129, Kind.ADDRESS, "destination of the connection's first packet")
ORIGINAL_SOURCE_PORT = _field("original_source_port", 16, Kind.PORT, "source port of the connection's first packet")
ORIGINAL_DESTINATION_PORT = _field(
    "original_destination_port", 16, Kind.PORT, "destination port of the connection's first packet"
)
"""What connection tracking remembers of the first packet, as it came. 0 in packets whose own ends still say it (new
and not translated at that end), and where nobody knows."""
LOCAL = _field(
    "local", 2, Kind.CHOICE, "owner", ("forwarded", "to this host", "from this host", "from and to this host")
)
MARK = _field("mark", 32, words="mark")
TAG = _field("tag", 512, Kind.NAME, "tagged")
USER = _field("user", 32, words="user")
GROUP = _field("group", 32, words="group")
CAPTURED = _field("captured", 4096, Kind.FLAGS, "captured conditions")
"""Bits that remember whether a condition held earlier in a list, as pf remembers its last match. No packet carries
them: they are 0 when a list begins."""

ADDRESS_FIELDS = (SOURCE, DESTINATION)
"""The two fields that have the packet's own family."""


def address_interval(addresses: AddressRange) -> Interval:
    """The numbers of a range of addresses."""
    base = IPV6 if addresses.family == 6 else 0
    return base + addresses.first, base + addresses.last


def address_range(first: int, last: int) -> AddressRange:
    """The addresses with these numbers; both ends are of one family."""
    return AddressRange(6, first - IPV6, last - IPV6) if first >= IPV6 else AddressRange(4, first, last)


def family_of(address: int) -> int:
    """4 or 6, of the number of an address."""
    return 6 if address >= IPV6 else 4


def address_number(family: int, value: int) -> int:
    """The number of one address."""
    return IPV6 + value if family == 6 else value


def name_number(name: str, field: Field = IN_INTERFACE) -> int:
    """The number of a name. A name that is too long for the field is cut, as kernels do."""
    size = field.width // 8
    return int.from_bytes(name.encode()[:size].ljust(size, b"\0"), "big")


def name_interval(name: str, field: Field = IN_INTERFACE, *, prefix: bool = False) -> Interval:
    """The numbers of a name, or of all names that begin with it (``ppp+``, ``ppp*``)."""
    first = name_number(name, field)
    if not prefix:
        return first, first
    rest = field.width - 8 * min(len(name.encode()), field.width // 8)
    return first, first + (1 << rest) - 1


def name_of(number: int, field: Field = IN_INTERFACE) -> str:
    """The name behind a number; ``?`` for a number that no name has."""
    text = number.to_bytes(field.width // 8, "big").rstrip(b"\0").decode("utf-8", "replace")
    return text if text.isprintable() and "�" not in text else "?"


def value_text(field: Field, value: int) -> str:
    """One value of a field as people write it."""
    if field.kind is Kind.ADDRESS:
        return address_text(family_of(value), value - IPV6 if value >= IPV6 else value)
    if field.kind is Kind.PROTOCOL:
        return protocol_name(value)
    if field.kind is Kind.NAME:
        return name_of(value, field)
    if field.kind is Kind.CHOICE and value < len(field.choices):
        return field.choices[value]
    if field is TCP_FLAGS:
        return flags_text(value)
    return str(value)


def flags_text(flags: int) -> str:
    """TCP flags as letters (``SA``); a dot where none is set."""
    return "".join(letter for bit, letter in enumerate("FSRPAUEW") if flags >> bit & 1) or "."


def flags_number(letters: str) -> int | None:
    """TCP flags from their letters (FIN SYN RST PSH ACK URG ECE CWR), or None where a letter is none."""
    number = 0
    for letter in letters.upper():
        bit = "FSRPAUEW".find(letter)
        if bit < 0:
            return None
        number |= 1 << bit
    return number


assert BITS == {4: 32, 6: 128}
