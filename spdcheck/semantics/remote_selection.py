"""Which ``remote`` section racoon takes for a peer (ipsec-tools src/racoon/remoteconf.c).

The address is compared, the port is not, and there are no prefixes. As initiator racoon leaves passive sections out,
prefers a section with the peer's address to an anonymous one, and gives up where the best is not alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ike import IkePeer, KeyDaemon


class Choice(NamedTuple):
    """The section for a peer, or None; ``rivals`` fit equally well, ``passive`` would fit but only answer."""

    section: IkePeer | None
    rivals: tuple[IkePeer, ...] = ()
    passive: tuple[IkePeer, ...] = ()


class Remotes:
    """The ``remote`` sections of one racoon, ready for many questions."""

    def __init__(self, daemon: KeyDaemon) -> None:
        self._by_address: dict[AddressRange | None, list[IkePeer]] = {}
        for peer in daemon.peers:
            self._by_address.setdefault(peer.address, []).append(peer)

    def to_initiate(self, address: AddressRange) -> Choice:
        """The section with which racoon starts a negotiation (``getrmconf``, GETRMCONF_F_NO_PASSIVE)."""
        candidates = self.to_answer(address)
        passive = tuple(peer for peer in candidates if peer.passive)
        for fitting in (self._by_address.get(address, ()), self._by_address.get(None, ())):
            active = tuple(peer for peer in fitting if not peer.passive)
            if len(active) == 1:
                return Choice(active[0], (), passive)
            if active:
                return Choice(None, active, passive)
        return Choice(None, (), passive)

    def to_answer(self, address: AddressRange) -> tuple[IkePeer, ...]:
        """The sections with which racoon may answer: those with the peer's address, then the anonymous ones."""
        return (*self._by_address.get(address, ()), *self._by_address.get(None, ()))

    def for_peer(self, address: AddressRange) -> IkePeer | None:
        """The section that speaks with a peer, whoever starts; None where nothing fits or several fit equally."""
        choice = self.to_initiate(address)
        if choice.section is not None or choice.rivals:
            return choice.section
        return choice.passive[0] if choice.passive else None


def to_answer(daemon: KeyDaemon, address: AddressRange) -> tuple[IkePeer, ...]:
    """:meth:`Remotes.to_answer` for a single question."""
    return Remotes(daemon).to_answer(address)


def listens_on(daemon: KeyDaemon, address: AddressRange) -> bool:
    """The daemon has a socket on an own address; without any ``listen`` address it takes all of them."""
    return not daemon.listeners or any(listener.address == address for listener in daemon.listeners)
