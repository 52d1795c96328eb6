"""What a racoon makes of the phase 2 offer of another: the lookups of quick mode in their order.

Sources: ipsec-tools src/racoon/isakmp_quick.c ``quick_r1recv``, ``get_sainfo_r``, ``get_proposal_r``.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from spdcheck.semantics.manual_keys import negotiated
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import InPolicies, Sainfos, compares_upper_layer, ids_of, is_protecting
from spdcheck.semantics.remote_selection import Remotes

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.quick_mode import Ids


class Answer(Enum):
    """How a responder takes an offer; UNKNOWN where it never gets so far, or where we can't tell."""

    ACCEPTED = "accepted"
    OTHER_POLICY = "another policy"
    NO_SAINFO = "no sainfo"
    NO_POLICY = "no policy"
    NO_PROTECTION = "no protection"
    UNKNOWN = "unknown"


class Outcome(NamedTuple):
    """The answer, and the responder's policy that it rests on."""

    answer: Answer
    policy: SecurityPolicy | None = None


class Racoon:
    """One racoon with everything that it offers and looks up."""

    def __init__(self, host: Host, daemon: KeyDaemon) -> None:
        self.host = host
        self.daemon = daemon
        self.remotes = Remotes(daemon)
        self.sainfos = Sainfos(daemon)
        self.in_policies = InPolicies(host)
        self.offers = tuple((policy, ids_of(policy)) for policy, _ in negotiated(host))
        self.offered = frozenset(ids for _, ids in self.offers)
        self._strict = compares_upper_layer(host) is True

    def can_offer(self, policy: SecurityPolicy, ids: Ids) -> bool:
        """The own sections let this racoon start the negotiation, or answer it with the same sainfo."""
        far = far_address(policy)
        section = None if far is None else self.remotes.for_peer(far)
        if section is None or ids.carries_type:
            return False
        return self.sainfos.select(ids, ph1id=section.ph1id, strict=self._strict).proposal is not None

    def answer(self, initiator: Racoon, policy: SecurityPolicy, ids: Ids) -> Outcome:
        """What this racoon does with the offer that another makes for one of its policies."""
        near = initiator.host.public_address or near_address(policy)
        if near is None or not initiator.can_offer(policy, ids):
            return Outcome(Answer.UNKNOWN)
        sections = self.remotes.to_answer(near)
        if not sections:
            return Outcome(Answer.UNKNOWN)
        ours = ids.reversed()
        if not any(
            self.sainfos.select(ours, ph1id=section.ph1id, answering=True, strict=self._strict).proposal
            for section in sections
        ):
            return Outcome(Answer.NO_SAINFO)
        taken = self.in_policies.answering(ours)
        if taken.policy is None or not taken.exact:
            if any(section.generate_policy != "off" for section in sections):
                return Outcome(Answer.ACCEPTED, taken.policy)
            if taken.policy is None:
                return Outcome(Answer.NO_POLICY)
        if not is_protecting(taken):
            return Outcome(Answer.NO_PROTECTION, taken.policy)
        return Outcome(Answer.ACCEPTED if taken.exact else Answer.OTHER_POLICY, taken.policy)


def racoon_of(host: Host) -> Racoon | None:
    """The racoon of a host (the first, where several configurations lie around), or None."""
    for daemon in host.daemons:
        if daemon.program == "racoon":
            return Racoon(host, daemon)
    return None
