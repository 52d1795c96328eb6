"""``exp { … }`` of ipf.conf: comparisons joined by semicolons, all of which must hold (``parseipfexpr`` of ipf(8))."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_prefix
from spdcheck.model.protocols import TCP, UDP, protocol_number
from spdcheck.model.services import service_port
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    TCP_FLAGS,
    address_interval,
    flags_number,
)
from spdcheck.semantics.predicate import Unknown, all_of, any_of, in_set, is_value, masked

if TYPE_CHECKING:
    from spdcheck.model.ipfilter import Expression
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

_COMPARISON = re.compile(r"\s*([\w.]+)\s*(!?=)\s*([^;]+?)\s*$")
_SIDES = {"src": (SOURCE,), "dst": (DESTINATION,), "addr": (SOURCE, DESTINATION)}
_PORTS = {"sport": (SOURCE_PORT,), "dport": (DESTINATION_PORT,), "port": (SOURCE_PORT, DESTINATION_PORT)}
_LAYERS = {"tcp": TCP, "udp": UDP}


def expression(body: Expression, place: str) -> Predicate:
    """The condition of the text; what is not understood in it is Unknown."""
    if body.kind != "exp":
        return Unknown(f"{place}: a BPF program")
    parts = [part for part in body.text.split(";") if part.strip()]
    return all_of(_comparison(part, place) for part in parts)


def _comparison(text: str, place: str) -> Predicate:
    match = _COMPARISON.match(text)
    unknown = Unknown(f"{place}: `{text.strip()}`")
    if match is None:
        return unknown
    layer, _, name = match[1].lower().partition(".")
    values = [value.strip() for value in match[3].split(",")]
    if layer in ("ip", "ip6") and name in _SIDES:
        found = _addresses(values, _SIDES[name], 4 if layer == "ip" else 6)
    elif layer in ("ip", "ip6") and name == "p":
        found = _protocols(values, 4 if layer == "ip" else 6)
    elif layer in _LAYERS and name in _PORTS:
        found = _ports(values, _PORTS[name], layer)
    elif layer == "tcp" and name == "flags":
        found = _flags(values)
    else:
        found = None
    if found is None:
        return unknown
    base, hit = found
    return base & (~hit if match[2] == "!=" else hit)


def _addresses(values: list[str], sides: tuple[Field, ...], family: int) -> tuple[Predicate, Predicate] | None:
    ranges = [parse_prefix(value) for value in values]
    known = [item for item in ranges if item is not None and item.family == family]
    if len(known) != len(ranges):
        return None
    hit = any_of(in_set(side, *map(address_interval, known)) for side in sides)
    return conditions.family(family), hit


def _protocols(values: list[str], family: int) -> tuple[Predicate, Predicate] | None:
    numbers = [protocol_number(value) for value in values]
    if None in numbers:
        return None
    return conditions.family(family), is_value(PROTOCOL, *(number for number in numbers if number is not None))


def _ports(values: list[str], sides: tuple[Field, ...], layer: str) -> tuple[Predicate, Predicate] | None:
    numbers = [int(value) if value.isdigit() else service_port(value, layer) for value in values]
    if None in numbers:
        return None
    known = [number for number in numbers if number is not None]
    base = is_value(PROTOCOL, _LAYERS[layer]) & conditions.whole_or_first()
    return base, any_of(is_value(side, *known) for side in sides)


def _flags(values: list[str]) -> tuple[Predicate, Predicate] | None:
    hits: list[Predicate] = []
    for value in values:
        wanted, slash, mask = value.partition("/")
        bits, all_bits = flags_number(wanted), flags_number(mask) if slash else 0x3F
        if bits is None or all_bits is None:
            return None
        hits.append(masked(TCP_FLAGS, all_bits, bits))
    return is_value(PROTOCOL, TCP) & conditions.whole_or_first(), any_of(hits)
