"""The sections that a peer's racoon lacks: the mirror image of those at the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon import write as of_racoon
from spdcheck.mending.edit import Edit
from spdcheck.model.ike import Phase2Id
from spdcheck.model.selector import PortRange
from spdcheck.records import replace
from spdcheck.semantics import psk_lookup
from spdcheck.semantics.manual_keys import negotiated
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import Sainfos, ids_of
from spdcheck.semantics.remote_selection import Remotes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon, Phase2Proposal
    from spdcheck.semantics.quick_mode import Ids
    from spdcheck.source import Span


def edits(host: Host, peer: Host) -> Iterator[Edit | str]:
    """The ``remote`` and ``sainfo`` sections to add to the peer's racoon.conf; texts say what only a person can do."""
    ours = _racoon(host)
    if ours is None:
        if any(daemon.program == "isakmpd" for daemon in (*host.daemons, *peer.daemons)):
            yield f"isakmpd takes part: its sections for {host.name} have to be written by hand"
        return
    theirs = _racoon(peer)
    if theirs is None and peer.daemons:
        yield f"{peer.name} speaks {peer.daemons[0].program}; its sections have to be written by hand"
        return
    blocks: dict[str, None] = {}
    sainfos = None if theirs is None else Sainfos(theirs)
    for near, far, ids in _wanted(host, peer):
        section = Remotes(ours).for_peer(far)
        if section is None:
            continue
        if theirs is None or Remotes(theirs).for_peer(near) is None:
            blocks.setdefault(of_racoon.remote(_turned(section, near)))
            yield from _credentials(host, ours, section, near, far, peer)
        selected = Sainfos(ours).select(ids, ph1id=section.ph1id).proposal
        if selected is not None and (sainfos is None or sainfos.select(ids.reversed()).proposal is None):
            blocks.setdefault(of_racoon.sainfo(_mirrored(selected, ids.reversed())))
    if blocks:
        path = theirs.origin.file.path if theirs is not None else _new_file(host, ours, peer)
        yield Edit(path, "\n" + "\n".join(blocks), f"how to answer {host.name}")


def _racoon(host: Host) -> KeyDaemon | None:
    return next((daemon for daemon in host.daemons if daemon.program == "racoon"), None)


def _wanted(host: Host, peer: Host) -> Iterator[tuple[AddressRange, AddressRange, Ids]]:
    for policy, _ in negotiated(host):
        near, far = near_address(policy), far_address(policy)
        if near is not None and far is not None and peer.owns(far):
            yield host.public_address or near, far, ids_of(policy)


def _turned(section: IkePeer, near: AddressRange) -> IkePeer:
    """The section as the other side needs it: identities change places, what is a matter of one host goes."""
    mine = section.peer_identities[0] if section.peer_identities else None
    named = mine is not None and mine.value is not None
    return replace(
        section,
        address=near,
        name=None,
        my_identity=mine if named else None,
        peer_identities=() if section.my_identity is None or section.my_identity.value is None
        else (section.my_identity,),
        certificate=None,
        private_key=None,
        certificate_kind="",
        peer_certificates=(),
        passive=False,
        generate_policy="off",
        ph1id=0,
        parent=None,
        local_address=None,
    )  # fmt: skip


def _mirrored(proposal: Phase2Proposal, ids: Ids) -> Phase2Proposal:
    """The ``sainfo`` of the other side, with the addresses written down even where ours says ``anonymous``."""
    return replace(
        proposal,
        local=_end(ids.local, ids.protocol, ids.local_port, proposal.origin),
        remote=_end(ids.remote, ids.protocol, ids.remote_port, proposal.origin),
        peer=None,
        remote_ph1id=0,
        group_name=None,
    )


def _end(addresses: AddressRange, protocol: int | None, port: int | None, origin: Span) -> Phase2Id:
    return Phase2Id(addresses, protocol, None if port is None else PortRange(port, port), origin)


def _credentials(
    host: Host, daemon: KeyDaemon, section: IkePeer, near: AddressRange, far: AddressRange, peer: Host
) -> Iterator[str]:
    if not any(proposal.auth.uses_psk for proposal in section.proposals):
        yield f"{peer.name} needs a certificate of its own and the authority that has signed {host.name}'s"
        return
    if any(line.addresses == near or line.peer in (str(near), "*") for line in peer.credentials):
        return
    keys = psk_lookup.key_file(host, daemon).credentials
    line = psk_lookup.for_peer(keys, section, far, None).credential
    where = f" of {line.origin.where}" if line is not None else ""
    yield f"the key file of {peer.name} needs a line for {near} with the key{where}"


def _new_file(host: Host, daemon: KeyDaemon, peer: Host) -> str:
    below = daemon.origin.file.path.removeprefix(f"{host.folder}/") if host.folder else daemon.origin.file.path
    return f"{peer.folder}/{below}" if peer.folder else below
