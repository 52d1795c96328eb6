"""Policies of Shorewall 2.x that no pair of zones uses.

2.x takes such lines without a word: a line for exactly a pair holds wherever it stands, but of lines with ``all`` the
first that covers a pair decides. Since 3.0 the compiler refuses what comes too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.shorewall import PolicyEntry, Shorewall


class UnusedPolicy(NamedTuple):
    """A line that holds for no pair, and those that hold for its pairs instead."""

    entry: PolicyEntry
    instead: tuple[PolicyEntry, ...]


def unused_policies(source: Shorewall, host: Host) -> Iterator[UnusedPolicy]:
    """The lines in their order."""
    if source.dialect != 2:
        return
    from spdcheck.semantics.shorewall.two import ALL, Making2

    making = Making2(source, host)
    zones = (*making.zones, making.firewall)
    for entry in source.policies:
        first, second = (said.names[0] if said.names else ALL for said in (entry.source, entry.dest))
        if ALL not in (first, second) or (first, second) == (ALL, ALL):
            continue
        pairs = [
            (one, other)
            for one in (zones if first == ALL else (first,))
            for other in (zones if second == ALL else (second,))
            if one != other
        ]
        holding = [making.policy(*pair) for pair in pairs]
        if pairs and all(found is not None and found is not entry for found in holding):
            yield UnusedPolicy(entry, tuple(dict.fromkeys(found for found in holding if found is not None)))
