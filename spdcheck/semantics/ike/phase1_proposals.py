"""Phase 1 proposals: what each daemon offers, and which offer the other one takes.

The initiator's order decides at both daemons. racoon compares all attributes, and lifetime and key length as
``proposal_check`` says; isakmpd compares those that the offer has, numbers with the ranges of its sections. Sources:
ipsec-tools src/racoon/ipsec_doi.c ``get_ph1approval``, ``checkisakmpsa``; isakmpd ike_phase_1.c
``ike_phase_1_validate_prop``, ``attribute_unacceptable``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import ProposalCheck
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.ike import Algorithm, AuthMethod, IkePeer, Phase1Proposal
    from spdcheck.model.isakmpd import Life, Phase1Transform
    from spdcheck.source import Span

_STRICT = (ProposalCheck.STRICT, ProposalCheck.CLAIM)
_SIDES = ("_client", "_server")


class Offer(NamedTuple):
    """One offered transform; what is None is not in it. ``places`` are the lines of its attributes."""

    encryption: str | None
    bits: int | None
    hash: str | None
    auth: AuthMethod | None
    auth_name: str
    group: int | None
    lives: tuple[tuple[str, int], ...]
    origin: Span
    places: dict[str, Span]

    def __str__(self) -> str:
        cipher = self.encryption or "no cipher"
        parts = [
            cipher if self.bits is None else f"{cipher}-{self.bits}",
            self.hash or "no hash",
            self.method,
            f"group {self.group}" if self.group is not None else "no group",
            self.life,
        ]
        return ", ".join(parts)

    @property
    def method(self) -> str:
        """How one proves who one is; hybrid and XAuth methods by their names, since each end has its own."""
        if self.auth is None:
            return "no authentication"
        return self.auth_name if self.auth_name.endswith(_SIDES) else self.auth.value

    @property
    def life(self) -> str:
        """The lifetimes in words."""
        return " or ".join(words.duration(*_amounts(unit, value)) for unit, value in self.lives) or "no lifetime"

    def life_of(self, unit: str) -> int | None:
        """The first lifetime of a unit."""
        return next((value for known, value in self.lives if known == unit), None)


class Difference(NamedTuple):
    """An attribute in which an offer is not what the responder takes; ``log`` is its line about it, if it has one."""

    attribute: str
    got: str
    expected: str
    theirs: Span
    ours: Span
    cause: Cause
    log: str = ""


class Match(NamedTuple):
    """The offer that is taken and the line of the responder that takes it; or what keeps the nearest one from it."""

    offer: Offer | None
    by: Span | None
    differences: tuple[Difference, ...] = ()
    nearest: Offer | None = None
    section: IkePeer | None = None


def offers(section: IkePeer, *, is_racoon: bool) -> tuple[Offer, ...]:
    """What a section offers, in its order."""
    if is_racoon:
        return tuple(_of_racoon(proposal) for proposal in section.proposals)
    return tuple(_of_isakmpd(transform) for transform in section.transforms)


def match(offered: Iterable[Offer], sections: Iterable[IkePeer], *, is_racoon: bool) -> Match:
    """What a responder makes of offers: the first that one of its sections takes."""
    known = tuple(sections)
    best: tuple[tuple[int, int], Match] | None = None
    for offer in offered:
        for section in known:
            for place, differences in _judged(offer, section, is_racoon=is_racoon):
                if not differences:
                    return Match(offer, place, section=section)
                # what differs in lifetime alone is nearer than what differs in an algorithm
                distance = (len(differences), sum(item.cause is not Cause.LIFETIME for item in differences))
                if best is None or distance < best[0]:
                    best = (distance, Match(None, place, differences, offer, section))
    return Match(None, None) if best is None else best[1]


def _judged(offer: Offer, section: IkePeer, *, is_racoon: bool) -> Iterator[tuple[Span, tuple[Difference, ...]]]:
    if is_racoon:
        for proposal in section.proposals:
            yield proposal.origin, tuple(_by_racoon(offer, proposal, section.proposal_check))
    else:
        for transform in section.transforms:
            yield transform.origin, tuple(_by_isakmpd(offer, transform))


def _of_racoon(proposal: Phase1Proposal) -> Offer:
    seconds, kilobytes = proposal.lifetime.seconds, proposal.lifetime.kilobytes
    lives = [("seconds", seconds), ("kilobytes", kilobytes)]
    return Offer(
        encryption=proposal.encryption.name,
        bits=proposal.encryption.bits,
        hash=proposal.hash.name,
        auth=proposal.auth,
        auth_name=proposal.auth_name,
        group=proposal.group,
        lives=tuple((unit, value) for unit, value in lives if value is not None),
        origin=proposal.origin,
        places={
            "encryption": proposal.encryption.origin,
            "hash": proposal.hash.origin,
            "authentication": proposal.auth_origin,
            "group": proposal.group_origin,
            "lifetime": proposal.lifetime.origin or proposal.origin,
        },
    )


def _of_isakmpd(transform: Phase1Transform) -> Offer:
    places = {"group": transform.origin, "authentication": transform.origin}
    for name, algorithm in (("encryption", transform.encryption), ("hash", transform.hash)):
        places[name] = _place(algorithm, transform.origin)
    places["lifetime"] = transform.lives[0].origin if transform.lives else transform.origin
    return Offer(
        encryption=None if transform.encryption is None else transform.encryption.name,
        bits=None if transform.key_bits is None else transform.key_bits.offer,
        hash=None if transform.hash is None else transform.hash.name,
        auth=transform.auth,
        auth_name="",
        group=transform.group,
        lives=tuple((life.unit, life.range.offer) for life in transform.lives if life.range is not None),
        origin=transform.origin,
        places=places,
    )


def _by_racoon(offer: Offer, mine: Phase1Proposal, check: ProposalCheck) -> Iterator[Difference]:
    """``checkisakmpsa``: what is missing in an offer equals nothing."""
    log = "rejected {}: DB(prop#1:trns#1):Peer(prop#1:trns#1) = {}:{}"
    if not _same_method(offer, mine):
        got, own = words.RACOON_METHODS.get(offer.auth) if offer.auth else None, words.RACOON_METHODS.get(mine.auth)
        yield Difference(
            "authentication", offer.auth_name or _value(offer.auth), mine.auth_name or mine.auth.value,
            offer.places["authentication"], mine.auth_origin, Cause.PROPOSAL,
            log.format("authmethod", own or mine.auth_name, got or offer.auth_name),
        )  # fmt: skip
    if offer.encryption != mine.encryption.name:
        yield Difference(
            "encryption", _cipher(offer), str(mine.encryption), offer.places["encryption"], mine.encryption.origin,
            Cause.PROPOSAL,
            log.format(
                "enctype",
                words.RACOON_CIPHERS.get(mine.encryption.name),
                words.RACOON_CIPHERS.get(offer.encryption or ""),
            ),
        )  # fmt: skip
    if offer.hash != mine.hash.name:
        yield Difference(
            "hash", offer.hash or "none", mine.hash.name, offer.places["hash"], mine.hash.origin, Cause.PROPOSAL,
            log.format("hashtype", words.RACOON_HASHES.get(mine.hash.name), words.RACOON_HASHES.get(offer.hash or "")),
        )  # fmt: skip
    if offer.group != mine.group:
        got_group = "none" if offer.group is None else words.racoon_group(offer.group)
        yield Difference(
            "group", _number(offer.group), str(mine.group), offer.places["group"], mine.group_origin, Cause.PROPOSAL,
            log.format("dh_group", words.racoon_group(mine.group), got_group),
        )  # fmt: skip
    yield from _numbers_by_racoon(offer, mine, check)


def _numbers_by_racoon(offer: Offer, mine: Phase1Proposal, check: ProposalCheck) -> Iterator[Difference]:
    if check is ProposalCheck.OBEY:
        return
    got, own = offer.bits or 0, mine.encryption.bits or 0
    same_cipher = offer.encryption == mine.encryption.name
    if same_cipher and (got < own if check in _STRICT else got != own):
        yield Difference(
            "key length", str(got), f"at least {own}" if check in _STRICT else str(own),
            offer.places["encryption"], mine.encryption.origin, Cause.PROPOSAL,
        )  # fmt: skip
    for unit, limit in (("seconds", mine.lifetime.seconds), ("kilobytes", mine.lifetime.kilobytes)):
        value = offer.life_of(unit) or 0
        if limit is None and not value:
            continue
        if value > (limit or 0) if check in _STRICT else value != (limit or 0):
            wanted = words.duration(*_amounts(unit, limit or 0))
            yield Difference(
                "lifetime", words.duration(*_amounts(unit, value)), f"at most {wanted}" if check in _STRICT else wanted,
                offer.places["lifetime"], mine.lifetime.origin or mine.origin, Cause.LIFETIME,
            )  # fmt: skip


def _by_isakmpd(offer: Offer, mine: Phase1Transform) -> Iterator[Difference]:
    """``attribute_unacceptable``: only what the offer has is compared."""
    for attribute, tag, got, own, place in _rows(offer, mine):
        if got is None or got == own or tag.lower() in mine.any_of:
            continue
        log = (
            f"attribute_unacceptable: attr {tag} does not exist in {mine.name}"
            if own is None
            else f"attribute_unacceptable: {tag}: got {_constant(tag, got)}, expected {_constant(tag, own)}"
        )
        yield Difference(attribute, got, own or "none", offer.places[attribute], place, Cause.PROPOSAL, log)
    if offer.bits is not None and "key_length" not in mine.any_of:
        allowed = mine.key_bits
        if allowed is None or not allowed.least <= offer.bits <= allowed.most:
            yield Difference(
                "key length", str(offer.bits), "none" if allowed is None else _span(allowed.least, allowed.most),
                offer.places["encryption"], _place(mine.encryption, mine.origin), Cause.PROPOSAL,
            )  # fmt: skip
    if "life" not in mine.any_of:
        yield from _lives_by_isakmpd(offer, mine)


def _rows(offer: Offer, mine: Phase1Transform) -> Iterator[tuple[str, str, str | None, str | None, Span]]:
    """``(attribute, tag, offered, own, own line)`` of what is compared word by word."""
    for attribute, tag, got, algorithm in (
        ("encryption", "ENCRYPTION_ALGORITHM", offer.encryption, mine.encryption),
        ("hash", "HASH_ALGORITHM", offer.hash, mine.hash),
    ):
        own = None if algorithm is None else algorithm.name
        yield attribute, tag, got, own, _place(algorithm, mine.origin)
    method = None if mine.auth is None else mine.auth.value
    yield "authentication", "AUTHENTICATION_METHOD", _method(offer), method, mine.origin
    groups = (None if number is None else str(number) for number in (offer.group, mine.group))
    yield "group", "GROUP_DESCRIPTION", next(groups), next(groups), mine.origin


def _constant(tag: str, value: str) -> str:
    """A value as isakmpd writes it."""
    if tag == "GROUP_DESCRIPTION":
        return words.ISAKMPD_GROUPS.get(int(value), value)
    if tag == "AUTHENTICATION_METHOD":
        return next((word for auth, word in words.ISAKMPD_METHODS.items() if auth.value == value), value)
    known = words.ISAKMPD_CIPHERS if tag == "ENCRYPTION_ALGORITHM" else words.ISAKMPD_HASHES
    return known.get(value, value)


def _lives_by_isakmpd(offer: Offer, mine: Phase1Transform) -> Iterator[Difference]:
    for unit, value in offer.lives:
        fitting = [life for life in mine.lives if life.unit == unit]
        if any(_takes(life, value) for life in fitting):
            continue
        ranges = [_range_of(life) for life in fitting]
        yield Difference(
            "lifetime", words.duration(*_amounts(unit, value)), " or ".join(ranges) or f"no lifetime in {unit}",
            offer.places["lifetime"], fitting[0].origin if fitting else mine.origin, Cause.LIFETIME,
        )  # fmt: skip


def _takes(life: Life, value: int) -> bool:
    return life.range is None or life.range.least <= value <= life.range.most


def _range_of(life: Life) -> str:
    if life.range is None:
        return "any"
    least, most = (words.duration(*_amounts(life.unit, end)) for end in (life.range.least, life.range.most))
    return least if least == most else f"{least} to {most}"


def _amounts(unit: str, value: int) -> tuple[int | None, int | None]:
    return (value, None) if unit == "seconds" else (None, value)


def _same_method(offer: Offer, mine: Phase1Proposal) -> bool:
    """Hybrid and XAuth methods have a client's and a server's name for the two ends of one."""
    own, their = mine.auth_name, offer.auth_name
    if own.endswith(_SIDES):
        return own != their and their.endswith(_SIDES) and own.rpartition("_")[0] == their.rpartition("_")[0]
    return offer.auth is mine.auth and not their.endswith(_SIDES)


def _method(offer: Offer) -> str | None:
    if offer.auth_name.endswith(_SIDES):
        return offer.auth_name
    return None if offer.auth is None else offer.auth.value


def _value(auth: AuthMethod | None) -> str:
    return "none" if auth is None else auth.value


def _cipher(offer: Offer) -> str:
    if offer.encryption is None:
        return "none"
    return offer.encryption if offer.bits is None else f"{offer.encryption}-{offer.bits}"


def _number(group: int | None) -> str:
    return "none" if group is None else str(group)


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _place(algorithm: Algorithm | None, otherwise: Span) -> Span:
    return otherwise if algorithm is None else algorithm.origin
