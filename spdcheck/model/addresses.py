"""Addresses of both families as integer intervals; the only module that knows netaddr.

Reading an address is done by the C library's ``inet_pton`` (strict dotted quad), which is what the programs
we read for do; netaddr is imported only to turn intervals that are no prefix into prefixes and to write IPv6.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BITS = {4: 32, 6: 128}
"""Width of an address in bits, by family (4 or 6)."""

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class AddressRange(NamedTuple):
    """The addresses ``first`` to ``last`` (both included) of one family (4 or 6), as integers."""

    family: int
    first: int
    last: int

    @property
    def is_host(self) -> bool:
        """Exactly one address."""
        return self.first == self.last

    @property
    def is_everything(self) -> bool:
        """All addresses of the family."""
        return self.first == 0 and self.last == (1 << BITS[self.family]) - 1

    @property
    def size(self) -> int:
        """How many addresses."""
        return self.last - self.first + 1

    @property
    def prefix_length(self) -> int | None:
        """The length of the prefix that this is, or None where it is not one prefix."""
        size = self.last - self.first + 1
        if size & (size - 1) or self.first & (size - 1):
            return None
        return BITS[self.family] - (size.bit_length() - 1)

    def contains(self, other: AddressRange) -> bool:
        """Every address of ``other`` is in here."""
        return self.family == other.family and self.first <= other.first and other.last <= self.last

    def overlaps(self, other: AddressRange) -> bool:
        """Some address is in both."""
        return self.family == other.family and self.first <= other.last and other.first <= self.last

    def intersection(self, other: AddressRange) -> AddressRange | None:
        """The addresses in both, or None."""
        if not self.overlaps(other):
            return None
        return AddressRange(self.family, max(self.first, other.first), min(self.last, other.last))

    def minus(self, other: AddressRange) -> tuple[AddressRange, ...]:
        """The addresses that are not in ``other``: at most two ranges."""
        if not self.overlaps(other):
            return (self,)
        rest = []
        if self.first < other.first:
            rest.append(AddressRange(self.family, self.first, other.first - 1))
        if other.last < self.last:
            rest.append(AddressRange(self.family, other.last + 1, self.last))
        return tuple(rest)

    def prefixes(self) -> Iterator[str]:
        """The range as the shortest list of prefixes, written as people write them (a host without ``/32``)."""
        length = self.prefix_length
        if length is not None:
            yield _prefix_text(self.family, self.first, length)
            return
        import netaddr

        for network in netaddr.iprange_to_cidrs(
            netaddr.IPAddress(self.first, self.family), netaddr.IPAddress(self.last, self.family)
        ):
            yield _prefix_text(self.family, network.first, network.prefixlen)

    def __str__(self) -> str:
        length = self.prefix_length
        if length is not None:
            return _prefix_text(self.family, self.first, length)
        return f"{address_text(self.family, self.first)}-{address_text(self.family, self.last)}"


ANY4 = AddressRange(4, 0, (1 << 32) - 1)
ANY6 = AddressRange(6, 0, (1 << 128) - 1)
EVERYTHING = {4: ANY4, 6: ANY6}
LOOPBACK4 = AddressRange(4, 127 << 24, (128 << 24) - 1)
LOOPBACK6 = AddressRange(6, 1, 1)
MULTICAST4 = AddressRange(4, 224 << 24, (240 << 24) - 1)
MULTICAST6 = AddressRange(6, 0xFF << 120, (1 << 128) - 1)
LINK_LOCAL6 = AddressRange(6, 0xFE80 << 112, (0xFEC0 << 112) - 1)


def _prefix_text(family: int, first: int, length: int) -> str:
    text = address_text(family, first)
    return text if length == BITS[family] else f"{text}/{length}"


def address_text(family: int, value: int) -> str:
    """An address written as people write it (RFC 5952 for IPv6)."""
    if family == 4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    return socket.inet_ntop(socket.AF_INET6, value.to_bytes(16, "big"))


def parse_value(text: str) -> tuple[int, int] | None:
    """``(family, value)`` of a numeric address, or None. An IPv6 zone (``%em0``) is dropped."""
    if ":" in text:
        try:
            return 6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]), "big")
        except (OSError, ValueError):
            return None
    try:
        return 4, int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):
        return None


def parse_address(text: str) -> AddressRange | None:
    """A single numeric address as a range of one, or None where the text is none."""
    parsed = parse_value(text)
    return None if parsed is None else AddressRange(parsed[0], parsed[1], parsed[1])


def prefix(family: int, value: int, length: int) -> AddressRange:
    """The prefix of this length around an address; its host bits are cleared, as every kernel does."""
    host_bits = BITS[family] - length
    first = value >> host_bits << host_bits
    return AddressRange(family, first, first + (1 << host_bits) - 1)


def parse_prefix(text: str) -> AddressRange | None:
    """``ADDRESS``, ``ADDRESS/LENGTH`` or ``ADDRESS/NETMASK`` (contiguous, IPv4), or None."""
    address, slash, rest = text.partition("/")
    parsed = parse_value(address)
    if parsed is None:
        return None
    family, value = parsed
    if not slash:
        return AddressRange(family, value, value)
    length = prefix_length_of_mask(rest) if family == 4 and "." in rest else _length(rest, family)
    return None if length is None else prefix(family, value, length)


def _length(text: str, family: int) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value <= BITS[family] else None


def prefix_length_of_mask(text: str) -> int | None:
    """24 for ``255.255.255.0`` or ``0xffffff00``; None where it is not a contiguous IPv4 mask."""
    if text.lower().startswith("0x"):
        try:
            value = int(text, 16)
        except ValueError:
            return None
    else:
        parsed = parse_value(text)
        if parsed is None or parsed[0] != 4:
            return None
        value = parsed[1]
    if value > 0xFFFFFFFF:
        return None
    inverted = value ^ 0xFFFFFFFF
    return 32 - inverted.bit_length() if inverted & (inverted + 1) == 0 else None


def merge(ranges: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """The same addresses as the fewest disjoint ranges, in order; adjacent ones are joined."""
    merged: list[AddressRange] = []
    for item in sorted(ranges):
        if merged and merged[-1].family == item.family and item.first <= merged[-1].last + 1:
            if item.last > merged[-1].last:
                merged[-1] = AddressRange(item.family, merged[-1].first, item.last)
        else:
            merged.append(item)
    return tuple(merged)
