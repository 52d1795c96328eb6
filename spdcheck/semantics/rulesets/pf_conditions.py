"""The condition of a pf rule as a predicate (``pf_test_rule``): which packets it matches."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.model.pf_conditions import ANY_PEER, Anywhere, Literal, Named, NoRoute, RouteLabel, TableName
from spdcheck.model.protocols import TCP
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    GROUP,
    IN_INTERFACE,
    OUT_INTERFACE,
    SOURCE,
    SOURCE_PORT,
    SPACE_OF_FAMILY,
    TAG,
    TOS,
    USER,
    address_interval,
    name_number,
)
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT, WHOLE
from spdcheck.semantics.predicate import FALSE, TRUE, Unknown, all_of, any_of, in_set, is_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.pf_conditions import Condition, FlagTest, NumberTest, OnInterface, Peer
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.pf_names import PfNames


_FAMILY = {4: conditions.family(4), 6: conditions.family(6)}
_WHOLE = is_value(FRAGMENT, WHOLE)


def rule_condition(condition: Condition, direction: str, names: PfNames) -> Predicate:
    """The packets of a direction (``in`` or ``out``) that the condition takes."""
    if condition.direction not in ("", direction):
        return FALSE
    where = IN_INTERFACE if direction == "in" else OUT_INTERFACE
    parts: list[Predicate] = []
    if condition.interface is not None:
        parts.append(interface(condition.interface, where, names))
    if condition.received_on is not None:
        parts.append(interface(condition.received_on, IN_INTERFACE, names))
    if condition.family is not None:
        parts.append(_FAMILY[condition.family])
    if condition.protocol is not None:
        parts.append(_protocol(condition.protocol))
    for test, field, port in (
        (condition.source, SOURCE, SOURCE_PORT),
        (condition.destination, DESTINATION, DESTINATION_PORT),
    ):
        if test is not ANY_PEER:
            parts.append(_address(test, field, names, where))
            if test.port is not None:
                parts += (in_set(port, *tested(test.port, 65535)), _WHOLE)
    if condition.flags is not None:
        parts.append(_flags(condition.flags, asked=condition.protocol == TCP))
    if condition.icmp is not None:
        version = 4 if condition.protocol == 1 else 6
        parts.append(conditions.icmp(version, condition.icmp.kind, condition.icmp.code) & _WHOLE)
    if condition.fragment:
        parts.append(is_value(FRAGMENT, FIRST_FRAGMENT, LATER_FRAGMENT))
    if condition.tos is not None:
        parts.append(is_value(TOS, condition.tos))
    if condition.tagged is not None:
        tag = is_value(TAG, name_number(condition.tagged.name, TAG))
        parts.append(~tag if condition.tagged.negated else tag)
    parts += [_identity(test, field, word) for test, field, word in (
        (condition.user, USER, "user"), (condition.group, GROUP, "group")) if test is not None]  # fmt: skip
    parts += [Unknown(f"whether the packet meets `{text}`") for text in condition.other]
    return all_of(parts)


@cache
def _protocol(number: int) -> Predicate:
    return conditions.protocol(number)


@cache
def _flags(test: FlagTest, *, asked: bool) -> Predicate:
    """The flags are those of the test; without ``proto tcp`` in the rule it is asked of TCP only."""
    wanted = conditions.tcp_flags(test.mask, test.value) & _WHOLE
    return wanted if asked else any_of((~_protocol(TCP), wanted))


def interface(test: OnInterface, where: Field, names: PfNames) -> Predicate:
    """``on em0``, ``on ! em0``, ``on any`` (all but loopback), ``on rdomain 1``."""
    if test.rdomain is not None:
        return Unknown(f"whether the interface is in rdomain {test.rdomain}")
    if test.name == "any":
        loopback = names.on("lo", where)
        assert loopback is not None
        found = ~in_set(where, *loopback, (0, 0))
    else:
        members = names.on(test.name, where)
        if members is None:
            return Unknown(f"which interfaces are in group {test.name}")
        found = in_set(where, *members)
    return ~found if test.negated else found


def _address(test: Peer, field: Field, names: PfNames, where: Field) -> Predicate:
    address = test.address
    if isinstance(address, Anywhere):
        return FALSE if test.negated else TRUE
    if isinstance(address, Literal):
        found = in_set(field, address_interval(address.addresses))
        own_family = in_set(field, *SPACE_OF_FAMILY[address.addresses.family])
        return own_family & ~found if test.negated else found
    if isinstance(address, TableName):
        numbers = names.table(address.name)
        found = Unknown(f"what table <{address.name}> holds") if numbers is None else in_set(field, *numbers)
    elif isinstance(address, Named):
        known = names.addresses(address)
        if known is None:
            found = Unknown(f"which addresses {address.name}{address.which and ':' + address.which} has")
        else:
            found = in_set(field, *map(address_interval, known))
    elif isinstance(address, RouteLabel):
        found = Unknown(f"whether the route of the {field.words} has label {address.label}")
    elif isinstance(address, NoRoute):
        routed = names.routed()
        if routed is None:
            found = Unknown(f"whether there is no route to the {field.words}")
        else:
            found = all_of(~in_set(field, *addresses) for addresses in routed.values())
    else:
        found = _urpf_failed(field, names, where)
    return ~found if test.negated else found


def _urpf_failed(field: Field, names: PfNames, where: Field) -> Predicate:
    """The way back to the source does not lead through the interface; never so on enc (``pf_routable``)."""
    routed = names.routed()
    if routed is None:
        return Unknown("whether the way back to the source leads through another interface")
    here = [in_set(field, *addresses) & is_value(where, name_number(name, where)) for name, addresses in routed.items()]
    enc = names.on("enc", where)
    assert enc is not None
    return ~any_of([*here, in_set(where, *enc)])


def tested(test: NumberTest, most: int) -> tuple[Interval, ...]:
    """The numbers that pass a comparison."""
    first = test.first if isinstance(test.first, int) else 0
    found = _INTERVALS[test.operator](first, test.last, most)
    return tuple((a, b) for a, b in found if a <= b)


_INTERVALS: dict[str, Callable[[int, int, int], tuple[Interval, ...]]] = {
    "=": lambda a, _, __: ((a, a),),
    "!=": lambda a, _, most: ((0, a - 1), (a + 1, most)),
    "<": lambda a, _, __: ((0, a - 1),),
    "<=": lambda a, _, __: ((0, a),),
    ">": lambda a, _, most: ((a + 1, most),),
    ">=": lambda a, _, most: ((a, most),),
    ":": lambda a, b, _: ((a, b),),
    "><": lambda a, b, _: ((a + 1, b - 1),),
    "<>": lambda a, b, most: ((0, a - 1), (b + 1, most)),
}
"""What the comparisons of ports and owners mean, of numbers up to ``most``."""


def _identity(test: NumberTest, field: Field, word: str) -> Predicate:
    """The owner of the local socket. Names that we have no number for are known to the host only."""
    if not isinstance(test.first, int):
        return Unknown(f"whether the {word} {test.operator} {test.first or 'unknown'}")
    return in_set(field, *tested(test, (1 << field.width) - 1))
