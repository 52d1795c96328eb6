"""A packet out of a box that a person would have chosen as the example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.answer import ReplayError
from spdcheck.model.protocols import ICMP, ICMP6, PORT_PROTOCOLS, TCP, UDP
from spdcheck.semantics.fields import (
    ADDRESS_FIELDS,
    DESTINATION,
    DESTINATION_PORT,
    FIELDS,
    ICMP_TYPE,
    IPV6,
    LENGTH,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    SPACE_OF_FAMILY,
    TCP_FLAGS,
    TTL,
    family_of,
)
from spdcheck.semantics.intervals import has, overlaps
from spdcheck.semantics.packet import Packet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.engine.boxes import Box, Space
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet

_DOCUMENTATION = {
    (SOURCE, 4): 0xC0000201,
    (DESTINATION, 4): 0xC6336401,
    (SOURCE, 6): IPV6 + (0x20010DB8 << 96) + 1,
    (DESTINATION, 6): IPV6 + (0x20010DB8 << 96) + (2 << 64) + 1,
}
"""192.0.2.1, 198.51.100.1, 2001:db8::1 and 2001:db8:0:2::1 (RFC 5737, RFC 3849), where any address will do."""


def example(box: Box, space: Space) -> Packet:
    """A packet of the box; one that looks like traffic, where the box leaves a choice."""
    return complete({field: side for field, side in zip(space.fields, box, strict=True) if side != field.domain})


def complete(limits: Mapping[Field, IntervalSet], family: int | None = None) -> Packet:
    """A packet whose fields lie in the given sets, and look usual elsewhere; of this family, if one is given."""
    values: dict[str, int] = {}
    if family is None:
        family = 4 if all(_allows(limits.get(field), 4) for field in ADDRESS_FIELDS) else 6
    for field in ADDRESS_FIELDS:
        values[field.name] = _address(field, family, limits.get(field))
    protocol = _choose(limits.get(PROTOCOL), (TCP, UDP, ICMP6 if family == 6 else ICMP))
    values[PROTOCOL.name] = protocol
    usual = {LENGTH: 60, TTL: 64}
    if protocol in PORT_PROTOCOLS:
        usual |= {SOURCE_PORT: 40000, DESTINATION_PORT: 80}
    if protocol == TCP:
        usual[TCP_FLAGS] = 2
    if protocol in (ICMP, ICMP6):
        usual[ICMP_TYPE] = 8 if protocol == ICMP else 128
    for field in FIELDS.values():
        if field.name not in values:
            values[field.name] = _choose(limits.get(field), (usual.get(field, 0),))
    return Packet(**values)


def _address(field: Field, family: int, side: IntervalSet | None) -> int:
    usual = _DOCUMENTATION[field, family]
    if side is None or has(side, usual):
        return usual
    own = [interval for interval in side if family_of(interval[0]) == family]
    for first, last in sorted(own, key=lambda interval: interval[0] == interval[1]):
        return first if first == last else first + 1
    raise ReplayError(f"no IPv{family} address in the {field.words} of a witness")


def _allows(side: IntervalSet | None, family: int) -> bool:
    return side is None or overlaps(side, SPACE_OF_FAMILY[family])


def _choose(side: IntervalSet | None, usual: tuple[int, ...]) -> int:
    if side is None:
        return usual[0]
    for value in usual:
        if has(side, value):
            return value
    return side[0][0]
