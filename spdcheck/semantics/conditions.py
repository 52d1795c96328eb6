"""The conditions that rules are made of, each with the guards it needs.

A rule about ports is a rule about protocols that have ports; one about TCP flags is about TCP. These builders add
that, so that no rule can match a packet by a field that the packet does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import GRE, ICMP, ICMP6, PORT_PROTOCOLS, TCP
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    GRE_KEY,
    ICMP_CODE,
    ICMP_TYPE,
    IN_INTERFACE,
    IPV6,
    OUT_INTERFACE,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    SPACE_OF_FAMILY,
    TCP_FLAGS,
    address_interval,
    name_interval,
)
from spdcheck.semantics.packet import FIRST_FRAGMENT, WHOLE
from spdcheck.semantics.predicate import FALSE, in_set, is_value, masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.addresses import AddressRange
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval
    from spdcheck.semantics.predicate import Predicate


def family(version: int) -> Predicate:
    """The packet is IPv4 (4) or IPv6 (6)."""
    return in_set(SOURCE, *SPACE_OF_FAMILY[version]) & in_set(DESTINATION, *SPACE_OF_FAMILY[version])


def source(*ranges: AddressRange) -> Predicate:
    """The source is in one of the ranges, of either family."""
    return in_set(SOURCE, *map(address_interval, ranges))


def destination(*ranges: AddressRange) -> Predicate:
    """The destination is in one of the ranges, of either family."""
    return in_set(DESTINATION, *map(address_interval, ranges))


def address_mask(field: Field, version: int, mask: int, value: int) -> Predicate:
    """The address of this family has ``value`` in the bits of ``mask``, which may have holes."""
    if version == 6:
        return masked(field, IPV6 | mask, IPV6 | value)
    above = IPV6 | (IPV6 - (1 << 32))
    return masked(field, above | mask, value)


def protocol(*numbers: int) -> Predicate:
    """The packet is of one of these protocols."""
    return is_value(PROTOCOL, *numbers)


def whole_or_first() -> Predicate:
    """The packet is no later fragment: the header of the upper layer is in it."""
    return is_value(FRAGMENT, WHOLE, FIRST_FRAGMENT)


def source_port(*intervals: Interval, protocols: Iterable[int] = PORT_PROTOCOLS) -> Predicate:
    """The packet has ports, and its source port is in one of the intervals."""
    return protocol(*protocols) & in_set(SOURCE_PORT, *intervals)


def destination_port(*intervals: Interval, protocols: Iterable[int] = PORT_PROTOCOLS) -> Predicate:
    """The packet has ports, and its destination port is in one of the intervals."""
    return protocol(*protocols) & in_set(DESTINATION_PORT, *intervals)


def icmp(version: int, kind: int | None = None, code: int | None = None) -> Predicate:
    """ICMP of the family, of this type and code (None: any)."""
    condition = protocol(ICMP6 if version == 6 else ICMP)
    if kind is not None:
        condition &= is_value(ICMP_TYPE, kind)
    return condition if code is None else condition & is_value(ICMP_CODE, code)


def tcp_flags(mask: int, value: int) -> Predicate:
    """TCP with exactly ``value`` of the flags in ``mask`` (``flags S/SA`` in pf)."""
    return protocol(TCP) & masked(TCP_FLAGS, mask, value)


def gre_key(key: int) -> Predicate:
    """GRE with this key."""
    return protocol(GRE) & is_value(GRE_KEY, key)


def arrives_on(*names: str) -> Predicate:
    """The packet came in by one of these interfaces; a trailing ``+`` or ``*`` stands for any ending."""
    return _interface(IN_INTERFACE, names)


def leaves_by(*names: str) -> Predicate:
    """The packet leaves by one of these interfaces; a trailing ``+`` or ``*`` stands for any ending."""
    return _interface(OUT_INTERFACE, names)


def _interface(field: Field, names: tuple[str, ...]) -> Predicate:
    condition: Predicate = FALSE
    for name in names:
        wild = name.endswith(("+", "*"))
        condition |= in_set(field, name_interval(name[:-1] if wild else name, field, prefix=wild))
    return condition
