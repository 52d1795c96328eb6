"""What racoon makes of a quick mode proposal (ipsec-tools src/racoon/proposal.c ``cmpsaprop_alloc``, ``cmpsatrns``).

Suites must have the same protocols in the same order; the initiator's order of transforms decides; lifetime, key length
and PFS group are judged as ``proposal_check`` of the ``remote`` section says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import ProposalCheck
from spdcheck.model.policy import Mode, Protocol
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause
from spdcheck.semantics.ike.phase1_proposals import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.semantics.ike.quick_offers import Choice, OfferedProtocol, OfferedSuite
    from spdcheck.source import Span

_CIPHERS = {
    "des-cbc": "DES", "3des-cbc": "3DES", "aes-cbc": "AES", "blowfish-cbc": "BLOWFISH", "cast128-cbc": "CAST",
    "null": "NULL", "camellia-cbc": "CAMELLIA", "twofish-cbc": "TWOFISH", "rc5-cbc": "RC5", "idea-cbc": "IDEA",
}  # fmt: skip
_HASHES = {
    "hmac-md5": "hmac-md5", "hmac-sha1": "hmac-sha", "hmac-sha2-256": "hmac-sha256", "hmac-sha2-384": "hmac-sha384",
    "hmac-sha2-512": "hmac-sha512", "null": "254",
}  # fmt: skip
_STRICT = (ProposalCheck.STRICT, ProposalCheck.CLAIM)


class Accepted(NamedTuple):
    """The suite that is taken, one choice for each of its protocols, and the lifetimes and group that count.

    ``shortened``: the responder tells the initiator of its own, shorter lifetime (RESPONDER-LIFETIME).
    """

    suite: OfferedSuite
    choices: tuple[Choice, ...]
    pfs: int | None
    seconds: int | None
    kilobytes: int | None
    shortened: bool = False


def takes(
    offered: Iterable[OfferedSuite], mine: OfferedSuite, check: ProposalCheck
) -> Accepted | tuple[Difference, ...]:
    """The first offered suite that equals ours, or what keeps the nearest one from it."""
    best: tuple[Difference, ...] | None = None
    for suite in offered:
        choices, differences = _protocols(suite, mine, check)
        differences += tuple(_numbers(suite, mine, check))
        if not differences:
            return _accepted(suite, choices, mine, check)
        if best is None or len(differences) < len(best):
            best = differences
    return best or ()


def _accepted(suite: OfferedSuite, choices: tuple[Choice, ...], mine: OfferedSuite, check: ProposalCheck) -> Accepted:
    seconds, kilobytes, shortened = suite.seconds, suite.kilobytes, False
    if check is ProposalCheck.CLAIM and mine.seconds is not None and (seconds or 0) > mine.seconds:
        seconds, shortened = mine.seconds, True
    if check is ProposalCheck.CLAIM and mine.kilobytes is not None and (kilobytes or 0) > mine.kilobytes:
        kilobytes, shortened = mine.kilobytes, True
    return Accepted(suite, choices, suite.pfs, seconds, kilobytes, shortened)


def _protocols(
    suite: OfferedSuite, mine: OfferedSuite, check: ProposalCheck
) -> tuple[tuple[Choice, ...], tuple[Difference, ...]]:
    if len(suite.protocols) != len(mine.protocols):
        got, expected = (
            " + ".join(item.protocol.value for item in side.protocols) or "nothing" for side in (suite, mine)
        )
        return (), (
            Difference("protocols", got, expected, suite.place, _first_place(mine), Cause.PHASE2_PROPOSAL,
                       f"pair comparison: {len(suite.protocols)} protocols, mine {len(mine.protocols)}"),
        )  # fmt: skip
    choices: list[Choice] = []
    differences: list[Difference] = []
    for theirs, ours in zip(suite.protocols, mine.protocols, strict=True):
        found = _protocol(theirs, ours, check)
        if isinstance(found, Difference):
            differences.append(found)
        else:
            choices.append(found)
    return tuple(choices), tuple(differences)


def _protocol(theirs: OfferedProtocol, ours: OfferedProtocol, check: ProposalCheck) -> Choice | Difference:
    if theirs.protocol is not ours.protocol:
        return Difference(
            "protocol", theirs.protocol.value, ours.protocol.value, theirs.place, ours.place, Cause.PHASE2_PROPOSAL,
            f"proto_id mismatched: my:{ours.protocol.name} peer:{theirs.protocol.name}",
        )  # fmt: skip
    got_mode = theirs.mode or Mode.TRANSPORT
    if got_mode is not ours.mode:
        own = "" if ours.mode is None else ours.mode.value
        return Difference(
            "mode", got_mode.value, own, theirs.place, ours.place, Cause.PHASE2_PROPOSAL,
            f"encmode mismatched: my:{own.capitalize()} peer:{got_mode.value.capitalize()}",
        )  # fmt: skip
    nearest: Difference | None = None
    for choice in theirs.choices:
        for mine in ours.choices:
            difference = _transform(choice, mine, ours.protocol, check)
            if difference is None:
                return choice
            if nearest is None or (nearest.attribute == "encryption" != difference.attribute):
                nearest = difference
    return nearest or Difference(
        "transform", "none", "one", theirs.place, ours.place, Cause.PHASE2_PROPOSAL, "not matched"
    )


def _transform(got: Choice, mine: Choice, protocol: Protocol, check: ProposalCheck) -> Difference | None:
    if protocol is not Protocol.AH and got.encryption != mine.encryption:
        return Difference(
            "encryption", str(got.encryption), str(mine.encryption), got.place, mine.place, Cause.PHASE2_PROPOSAL,
            f"trns_id mismatched: my:{_word(_CIPHERS, mine.encryption)} peer:{_word(_CIPHERS, got.encryption)}",
        )  # fmt: skip
    if protocol is not Protocol.IPCOMP and (got.integrity or "null") != (mine.integrity or "null"):
        return Difference(
            "integrity", got.integrity or "none", mine.integrity or "none", got.place, mine.place,
            Cause.PHASE2_PROPOSAL,
            f"authtype mismatched: my:{_word(_HASHES, mine.integrity)} peer:{_word(_HASHES, got.integrity)}",
        )  # fmt: skip
    length, own = got.bits or 0, mine.bits or 0
    if check is not ProposalCheck.OBEY and (length < own if check in _STRICT else length != own):
        return Difference(
            "key length", str(length), f"at least {own}" if check in _STRICT else str(own), got.place, mine.place,
            Cause.PHASE2_PROPOSAL, f"low key length proposed, mine:{own} peer:{length}",
        )  # fmt: skip
    return None


def _numbers(suite: OfferedSuite, mine: OfferedSuite, check: ProposalCheck) -> Iterator[Difference]:
    """Lifetimes and the group; ``obey`` takes everything."""
    if check is ProposalCheck.OBEY:
        return
    for got, own, is_seconds in ((suite.seconds, mine.seconds, True), (suite.kilobytes, mine.kilobytes, False)):
        longer = (got or 0) > (own or 0) and own is not None
        if check is ProposalCheck.EXACT:
            longer = (got or 0) != (own or 0)
        elif check is ProposalCheck.CLAIM:
            longer = False
        if longer:
            limit = ("" if check is ProposalCheck.EXACT else "at most ") + _life(own, is_seconds=is_seconds)
            yield Difference(
                "lifetime", _life(got, is_seconds=is_seconds), limit,
                suite.life_place, mine.life_place, Cause.LIFETIME,
                f"long lifetime proposed: my:{own or 0} peer:{got or 0}",
            )  # fmt: skip
    if suite.pfs != mine.pfs and (mine.pfs is not None or check is ProposalCheck.EXACT):
        yield Difference(
            "PFS group", str(suite.pfs or "none"), str(mine.pfs or "none"), suite.pfs_place, mine.pfs_place, Cause.PFS,
            f"pfs group mismatched: my:{mine.pfs or 0} peer:{suite.pfs or 0}",
        )  # fmt: skip


def _life(amount: int | None, *, is_seconds: bool) -> str:
    return words.duration(amount or 0, None) if is_seconds else words.duration(None, amount or 0)


def _first_place(suite: OfferedSuite) -> Span:
    return suite.protocols[0].place if suite.protocols else suite.place


def _word(known: dict[str, str], name: str | None) -> str:
    return known.get(name or "null", name or "none")
