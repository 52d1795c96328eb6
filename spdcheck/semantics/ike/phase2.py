"""Quick mode, step by step: identities, proposals, PFS and lifetimes, and what both sides install in the end."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Mode, Protocol
from spdcheck.semantics.file_places import Place as FilePlace
from spdcheck.semantics.file_places import locate
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause, Doubt, Item, Log, NegotiatedSa, Phase2, Place, Refusal, Step
from spdcheck.semantics.ike.policy_question import ask
from spdcheck.semantics.ike.quick_ids import Answer, look_up
from spdcheck.semantics.ike.quick_offers import Need, OfferedProtocol, OfferedSuite, needs, of_isakmpd, of_racoon
from spdcheck.semantics.ike.quick_racoon import Accepted, takes
from spdcheck.semantics.isakmpd_connections import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.ike import Phase2Proposal
    from spdcheck.semantics.ike.policy_question import Answer as PolicyAnswer
    from spdcheck.semantics.ike.quick_offers import Choice
    from spdcheck.semantics.ike.sides import Side
    from spdcheck.semantics.ike.talk import Talk
    from spdcheck.semantics.quick_mode import Ids

EXCHANGE = "quick mode"
_IMPLEMENTED = frozenset(
    {"des-cbc", "3des-cbc", "cast128-cbc", "blowfish-cbc", "aes-cbc", "aes-ctr", "aes-gcm-16", "aes-gmac", "null"}
)
"""The ciphers of ESP that isakmpd can do."""
_HASHES = frozenset(
    {"hmac-md5", "hmac-sha1", "hmac-ripemd160", "hmac-sha2-256", "hmac-sha2-384", "hmac-sha2-512", "null"}
)
_MOST_CHOICES = 64


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
    found = _by_racoon(talk, ids, suites) if talk.answerer.is_racoon else _by_isakmpd(talk, ids, suites)
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


# ---- racoon answers


def _by_racoon(talk: Talk, ids: Ids, suites: tuple[OfferedSuite, ...]) -> tuple[Accepted, bool] | Refusal:
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
        return _refused(
            talk, Step.PHASE2_IDS, Cause.IDS, side, f"{side.name} has no sainfo for {ours}",
            [*places, _asked(talk)],
            [Log(side.name, "failed to get sainfo."),
             Log(side.name, "failed to pre-process ph2 packet (side: 1, status: 1).")],
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
        return _refused(
            talk, Step.PHASE2_IDS, Cause.IDS, side, f"{side.name} has {what} for {ours}", [*places, _asked(talk)],
            [Log(side.name, line), Log(side.name, "failed to get proposal for responder.")],
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
        text = f"takes {_chosen(taken)}"
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
    return _refused(
        talk, Step.PHASE2_PROPOSAL, cause, side,
        f"{side.name} does not take the phase 2 proposal of {talk.starter.name}" + (f": {said}" if said else ""),
        places or [_asked(talk)], [*logs, *_notified(talk)],
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


# ---- isakmpd answers


def _by_isakmpd(talk: Talk, ids: Ids, suites: tuple[OfferedSuite, ...]) -> tuple[Accepted, bool] | Refusal:
    """isakmpd looks at its policy alone; its own suites are never consulted."""
    side, ours = talk.answerer, ids.reversed()
    if any(addresses.prefix_length is None for addresses in (ids.local, ids.remote)):
        return _refused(
            talk, Step.PHASE2_IDS, Cause.IDS, side, "isakmpd takes addresses and subnets as identities, no ranges",
            [_asked(talk)], [words.dropped(side, "INVALID_ID_INFORMATION")], mend="write subnets",
        )  # fmt: skip
    found = _first_allowed(talk, side, ours, suites)
    if isinstance(found, Refusal):
        return found
    assert side.daemon.isakmpd is not None
    taken = answering(side.daemon, ours.local, ours.remote)
    if taken is not None:
        how = "its connection" if taken.exact else "a connection with this local network"
        talk.decide(side, f"knows it as {how} [{taken.connection.name}]", taken.connection.heading)
    elif not side.daemon.isakmpd.uses_keynote:
        return _refused(
            talk, Step.PHASE2_IDS, Cause.IDS, side,
            f"{side.name} has no passive connection for {ours}, and no policy that could allow it", [_asked(talk)],
            [Log(side.name, f"peer proposed invalid phase 2 IDs: initiator id {ids.local}, responder id {ids.remote}"),
             words.dropped(side, "INVALID_ID_INFORMATION"), *words.giving_up(talk.starter, phase=2)],
            mend="add a connection with these identities to Passive-connections",
        )  # fmt: skip
    else:
        talk.decide(side, "has no connection for these identities, which does not matter to it")
    return found, True


def _first_allowed(talk: Talk, side: Side, ours: Ids, suites: tuple[OfferedSuite, ...]) -> Accepted | Refusal:
    """The first suite that isakmpd can do and its policy allows."""
    possible = [(suite, choices) for suite in suites for choices in _choices(suite)]
    if not possible:
        said = "; ".join(str(suite) for suite in suites[:3])
        return _refused(
            talk, Step.PHASE2_PROPOSAL, Cause.PHASE2_PROPOSAL, side, f"isakmpd of {side.name} can do none of: {said}",
            [Place(talk.starter.name, suite.place, "offered") for suite in suites[:3]],
            [Log(side.name, "message_negotiate_sa: no compatible proposal found"),
             words.dropped(side, "NO_PROPOSAL_CHOSEN"), *_notified(talk)],
            mend="offer algorithms that isakmpd has: aes, 3des, blowfish, cast128 with hmac_sha1 or hmac_sha256",
        )  # fmt: skip
    doubtful: tuple[OfferedSuite, tuple[Choice, ...]] | None = None
    last: PolicyAnswer | None = None
    for suite, choices in possible:
        answer = _policy(talk, side, suite, choices, ours, initiator=False)
        last = last or answer
        if answer is None or answer.accepted:
            _assume(talk, side, answer)
            talk.decide(side, f"takes {_shown(suite, choices)}", None if answer is None else answer.place)
            return _accept(talk, side, suite, choices)
        if answer.accepted is None and doubtful is None:
            doubtful = (suite, choices)
    if doubtful is not None:
        assert last is not None
        talk.doubts.append(Doubt(side.name, "whether its KeyNote policy accepts the proposal is open", last.place))
        return _accept(talk, side, *doubtful)
    assert last is not None
    return _policy_refusal(talk, side, last, asked=False)


def _accept(talk: Talk, side: Side, suite: OfferedSuite, choices: tuple[Choice, ...]) -> Accepted | Refusal:
    if len(suite.groups) > 1:
        return _refused(
            talk, Step.PHASE2_PROPOSAL, Cause.PFS, side, "the protocols of the suite have different groups",
            [Place(talk.starter.name, suite.pfs_place, "not the same group in every protocol")],
            [words.dropped(side, "NO_PROPOSAL_CHOSEN"), *_notified(talk)], differing="PFS group",
            mend="write the same GROUP_DESCRIPTION in every transform of the suite",
        )  # fmt: skip
    return Accepted(suite, choices, suite.pfs, suite.seconds, suite.kilobytes)


def _choices(suite: OfferedSuite) -> Iterator[tuple[Choice, ...]]:
    """Every way to take one transform of each protocol that isakmpd can do."""
    able = [[choice for choice in item.choices if _can_do(item, choice)] for item in suite.protocols]
    if able:
        yield from islice(product(*able), _MOST_CHOICES)


def _can_do(item: OfferedProtocol, choice: Choice) -> bool:
    if item.protocol is Protocol.ESP and choice.encryption not in _IMPLEMENTED:
        return False
    return choice.integrity is None or choice.integrity in _HASHES


def _policy(
    talk: Talk, side: Side, suite: OfferedSuite, choices: tuple[Choice, ...], ids: Ids, *, initiator: bool
) -> PolicyAnswer | None:
    """What the policy of a side says; None where it is not asked, or not there to be asked."""
    isakmpd = side.daemon.isakmpd
    assert isakmpd is not None
    if not isakmpd.uses_keynote:
        return None
    if not side.host.assertions and locate(side.host, isakmpd.policy_file, "keynote").place is FilePlace.ABSENT:
        reason = f"{isakmpd.policy_file} is not among the files of {side.name}"
        doubt = Doubt(side.name, reason, side.daemon.origin.file.span(0, 0))
        if doubt not in talk.doubts:
            talk.doubts.append(doubt)
        return None
    key = talk.starter_key if initiator else talk.answerer_key
    named = talk.answerer_name if initiator else talk.starter_name
    return ask(side, suite, choices, talk.phase1, ids, named, key, initiator=initiator, udp=talk.udp)


def _assume(talk: Talk, side: Side, answer: PolicyAnswer | None) -> None:
    if answer is not None and answer.assumed:
        reason = f"the certificate of {side.other} is one that the policy of {side.name} licenses"
        talk.assumed.append(Doubt(side.name, reason, answer.place))


def _policy_refusal(talk: Talk, side: Side, answer: PolicyAnswer, *, asked: bool) -> Refusal:
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
        logs += _notified(talk)
    elif peer.is_racoon:
        logs.append(Log(peer.name, f"{peer.peer} give up to get IPsec-SA due to time up to wait."))
    return _refused(
        talk, Step.PHASE2_PROPOSAL, Cause.KEYNOTE, side, f"the KeyNote policy of {side.name} refuses {what}{why}",
        [*places, Place(talk.starter.name, offered_at, "proposed here")], logs,
        differing="; ".join(answer.blamed), mend="let the Conditions accept what is negotiated",
    )  # fmt: skip


# ---- the answer


def _answer(talk: Talk, ids: Ids, accepted: Accepted, *, made: bool) -> Refusal | None:
    """The responder's answer, which isakmpd holds against its own policy again."""
    starter, answerer = talk.starter, talk.answerer
    content = [Item(f"SA: {_chosen(accepted)}", accepted.suite.place)]
    if accepted.pfs is not None:
        content.append(Item("KE"))
    content.append(Item(f"IDci {ids.local}, IDcr {ids.remote}{_upper(ids)}"))
    if accepted.shortened:
        content.append(Item(f"RESPONDER-LIFETIME {words.duration(accepted.seconds, accepted.kilobytes)}"))
    talk.send(answerer, starter, EXCHANGE, *content)
    if not starter.is_racoon and accepted.choices:
        answer = _policy(talk, starter, accepted.suite, accepted.choices, ids, initiator=True)
        if answer is not None and answer.accepted is False:
            return _policy_refusal(talk, starter, answer, asked=True)
        if answer is not None and answer.accepted is None:
            talk.doubts.append(Doubt(starter.name, "whether its own KeyNote policy accepts it is open", answer.place))
        elif answer is not None:
            talk.decide(starter, "its own policy accepts it", answer.place)
        _assume(talk, starter, answer)
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


def _chosen(accepted: Accepted) -> str:
    return _shown(accepted.suite, accepted.choices)


def _shown(suite: OfferedSuite, choices: tuple[Choice, ...]) -> str:
    taken = tuple(item._replace(choices=(choice,)) for item, choice in zip(suite.protocols, choices, strict=True))
    return str(suite._replace(protocols=taken))


def _asked(talk: Talk) -> Place:
    return Place(talk.starter.name, talk.want.origin, f"{talk.starter.name} asks for it")


def _notified(talk: Talk) -> tuple[Log, ...]:
    """What the initiator writes when it gets NO-PROPOSAL-CHOSEN."""
    starter = talk.starter
    if starter.is_racoon:
        return (
            Log(starter.name, "fatal NO-PROPOSAL-CHOSEN notify messsage, phase1 should be deleted."),
            *words.giving_up(starter, phase=2),
        )
    return words.giving_up(starter, phase=2)


def _refused(
    talk: Talk,
    step: Step,
    cause: Cause,
    by: Side,
    reason: str,
    places: list[Place],
    logs: list[Log],
    *,
    differing: str = "",
    mend: str = "",
) -> Refusal:
    talk.decide(by, reason, places[0].span if places else None, accepted=False)
    if step is Step.PHASE2_IDS and by.is_racoon:
        logs = [*logs, *words.giving_up(talk.starter, phase=2)]
    return Refusal(step, cause, by.name, reason, tuple(places), tuple(logs), differing, mend)
