"""Quick mode when isakmpd answers: what it can do, and what its policy allows."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

from spdcheck.model.policy import Protocol
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause, Doubt, Log, Place, Refusal, Step
from spdcheck.semantics.ike.quick_policy import assume, policy_answer, policy_refusal
from spdcheck.semantics.ike.quick_racoon import Accepted
from spdcheck.semantics.ike.quick_words import asked_at, notified, shown
from spdcheck.semantics.isakmpd_connections import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.semantics.ike.policy_question import Answer as PolicyAnswer
    from spdcheck.semantics.ike.quick_offers import Choice, OfferedProtocol, OfferedSuite
    from spdcheck.semantics.ike.sides import Side
    from spdcheck.semantics.ike.talk import Talk
    from spdcheck.semantics.quick_mode import Ids

_IMPLEMENTED = frozenset(
    {"des-cbc", "3des-cbc", "cast128-cbc", "blowfish-cbc", "aes-cbc", "aes-ctr", "aes-gcm-16", "aes-gmac", "null"}
)
"""The ciphers of ESP that isakmpd can do."""
_HASHES = frozenset(
    {"hmac-md5", "hmac-sha1", "hmac-ripemd160", "hmac-sha2-256", "hmac-sha2-384", "hmac-sha2-512", "null"}
)
_MOST_CHOICES = 64


def by_isakmpd(talk: Talk, ids: Ids, suites: tuple[OfferedSuite, ...]) -> tuple[Accepted, bool] | Refusal:
    """isakmpd looks at its policy alone; its own suites are never consulted."""
    side, ours = talk.answerer, ids.reversed()
    if any(addresses.prefix_length is None for addresses in (ids.local, ids.remote)):
        return talk.refuse(
            Step.PHASE2_IDS, Cause.IDS, side, "isakmpd takes addresses and subnets as identities, no ranges",
            [asked_at(talk)], [words.dropped(side, "INVALID_ID_INFORMATION")], mend="write subnets",
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
        return talk.refuse(
            Step.PHASE2_IDS, Cause.IDS, side,
            f"{side.name} has no passive connection for {ours}, and no policy that could allow it", [asked_at(talk)],
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
        return talk.refuse(
            Step.PHASE2_PROPOSAL, Cause.PHASE2_PROPOSAL, side, f"isakmpd of {side.name} can do none of: {said}",
            [Place(talk.starter.name, suite.place, "offered") for suite in suites[:3]],
            [Log(side.name, "message_negotiate_sa: no compatible proposal found"),
             words.dropped(side, "NO_PROPOSAL_CHOSEN"), *notified(talk)],
            mend="offer algorithms that isakmpd has: aes, 3des, blowfish, cast128 with hmac_sha1 or hmac_sha256",
        )  # fmt: skip
    doubtful: tuple[OfferedSuite, tuple[Choice, ...]] | None = None
    last: PolicyAnswer | None = None
    for suite, choices in possible:
        answer = policy_answer(talk, side, suite, choices, ours, initiator=False)
        last = last or answer
        if answer is None or answer.accepted:
            assume(talk, side, answer)
            talk.decide(side, f"takes {shown(suite, choices)}", None if answer is None else answer.place)
            return _accept(talk, side, suite, choices)
        if answer.accepted is None and doubtful is None:
            doubtful = (suite, choices)
    if doubtful is not None:
        assert last is not None
        talk.doubts.append(Doubt(side.name, "whether its KeyNote policy accepts the proposal is open", last.place))
        return _accept(talk, side, *doubtful)
    assert last is not None
    return policy_refusal(talk, side, last, asked=False)


def _accept(talk: Talk, side: Side, suite: OfferedSuite, choices: tuple[Choice, ...]) -> Accepted | Refusal:
    if len(suite.groups) > 1:
        return talk.refuse(
            Step.PHASE2_PROPOSAL, Cause.PFS, side, "the protocols of the suite have different groups",
            [Place(talk.starter.name, suite.pfs_place, "not the same group in every protocol")],
            [words.dropped(side, "NO_PROPOSAL_CHOSEN"), *notified(talk)], differing="PFS group",
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
