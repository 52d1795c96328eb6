"""Hypothesis strategies for packets, predicates, selectors and rule lists.

Values come from small pools around a few prefixes and ports, so that random rules overlap, nest and touch as real ones
do. :func:`grid` lists one packet for every way in which given predicates can answer: brute force over real widths.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from spdcheck.model.addresses import prefix
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector
from spdcheck.semantics.fields import (
    ADDRESS_FIELDS,
    DESTINATION,
    DESTINATION_PORT,
    FIELDS,
    FRAGMENT,
    IPV6,
    MARK,
    PROTOCOL,
    SOURCE,
    TCP_FLAGS,
    address_interval,
)
from spdcheck.semantics.intervals import has, of_mask
from spdcheck.semantics.packet import Packet
from spdcheck.semantics.predicate import And, InSet, Masked, Not, Or, Unknown, all_of, any_of, fields_of, in_set, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hypothesis.strategies import SearchStrategy

    from spdcheck.model.addresses import AddressRange
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval
    from spdcheck.semantics.predicate import Predicate

RULE_FIELDS = (SOURCE, DESTINATION, PROTOCOL, DESTINATION_PORT, TCP_FLAGS, FRAGMENT, MARK)

_BASES = {4: (10 << 24, 10 << 24 | 1 << 16, 192 << 24 | 168 << 16), 6: (0x20010DB8 << 96, 0x20010DB8 << 96 | 1 << 64)}
_LENGTHS = {4: (0, 8, 15, 16, 17, 24, 31, 32), 6: (0, 32, 48, 63, 64, 65, 127, 128)}
_PORTS = (0, 22, 23, 79, 80, 81, 443, 1023, 1024, 65535)
_PROTOCOLS = (0, 1, 6, 17, 50, 58, 255)


@st.composite
def ranges(draw: st.DrawFn, family: int | None = None) -> AddressRange:
    version = draw(st.sampled_from((4, 6))) if family is None else family
    made = prefix(version, draw(st.sampled_from(_BASES[version])), draw(st.sampled_from(_LENGTHS[version])))
    if draw(st.integers(0, 3)) == 0 and made.size > 4:
        made = made._replace(first=made.first + 1, last=made.last - draw(st.sampled_from((0, 1))))
    return made


def numbers(field: Field) -> SearchStrategy[int]:
    """Values of a field, most of them near the borders of the intervals that rules use."""
    if field in ADDRESS_FIELDS:
        return ranges().flatmap(lambda r: st.sampled_from(address_interval(r)))
    if field is DESTINATION_PORT:
        return st.sampled_from(_PORTS)
    if field is PROTOCOL:
        return st.sampled_from(_PROTOCOLS)
    first, last = field.domain[0][0], field.domain[-1][1]
    return st.sampled_from((first, min(1, last), min(2, last), min(18, last), last))


def intervals(field: Field) -> SearchStrategy[Interval]:
    if field in ADDRESS_FIELDS:
        return ranges().map(address_interval)
    return st.tuples(numbers(field), numbers(field)).map(lambda pair: (min(pair), max(pair)))


@st.composite
def leaves(draw: st.DrawFn, fields: tuple[Field, ...], unknown: bool) -> Predicate:
    kind = draw(st.integers(0, 9))
    if unknown and kind == 0:
        return Unknown(draw(st.sampled_from(("limit", "random"))))
    field = draw(st.sampled_from(fields))
    if kind < 3 and field in (TCP_FLAGS, MARK):
        # Only high bits: a free bit above a fixed one doubles the number of intervals, and so the grid.
        mask = draw(st.sampled_from((0x80, 0x40, 0xA0, 0x90, 0xD0))) << field.width - 8
        return masked(field, mask, draw(st.sampled_from((0, 0x80, 0x40, 0xFF))) << field.width - 8 & mask)
    return in_set(field, *draw(st.lists(intervals(field), min_size=1, max_size=2)))


def predicates(
    fields: tuple[Field, ...] = RULE_FIELDS, *, unknown: bool = False, most: int = 5
) -> SearchStrategy[Predicate]:
    """Predicates of any shape over the fields, in normal form."""
    return st.recursive(
        leaves(fields, unknown),
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(all_of),
            st.lists(parts, min_size=1, max_size=3).map(any_of),
            parts.map(lambda part: ~part),
        ),
        max_leaves=most,
    )


def conditions(fields: tuple[Field, ...] = RULE_FIELDS) -> SearchStrategy[Predicate]:
    """What ordinary rules ask: one set for each of some fields."""
    return st.lists(leaves(fields, False), min_size=0, max_size=4).map(all_of)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    source = draw(numbers(SOURCE))
    destination = draw(numbers(DESTINATION).filter(lambda value: (value < IPV6) == (source < IPV6)))
    others = {field.name: draw(numbers(field)) for field in RULE_FIELDS if field not in ADDRESS_FIELDS}
    return Packet(source, destination, **others)


@st.composite
def selectors(draw: st.DrawFn, family: int | None = None) -> TrafficSelector:
    version = draw(st.sampled_from((4, 6))) if family is None else family
    source, destination = draw(ranges(version)), draw(ranges(version))
    protocol = draw(st.sampled_from((ANY_PROTOCOL, ANY_PROTOCOL, 1, 6, 17, 58)))
    if protocol in (6, 17) and draw(st.booleans()):
        ports = draw(st.sampled_from((PortRange(80, 80), PortRange(0, 1023), PortRange(22, 443))))
        return TrafficSelector(source, destination, protocol, ANY_PORT, ports)
    if protocol == 1 and draw(st.booleans()):
        return TrafficSelector(source, destination, protocol, icmp_type=draw(st.sampled_from((0, 8))))
    return TrafficSelector(source, destination, protocol)


def grid(*asked: Predicate) -> Iterator[Packet]:
    """One packet for every combination of values that the predicates can tell apart, of both families."""
    families = {0, IPV6} if any(fields_of(predicate) & set(ADDRESS_FIELDS) for predicate in asked) else {0}
    starts: dict[Field, set[int]] = {SOURCE: set(families), DESTINATION: set(families)}
    for field, first, last in _intervals(asked):
        values = starts.setdefault(field, {field.domain[0][0]})
        values.add(first)
        if has(field.domain, last + 1):
            values.add(last + 1)
    names = [field.name for field in starts]
    for combination in product(*starts.values()):
        chosen = dict(zip(names, combination, strict=True))
        if (chosen["source"] < IPV6) == (chosen["destination"] < IPV6):
            yield Packet(**chosen)


def _intervals(asked: Iterable[Predicate]) -> Iterator[tuple[Field, int, int]]:
    for predicate in asked:
        if isinstance(predicate, InSet):
            yield from ((predicate.field, *interval) for interval in predicate.intervals)
        elif isinstance(predicate, Masked):
            side = of_mask(predicate.field.width, predicate.mask, predicate.value, limit=1 << 40)
            yield from ((predicate.field, *interval) for interval in side or ())
        elif isinstance(predicate, (And, Or)):
            yield from _intervals(predicate.parts)
        elif isinstance(predicate, Not):
            yield from _intervals((predicate.part,))


assert all(field.name in FIELDS for field in RULE_FIELDS)
