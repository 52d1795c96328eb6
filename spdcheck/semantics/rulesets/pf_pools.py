"""What a pool of pf makes of the addresses and ports of a packet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.pf_conditions import Literal, Named, TableName
from spdcheck.model.protocols import PORT_PROTOCOLS
from spdcheck.semantics import conditions
from spdcheck.semantics.changes import Assign, Choose, Shift
from spdcheck.semantics.fields import (
    ADDRESS_SPACE,
    DESTINATION,
    DESTINATION_PORT,
    SOURCE,
    SOURCE_PORT,
    SPACE_OF_FAMILY,
    address_interval,
)
from spdcheck.semantics.intervals import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.model.pf import Pool
    from spdcheck.model.pf_conditions import Condition, PfAddress
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.pf_names import PfNames


def pool_changes(
    names: PfNames, nat: Pool | None, rdr: Pool | None, asked: Condition
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """What the pools make of addresses, and of ports."""
    addresses: list[Change] = []
    ports: list[Change] = []
    if nat is not None:
        addresses.append(_chosen(names, nat, SOURCE, asked.source.address, asked.family))
        if nat.last_port:
            ports.append(_one_of(SOURCE_PORT, ((nat.first_port, nat.last_port),)))
    if rdr is not None:
        addresses.append(_chosen(names, rdr, DESTINATION, asked.destination.address, asked.family))
        first, last = _port_range(asked)
        if rdr.last_port and last - first == rdr.last_port - rdr.first_port > 0:
            ports.append(Shift(DESTINATION_PORT, first, last, rdr.first_port))
        elif rdr.last_port:
            ports.append(_one_of(DESTINATION_PORT, ((rdr.first_port, rdr.last_port),)))
    return tuple(addresses), tuple(ports)


def _chosen(names: PfNames, pool: Pool, field: Field, asked: PfAddress, family: int | None) -> Change:
    """What a pool makes of an address. A prefix for a prefix of the same size keeps the host part."""
    if len(pool.addresses) == 1 and pool.how in ("", "bitmask"):
        only = pool.addresses[0]
        if isinstance(only, Literal) and isinstance(asked, Literal):
            one, other = only.addresses, asked.addresses
            if one.family == other.family and one.size == other.size and one.size > 1:
                return Shift(field, *address_interval(other), address_interval(one)[0])
    return _one_of(field, _numbers(names, pool, family))


def _numbers(names: PfNames, pool: Pool, family: int | None) -> IntervalSet:
    """The addresses of a pool, or all there are where it is not known."""
    everything = SPACE_OF_FAMILY[family] if family else ADDRESS_SPACE
    found: list[tuple[int, int]] = []
    for address in pool.addresses:
        numbers: Sequence[tuple[int, int]] | None = None
        if isinstance(address, Literal):
            numbers = (address_interval(address.addresses),)
        elif isinstance(address, Named):
            known = names.addresses(address)
            numbers = None if known is None else [address_interval(item) for item in known]
        elif isinstance(address, TableName):
            numbers = names.table(address.name)
        if numbers is None:
            return everything
        found += numbers
    return normalise(found) or everything


def _port_range(asked: Condition) -> tuple[int, int]:
    """The ends of ``port a:b``, or of nothing."""
    port = asked.destination.port
    if port is None or port.operator != ":" or not isinstance(port.first, int):
        return 0, 0
    return port.first, port.last


def _one_of(field: Field, numbers: IntervalSet) -> Change:
    if len(numbers) == 1 and numbers[0][0] == numbers[0][1]:
        return Assign(field, numbers[0][0])
    return Choose(field, numbers)


def split(
    condition: Predicate, protocol: int | None, addresses: tuple[Change, ...], ports: tuple[Change, ...]
) -> Iterator[tuple[Predicate, tuple[Change, ...]]]:
    """The packets with ports, and those without."""
    if not ports:
        yield condition, addresses
    elif protocol is not None:
        yield condition, addresses + ports if protocol in PORT_PROTOCOLS else addresses
    else:
        ported = conditions.protocol(*PORT_PROTOCOLS)
        yield condition & ported, addresses + ports
        yield condition & ~ported, addresses
