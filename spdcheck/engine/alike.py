"""Divides sets of packets where a stage decides by an address that no list of rules tells apart.

A stage that looks at *the* destination of a packet (is that a host we know? a multicast?) needs sets in which every
packet gets the same answer. One packet is never divided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.fields import address_interval
from spdcheck.semantics.intervals import overlaps
from spdcheck.semantics.predicate import in_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.semantics.fields import Field


def alike(traffic: Traffic, field: Field, ranges: Iterable[AddressRange]) -> Iterator[Traffic]:
    """The parts of the traffic whose addresses in ``field`` lie in the same range, or in none.

    Of several ranges that have an address the first one counts.
    """
    side = traffic.side(field)
    if len(side) == 1 and side[0][0] == side[0][1]:
        yield traffic
        return
    asked = (address_interval(addresses) for addresses in ranges)
    conditions = [in_set(field, interval) for interval in asked if overlaps(side, (interval,))]
    if not conditions:
        yield traffic
        return
    for part in traffic.split(conditions):
        yield part.traffic
