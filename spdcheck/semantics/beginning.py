"""How connections begin: the first packets of everything that a condition selects, with nothing unusual about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import ICMP, ICMP6, PORT_PROTOCOLS, TCP, UDP
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    FIELDS,
    FRAGMENT,
    GRE_KEY,
    ICMP_CODE,
    ICMP_TYPE,
    LENGTH,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    TCP_FLAGS,
    TTL,
)
from spdcheck.semantics.flow import SYN, USUAL_LENGTH
from spdcheck.semantics.intervals import minus, normalise
from spdcheck.semantics.packet import WHOLE
from spdcheck.semantics.predicate import all_of, any_of, in_set, is_value
from spdcheck.semantics.selectors import predicate_of

if TYPE_CHECKING:
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

ECHO = {ICMP: 8, ICMP6: 128}
_SPOKEN = (SOURCE, DESTINATION, PROTOCOL, SOURCE_PORT, DESTINATION_PORT, ICMP_TYPE, ICMP_CODE, GRE_KEY, TCP_FLAGS,
           FRAGMENT, LENGTH, TTL)  # fmt: skip
_OTHER_LENGTH = 100


def first_packets(condition: Predicate, family: int, *, free: tuple[Field, ...] = ()) -> Predicate:
    """The packets of a condition that begin a connection: SYN for TCP, echo requests for ICMP, whole, new, unmarked.

    ``family`` is that of the condition's addresses, 4 or 6. Fields in ``free`` may have any value that the condition
    allows, where a protocol has them.
    """
    nothing = all_of(is_value(field, 0) for field in FIELDS.values() if field not in _SPOKEN)
    usual = nothing & is_value(TTL, 64) & is_value(FRAGMENT, WHOLE)
    return condition & usual & any_of(_kinds(family, free))


def _kinds(family: int, free: tuple[Field, ...]) -> list[Predicate]:
    with_ports = normalise((number, number) for number in PORT_PROTOCOLS - {TCP})
    icmp = ICMP6 if family == 6 else ICMP
    spoken = normalise((number, number) for number in (*PORT_PROTOCOLS, icmp))
    asked = tuple(set(free) & {ICMP_TYPE, ICMP_CODE})
    return [
        _kind(((TCP, TCP),), USUAL_LENGTH[TCP], {TCP_FLAGS: SYN}, (SOURCE_PORT, DESTINATION_PORT)),
        _kind(with_ports, USUAL_LENGTH[UDP], {}, (SOURCE_PORT, DESTINATION_PORT)),
        _kind(minus(PROTOCOL.domain, spoken), _OTHER_LENGTH, {}, tuple(set(free) & {GRE_KEY})),
        _kind(((icmp, icmp),), USUAL_LENGTH[icmp], {ICMP_TYPE: ECHO[icmp]}, asked),
    ]


def _kind(
    protocols: tuple[tuple[int, int], ...], length: int, values: dict[Field, int], free: tuple[Field, ...]
) -> Predicate:
    """Packets of some protocols: fields that are not free are 0 or have the given value."""
    upper = (SOURCE_PORT, DESTINATION_PORT, ICMP_TYPE, ICMP_CODE, GRE_KEY, TCP_FLAGS)
    fixed = all_of(is_value(field, values.get(field, 0)) for field in upper if field not in free)
    return in_set(PROTOCOL, *protocols) & is_value(LENGTH, length) & fixed


def flow_of(selector: TrafficSelector) -> Predicate:
    """The packets of a selector that begin a connection."""
    free = [field for field, value in (
        (ICMP_TYPE, selector.icmp_type), (ICMP_CODE, selector.icmp_code), (GRE_KEY, selector.gre_key),
    ) if value is not None]  # fmt: skip
    return first_packets(predicate_of(selector), selector.family, free=tuple(free))
