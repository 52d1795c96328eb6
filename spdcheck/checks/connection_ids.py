"""Connections of isakmpd beside what their peers propose (part of SPD004).

A responder installs what its peer has proposed, so that both SPDs mirror each other whatever the connections say. What
differs are the intentions: with two connections for overlapping networks that are not equal, each side that starts gets
other flows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.engine.selectors import some_packet
from spdcheck.model.diagnostic import Note
from spdcheck.model.selector import TrafficSelector
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.isakmpd_connections import connections, peer_section
from spdcheck.semantics.isakmpd_flows import proposals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Check, Context
    from spdcheck.checks.finding import Finding
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.isakmpd import Connection
    from spdcheck.semantics.isakmpd_flows import Proposal


class _Own(NamedTuple):
    """A connection and its identities as the peer would see them proposed to it."""

    connection: Connection
    selector: TrafficSelector


def connection_ids(check: Check, context: Context) -> Iterator[Finding]:
    """Every proposal of a peer for which a connection is there that is not equal."""
    told: set[tuple[str, str, str, str]] = set()
    judged = {host.name for host in context.hosts}
    for proposal in proposals(context.site.hosts):
        responder = proposal.responder
        if responder is None or responder.external or proposal.initiator.external:
            continue
        wanted = proposal.policy.selector
        own = [item for item in _own(proposal, responder) if item.selector.overlaps(wanted)]
        if any(_ends(item.selector) == _ends(wanted) for item in own):
            continue
        for item in own:
            begins = item.connection.active
            if not begins and item.selector.contains(wanted):
                continue  # A road warrior's connection leaves the networks to the peer on purpose.
            key = (proposal.initiator.name, str(wanted), responder.name, item.connection.name)
            mirror = (responder.name, str(item.selector.reversed()), proposal.initiator.name, _name(proposal))
            if key not in told and mirror not in told:
                told |= {key, mirror}
                if responder.name in judged:
                    yield _differs(check, proposal, responder, item, begins=begins)


def _ends(selector: TrafficSelector) -> tuple[AddressRange, AddressRange]:
    return selector.source, selector.destination


def _name(proposal: Proposal) -> str:
    return proposal.connection.name if proposal.connection is not None else ""


def _own(proposal: Proposal, responder: Host) -> Iterator[_Own]:
    """The connections of the responder that may be meant for the initiator, as the initiator would propose them."""
    for daemon, connection in connections(responder):
        peer = peer_section(daemon, connection.peer)
        local, remote = _addresses(connection)
        if not (connection.active or connection.passive) or local is None or remote is None:
            continue
        if peer is not None and peer.address is not None and not proposal.initiator.owns(peer.address):
            continue
        if local.family == proposal.policy.selector.family == remote.family:
            yield _Own(connection, TrafficSelector(remote, local))


def _addresses(connection: Connection) -> tuple[AddressRange | None, AddressRange | None]:
    local, remote = connection.local, connection.remote
    return (None if local is None else local.addresses), (None if remote is None else remote.addresses)


def _differs(check: Check, proposal: Proposal, responder: Host, own: _Own, *, begins: bool) -> Finding:
    initiator, wanted = proposal.initiator, proposal.policy.selector
    place = own.connection.remote.origin if own.connection.remote is not None else own.connection.heading
    offered = f"{wanted.destination} ↔ {wanted.source}"
    said = f"{own.selector.destination} ↔ {own.selector.source}"
    consequence = (
        f"{responder.name} would propose {said}, and each side that begins gets other flows"
        if begins
        else f"its own flows are what {initiator.name} has proposed, not what [{own.connection.name}] says"
    )
    return check.finding(
        responder,
        place,
        f"[{own.connection.name}] of {responder.name} is for {said}, but {initiator.name} proposes {offered}: "
        f"{consequence}",
        label=f"{responder.name} says {said}",
        notes=[Note(proposal.policy.selector_origin, f"{initiator.name} proposes {offered}")],
        mend="write the same networks on both sides"
        + (", or list the connection in Passive-connections only" if begins else ""),
        witness=some_packet(wanted, own.selector),
        severity=Severity.ERROR if begins else Severity.WARNING,
        subject=own.connection.name,
    )
