"""The entries of a table of ippool.conf, and those that it takes from other files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats import ipf_names as names
from spdcheck.model.addresses import AddressRange, parse_prefix, parse_value
from spdcheck.model.ipfilter import HostName, NetworkAddress, PoolEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.automaton import Slot
    from spdcheck.formats.ipf_reading import Node, Parsed

_WHOIS = re.compile(r"\(NET6?-[^)]*\)\s+(\S+)\s+-\s+(\S+)")
"""A line of ARIN's answer: a name in parentheses, then the first and the last address."""


def read_network(parsed: Parsed, node: Node) -> NetworkAddress:
    """``ADDRESS`` or ``ADDRESS/MASK``."""
    host, *masks = node.nodes
    family, value = _value(parsed, host.slot)
    if not masks:
        return names.network(family, value, names.FULL[family])
    slot = masks[0].slot
    if slot.name == "NUMBER":
        mask = names.mask_of_length(family, int(parsed.text(slot)))
        if mask is None:
            raise parsed.refuse(slot, f"`{parsed.text(slot)}` is no prefix length of an IPv{family} address")
        return names.network(family, value, mask)
    mask_family, mask = _value(parsed, slot)
    if mask_family != family:
        raise parsed.refuse(slot, "address and mask are of different families")
    return names.network(family, value, mask)


def _value(parsed: Parsed, slot: Slot) -> tuple[int, int]:
    text = parsed.text(slot)
    if slot.name == "IPV6":
        value = names.ipv6(text)
        if value is None:
            raise parsed.refuse(slot, f"`{text}` is no IPv6 address")
        return 6, value
    if slot.name == "NUMBER":
        return 4, int(text) & names.FULL[4]
    octets = names.dotted(text)
    if isinstance(octets, str):
        raise parsed.refuse(slot, octets)
    if octets.octets < 4:
        raise parsed.refuse(slot, "ippool wants all four numbers of an address", "write the zeros too")
    return 4, octets.value


def read_list(text: str) -> Iterator[PoolEntry]:
    """The entries of a ``file://`` list: one address, prefix or name a line, ``!`` before those to leave out."""
    for line in text.splitlines():
        word = line.partition("#")[0].strip()
        if not word:
            continue
        excluded = word.startswith("!")
        word = word.lstrip("! \t")
        found = parse_prefix(word)
        yield PoolEntry(HostName(word) if found is None else _network_of(found), excluded)


def read_whois(text: str) -> Iterator[PoolEntry]:
    """The networks in an answer of ARIN's whois."""
    for match in _WHOIS.finditer(text):
        first, last = parse_value(match[1]), parse_value(match[2])
        if first is None or last is None or first[0] != last[0] or first[1] > last[1]:
            continue
        for prefix in AddressRange(first[0], first[1], last[1]).prefixes():
            found = parse_prefix(prefix)
            if found is not None:
                yield PoolEntry(_network_of(found))


def _network_of(prefix: AddressRange) -> NetworkAddress:
    return names.network(prefix.family, prefix.first, names.FULL[prefix.family] ^ (prefix.last ^ prefix.first))
