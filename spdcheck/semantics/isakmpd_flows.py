"""The policies that isakmpd installs, as entries of the SPD of both sides.

isakmpd has no list of policies. Once phase 2 has succeeded, each side installs two flows from the identities of the
negotiation: the initiator those of its connection, the responder those that the peer has proposed, whatever its own
connection says. What leaves must be protected; of what arrives, isakmpd up to OpenBSD 5.4 and its ports demand nothing
(``use``), later ones do. Before, and after the last SA has gone, there is no flow at all.

Sources: isakmpd pf_key_v2.c ``pf_key_v2_enable_sa``, ike_quick_mode.c ``initiator_send_HASH_SA_NONCE``, ipsec.c
``ipsec_set_network``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Gap, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, ByIke, Direction, Level, Mode, Protocol, SecurityPolicy, Spd, Template
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, TrafficSelector
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics.isakmpd_connections import answering, connections, peer_section
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.remote_selection import Remotes
from spdcheck.semantics.routing import routing_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon, Phase2Id
    from spdcheck.model.isakmpd import Connection
    from spdcheck.source import Span

PROGRAM = "isakmpd"
_REQUIRES_INWARD = (5, 5)
_ORDER = {"esp": 0, "ipcomp": 1, "ah": 2}
_PROTOCOLS = {"esp": Protocol.ESP, "ah": Protocol.AH, "ipcomp": Protocol.IPCOMP}


class Proposal(NamedTuple):
    """What an initiator asks for: its ``out`` policy, the host that answers, and isakmpd's connection if it is one."""

    initiator: Host
    policy: SecurityPolicy
    responder: Host | None
    connection: Connection | None = None


def with_flows(hosts: tuple[Host, ...], *, single_file: bool = False) -> tuple[Host, ...]:
    """The hosts with the policies that isakmpd has in force once every negotiation has succeeded.

    What can't be known of them is a gap in the host's policies. Entries of the host's own files are left as they are.
    """
    speaking = [host for host in hosts if any(installs(daemon) for daemon in host.daemons)]
    if not speaking:
        return hosts
    found: dict[str, list[SecurityPolicy]] = {host.name: [] for host in speaking}
    for proposal in proposals(hosts):
        responder = proposal.responder
        if proposal.connection is not None:
            inward = _reversed(proposal.policy, inward_level(proposal.initiator))
            found[proposal.initiator.name] += [proposal.policy, inward]
        if responder is not None and responder.name in found:
            found[responder.name] += _answered(proposal.initiator, responder, proposal.policy)
    return tuple(
        _filled(host, found[host.name], single_file=single_file) if host.name in found else host for host in hosts
    )


def installs(daemon: KeyDaemon) -> bool:
    """The daemon makes flows: an isakmpd that is not told to leave them alone (``Acquire-Only``)."""
    return daemon.program == PROGRAM and daemon.isakmpd is not None and not daemon.isakmpd.acquire_only


def inward_level(host: Host) -> Level:
    """How isakmpd means the flow of what arrives: mandatory from OpenBSD 5.5 on, optional before and in the ports."""
    is_new = host.platform in (Platform.OPENBSD, None) and (not host.release or host.release >= _REQUIRES_INWARD)
    return Level.REQUIRE if is_new else Level.USE


def proposals(hosts: Iterable[Host]) -> Iterator[Proposal]:
    """Every negotiation that a daemon of the site starts and an isakmpd takes part in."""
    known = tuple(hosts)
    owners: dict[AddressRange, Host] = {}
    for host in known:
        for address in host.addresses:
            owners.setdefault(address, host)
    answering_hosts = {host.name for host in known if any(installs(daemon) for daemon in host.daemons)}
    for host in known:
        yield from _started_by_isakmpd(host, owners)
        if any(daemon.program != PROGRAM for daemon in host.daemons):
            for policy in host.spd.of(Direction.OUT):
                far = far_address(policy) if policy.action is Action.PROTECT and policy.by_ike is None else None
                owner = owners.get(far) if far is not None else None
                if owner is not None and owner is not host and owner.name in answering_hosts:
                    yield Proposal(host, policy, owner)


def _started_by_isakmpd(host: Host, owners: dict[AddressRange, Host]) -> Iterator[Proposal]:
    for daemon, connection in connections(host):
        peer = peer_section(daemon, connection.peer)
        if not installs(daemon) or not connection.active or peer is None or peer.passive or peer.address is None:
            continue
        near = near_to(host, daemon, peer)
        selector = offered_selector(connection, near, peer.address)
        if selector is None:
            continue
        owner = owners.get(peer.address)
        responder = owner if owner is not None and owner is not host else None
        policy = SecurityPolicy(
            direction=Direction.OUT,
            selector=selector,
            action=Action.PROTECT,
            templates=_templates(connection, near, peer.address),
            origin=connection.heading,
            selector_origin=_place(connection),
            by_ike=ByIke(PROGRAM, host.name, responder.name if responder else ""),
        )
        yield Proposal(host, policy, responder, connection)


def near_to(host: Host, daemon: KeyDaemon, peer: IkePeer) -> AddressRange | None:
    """The own address from which isakmpd speaks with a peer.

    It is that of the section, the only one it listens on, that of the route, or the only one that the host has.
    """
    far = peer.address
    if far is None:
        return None
    if peer.local_address is not None and peer.local_address.family == far.family:
        return peer.local_address
    listening = [listener.address for listener in daemon.listeners if listener.address.family == far.family]
    if len(listening) == 1:
        return listening[0]
    for entry in routing_table(host):
        interface = host.interface(entry.interface)
        if entry.destination.contains(far) and interface is not None:
            return next((a.address for a in interface.addresses if a.address.family == far.family), None)
    own = {a.address for interface in host.interfaces for a in interface.addresses if a.address.family == far.family}
    return own.pop() if len(own) == 1 else None


def offered_selector(connection: Connection, near: AddressRange | None, far: AddressRange) -> TrafficSelector | None:
    """The identities that isakmpd offers; without its own side it offers none, which means both peers themselves."""
    if _is_unread(connection):
        return None
    local, remote = connection.local, connection.remote
    if local is None and remote is not None and near is not None:
        return _from_ids(None, near, remote, far)
    if local is None or remote is None:
        return None if near is None else TrafficSelector(near, far)
    return _from_ids(local, near, remote, far)


def _from_ids(
    local: Phase2Id | None, near: AddressRange | None, remote: Phase2Id, far: AddressRange
) -> TrafficSelector | None:
    source = near if local is None else local.addresses
    destination = remote.addresses or far
    if source is None or source.family != destination.family:
        return None
    protocol = remote.protocol if local is None or local.protocol is None else local.protocol
    return TrafficSelector(
        source,
        destination,
        ANY_PROTOCOL if protocol is None else protocol,
        ANY_PORT if local is None or local.port is None else local.port,
        remote.port or ANY_PORT,
    )


def _is_unread(connection: Connection) -> bool:
    """The file names an identity that has no addresses, so that nobody knows what is offered."""
    named = ((connection.local_name, connection.local), (connection.remote_name, connection.remote))
    return any(name and (found is None or found.addresses is None) for name, found in named)


def _templates(connection: Connection, near: AddressRange | None, far: AddressRange) -> tuple[Template, ...]:
    """The protections of the first suite; ESP in tunnel mode where no suite could be read."""
    suite = connection.suites[0] if connection.suites else None
    kinds: list[tuple[Protocol, Mode, Span]] = []
    for protocol in sorted(suite.protocols if suite else (), key=lambda item: _ORDER.get(item.protocol, 3)):
        first = protocol.transforms[0] if protocol.transforms else None
        mode = Mode.TRANSPORT if first is not None and first.tunnel is False else Mode.TUNNEL
        if protocol.protocol in _PROTOCOLS:
            kinds.append((_PROTOCOLS[protocol.protocol], mode, protocol.origin))
    if not kinds:
        kinds.append((Protocol.ESP, Mode.TUNNEL, connection.heading))
    return tuple(
        Template(protocol, mode, near, far, Level.REQUIRE, 0, origin)
        if mode is Mode.TUNNEL
        else Template(protocol, mode, None, None, Level.REQUIRE, 0, origin)
        for protocol, mode, origin in kinds
    )


def _place(connection: Connection) -> Span:
    """The line that says most of a connection's identities."""
    for identity in (connection.remote, connection.local):
        if identity is not None:
            return identity.origin
    return connection.heading


def _reversed(policy: SecurityPolicy, level: Level) -> SecurityPolicy:
    """The flow of the other direction at the same host."""
    return replace(
        policy,
        direction=Direction.IN if policy.direction is Direction.OUT else Direction.OUT,
        selector=policy.selector.reversed(),
        templates=tuple(
            replace(template, source=template.destination, destination=template.source, level=level)
            for template in policy.templates
        ),
    )


def _answered(initiator: Host, responder: Host, proposed: SecurityPolicy) -> tuple[SecurityPolicy, SecurityPolicy]:
    """The flows of a responder for what a peer has proposed; their place is the connection that is taken for it."""
    origin, selector_origin = proposed.origin, proposed.selector_origin
    near = far_address(proposed)
    for daemon in responder.daemons:
        if not installs(daemon):
            continue
        taken = answering(daemon, proposed.selector.destination, proposed.selector.source)
        section = _answering_section(daemon, initiator, proposed)
        if taken is not None:
            origin, selector_origin = taken.connection.heading, _place(taken.connection)
        elif section is not None:
            origin = selector_origin = section.heading
        if section is not None and section.local_address is not None:
            near = section.local_address
        break
    outward = replace(
        _reversed(replace(proposed, direction=Direction.IN), Level.REQUIRE),
        origin=origin,
        selector_origin=selector_origin,
        priority=0,
        implied="",
        by_ike=ByIke(PROGRAM, initiator.name, responder.name),
    )
    outward = replace(outward, templates=tuple(_seen(t, near, initiator, origin) for t in outward.templates))
    return outward, _reversed(outward, inward_level(responder))


def _answering_section(daemon: KeyDaemon, initiator: Host, proposed: SecurityPolicy) -> IkePeer | None:
    """The section that answers the initiator: the one for its address, else ``Default``."""
    seen = [template.source for template in proposed.templates if template.source is not None]
    own = [initiator.public_address] if initiator.public_address is not None else [*seen, *initiator.addresses]
    remotes = Remotes(daemon)
    for address in own:
        for section in remotes.to_answer(address):
            return section
    return None


def _seen(template: Template, near: AddressRange | None, initiator: Host, origin: Span) -> Template:
    """A template as the responder has it: its own address, and the one by which it sees the initiator."""
    if template.mode is not Mode.TUNNEL:
        return replace(template, origin=origin)
    return replace(
        template,
        source=near,
        destination=initiator.public_address or template.destination,
        origin=origin,
        reqid=0,
    )


def _filled(host: Host, flows: list[SecurityPolicy], *, single_file: bool) -> Host:
    """The host with flows behind the entries of its files, each once; and with a gap where some are not known."""
    present = {(policy.direction, policy.selector, far_address(policy)) for policy in host.spd.policies}
    added: list[SecurityPolicy] = []
    for flow in flows:
        key = (flow.direction, flow.selector, far_address(flow))
        if key not in present:
            present.add(key)
            added.append(flow)
    gaps = host.gaps if single_file else (*host.gaps, *_gaps(host))
    if not added and gaps == host.gaps:
        return host
    return replace(host, spd=Spd((*host.spd.policies, *added)), gaps=gaps)


def _gaps(host: Host) -> Iterator[Gap]:
    if host.platform is Platform.LINUX:
        place = next(daemon.origin for daemon in host.daemons if daemon.program == PROGRAM)
        yield Gap(Part.SPD, place, "what isakmpd installs on Linux is not modelled")
        return
    for daemon, connection in connections(host):
        if not connection.active:
            continue
        peer = peer_section(daemon, connection.peer)
        if _is_unread(connection):
            reason = f"{connection.heading.where}: the identities of [{connection.name}] are not known"
            yield Gap(Part.SPD, _place(connection), reason)
        elif peer is not None and not peer.passive and peer.address is None:
            reason = f"{peer.heading.where}: the address of [{peer.name}] is not known"
            yield Gap(Part.SPD, peer.heading, reason)
        elif peer is not None and peer.address is not None and near_to(host, daemon, peer) is None:
            reason = f"{connection.heading.where}: nothing says from which address isakmpd of {host.name} speaks"
            yield Gap(Part.SPD, connection.heading, reason)
