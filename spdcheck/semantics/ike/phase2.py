"""Quick mode, step by step: identities, proposals, PFS and lifetimes, and what both sides install in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Mode
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Doubt, Item, NegotiatedSa, Phase2, Refusal
from spdcheck.semantics.ike.quick_by_isakmpd import by_isakmpd
from spdcheck.semantics.ike.quick_by_racoon import by_racoon
from spdcheck.semantics.ike.quick_offers import OfferedSuite, needs, of_isakmpd, of_racoon
from spdcheck.semantics.ike.quick_policy import assume, policy_answer, policy_refusal
from spdcheck.semantics.ike.quick_words import chosen

if TYPE_CHECKING:
    from spdcheck.semantics.ike.quick_racoon import Accepted
    from spdcheck.semantics.ike.talk import Talk
    from spdcheck.semantics.quick_mode import Ids

EXCHANGE = "quick mode"


def quick_mode(talk: Talk) -> Refusal | Doubt | None:
    """The whole of quick mode for the identities that the initiator wants."""
    ids, starter = talk.want.ids, talk.starter
    if ids is None:
        unread = talk.want.connection is not None
        return Doubt(starter.name, "its identities are not known", talk.want.origin) if unread else None
    if not starter.is_racoon and talk.want.connection is not None:
        starter.exchange_name = talk.want.connection.name
    suites = _offered(talk, ids)
    if not suites:
        reason = "its connection has no suite that could be read"
        return Doubt(starter.name, reason, talk.want.origin)
    content = [Item(f"SA {number}: {suite}", suite.place) for number, suite in enumerate(suites, 1)]
    if any(suite.pfs is not None for suite in suites):
        content.append(Item("KE", next(suite.pfs_place for suite in suites if suite.pfs is not None)))
    content.append(Item(f"IDci {ids.local}, IDcr {ids.remote}{_upper(ids)}", talk.want.origin))
    talk.send(starter, talk.answerer, EXCHANGE, *content)
    found = by_racoon(talk, ids, suites) if talk.answerer.is_racoon else by_isakmpd(talk, ids, suites)
    if isinstance(found, Refusal):
        return found
    accepted, made = found
    return _answer(talk, ids, accepted, made=made)


def _offered(talk: Talk, ids: Ids) -> tuple[OfferedSuite, ...]:
    want, known = talk.want, talk.starter.known
    if want.connection is not None:
        return tuple(of_isakmpd(suite) for suite in want.connection.suites)
    sainfo = known.sainfos.select(ids, ph1id=talk.section.ph1id, strict=known.is_strict).proposal
    if sainfo is None or want.policy is None:
        return ()
    return (of_racoon(needs(want.policy), sainfo),)


def _upper(ids: Ids) -> str:
    return "" if ids.protocol is None else f", protocol {ids.protocol}"


def _answer(talk: Talk, ids: Ids, accepted: Accepted, *, made: bool) -> Refusal | None:
    """The responder's answer, which isakmpd holds against its own policy again."""
    starter, answerer = talk.starter, talk.answerer
    content = [Item(f"SA: {chosen(accepted)}", accepted.suite.place)]
    if accepted.pfs is not None:
        content.append(Item("KE"))
    content.append(Item(f"IDci {ids.local}, IDcr {ids.remote}{_upper(ids)}"))
    if accepted.shortened:
        content.append(Item(f"RESPONDER-LIFETIME {words.duration(accepted.seconds, accepted.kilobytes)}"))
    talk.send(answerer, starter, EXCHANGE, *content)
    if not starter.is_racoon and accepted.choices:
        answer = policy_answer(talk, starter, accepted.suite, accepted.choices, ids, initiator=True)
        if answer is not None and answer.accepted is False:
            return policy_refusal(talk, starter, answer, asked=True)
        if answer is not None and answer.accepted is None:
            talk.doubts.append(Doubt(starter.name, "whether its own KeyNote policy accepts it is open", answer.place))
        elif answer is not None:
            talk.decide(starter, "its own policy accepts it", answer.place)
        assume(talk, starter, answer)
    talk.send(starter, answerer, EXCHANGE, Item("HASH"))
    sas = tuple(
        NegotiatedSa(item.protocol, item.mode or Mode.TRANSPORT, choice.encryption, choice.bits, choice.integrity)
        for item, choice in zip(accepted.suite.protocols, accepted.choices, strict=True)
    )
    talk.phase2 = Phase2(
        ids=ids,
        sas=sas,
        pfs_group=accepted.pfs,
        seconds=accepted.seconds,
        kilobytes=accepted.kilobytes,
        makes_policies=made,
    )
    return None
