"""Every place where a host's configuration names a cipher, an integrity algorithm or a Diffie-Hellman group."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.source import Span


class Stage(Enum):
    """What an algorithm protects."""

    PHASE1 = "phase 1"
    PHASE2 = "phase 2"
    MANUAL = "a manual SA"


class Use(NamedTuple):
    """One mention of an algorithm; ``first`` if nothing stands before it that the peers would rather take."""

    name: str
    stage: Stage
    first: bool
    origin: Span


def ciphers(host: Host) -> Iterator[Use]:
    """The ciphers by setkey's names."""
    for daemon in host.daemons:
        for peer in daemon.peers:
            for rank, offer in enumerate(peer.proposals):
                yield Use(offer.encryption.name, Stage.PHASE1, rank == 0, offer.encryption.origin)
        for proposal in daemon.phase2:
            for rank, algorithm in enumerate(proposal.encryption):
                yield Use(algorithm.name, Stage.PHASE2, rank == 0, algorithm.origin)
    for association in host.sad.associations:
        if association.encryption is not None:
            yield Use(association.encryption.name, Stage.MANUAL, True, association.encryption.origin)


def hashes(host: Host) -> Iterator[Use]:
    """The phase 1 hashes (``sha1``) and the integrity algorithms (``hmac-sha1``)."""
    for daemon in host.daemons:
        for peer in daemon.peers:
            for rank, offer in enumerate(peer.proposals):
                yield Use(offer.hash.name, Stage.PHASE1, rank == 0, offer.hash.origin)
        for proposal in daemon.phase2:
            for rank, algorithm in enumerate(proposal.integrity):
                yield Use(algorithm.name, Stage.PHASE2, rank == 0, algorithm.origin)
    for association in host.sad.associations:
        if association.integrity is not None and association.protocol != "tcp":
            yield Use(association.integrity.name, Stage.MANUAL, True, association.integrity.origin)


def groups(host: Host) -> Iterator[Use]:
    """The Diffie-Hellman groups by their number as text."""
    for daemon in host.daemons:
        for peer in daemon.peers:
            for rank, offer in enumerate(peer.proposals):
                yield Use(str(offer.group), Stage.PHASE1, rank == 0, offer.group_origin)
        for proposal in daemon.phase2:
            if proposal.pfs_group is not None:
                yield Use(str(proposal.pfs_group), Stage.PHASE2, True, proposal.pfs_origin or proposal.heading)
