"""ipnat.conf as a decision list for each direction; the effects are the translations (``ipf_nat_checkin``/``out``).

Sessions are asked before the lists. Rules are asked by the length of a prefix, not in the order of the file: the
longest source first where packets leave, the longest destination first where they arrive; the file decides only among
equals.
An exempting rule (``no``) takes part by its prefix as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ipfilter import ANY_END, End, HostName, NetworkAddress
from spdcheck.model.ipnat import NatKind, NatRange, NatSplit
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import TCP, UDP
from spdcheck.records import replace
from spdcheck.semantics import conditions
from spdcheck.semantics.changes import Assign, Choose, Shift
from spdcheck.semantics.decision import Decide, DecisionList, Entry, Undecided
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    IN_INTERFACE,
    OUT_INTERFACE,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    address_number,
    name_interval,
)
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.predicate import TRUE, all_of, in_set, is_value
from spdcheck.semantics.rulesets.ipf_addresses import NO_NAMES, end_condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.ipnat import NatRule, NewAddress, NewPorts
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.ipf_addresses import IpfNames

_ROLES = ("nat", "all")
_PORT_PROTOCOLS = frozenset({TCP, UDP})


def loaded(rules: Iterable[NatRule]) -> list[NatRule]:
    """The rules that the kernel takes: one that says the same as an earlier one is refused."""
    known: dict[tuple[object, ...], NatRule] = {}
    for rule in rules:
        known.setdefault(rule.says(), rule)
    return list(known.values())


def asked(rules: Iterable[NatRule], direction: Direction) -> list[NatRule]:
    """The rules that are asked about packets of a direction, in the order in which they are asked.

    ``bimap`` is asked in both: inbound it leads from the new addresses to the old ones (see :func:`backwards`).
    """
    found = [backwards(rule) if rule.direction is not direction else rule
             for rule in loaded(rules) if rule.direction is direction or rule.kind is NatKind.BIMAP]  # fmt: skip
    return sorted(
        found, key=lambda rule: -_prefix_length(rule.source if direction is Direction.OUT else rule.destination)
    )


def backwards(rule: NatRule) -> NatRule:
    """A ``bimap`` as packets from outside see it."""
    new = rule.new_source
    outside = End(new) if isinstance(new, (NetworkAddress, HostName)) else ANY_END
    inside = rule.source.addresses
    target = inside if isinstance(inside, (NetworkAddress, HostName)) else NetworkAddress(rule.family, 0, 0)
    return replace(
        rule, direction=Direction.IN, source=ANY_END, destination=outside, new_source=None, new_destination=target
    )


def _prefix_length(end: End) -> int:
    """The bits that sort a rule; tables and names sort as a network of length 0."""
    addresses = end.addresses
    return addresses.mask.bit_count() if isinstance(addresses, NetworkAddress) else 0


def nat_condition(rule: NatRule, names: IpfNames = NO_NAMES) -> Predicate:
    """Which packets start a session by the rule, wherever it stands."""
    place = rule.origin.where
    parts = [conditions.family(rule.family), _interface(rule)]
    parts.append(end_condition(rule.source, SOURCE, rule.family, names, place, _ROLES))
    parts.append(end_condition(rule.destination, DESTINATION, rule.family, names, place, _ROLES))
    if rule.protocols:
        parts.append(is_value(PROTOCOL, *rule.protocols))
    for end, field in ((rule.source, SOURCE_PORT), (rule.destination, DESTINATION_PORT)):
        if end.ports is not None:
            parts.append(in_set(field, *end.ports.intervals) & is_value(PROTOCOL, TCP, UDP))
    if rule.proxy is not None and rule.proxy.port is not None and rule.destination.ports is None:
        parts.append(is_value(DESTINATION_PORT, rule.proxy.port))
    parts.append(conditions.whole_or_first())
    return all_of(parts)


def _interface(rule: NatRule) -> Predicate:
    """By which interface: the second name where packets leave, the first where they arrive."""
    inward = rule.direction is Direction.IN
    name = rule.interfaces[0 if inward else -1]
    if name in ("*", "-"):
        return TRUE
    field = IN_INTERFACE if inward else OUT_INTERFACE
    return in_set(field, name_interval(name, field))


def nat_list(rules: Iterable[NatRule], direction: Direction, names: IpfNames = NO_NAMES) -> DecisionList:
    """The decision list of the rules for packets of a direction; every packet passes, some are changed."""
    entries = []
    for rule in asked(rules, direction):
        effect = Decide(Verdict.PASS) if rule.exempt else _effect(rule, names)
        entries.append(Entry(nat_condition(rule, names), effect, rule.origin))
    return DecisionList(tuple(entries), Decide(Verdict.PASS))


def _effect(rule: NatRule, names: IpfNames) -> Decide:
    if rule.kind in (NatKind.DIVERT, NatKind.ENCAP) or rule.proxy is not None:
        what = rule.kind.value if rule.proxy is None else f"the proxy {rule.proxy.name}"
        return Decide(Undecided(f"{rule.origin.where}: {what} is not modelled"), state=rule.kind)
    changes: list[Change] = []
    for new, field, end in (
        (rule.new_source, SOURCE, rule.source),
        (rule.new_destination, DESTINATION, rule.destination),
    ):
        if new is None:
            continue
        change = _address_change(rule, new, field, end, names)
        if isinstance(change, str):
            return Decide(Undecided(f"{rule.origin.where}: {change}"), state=rule.kind)
        changes += change
    if rule.protocols and _PORT_PROTOCOLS.issuperset(rule.protocols):
        changes += _port_changes(rule)
    return Decide(Verdict.PASS, tuple(changes), state=rule.kind)


def _address_change(rule: NatRule, new: NewAddress, field: Field, end: End, names: IpfNames) -> list[Change] | str:
    """What becomes of an address, or why nobody knows."""
    family = rule.family
    if isinstance(new, NatRange):
        return [Choose(field, ((address_number(family, new.first), address_number(family, new.last)),))]
    if isinstance(new, NatSplit):
        values = sorted(address_number(family, value) for value in (new.first, new.second))
        return [Choose(field, tuple((value, value) for value in dict.fromkeys(values)))]
    if not isinstance(new, NetworkAddress):
        return f"the addresses of {new.name}"
    if new.mask == 0:
        return []
    bits = 32 if family == 4 else 128
    if new.mask.bit_count() == bits:
        if new.value:
            return [Assign(field, address_number(family, new.value))]
        own = names.interfaces.get(rule.interfaces[0 if rule.direction is Direction.IN else -1], ())
        addresses = [address for address, _, _ in own if address.family == family]
        if not addresses:
            return f"the address of {rule.interfaces[-1]}"
        return [Assign(field, address_number(family, addresses[0].first))]
    first = address_number(family, new.value)
    last = first + (1 << (bits - new.mask.bit_count())) - 1
    old = end.addresses
    if rule.kind is NatKind.BIMAP and isinstance(old, NetworkAddress) and old.mask == new.mask:
        start = address_number(family, old.value)
        return [Shift(field, start, start + last - first, first)]
    return [Choose(field, ((first, last),))]


def _port_changes(rule: NatRule) -> list[Change]:
    """What becomes of the ports of TCP and UDP."""
    changes: list[Change] = []
    if rule.kind is NatKind.MAP_BLOCK and rule.block_ports:
        changes.append(Choose(SOURCE_PORT, ((1024, 65535),)))
    if rule.source_ports is not None and not rule.source_ports.icmp:
        changes.append(_chosen(SOURCE_PORT, rule.source_ports))
    ports = rule.destination_ports
    if ports is not None:
        asked_ports = rule.destination.ports
        if asked_ports is not None and asked_ports.operator == ":" and not ports.fixed:
            changes.append(Shift(DESTINATION_PORT, asked_ports.first, asked_ports.last, ports.last))
        else:
            changes.append(_chosen(DESTINATION_PORT, ports))
    return changes


def _chosen(field: Field, ports: NewPorts) -> Change:
    if ports.first == ports.last:
        return Assign(field, ports.first)
    return Choose(field, ((ports.first, ports.last),))
