"""Which connection isakmpd takes for what a peer proposes (isakmpd connection.c ``connection_passive_lookup_by_ids``).

Identities are compared by their addresses, protocols and ports are not; their order does not matter. Where no
connection has both, the first whose local identity is one of the two is taken, which is meant for road warriors. The
name of the connection is all that is taken from it: the flows are those of the proposal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon
    from spdcheck.model.isakmpd import Connection


class Taken(NamedTuple):
    """The connection that is taken for a proposal; ``exact`` if both its identities are those of the proposal."""

    connection: Connection
    exact: bool


def connections(host: Host) -> Iterator[tuple[KeyDaemon, Connection]]:
    """The connections of a host, with the daemon that has them."""
    for daemon in host.daemons:
        if daemon.isakmpd is not None:
            for connection in daemon.isakmpd.connections:
                yield daemon, connection


def peer_section(daemon: KeyDaemon, name: str) -> IkePeer | None:
    """The section of this name; isakmpd does not look at the case of letters."""
    lowered = name.lower()
    return next((peer for peer in daemon.peers if peer.name is not None and peer.name.lower() == lowered), None)


def answering(daemon: KeyDaemon, local: AddressRange, remote: AddressRange) -> Taken | None:
    """The passive connection for a pair of identities, seen from the daemon's own side."""
    if daemon.isakmpd is None:
        return None
    passive = [connection for connection in daemon.isakmpd.connections if connection.passive]
    offered = {local, remote}
    for connection in passive:
        if {_addresses(connection, local=True), _addresses(connection, local=False)} == offered:
            return Taken(connection, exact=True)
    for connection in passive:
        if _addresses(connection, local=True) in offered:
            return Taken(connection, exact=False)
    return None


def _addresses(connection: Connection, *, local: bool) -> AddressRange | None:
    identity = connection.local if local else connection.remote
    return None if identity is None else identity.addresses
