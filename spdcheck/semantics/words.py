"""Sets of values, boxes and predicates in the words of a network engineer: prefixes, port ranges, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import ICMP, ICMP6, ICMP_TYPE_NAMES
from spdcheck.semantics import intervals as sets
from spdcheck.semantics.fields import (
    ADDRESS_SPACE,
    DESTINATION,
    DESTINATION_PORT,
    ICMP_TYPE,
    IPV4_SPACE,
    IPV6_SPACE,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    Kind,
    address_range,
    flags_text,
    name_of,
    value_text,
)
from spdcheck.semantics.predicate import And, InSet, Masked, Not, Or, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval, IntervalSet
    from spdcheck.semantics.predicate import Predicate

_ENDS = (SOURCE, DESTINATION, SOURCE_PORT, DESTINATION_PORT, PROTOCOL, ICMP_TYPE)
_MOST_PREFIXES = 4
"""A range of addresses that needs more prefixes than this is written as a range."""


def side_text(field: Field, side: IntervalSet) -> str:
    """The set of values of one field: ``10.1.0.0/16``, ``80, 443``, ``any but tcp``, ``10.1.0.0/16 but 10.1.0.1``."""
    around = _around(field, side)
    if side == around:
        return _whole(field, side)
    written = list(_written(field, side))
    left = sets.minus(around, side)
    if len(left) > len(written):
        return ", ".join(written)
    others = list(_written(field, left))
    if len(others) < len(written) or (len(others) == len(written) == 1 and "-" not in others[0] and "-" in written[0]):
        return f"{_whole(field, around)} but {', '.join(others)}"
    return ", ".join(written)


def box_text(fields: tuple[Field, ...], box: tuple[IntervalSet, ...]) -> str:
    """A box the way traffic selectors are written: ``10.1.0.0/16 → 10.2.0.0/16[443] tcp, in on em0``."""
    sides = {field: side for field, side in zip(fields, box, strict=True) if side != field.domain}
    words = [f"{_end(sides, SOURCE, SOURCE_PORT)} → {_end(sides, DESTINATION, DESTINATION_PORT)} {_upper(sides)}"]
    words += [f"{field.words} {side_text(field, side)}" for field, side in sides.items() if field not in _ENDS]
    return ", ".join(words)


def predicate_text(predicate: Predicate) -> str:
    """A predicate as a sentence: ``source 10.0.0.0/8 and not (protocol tcp and destination port 80)``."""
    return _predicate(predicate, top=True)


def _predicate(predicate: Predicate, *, top: bool) -> str:
    if isinstance(predicate, InSet):
        return f"{predicate.field.words} {side_text(predicate.field, predicate.intervals)}"
    if isinstance(predicate, Masked):
        return f"{predicate.field.words} {_masked(predicate)}"
    if isinstance(predicate, Not):
        return f"not ({_predicate(predicate.part, top=True)})"
    if isinstance(predicate, Unknown):
        return f"unknown ({predicate.reason})"
    if not isinstance(predicate, (And, Or)):
        raise TypeError(predicate)
    if not predicate.parts:
        return "anything" if isinstance(predicate, And) else "nothing"
    joined = (" and " if isinstance(predicate, And) else " or ").join(_predicate(p, top=False) for p in predicate.parts)
    return joined if top else f"({joined})"


def _masked(predicate: Masked) -> str:
    if predicate.field.kind is Kind.FLAGS and predicate.field.width == 8:
        return f"{flags_text(predicate.value)}/{flags_text(predicate.mask)}"
    return f"{predicate.value:#x}/{predicate.mask:#x}"


def _around(field: Field, side: IntervalSet) -> IntervalSet:
    """What the values can be told apart from: all values, or the smallest prefix around addresses of one family."""
    if field.kind is Kind.ADDRESS:
        for family in (IPV4_SPACE, IPV6_SPACE):
            if sets.contains(family, side):
                first, last = side[0][0], side[-1][1]
                low = (first ^ last).bit_length()
                return ((first >> low << low, first >> low << low | ((1 << low) - 1)),)
    return field.domain


def _whole(field: Field, side: IntervalSet) -> str:
    """A set that :func:`_around` gives."""
    if field.kind is not Kind.ADDRESS or side == ADDRESS_SPACE:
        return "any"
    if side in (IPV4_SPACE, IPV6_SPACE):
        return "any IPv4" if side == IPV4_SPACE else "any IPv6"
    return ", ".join(_interval(field, side[0]))


def _written(field: Field, side: IntervalSet) -> Iterator[str]:
    for interval in side:
        yield from _interval(field, interval)


def _interval(field: Field, interval: Interval) -> Iterator[str]:
    first, last = interval
    if field.kind is Kind.ADDRESS:
        addresses = address_range(first, last)
        prefixes = list(addresses.prefixes())
        yield from prefixes if len(prefixes) <= _MOST_PREFIXES else [str(addresses)]
    elif first == last:
        yield value_text(field, first)
    elif field.kind is Kind.NAME:
        yield _names(field, first, last)
    elif field.kind is Kind.CHOICE:
        yield from (value_text(field, value) for value in range(first, last + 1))
    elif field.kind is Kind.PROTOCOL:
        yield f"protocols {first}-{last}"
    else:
        yield f"{first}-{last}"


def _names(field: Field, first: int, last: int) -> str:
    """``ppp*`` for all names with a beginning; the two ends otherwise."""
    size = last - first + 1
    if size & (size - 1) == 0 and not first % size:
        return f"{name_of(first, field)}*"
    return f"{name_of(first, field)}…{name_of(last, field)}"


def _end(sides: Mapping[Field, IntervalSet], address: Field, port: Field) -> str:
    text = side_text(address, sides[address]) if address in sides else "any"
    return f"{text}[{side_text(port, sides[port])}]" if port in sides else text


def _upper(sides: Mapping[Field, IntervalSet]) -> str:
    if PROTOCOL not in sides:
        return "any" if ICMP_TYPE not in sides else f"any type {side_text(ICMP_TYPE, sides[ICMP_TYPE])}"
    text = side_text(PROTOCOL, sides[PROTOCOL])
    if ICMP_TYPE in sides:
        kinds = sides[ICMP_TYPE]
        number = sides[PROTOCOL][0][0]
        named = number in (ICMP, ICMP6) and len(kinds) == 1 and kinds[0][0] == kinds[0][1]
        kind = ICMP_TYPE_NAMES.get((number, kinds[0][0])) if named else None
        text += f" type {kind or side_text(ICMP_TYPE, kinds)}"
    return text
