"""Addresses as ifconfig(8) and route(8) take them: short forms, classes, ranges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.addresses import BITS, AddressRange, parse_address

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|0[0-7]{0,11}|[1-9][0-9]{0,9}")
_RANGE4 = re.compile(
    r"(?P<before>(?:[0-9]{1,3}\.)*)(?P<low>[0-9]{1,3})-(?P<high>[0-9]{1,3})(?P<after>(?:\.[0-9]{1,3})*)"
)
_RANGE6 = re.compile(r"(?P<before>[0-9a-fA-F:]*:)(?P<low>[0-9a-fA-F]{1,4})-(?P<high>[0-9a-fA-F]{1,4})(?P<after>)")
_WIDEST_RANGE = 2048
"""``netif_ipexpand_max``: how many addresses of a range rc(8) sets at most."""


def parse_numbers(text: str) -> tuple[int, ...] | None:
    """The numbers of ``10.1``, ``0x0a.1`` or ``167772161``: one to four, decimal, octal or hexadecimal."""
    parts = text.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    return tuple(int(part, 16 if part[1:2] in "xX" and part[1:] else 8 if part[0] == "0" else 10) for part in parts)


def inet_aton(text: str) -> int | None:
    """The IPv4 address as inet_aton(3) reads it: the last of fewer than four numbers fills the rest.

    >>> inet_aton("10.1") == (10 << 24) + 1
    True
    """
    numbers = parse_numbers(text)
    if numbers is None:
        return None
    *heads, last = numbers
    if any(head > 255 for head in heads) or last >= 1 << 8 * (4 - len(heads)):
        return None
    value = last
    for index, head in enumerate(heads):
        value |= head << 8 * (3 - index)
    return value


def parse_host(text: str, family: int) -> AddressRange | None:
    """A single address of this family, or None."""
    if family == 6:
        return parse_address(text) if ":" in text else None
    value = inet_aton(text)
    return None if value is None else AddressRange(4, value, value)


def class_prefix_length(value: int) -> int:
    """The prefix length of an IPv4 address by its class: what the kernel assumes where no mask is given."""
    return 8 if value < 128 << 24 else 16 if value < 192 << 24 else 24


def class_host_part(value: int) -> int:
    """The part of an IPv4 address that its class leaves to hosts (``inet_lnaof``)."""
    return value & ((1 << 32 - class_prefix_length(value)) - 1)


def default_prefix_length(address: AddressRange) -> int:
    """The prefix length that ifconfig(8) assumes: by class for IPv4, 64 for IPv6."""
    return class_prefix_length(address.first) if address.family == 4 else 64


def parse_length(text: str, family: int) -> int | None:
    """A prefix length, or None where the text is none."""
    if not (text.isascii() and text.isdigit()) or len(text) > 3:
        return None
    return int(text) if int(text) <= BITS[family] else None


def parse_mask(text: str) -> int | None:
    """The prefix length of an IPv4 mask in any form of inet_aton(3); None where it is not one row of ones."""
    value = inet_aton(text)
    if value is None:
        return None
    inverted = value ^ 0xFFFFFFFF
    return 32 - inverted.bit_length() if inverted & (inverted + 1) == 0 else None


def expand_range(text: str) -> Iterator[str]:
    """``192.168.1.5-7/24`` as ``192.168.1.5/24``, ``192.168.1.6/32``, ``192.168.1.7/32``; anything else as it is.

    Only the first address of a range gets its prefix length, the others are hosts (network.subr,
    ``ifalias_expand_addr_inet``); those of IPv6 all get it.
    """
    address, slash, length = text.partition("/")
    match = (_RANGE6 if ":" in address else _RANGE4).fullmatch(address)
    if match is None:
        yield text
        return
    base = 16 if ":" in address else 10
    low, high = int(match["low"], base), int(match["high"], base)
    for number in range(low, min(high, low + _WIDEST_RANGE) + 1):
        written = f"{number:x}" if base == 16 else str(number)
        suffix = f"/{length}" if slash and (base == 16 or number == low) else "" if base == 16 else "/32"
        yield f"{match['before']}{written}{match['after']}{suffix}"
