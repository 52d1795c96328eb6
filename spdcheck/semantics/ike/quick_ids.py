"""Phase 2 identities at the responder: racoon's look-ups in their order, and isakmpd's.

racoon wants a ``sainfo`` and an ``in`` policy for them, or makes one (``generate_policy``). isakmpd looks for a passive
connection, but where it asks a KeyNote policy, that alone decides. Sources: ipsec-tools src/racoon/isakmp_quick.c
``quick_r1recv``, ``get_sainfo_r``, ``get_proposal_r``; isakmpd ike_quick_mode.c ``responder_recv_HASH_SA_NONCE``.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.ike import IdentityType
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics.quick_mode import Sainfos, is_protecting

if TYPE_CHECKING:
    from spdcheck.model.ike import IkePeer, Phase2Proposal
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.ike.identities import Named
    from spdcheck.semantics.ike.sides import Daemon
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
    """The answer, the responder's policy that it rests on, and its ``sainfo``; ``section`` is the one in use."""

    answer: Answer
    policy: SecurityPolicy | None = None
    sainfo: Phase2Proposal | None = None
    section: IkePeer | None = None
    made: bool = False


def look_up(known: Daemon, ours: Ids, sections: tuple[IkePeer, ...], named: Named | None = None) -> Outcome:
    """What a racoon finds for identities (seen from its side) that a peer of these sections offers.

    ``named`` is the peer's phase 1 identity, which ``sainfo … from`` asks for; None leaves such sections in.
    """
    sainfos = known.sainfos if named is None else _for_peer(known, named)
    found = None
    for section in sections:
        sainfo = sainfos.select(ours, ph1id=section.ph1id, answering=True, strict=known.is_strict).proposal
        if sainfo is not None:
            found = (section, sainfo)
            break
    if found is None:
        return Outcome(Answer.NO_SAINFO)
    section, sainfo = found
    taken = known.in_policies.answering(ours)
    if taken.policy is None or not taken.exact:
        if any(candidate.generate_policy != "off" for candidate in sections):
            return Outcome(Answer.ACCEPTED, taken.policy, sainfo, section, made=True)
        if taken.policy is None:
            return Outcome(Answer.NO_POLICY, None, sainfo, section)
    if not is_protecting(taken):
        return Outcome(Answer.NO_PROTECTION, taken.policy, sainfo, section)
    return Outcome(Answer.ACCEPTED if taken.exact else Answer.OTHER_POLICY, taken.policy, sainfo, section)


def _for_peer(known: Daemon, named: Named) -> Sainfos:
    """The ``sainfo`` sections for a peer of this name; one of a certificate may be any."""
    restricted = [item for item in known.daemon.phase2 if item.peer is not None]
    if not restricted:
        return known.sainfos
    kept = tuple(item for item in known.daemon.phase2 if item.peer is None or _is_for(item, named))
    return Sainfos(replace(known.daemon, phase2=kept))


def _is_for(proposal: Phase2Proposal, named: Named) -> bool:
    wanted = proposal.peer
    if wanted is None or wanted.type is IdentityType.ADDRESS:
        return wanted is None
    return wanted.type is named.type and (named.value is None or wanted.value == named.value)
