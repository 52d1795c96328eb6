"""What a racoon makes of the phase 2 offer of another: the lookups of quick mode in their order.

Sources: ipsec-tools src/racoon/isakmp_quick.c ``quick_r1recv``, ``get_sainfo_r``, ``get_proposal_r``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.ike.quick_ids import Answer, Outcome, look_up
from spdcheck.semantics.ike.sides import Daemon
from spdcheck.semantics.manual_keys import negotiated
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import ids_of

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.quick_mode import Ids


class Racoon:
    """One racoon with everything that it offers and looks up."""

    def __init__(self, host: Host, daemon: KeyDaemon) -> None:
        self.host = host
        self.daemon = daemon
        self.known = Daemon(host, daemon)
        self.remotes = self.known.remotes
        self.sainfos = self.known.sainfos
        self.offers = tuple((policy, ids_of(policy)) for policy, _ in negotiated(host))
        self.offered = frozenset(ids for _, ids in self.offers)

    def can_offer(self, policy: SecurityPolicy, ids: Ids) -> bool:
        """The own sections let this racoon start the negotiation, or answer it with the same sainfo."""
        far = far_address(policy)
        section = None if far is None else self.remotes.for_peer(far)
        if section is None or ids.carries_type:
            return False
        return self.sainfos.select(ids, ph1id=section.ph1id, strict=self.known.is_strict).proposal is not None

    def answer(self, initiator: Racoon, policy: SecurityPolicy, ids: Ids) -> Outcome:
        """What this racoon does with the offer that another makes for one of its policies."""
        near = initiator.host.public_address or near_address(policy)
        if near is None or not initiator.can_offer(policy, ids):
            return Outcome(Answer.UNKNOWN)
        sections = self.remotes.to_answer(near)
        if not sections:
            return Outcome(Answer.UNKNOWN)
        return look_up(self.known, ids.reversed(), sections)


def racoon_of(host: Host) -> Racoon | None:
    """The racoon of a host (the first, where several configurations lie around), or None."""
    for daemon in host.daemons:
        if daemon.program == "racoon":
            return Racoon(host, daemon)
    return None
