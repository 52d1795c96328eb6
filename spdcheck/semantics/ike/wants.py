"""What a host starts negotiations for: racoon's policies without an SA, isakmpd's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.selector import ANY_PROTOCOL
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike.procedure import CLEAR_WAY, negotiate
from spdcheck.semantics.ike.sides import Daemon, Want
from spdcheck.semantics.isakmpd_connections import peer_section
from spdcheck.semantics.isakmpd_flows import near_to, offered_selector
from spdcheck.semantics.manual_keys import negotiated
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import Ids, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Site
    from spdcheck.model.selector import PortRange, TrafficSelector
    from spdcheck.semantics.ike.outcome import Outcome, Transport


class Started(NamedTuple):
    """Something that a host wants, and the host that is to answer (None where the site does not have it)."""

    daemon: Daemon
    want: Want
    responder: Host | None


class Daemons:
    """The daemons of a site, each with what its look-ups need."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._known: dict[str, tuple[Daemon, ...]] = {}
        self._owners: dict[AddressRange, Host] = {}
        for host in site.hosts:
            for address in host.addresses:
                self._owners.setdefault(address, host)

    def of(self, host: Host) -> tuple[Daemon, ...]:
        """The daemons of a host."""
        if host.name not in self._known:
            self._known[host.name] = tuple(Daemon(host, daemon) for daemon in host.daemons)
        return self._known[host.name]

    def started_by(self, host: Host) -> Iterator[Started]:
        """Everything that a host starts."""
        for known in self.of(host):
            for want in wants(known):
                owner = None if want.far is None else self._owners.get(want.far)
                yield Started(known, want, None if owner is host else owner)

    def outcome(self, started: Started, transport: Transport = CLEAR_WAY) -> Outcome | None:
        """What becomes of something that a host starts; None where no daemon of the site could answer it."""
        want, responder = started.want, started.responder
        if responder is None or want.near is None or want.far is None:
            return None
        seen = transport.seen or want.near
        answering = self.of(responder)
        chosen = next((item for item in answering if item.answering_sections(seen)), None)
        if chosen is None and not answering:
            return None
        return negotiate(started.daemon, chosen or answering[0], want, transport)


def wants(known: Daemon) -> Iterator[Want]:
    """What one daemon starts, in the order of its files."""
    host, daemon = known.host, known.daemon
    if known.is_racoon:
        for policy, _ in negotiated(host):
            if policy.by_ike is None:
                yield Want(near_address(policy), far_address(policy), ids_of(policy), policy.origin, policy)
        return
    if daemon.isakmpd is None:
        return
    for connection in daemon.isakmpd.connections:
        if not connection.active:
            continue
        section = peer_section(daemon, connection.peer)
        near = None if section is None else near_to(host, daemon, section)
        far = None if section is None or section.passive else section.address
        selector = None if far is None else offered_selector(connection, near, far)
        ids = None if selector is None else _ids(selector)
        yield Want(near, far, ids, connection.heading, None, connection)


def between(daemons: Daemons, host: Host, peer: Host) -> tuple[Started, ...]:
    """What a host starts with one peer; where its files ask for nothing, phase 1 alone if it has a section for it."""
    found = tuple(item for item in daemons.started_by(host) if item.responder is peer)
    if found:
        return found
    alone = []
    for known in daemons.of(host):
        for section in known.daemon.peers:
            if section.address is None or section.passive or not peer.owns(section.address):
                continue
            near = near_to(host, known.daemon, section) or _own(host, section.address)
            if near is not None:
                alone.append(Started(known, Want(near, section.address, None, section.heading), peer))
    return tuple(alone[:1])


def _own(host: Host, far: AddressRange) -> AddressRange | None:
    return next((address for address in host.addresses if address.family == far.family), None)


def _ids(selector: TrafficSelector) -> Ids:
    return Ids(
        selector.source,
        selector.destination,
        None if selector.protocol == ANY_PROTOCOL else selector.protocol,
        _port(selector.source_port),
        _port(selector.destination_port),
    )


def _port(ports: PortRange) -> int | None:
    return None if ports.is_any else ports.first
