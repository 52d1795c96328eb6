"""The condition of a rule of ipf.conf as a predicate (``ipf_check_ipf`` and ``ipf_tcpudpchk`` of fil.c).

Names that only the running host knows (of hosts, of its interfaces' addresses, of tables) are looked up in
:class:`IpfNames`; what it does not know becomes an Unknown condition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spdcheck.model.addresses import MULTICAST4, MULTICAST6, AddressRange, prefix
from spdcheck.model.ipfilter import (
    HostName,
    InlinePool,
    InterfaceNetwork,
    IpfRule,
    IpOptions,
    NetworkAddress,
    PoolReference,
    SecurityClasses,
    Trait,
)
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
    IP_OPTIONS,
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
from spdcheck.semantics.intervals import minus, normalise
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT
from spdcheck.semantics.predicate import FALSE, TRUE, Unknown, all_of, in_set, is_value, masked
from spdcheck.semantics.rulesets.ipf_expressions import expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spdcheck.model.ipfilter import Addresses, Condition, End, Pool, PoolEntry
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate

OPTION_BITS = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            "nop", "rr", "zsu", "mtup", "mtur", "encode", "ts", "tr", "sec", "lsrr", "e-sec", "cipso", "satid", "ssrr",
            "addext", "visa", "imitd", "eip", "finn", "dps", "sdb", "nsapa", "rtralrt", "ump",
        )  # fmt: skip
    )
}
"""The bits of the field ``option_set`` in an IPv4 packet."""

HEADER_BITS = {
    name: 1 << bit
    for bit, name in enumerate(("hopopts", "ipv6", "routing", "frag", "esp", "ah", "none", "dstopts", "mobility"))
}
"""The bits of the field ``option_set`` in an IPv6 packet."""

CLASS_BITS = {
    name: 1 << bit
    for bit, name in enumerate(
        ("unclass", "confid", "reserv-1", "reserv-2", "reserv-3", "reserv-4", "secret", "topsecret")
    )
}
TRAIT_BITS = {
    name: 1 << bit
    for bit, name in enumerate(
        ("short", "bad", "bad-nat", "bad-src", "lowttl", "mcast", "bcast", "state", "oow", "ah", "v6hdrs")
    )
}
"""The bits of the field ``traits``."""


@dataclass(frozen=True, slots=True)
class IpfNames:
    """What names stand for. ``pools`` are all tables; an interface has ``(address, prefix, peer)`` for each address."""

    hosts: Mapping[str, tuple[AddressRange, ...]] = field(default_factory=dict)
    interfaces: Mapping[str, tuple[tuple[AddressRange, AddressRange, AddressRange | None], ...]] = field(
        default_factory=dict
    )
    pools: tuple[Pool, ...] = ()

    def pool(self, reference: PoolReference, roles: tuple[str, ...]) -> Pool | None:
        """The table of a rule: of its kind, and of a role that the rule's program looks at."""
        kinds = {"pool": ("tree",), "hash": ("hash",), "dstlist": ("dstlist",)}[reference.kind]
        for role in roles:
            for pool in self.pools:
                if pool.kind in kinds and pool.name == reference.name and pool.role == role:
                    return pool
        return None


NO_NAMES = IpfNames()


def rule_condition(rule: IpfRule, names: IpfNames = NO_NAMES) -> Predicate:
    """Which packets match the rule, wherever it stands."""
    if rule.expression is not None:
        return all_of((_interface(rule), expression(rule.expression, rule.origin.where)))
    parts = [_interface(rule), _headers(rule)]
    parts += [end_condition(rule.source, SOURCE, rule.family, names, rule.origin.where)]
    parts += [end_condition(rule.destination, DESTINATION, rule.family, names, rule.origin.where)]
    parts += [_ports(rule), _flags(rule), _icmp(rule)]
    parts += [_condition(condition, rule.origin.where) for condition in rule.conditions]
    if rule.match_nat_tag is not None or rule.match_log_tag is not None:
        parts.append(Unknown(f"{rule.origin.where}: whether the packet has the tag"))
    return all_of(parts)


def _interface(rule: IpfRule) -> Predicate:
    if not rule.interfaces or rule.interfaces[0] in ("-", "*"):
        return TRUE
    where = IN_INTERFACE if rule.direction is Direction.IN else OUT_INTERFACE
    return in_set(where, name_interval(rule.interfaces[0], where))


def _headers(rule: IpfRule) -> Predicate:
    parts: list[Predicate] = []
    if rule.family is not None:
        parts.append(conditions.family(rule.family))
    if rule.tos is not None:
        parts.append(is_value(TOS, rule.tos))
    if rule.ttl is not None:
        parts.append(is_value(TTL, rule.ttl))
    if rule.protocols:
        parts.append(is_value(PROTOCOL, *rule.protocols))
    return all_of(parts)


def _ports(rule: IpfRule) -> Predicate:
    """Ports are those of TCP and UDP, and only where the packet has the header."""
    found: Predicate = TRUE
    for end, where in ((rule.source, SOURCE_PORT), (rule.destination, DESTINATION_PORT)):
        if end.ports is not None:
            found &= in_set(where, *end.ports.intervals)
            found &= is_value(PROTOCOL, TCP, UDP) & conditions.whole_or_first()
    return found


def _flags(rule: IpfRule) -> Predicate:
    flags = rule.flags
    if flags is None or not flags.mask | flags.value:
        return TRUE
    whole = conditions.whole_or_first() & masked(TRAITS, TRAIT_BITS["short"], 0)
    return is_value(PROTOCOL, TCP) & whole & masked(TCP_FLAGS, flags.mask, flags.value)


def _icmp(rule: IpfRule) -> Predicate:
    if rule.icmp_type is None:
        return TRUE
    found = is_value(PROTOCOL, ICMP, ICMP6) & conditions.whole_or_first() & is_value(ICMP_TYPE, rule.icmp_type)
    return found if rule.icmp_code is None else found & is_value(ICMP_CODE, rule.icmp_code)


def end_condition(
    end: End, where: Field, family: int | None, names: IpfNames, place: str, roles: tuple[str, ...] = ("ipf", "all")
) -> Predicate:
    """The address of one side; ``place`` is named where nobody knows it. Ports are not looked at."""
    if end.addresses is None:
        return FALSE if end.negated else TRUE
    found = addresses_condition(end.addresses, where, family, names, place, roles)
    return ~found if end.negated else found


def addresses_condition(
    addresses: Addresses, where: Field, family: int | None, names: IpfNames, place: str, roles: tuple[str, ...]
) -> Predicate:
    """The field holds one of these addresses."""
    if isinstance(addresses, NetworkAddress):
        return conditions.address_mask(where, addresses.family, addresses.mask, addresses.value)
    if isinstance(addresses, HostName):
        return _of_host(addresses, where, names, place)
    if isinstance(addresses, InterfaceNetwork):
        return _of_interface(addresses, where, family or 4, names, place)
    if isinstance(addresses, InlinePool):
        return _of_pool(addresses.entries, where, names, place)
    pool = names.pool(addresses, roles)
    if pool is None or pool.missing:
        why = pool.missing if pool is not None else "no file defines it"
        return Unknown(f"{place}: the addresses of {addresses.kind}/{addresses.name} ({why})")
    return _of_pool(pool.entries, where, names, place)


def _of_host(host: HostName, where: Field, names: IpfNames, place: str) -> Predicate:
    known = names.hosts.get(host.name)
    if known is None:
        return Unknown(f"{place}: the address of {host.name}")
    if host.length is not None:
        known = tuple(prefix(item.family, item.first, host.length) for item in known)
    return in_set(where, *map(address_interval, known))


def _of_interface(network: InterfaceNetwork, where: Field, family: int, names: IpfNames, place: str) -> Predicate:
    """The first address of the interface counts, as in ``ipf_ifpaddr``."""
    known = [item for item in names.interfaces.get(network.interface, ()) if item[0].family == family]
    if not known:
        return Unknown(f"{place}: the addresses of {network.interface}")
    address, net, peer = known[0]
    if network.part == "broadcast":
        found: AddressRange | None = AddressRange(family, net.last, net.last)
    elif network.part == "network":
        found = AddressRange(family, net.first, net.first)
    elif network.part == "netmasked":
        found = net
    elif network.part == "peer":
        found = peer
    else:
        found = address if network.length is None else prefix(family, address.first, network.length)
    if found is None:
        return Unknown(f"{place}: the other end of {network.interface}")
    return in_set(where, address_interval(found))


def _of_pool(entries: Iterable[PoolEntry], where: Field, names: IpfNames, place: str) -> Predicate:
    """The longest prefix decides, so that shorter ones are laid down first."""
    taken: IntervalSet = ()
    unknown: Predicate = FALSE
    known: list[tuple[int, PoolEntry]] = []
    for entry in entries:
        if isinstance(entry.network, NetworkAddress):
            known.append((entry.network.mask.bit_count(), entry))
        else:
            unknown |= _of_host(entry.network, where, names, place)
    for _, entry in sorted(known, key=lambda item: item[0]):
        assert isinstance(entry.network, NetworkAddress)
        space = network_intervals(entry.network)
        taken = minus(taken, space) if entry.excluded else normalise(taken + space)
    return in_set(where, *taken) | unknown


def network_intervals(network: NetworkAddress) -> IntervalSet:
    """The addresses of a network whose mask is a prefix."""
    width = 32 if network.family == 4 else 128
    return (address_interval(prefix(network.family, network.value, min(network.mask.bit_count(), width))),)


def _condition(condition: Condition, place: str) -> Predicate:
    if isinstance(condition, Trait):
        found = _trait(condition.name)
        return ~found if condition.negated else found
    if isinstance(condition, IpOptions):
        if condition.doi is not None:
            return Unknown(f"{place}: the domain of interpretation in a CIPSO option")
        return _bits(OPTION_SET, OPTION_BITS, condition.names, condition.negated)
    if isinstance(condition, SecurityClasses):
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
        return is_value(IP_OPTIONS, 1)
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
