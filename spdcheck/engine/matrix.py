"""Which networks reach each other: all packets between every two networks, each answer with a witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.differences import Fate, end_of
from spdcheck.engine.exploration import explore, is_sent
from spdcheck.errors import BudgetError
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.beginning import first_packets
from spdcheck.semantics.conditions import destination, source

if TYPE_CHECKING:
    from spdcheck.engine.exploration import Ending
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.trace import Trace
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host

MOST_NETWORKS = 24
"""A matrix of more rows is nothing that anybody reads."""


class Network(NamedTuple):
    """A network behind a host, or the addresses of the host itself where nothing lies behind it."""

    addresses: AddressRange
    host: Host


class Way(NamedTuple):
    """One of the things that become of packets between two networks: the fate, why, and one of them."""

    fate: Fate
    sentence: str
    witness: Trace | None


class Cell(NamedTuple):
    """All packets from one network to another; ``ways`` are told apart by fate, the most packets first."""

    source: Network
    destination: Network
    ways: tuple[Way, ...]

    @property
    def fates(self) -> tuple[Fate, ...]:
        """What becomes of some of the packets."""
        return tuple(way.fate for way in self.ways)


class Matrix(NamedTuple):
    """``cells`` by the numbers of their networks; ``left_out`` counts the networks that did not fit."""

    networks: tuple[Network, ...]
    cells: dict[tuple[int, int], Cell]
    left_out: int


def networks(simulator: Simulator) -> list[Network]:
    """The networks behind our hosts, none within another; the first address of a host that has none."""
    found: list[Network] = []
    for addresses, place in sorted(simulator.topology.networks, key=lambda pair: -pair[0].size):
        if place.host is None or place.host.external or any(known.addresses.contains(addresses) for known in found):
            continue
        found.append(Network(addresses, place.host))
    settled = {network.host.name for network in found}
    bare = (host for host in simulator.site.hosts if host.name not in settled and not host.external and host.addresses)
    found += [Network(host.addresses[0], host) for host in bare]
    return sorted(found, key=lambda network: (network.host.name, network.addresses))


def matrix(simulator: Simulator) -> Matrix:
    """Every pair of networks behind different hosts."""
    found = networks(simulator)
    shown = tuple(found[:MOST_NETWORKS])
    cells = {}
    for row, one in enumerate(shown):
        for column, other in enumerate(shown):
            if one.host is not other.host and one.addresses.family == other.addresses.family:
                cells[row, column] = Cell(one, other, _ways(simulator, one.addresses, other.addresses))
    return Matrix(shown, cells, len(found) - len(shown))


def _ways(simulator: Simulator, one: AddressRange, other: AddressRange) -> tuple[Way, ...]:
    groups: dict[Fate, list[Ending]] = {}
    try:
        for ending in explore(simulator, first_packets(source(one) & destination(other), one.family)):
            if is_sent(simulator, ending.began):
                groups.setdefault(end_of(ending).fate, []).append(ending)
    except BudgetError as error:
        return (Way(Fate.UNKNOWN, f"given up: {error}", None),)
    ways = []
    for fate, endings in groups.items():
        chosen = next(((e, trace) for e in endings if (trace := e.replayed()) is not None), None)
        shown, trace = chosen if chosen is not None else (endings[0], None)
        ways.append(Way(fate, shown.sentence, trace))
    order = list(Fate)
    return tuple(sorted(ways, key=lambda way: order.index(way.fate)))
