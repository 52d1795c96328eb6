"""Readers of the words behind options: each gives a value of the model or says why iptables would refuse the word."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.iptables.named_values import (
    addrtypes,
    basic_states,
    byte,
    dscp,
    dscp_number,
    flags,
    icmp,
    icmp6,
    mac,
    packet_type,
    rate,
    reject,
    states,
    step,
    tos,
)
from spdcheck.formats.iptables.numbers import BadWord, ordered, plain_number
from spdcheck.model.addresses import parse_address, parse_value, prefix_length_of_mask
from spdcheck.model.netfilter import Bits, Interval, Network, Translation
from spdcheck.model.protocols import protocol_number
from spdcheck.model.services import service_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.netfilter import Value


_WIDTH = {4: 32, 6: 128}
_MOST_VALUES = 1 << 16
_OCTET = r"(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])"
_USUAL = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?:/([12]?\d|3[0-2]))?").fullmatch
"""An IPv4 address, with a length or without: most of what stands in a file, read without a detour."""
_MASKS = tuple((1 << 32) - (1 << (32 - length)) for length in range(33))


def number(text: str, _: int) -> Value:
    """A number, decimal or 0x…; options that take other words keep them as they are."""
    return plain_number(text, (1 << 64) - 1) if text[:1].isdigit() and ":" not in text else text


def numbers(text: str, _: int) -> Value:
    """``N`` or ``N:M``, either end left out."""
    first, colon, last = text.partition(":")
    low = plain_number(first) if first else 0
    return ordered(low, (plain_number(last) if last else (1 << 32) - 1) if colon else low, text)


def lengths(text: str, _: int) -> Value:
    """``N`` or ``N:M``; what runs backwards is accepted, and never matches."""
    first, colon, last = text.partition(":")
    low = plain_number(first, 65535) if first else 0
    return Interval(low, (plain_number(last, 65535) if last else 65535) if colon else low)


def _port(text: str) -> int:
    if text.isdigit():
        return plain_number(text, 65535)
    port = service_port(text)
    if port is None:
        raise BadWord(f"`{text}` is no port and no service that /etc/services usually names")
    return port


def ports(text: str, _: int) -> Value:
    """``PORT`` or ``PORT:PORT``, either end left out."""
    first, colon, last = text.partition(":")
    low = _port(first) if first else 0
    return ordered(low, (_port(last) if last else 65535) if colon else low, text)


def portlist(text: str, family: int) -> Value:
    """Up to 15 ports, where a range counts for two (xt_multiport)."""
    items = text.split(",")
    if sum(1 + (":" in item) for item in items) > 15:
        raise BadWord("more than 15 ports (a range counts for two)")
    found = tuple(ports(item, family) for item in items)
    assert all(isinstance(item, Interval) for item in found)
    return found  # type: ignore[return-value]


def addresses(text: str, family: int) -> Value:
    """``ADDRESS[/LENGTH|/MASK]``, several with commas; the name of a host stays text."""
    usual = _USUAL(text)
    if usual is not None and family == 4:
        a, b, c, d, length = usual.groups()
        value = int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
        mask = _MASKS[32 if length is None else int(length)]
        return (Network(4, value & mask, mask),)
    return tuple(_network(item, family) for item in text.split(","))


def _network(text: str, family: int) -> Network | str:
    address, slash, length = text.partition("/")
    parsed = parse_value(address)
    if parsed is None:
        dotted = address.split(".")
        if family == 4 and slash and 1 <= len(dotted) < 4 and all(part.isdigit() for part in dotted):
            parsed = parse_value(".".join((*dotted, *("0",) * (4 - len(dotted)))))
        if parsed is None:
            if re.fullmatch(r"(?=[\w.-]*[A-Za-z])[\w.-]+", address) and not re.fullmatch(r"[\d.]+", address):
                return text
            raise BadWord(f"host or network `{text}` not found")
    if parsed[0] != family:
        raise BadWord(f"`{text}` is an IPv{parsed[0]} address in rules for IPv{family}")
    width = _WIDTH[family]
    everything = (1 << width) - 1
    mask = everything
    if slash and length.isdigit():
        if int(length) > width:
            raise BadWord(f"`/{length}` is longer than an IPv{family} address")
        mask = everything & ~((1 << (width - int(length))) - 1)
    elif slash:
        given = parse_value(length)
        if given is None or given[0] != family:
            raise BadWord(f"`{length}` is no prefix length and no netmask")
        mask = given[1]
        assert prefix_length_of_mask(length) is None or mask.bit_count() == prefix_length_of_mask(length)
    return Network(family, parsed[1] & mask, mask)


def address_range(text: str, family: int) -> Value:
    """``FIRST-LAST`` of addresses, or one."""
    first, dash, last = text.partition("-")
    ends = [parse_address(item) for item in ((first, last) if dash else (first, first))]
    low, high = ends
    if low is None or high is None or {low.family, high.family} != {family}:
        raise BadWord(f"`{text}` is no range of IPv{family} addresses")
    # A range that runs backwards is accepted, and never matches.
    return Interval(low.first, high.first, family)


def protocol(text: str, _: int) -> Value:
    """A protocol by number or name; 0 and ``all`` are any."""
    if text in ("all", "ip"):
        return 0
    known = protocol_number(text)
    if known is None:
        raise BadWord(f"unknown protocol `{text}`")
    return known


def interface(text: str, _: int) -> Value:
    """A name of at most 15 characters, a trailing ``+`` for any ending."""
    if len(text) > 15:
        raise BadWord(f"interface name `{text}` is longer than 15 characters")
    return text


def mark(text: str, _: int) -> Value:
    """``VALUE[/MASK]``."""
    value, slash, mask = text.partition("/")
    return Bits(plain_number(value), plain_number(mask) if slash else (1 << 32) - 1)


def words(text: str, _: int) -> Value:
    """Words with commas."""
    return tuple(text.split(","))


def word(text: str, _: int) -> Value:
    """Any word."""
    return text


def newports(text: str, _: int) -> Value:
    """``PORT[-PORT]``."""
    first, dash, last = text.partition("-")
    low = _port(first)
    return ordered(low, _port(last) if dash else low, text)


def translation(text: str, family: int) -> Value:
    """``[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]``; IPv6 addresses with ports stand in brackets."""
    bracket = re.fullmatch(r"\[([^\]]+)\](?:-\[([^\]]+)\])?(?::(.*))?", text)
    if family == 6:
        parts = (
            (bracket[1] + (f"-{bracket[2]}" if bracket[2] else ""), bracket[3]) if bracket is not None else (text, None)
        )
    else:
        address, colon, rest = text.partition(":")
        parts = (address, rest if colon else None)
    where = address_range(parts[0], family) if parts[0] else None
    assert where is None or isinstance(where, Interval)
    if where is not None and where.first > where.last:
        raise BadWord(f"`{parts[0]}` runs from a higher to a lower address")
    if parts[1] is None:
        return Translation(where)
    port_text, slash, base = parts[1].partition("/")
    found = newports(port_text, family)
    assert isinstance(found, Interval)
    return Translation(where, found, _port(base) if slash else None)


READERS: dict[str, Callable[[str, int], Value]] = {
    "number": number, "numbers": numbers, "ports": ports, "portlist": portlist, "addresses": addresses,
    "range": address_range, "protocol": protocol, "interface": interface, "mark": mark, "flags": flags, "icmp": icmp,
    "icmp6": icmp6, "states": states, "words": words, "word": word, "text": word, "pair": word, "dscp": dscp,
    "tos": tos, "newports": newports, "translation": translation, "basic": basic_states, "addrtypes": addrtypes,
    "rate": rate, "lengths": lengths, "mac": mac, "dscpnumber": dscp_number, "byte": byte, "step": step,
    "pkttype": packet_type, "reject": reject,
}  # fmt: skip
"""The reader of each kind of word; the second argument is the family (4 or 6) of the rules."""


class Values(dict[str, "Value"]):
    """The values of one kind of words for one family, each worked out once. Raises :class:`BadWord`."""

    __slots__ = ("_family", "_read")

    def __init__(self, read: Callable[[str, int], Value], family: int) -> None:
        super().__init__()
        self._read, self._family = read, family

    def __missing__(self, text: str) -> Value:
        value = self._read(text, self._family)
        if len(self) >= _MOST_VALUES:
            self.clear()
        self[text] = value
        return value


@cache
def values_of(reader: str, family: int) -> Values:
    """The values of the words that a reader reads."""
    return Values(READERS[reader], family)


RAW = Values(word, 0)
"""The words behind an option that we do not know, as they stand."""
