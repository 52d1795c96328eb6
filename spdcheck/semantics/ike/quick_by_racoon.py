"""Quick mode when racoon answers: its sainfo, its in policy, and whether what is offered fits both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Mode
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause, Doubt, Log, Place, Refusal, Step
from spdcheck.semantics.ike.quick_ids import Answer, look_up
from spdcheck.semantics.ike.quick_offers import Need, OfferedSuite, needs, of_racoon
from spdcheck.semantics.ike.quick_racoon import Accepted, takes
from spdcheck.semantics.ike.quick_words import asked_at, chosen, notified

if TYPE_CHECKING:
    from spdcheck.model.ike import Phase2Proposal
    from spdcheck.semantics.ike.talk import Talk
    from spdcheck.semantics.quick_mode import Ids


def by_racoon(talk: Talk, ids: Ids, suites: tuple[OfferedSuite, ...]) -> tuple[Accepted, bool] | Refusal:
    """What racoon accepts of the suites, and whether it makes policies of them; else why it refuses."""
    side, ours = talk.answerer, ids.reversed()
    gap = side.host.gap_in(Part.SPD)
    if gap is not None:
        talk.gaps.append(Doubt(side.name, gap.reason, gap.span))
    connection = talk.want.connection
    if connection is not None and any(
        item is not None and item.host_bits is not None for item in (connection.local, connection.remote)
    ):
        reason = "an identity goes on the wire with bits behind its mask, which racoon compares"
        talk.doubts.append(Doubt(talk.starter.name, reason, talk.want.origin))
    found = look_up(side.known, ours, talk.candidates, talk.starter_name)
    if found.answer is Answer.NO_SAINFO:
        near = side.known.sainfos.nearest(ours)
        places = [] if near is None else [Place(side.name, near[0].heading, f"the nearest: {' and '.join(near[1])}")]
        return talk.refuse(
            Step.PHASE2_IDS, Cause.IDS, side, f"{side.name} has no sainfo for {ours}",
            [*places, asked_at(talk)],
            [Log(side.name, "failed to get sainfo."),
             Log(side.name, "failed to pre-process ph2 packet (side: 1, status: 1)."),
             *words.giving_up(talk.starter, phase=2)],
            mend=f"add {ours.as_sainfo} {{ … }} to {side.name}",
        )  # fmt: skip
    if found.answer in (Answer.NO_POLICY, Answer.NO_PROTECTION):
        line = (
            f"no policy found: {ours.remote} {ours.local} proto=any dir=in"
            if found.answer is Answer.NO_POLICY
            else "policy found, but no IPsec required"
        )
        places = (
            [] if found.policy is None else [Place(side.name, found.policy.origin, "asked first, protects nothing")]
        )
        what = "no in policy" if found.policy is None else "an in policy that protects nothing"
        return talk.refuse(
            Step.PHASE2_IDS, Cause.IDS, side, f"{side.name} has {what} for {ours}", [*places, asked_at(talk)],
            [Log(side.name, line), Log(side.name, "failed to get proposal for responder."),
             *words.giving_up(talk.starter, phase=2)],
            mend="write the same networks on both sides, source and destination swapped",
        )  # fmt: skip
    assert found.sainfo is not None
    assert found.section is not None
    talk.decide(side, "finds its sainfo", found.sainfo.heading)
    if found.policy is not None and not found.made:
        word = "its in policy" if found.answer is Answer.ACCEPTED else f"another in policy, {found.policy.selector}"
        talk.decide(side, f"answers with {word}", found.policy.origin)
        mine = of_racoon(needs(found.policy), found.sainfo)
    else:
        talk.decide(side, "makes policies of the proposal", found.section.generate_policy_origin)
        mine = _like(suites[0], found.sainfo)
    taken = takes(map(_in_order, suites), _in_order(mine), found.section.proposal_check)
    if isinstance(taken, Accepted):
        text = f"takes {chosen(taken)}"
        talk.decide(side, text, found.sainfo.heading)
        if taken.shortened:
            talk.decide(
                side, f"use own lifetime: {words.duration(taken.seconds, taken.kilobytes)} (RESPONDER-LIFETIME)",
                found.section.proposal_check_origin or found.sainfo.heading,
            )  # fmt: skip
        return taken, found.made
    causes = {item.cause for item in taken}
    cause = next((only for only in (Cause.PFS, Cause.LIFETIME) if causes == {only}), Cause.PHASE2_PROPOSAL)
    said = "; ".join(f"{item.attribute} {item.got}, expected {item.expected}" for item in taken)
    places = []
    for item in taken:
        places.append(Place(side.name, item.ours, f"wants {item.attribute} {item.expected}"))
        places.append(Place(talk.starter.name, item.theirs, f"offers {item.attribute} {item.got}"))
    logs = [Log(side.name, item.log) for item in taken if item.log]
    logs += [Log(side.name, line) for line in ("not matched", "no suitable policy found.", "no proposal chosen.")]
    return talk.refuse(
        Step.PHASE2_PROPOSAL, cause, side,
        f"{side.name} does not take the phase 2 proposal of {talk.starter.name}" + (f": {said}" if said else ""),
        places or [asked_at(talk)], [*logs, *notified(talk)],
        differing=", ".join(item.attribute for item in taken), mend=_mend(cause),
    )  # fmt: skip


def _mend(cause: Cause) -> str:
    return {
        Cause.PFS: "write the same pfs_group (GROUP_DESCRIPTION) on both sides",
        Cause.LIFETIME: "write a lifetime that both sides take, whoever starts: the same on both",
    }.get(cause, "write the same protocols, modes and algorithms on both sides")


def _like(suite: OfferedSuite, sainfo: Phase2Proposal) -> OfferedSuite:
    """What racoon compares with where it makes the policy itself: the peer's protocols, its own algorithms."""
    return of_racoon((Need(item.protocol, item.mode or Mode.TRANSPORT, item.place) for item in suite.protocols), sainfo)


def _in_order(suite: OfferedSuite) -> OfferedSuite:
    """The protocols of a bundle in one order, whatever each daemon writes first."""
    return suite._replace(protocols=tuple(sorted(suite.protocols, key=lambda item: item.protocol.value)))
