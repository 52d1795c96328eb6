"""The key exchange of a host for people: listeners, peers, proposals, phase 2 identities, credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import protocol_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.ike import Identity, IkePeer, KeyDaemon, Lifetime, Phase2Id, Phase2Proposal
    from spdcheck.source import Span

_Rows = list[tuple[str, ...]]


def sections(host: Host) -> Iterator[tuple[str, _Rows]]:
    """``(title, rows)`` for each part of what the host's key daemons and credentials say."""
    for daemon in host.daemons:
        yield f"IKE by {daemon.program}", _daemon(daemon)
        for peer in daemon.peers:
            yield f"IKE peer {_peer_name(peer)}", list(_peer(peer))
        yield "IKE phase 2", [row for proposal in daemon.phase2 for row in _phase2(proposal)]
    yield (
        "credentials",
        [(f"for {c.peer}", f"pre-shared key of {c.secret.bits} bits", _where(c.origin)) for c in host.credentials],
    )


def _where(span: Span | None) -> str:
    return "" if span is None else span.where


def _daemon(daemon: KeyDaemon) -> _Rows:
    rows: _Rows = [
        ("listens on", f"{item.address}[{item.port}]{' for NAT-T' if item.nat_traversal else ''}", _where(item.origin))
        for item in daemon.listeners
    ]
    return rows + [(item.kind, item.path, _where(item.origin)) for item in daemon.paths]


def _peer_name(peer: IkePeer) -> str:
    address = "anybody" if peer.address is None else str(peer.address)
    return f"{peer.name} ({address})" if peer.name else address


def _peer(peer: IkePeer) -> Iterator[tuple[str, ...]]:
    modes = ", ".join(mode.value for mode in peer.modes)
    yield "exchange", f"{modes} mode, port {peer.port}", _where(peer.modes_origin or peer.heading)
    if peer.my_identity is not None:
        yield "we are", _identity(peer.my_identity), _where(peer.my_identity.origin)
    for identity in peer.peer_identities:
        checked = "" if peer.verify_identifier else ", not verified"
        yield "peer is", _identity(identity) + checked, _where(identity.origin)
    if peer.certificate:
        yield "certificate", peer.certificate, _where(peer.certificate_origin)
    for proposal in peer.proposals:
        parts = (
            str(proposal.encryption),
            str(proposal.hash),
            proposal.auth.value,
            f"group {proposal.group}",
            _lifetime(proposal.lifetime),
        )
        yield "proposal", ", ".join(part for part in parts if part), _where(proposal.origin)
    for name, text, default, origin in (
        ("NAT traversal", peer.nat_traversal, "off", peer.nat_traversal_origin),
        ("generates policy", peer.generate_policy, "off", peer.generate_policy_origin),
        ("proposal check", peer.proposal_check.value, "", peer.proposal_check_origin),
    ):
        if text != default and origin is not None:
            yield name, text, _where(origin)
    if peer.passive:
        yield "passive", "only answers", _where(peer.heading)


def _identity(identity: Identity) -> str:
    return f"{identity.type.value} {identity.value}" if identity.value else identity.type.value


def _phase2(proposal: Phase2Proposal) -> Iterator[tuple[str, ...]]:
    ends = f"{_end(proposal.local)} ↔ {_end(proposal.remote)}"
    if proposal.peer is not None:
        ends += f" with {_identity(proposal.peer)}"
    parts = (
        _choice(proposal.encryption),
        _choice(proposal.integrity),
        _choice(proposal.compression),
        "" if proposal.pfs_group is None else f"PFS group {proposal.pfs_group}",
        _lifetime(proposal.lifetime),
    )
    yield ends, ", ".join(part for part in parts if part), _where(proposal.heading)


def _choice(items: Iterable[object]) -> str:
    return "/".join(str(item) for item in items)


def _end(end: Phase2Id | None) -> str:
    if end is None:
        return "anything"
    if end.is_client_address:
        return "the client's address"
    text = str(end.addresses) if end.addresses is not None else _identity(end.name) if end.name else "anything"
    if end.port is not None and not end.port.is_any:
        text += f"[{end.port}]"
    return text if end.protocol is None else f"{text} {protocol_name(end.protocol)}"


def _lifetime(lifetime: Lifetime) -> str:
    parts = []
    if lifetime.seconds is not None:
        parts.append(f"{lifetime.seconds} s")
    if lifetime.kilobytes is not None:
        parts.append(f"{lifetime.kilobytes} kB")
    return " or ".join(parts)
