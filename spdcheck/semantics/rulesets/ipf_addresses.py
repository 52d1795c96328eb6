"""Addresses in the rules of ipf.conf and ipnat.conf as predicates: networks, tables, names, those of interfaces.

What only the running host knows is looked up in :class:`IpfNames`; what that does not know becomes an Unknown
condition.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.model.addresses import AddressRange, prefix
from spdcheck.model.ipfilter import HostName, InlinePool, InterfaceNetwork, NetworkAddress, PoolReference
from spdcheck.records import dataclass
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import address_interval
from spdcheck.semantics.intervals import minus, normalise
from spdcheck.semantics.predicate import FALSE, TRUE, Unknown, in_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spdcheck.model.ipfilter import Addresses, End, PoolEntry
    from spdcheck.model.ippool import Pool
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate


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


def needs_names(end: End) -> bool:
    """The addresses are not all written in the rule."""
    return end.addresses is not None and not isinstance(end.addresses, NetworkAddress)


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
    return (address_interval(network_range(network)),)


def network_range(network: NetworkAddress) -> AddressRange:
    """A network whose mask is a prefix."""
    width = 32 if network.family == 4 else 128
    return prefix(network.family, network.value, min(network.mask.bit_count(), width))
