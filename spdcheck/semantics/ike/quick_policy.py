"""What isakmpd's KeyNote policy says of an SA of quick mode, at either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.file_places import Place as FilePlace
from spdcheck.semantics.file_places import locate
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause, Doubt, Log, Place, Refusal, Step
from spdcheck.semantics.ike.policy_question import ask
from spdcheck.semantics.ike.quick_words import notified

if TYPE_CHECKING:
    from spdcheck.semantics.ike.policy_question import Answer as PolicyAnswer
    from spdcheck.semantics.ike.quick_offers import Choice, OfferedSuite
    from spdcheck.semantics.ike.sides import Side
    from spdcheck.semantics.ike.talk import Talk
    from spdcheck.semantics.quick_mode import Ids


def policy_answer(
    talk: Talk, side: Side, suite: OfferedSuite, choices: tuple[Choice, ...], ids: Ids, *, initiator: bool
) -> PolicyAnswer | None:
    """What the policy of a side says; None where it is not asked, or not there to be asked."""
    isakmpd = side.daemon.isakmpd
    assert isakmpd is not None
    if not isakmpd.uses_keynote:
        return None
    if not side.host.assertions and locate(side.host, isakmpd.policy_file, "keynote").place is FilePlace.ABSENT:
        reason = f"{isakmpd.policy_file} is not among the files of {side.name}"
        doubt = Doubt(side.name, reason, side.daemon.origin.file.span(0, 0), elsewhere=True)
        if doubt not in talk.doubts:
            talk.doubts.append(doubt)
        return None
    key = talk.starter_key if initiator else talk.answerer_key
    named = talk.answerer_name if initiator else talk.starter_name
    return ask(side, suite, choices, talk.phase1, ids, named, key, initiator=initiator, udp=talk.udp)


def assume(talk: Talk, side: Side, answer: PolicyAnswer | None) -> None:
    """Notes that a certificate is taken for one that the policy licenses."""
    if answer is not None and answer.assumed:
        reason = f"the certificate of {side.other} is one that the policy of {side.name} licenses"
        talk.assumed.append(Doubt(side.name, reason, answer.place))


def policy_refusal(talk: Talk, side: Side, answer: PolicyAnswer, *, asked: bool) -> Refusal:
    """The policy of a side refuses: what it has asked for itself, or what the peer proposes."""
    why = f": {' and '.join(answer.blamed)}" if answer.blamed else ""
    what = "what it has asked for itself" if asked else f"what {side.other} proposes"
    places = [] if answer.place is None else [Place(side.name, answer.place, "its conditions")]
    peer = talk.starter if side is talk.answerer else talk.answerer
    offered_at = talk.want.origin
    logs = [
        Log(side.name, "check_policy: negotiated SA failed policy check"),
        Log(side.name, "message_negotiate_sa: no compatible proposal found"),
        words.dropped(side, "NO_PROPOSAL_CHOSEN"),
    ]
    if side is talk.answerer:
        logs += notified(talk)
    elif peer.is_racoon:
        logs.append(Log(peer.name, f"{peer.peer} give up to get IPsec-SA due to time up to wait."))
    return talk.refuse(
        Step.PHASE2_PROPOSAL, Cause.KEYNOTE, side, f"the KeyNote policy of {side.name} refuses {what}{why}",
        [*places, Place(talk.starter.name, offered_at, "proposed here")], logs,
        differing="; ".join(answer.blamed), mend="let the Conditions accept what is negotiated",
    )  # fmt: skip
