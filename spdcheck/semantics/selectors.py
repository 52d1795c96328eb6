"""What a traffic selector means: which values of which fields.

A selector with ports but without a protocol selects the protocols that have ports; one with an ICMP type selects ICMP
of its family, one with a GRE key selects GRE. (A packet without ports has port 0 in every kernel's eyes, so no port of
a selector matches it.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import GRE, ICMP, ICMP6, PORT_PROTOCOLS
from spdcheck.model.selector import ANY_PROTOCOL
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    GRE_KEY,
    ICMP_CODE,
    ICMP_TYPE,
    IPV6,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
)
from spdcheck.semantics.intervals import normalise, overlaps
from spdcheck.semantics.predicate import all_of, in_set

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import PortRange, TrafficSelector
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate

SELECTOR_FIELDS = (SOURCE, DESTINATION, PROTOCOL, SOURCE_PORT, DESTINATION_PORT, ICMP_TYPE, ICMP_CODE, GRE_KEY)
"""The fields that a selector can ask about, in the order of the sides of :func:`sides_of`."""

_WITH_PORTS = normalise((number, number) for number in PORT_PROTOCOLS)
_PROTOCOLS: dict[int, IntervalSet] = {number: ((number, number),) for number in range(256)}


def sides_of(selector: TrafficSelector) -> tuple[IntervalSet, ...]:
    """The selector as one set of values for each of :data:`SELECTOR_FIELDS`; the whole domain where it asks nothing."""
    source_port, destination_port = _ports(selector.source_port), _ports(selector.destination_port)
    return (
        _addresses(selector.source),
        _addresses(selector.destination),
        _protocol(selector),
        source_port,
        destination_port,
        _value(ICMP_TYPE, selector.icmp_type),
        _value(ICMP_CODE, selector.icmp_code),
        _value(GRE_KEY, selector.gre_key),
    )


def predicate_of(selector: TrafficSelector) -> Predicate:
    """The selector as a predicate."""
    return all_of(in_set(field, *side) for field, side in zip(SELECTOR_FIELDS, sides_of(selector), strict=True))


def touches(selector: TrafficSelector, sources: IntervalSet, destinations: IntervalSet) -> bool:
    """Some pair of these addresses is selected; a quick look before the whole predicate is asked."""
    return overlaps(_addresses(selector.source), sources) and overlaps(_addresses(selector.destination), destinations)


def touching(
    policies: Iterable[SecurityPolicy], sources: IntervalSet, destinations: IntervalSet
) -> tuple[SecurityPolicy, ...]:
    """The policies whose selectors :func:`touches` some pair of these addresses, in their order.

    A site asks this for every packet of every flow, so that it looks at nothing but the four numbers of a selector.
    """
    if not sources or not destinations:
        return ()
    from_low, from_high, to_low, to_high = sources[0][0], sources[-1][1], destinations[0][0], destinations[-1][1]
    has_holes = len(sources) > 1 or len(destinations) > 1
    found = []
    for policy in policies:
        selector = policy.selector
        family, first, last = selector.destination
        shift = IPV6 if family == 6 else 0
        if first + shift <= to_high and to_low <= last + shift:
            _, first, last = selector.source
            if first + shift <= from_high and from_low <= last + shift:
                found.append(policy)
    return tuple(p for p in found if not has_holes or touches(p.selector, sources, destinations))


def _addresses(addresses: AddressRange) -> IntervalSet:
    family, first, last = addresses
    return ((first + IPV6, last + IPV6),) if family == 6 else ((first, last),)


def _protocol(selector: TrafficSelector) -> IntervalSet:
    if selector.protocol != ANY_PROTOCOL:
        return _PROTOCOLS[selector.protocol]
    if selector.has_ports:
        return _WITH_PORTS
    if selector.icmp_type is not None or selector.icmp_code is not None:
        return _PROTOCOLS[ICMP6 if selector.family == 6 else ICMP]
    return PROTOCOL.domain if selector.gre_key is None else _PROTOCOLS[GRE]


def _ports(ports: PortRange) -> IntervalSet:
    return SOURCE_PORT.domain if ports.is_any else ((ports.first, ports.last),)


def _value(field: Field, value: int | None) -> IntervalSet:
    return field.domain if value is None else ((value, value),)
