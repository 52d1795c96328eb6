"""The condition of a rule of ipf.conf as a predicate (``ipf_check_ipf`` and ``ipf_tcpudpchk`` of fil.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import MULTICAST4, MULTICAST6
from spdcheck.model.ipfilter import EXTENSION_HEADERS, IP_OPTIONS, IpOptions, OptionClasses, Trait
from spdcheck.model.ipfilter import SECURITY_CLASSES as CLASSES
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import ICMP, ICMP6, TCP, UDP
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    ICMP_CODE,
    ICMP_TYPE,
    IN_INTERFACE,
    OPTION_SET,
    OUT_INTERFACE,
    PROTOCOL,
    SECURITY_CLASSES,
    SOURCE,
    SOURCE_PORT,
    TCP_FLAGS,
    TOS,
    TRAITS,
    TRANSLATED,
    TTL,
    address_interval,
    name_interval,
)
from spdcheck.semantics.fields import IP_OPTIONS as IP_OPTIONS_PRESENT
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT
from spdcheck.semantics.predicate import Unknown, all_of, in_set, is_value, masked
from spdcheck.semantics.rulesets.ipf_addresses import NO_NAMES, end_condition, needs_names
from spdcheck.semantics.rulesets.ipf_expressions import expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spdcheck.model.ipfilter import Condition, IpfRule
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.ipf_addresses import IpfNames

OPTION_BITS = {name: 1 << bit for bit, name in enumerate(IP_OPTIONS)}
"""The bits of the field ``option_set`` in an IPv4 packet."""

HEADER_BITS = {name: 1 << bit for bit, name in enumerate(EXTENSION_HEADERS)}
"""The bits of the field ``option_set`` in an IPv6 packet."""

CLASS_BITS = {name: 1 << bit for bit, name in enumerate(CLASSES)}
"""The bits of the field ``security_classes``."""

TRAIT_BITS = {
    name: 1 << TRAITS.width - 1 - bit
    for bit, name in enumerate(
        ("short", "bad", "bad-nat", "bad-src", "lowttl", "mcast", "bcast", "state", "oow", "ah", "v6hdrs")
    )
}
"""The bits of the field ``traits``; those that every stateful rule asks about are the highest, so that they make one
interval."""


_HEADER = conditions.whole_or_first()
_WHOLE_TCP = is_value(PROTOCOL, TCP) & _HEADER & masked(TRAITS, TRAIT_BITS["short"], 0)
_PORTS = is_value(PROTOCOL, TCP, UDP) & _HEADER
_ICMP = is_value(PROTOCOL, ICMP, ICMP6) & _HEADER
_FAMILY = {4: conditions.family(4), 6: conditions.family(6)}


def rule_condition(rule: IpfRule, names: IpfNames = NO_NAMES) -> Predicate:
    """Which packets match the rule, wherever it stands."""
    if rule.expression is not None:
        return all_of((*_interface(rule), expression(rule.expression, rule.origin.where)))
    place = rule.origin.where if needs_names(rule.source) or needs_names(rule.destination) else ""
    return all_of(
        (
            *_interface(rule),
            *_headers(rule),
            end_condition(rule.source, SOURCE, rule.family, names, place),
            end_condition(rule.destination, DESTINATION, rule.family, names, place),
            *_upper_layer(rule),
            *(_condition(condition, rule.origin.where) for condition in rule.conditions),
        )
    )


def _interface(rule: IpfRule) -> Iterator[Predicate]:
    if rule.interfaces and rule.interfaces[0] not in ("-", "*"):
        where = IN_INTERFACE if rule.direction is Direction.IN else OUT_INTERFACE
        yield in_set(where, name_interval(rule.interfaces[0], where))


def _headers(rule: IpfRule) -> Iterator[Predicate]:
    if rule.family is not None:
        yield _FAMILY[rule.family]
    if rule.tos is not None:
        yield is_value(TOS, rule.tos)
    if rule.ttl is not None:
        yield is_value(TTL, rule.ttl)
    if rule.protocols:
        yield is_value(PROTOCOL, *rule.protocols)


def _upper_layer(rule: IpfRule) -> Iterator[Predicate]:
    """Ports, flags and ICMP types: only where the packet has the header, and of the protocols that have them."""
    for end, where in ((rule.source, SOURCE_PORT), (rule.destination, DESTINATION_PORT)):
        if end.ports is not None:
            yield in_set(where, *end.ports.intervals)
            yield _PORTS
    flags = rule.flags
    if flags is not None and flags.mask | flags.value:
        yield _WHOLE_TCP
        yield masked(TCP_FLAGS, flags.mask, flags.value)
    if rule.icmp_type is not None:
        yield _ICMP
        yield is_value(ICMP_TYPE, rule.icmp_type)
    if rule.icmp_code is not None:
        yield is_value(ICMP_CODE, rule.icmp_code)
    if rule.match_nat_tag is not None or rule.match_log_tag is not None:
        yield Unknown(f"{rule.origin.where}: whether the packet has the tag")


def _condition(condition: Condition, place: str) -> Predicate:
    if isinstance(condition, Trait):
        found = _trait(condition.name)
        return ~found if condition.negated else found
    if isinstance(condition, IpOptions):
        if condition.doi is not None:
            return Unknown(f"{place}: the domain of interpretation in a CIPSO option")
        return _bits(OPTION_SET, OPTION_BITS, condition.names, condition.negated)
    if isinstance(condition, OptionClasses):
        return _bits(SECURITY_CLASSES, CLASS_BITS, condition.names, condition.negated)
    return _bits(OPTION_SET, HEADER_BITS, condition.names, condition.negated)


def _bits(where: Field, table: Mapping[str, int], names: Iterable[str], negated: bool) -> Predicate:
    """All of the bits, or none of them."""
    mask = 0
    for name in names:
        mask |= table[name]
    return masked(where, mask, 0 if negated else mask)


def _trait(name: str) -> Predicate:
    if name == "ipopts":
        return is_value(IP_OPTIONS_PRESENT, 1)
    if name == "frag":
        return is_value(FRAGMENT, FIRST_FRAGMENT, LATER_FRAGMENT)
    if name == "frag-body":
        return is_value(FRAGMENT, LATER_FRAGMENT)
    if name == "nat":
        return is_value(TRANSLATED, 1, 2, 3)
    if name == "mcast":
        return _multicast()
    if name == "mbcast":
        return _multicast() | _has("bcast")
    return _has(name)


def _multicast() -> Predicate:
    """Sent to a multicast address, or received as one by the link."""
    return in_set(DESTINATION, address_interval(MULTICAST4), address_interval(MULTICAST6)) | _has("mcast")


def _has(name: str) -> Predicate:
    bit = TRAIT_BITS[name]
    return masked(TRAITS, bit, bit)
