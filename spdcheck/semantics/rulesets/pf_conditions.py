"""The condition of a pf rule as a predicate (``pf_test_rule``): which packets it matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.pf import Anywhere, Literal, Named, NoRoute, RouteLabel, TableName
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
    from spdcheck.model.pf import Condition, NumberTest, OnInterface, Peer
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.pf_names import PfNames


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
        parts.append(conditions.family(condition.family))
    if condition.protocol is not None:
        parts.append(conditions.protocol(condition.protocol))
    parts.append(peer(condition.source, SOURCE, SOURCE_PORT, names))
    parts.append(peer(condition.destination, DESTINATION, DESTINATION_PORT, names))
    if condition.source.port or condition.destination.port:
        parts.append(is_value(FRAGMENT, WHOLE))
    if condition.flags is not None:
        wanted = conditions.tcp_flags(condition.flags.mask, condition.flags.value) & is_value(FRAGMENT, WHOLE)
        parts.append(wanted if condition.protocol == TCP else any_of((~conditions.protocol(TCP), wanted)))
    if condition.icmp is not None:
        version = 4 if condition.protocol == 1 else 6
        parts.append(conditions.icmp(version, condition.icmp.kind, condition.icmp.code) & is_value(FRAGMENT, WHOLE))
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


def peer(test: Peer, field: Field, port: Field, names: PfNames) -> Predicate:
    """One end: its address and its port."""
    found = _address(test, field, names)
    return found if test.port is None else found & in_set(port, *tested(test.port, 65535))


def _address(test: Peer, field: Field, names: PfNames) -> Predicate:
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
        found = Unknown(f"whether there is no route to the {field.words}")
    else:
        found = Unknown("whether the way back to the source leads through another interface")
    return ~found if test.negated else found


def tested(test: NumberTest, most: int) -> tuple[Interval, ...]:
    """The numbers that pass a comparison."""
    first = test.first if isinstance(test.first, int) else 0
    everything = {
        "=": ((first, first),),
        "!=": ((0, first - 1), (first + 1, most)),
        "<": ((0, first - 1),),
        "<=": ((0, first),),
        ">": ((first + 1, most),),
        ">=": ((first, most),),
        ":": ((first, test.last),),
        "><": ((first + 1, test.last - 1),),
        "<>": ((0, first - 1), (test.last + 1, most)),
    }
    return tuple((a, b) for a, b in everything[test.operator] if a <= b)


def _identity(test: NumberTest, field: Field, word: str) -> Predicate:
    """The owner of the local socket. Names that we have no number for are known to the host only."""
    if not isinstance(test.first, int):
        return Unknown(f"whether the {word} {test.operator} {test.first or 'unknown'}")
    return in_set(field, *tested(test, (1 << field.width) - 1))
