"""What SAs between two peers can be, as their key daemons would agree on them: algorithms, key lengths, lifetimes.

The initiator's order decides in both daemons. So of the algorithms that both sides name only two can ever be chosen:
the first of ours that the peer takes, and the first of the peer's that we take. Where the peer is not known, each of
ours may be. Sources: ipsec-tools src/racoon/proposal.c ``cmpsaprop_alloc``, ipsec_doi.c ``get_ph2approval``, pfkey.c
``pk_sendupdate`` (soft lifetimes are 80 % of the hard ones, libipsec's ``soft_lifetime_allocations_rate``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.algorithms import CIPHERS
from spdcheck.model.diagnostic import Part
from spdcheck.model.ike import ProposalCheck
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.isakmpd_connections import connections
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import Sainfos, compares_upper_layer, ids_of
from spdcheck.semantics.remote_selection import Remotes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import Algorithm, IkePeer, KeyDaemon, Phase2Proposal
    from spdcheck.model.isakmpd import NumberRange
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.peering import Peering
    from spdcheck.source import Span

DEFAULT_KEY_BITS = 128
"""What racoon offers for a cipher of variable key length whose length is not given."""

SOFT_PERCENT = 80
"""racoon's soft lifetime, in percent of the hard one."""


class Choice(NamedTuple):
    """An algorithm that can be chosen, and the key lengths in bits that it may have (None: any)."""

    name: str
    bits: frozenset[int] | None
    origin: Span

    def __str__(self) -> str:
        lengths = f"-{'/'.join(map(str, sorted(self.bits)))}" if self.bits is not None else ""
        return f"{self.name}{lengths}"


class Terms(NamedTuple):
    """What an SA may be. ``ours`` is the place that says so, ``set_here`` that of its lifetime.

    ``seconds`` are the hard lifetimes that either side asks for; with ``shorter_too`` a peer that is not known may have
    asked for less. ``seconds`` is None where the peer may dictate them. ``has_bytes``: the bytes are limited; None
    where that depends on what is chosen, or where nobody knows. ``why`` says in words where the algorithms come from;
    ``soft_percent`` is the part of the hard lifetime after which an SA is renewed, None where that is drawn by lot.
    """

    encryption: tuple[Choice, ...]
    integrity: tuple[Choice, ...]
    seconds: frozenset[int] | None
    shorter_too: bool
    has_bytes: bool | None
    ours: Span
    why: str
    set_here: Span | None = None
    soft_percent: int | None = None


class RacoonTerms:
    """The terms of one racoon with each of its peers."""

    def __init__(self, peering: Peering, host: Host, daemon: KeyDaemon) -> None:
        self._peering = peering
        self._host = host
        self._remotes = Remotes(daemon)
        self._sainfos = Sainfos(daemon)
        self._strict = compares_upper_layer(host) is True

    def of(self, policy: SecurityPolicy) -> Terms | None:
        """What the SAs of a policy may be; None where nothing of ours would negotiate them."""
        far = far_address(policy)
        section = None if far is None else self._remotes.for_peer(far)
        if far is None or section is None:
            return None
        ids = ids_of(policy)
        own = self._sainfos.select(ids, ph1id=section.ph1id, answering=True, strict=self._strict).proposal
        if own is None:
            return None
        return _terms(own, section, self._of_peer(policy, far))

    def _of_peer(self, policy: SecurityPolicy, far: AddressRange) -> Phase2Proposal | None:
        """The ``sainfo`` of the peer for the same traffic, if the peer is a racoon of the site."""
        peer = self._peering.owner(far)
        near = near_address(policy)
        if peer is None or peer is self._host or near is None or peer.gap_in(Part.IKE) is not None:
            return None
        seen = self._host.public_address or near
        for daemon in peer.daemons:
            if daemon.program == "racoon":
                section = Remotes(daemon).for_peer(seen)
                if section is None:
                    return None
                ids = ids_of(policy).reversed()
                return Sainfos(daemon).select(ids, ph1id=section.ph1id, answering=True).proposal
        return None


def _terms(own: Phase2Proposal, section: IkePeer, theirs: Phase2Proposal | None) -> Terms:
    obeys = section.proposal_check is ProposalCheck.OBEY
    limits = [own.lifetime] if theirs is None else [own.lifetime, theirs.lifetime]
    seconds = frozenset(limit.seconds for limit in limits if limit.seconds is not None)
    return Terms(
        encryption=choices(own.encryption, None if theirs is None else theirs.encryption),
        integrity=choices(own.integrity, None if theirs is None else theirs.integrity),
        seconds=None if theirs is None and obeys else seconds or None,
        shorter_too=theirs is None,
        has_bytes=None if theirs is None or any(limit.kilobytes for limit in limits) else False,
        ours=own.heading,
        set_here=own.lifetime.origin,
        why="is what its sainfo offers" if theirs is None else "is what both sides would choose first",
        soft_percent=SOFT_PERCENT,
    )


def isakmpd_terms(peering: Peering, policy: SecurityPolicy) -> Terms | None:
    """What the SAs of a flow may be: anything that a suite of the initiator offers; isakmpd asks only KeyNote then."""
    if policy.by_ike is None:
        return None
    initiator = next((host for host in peering.site.hosts if host.name == policy.by_ike.initiator), None)
    if initiator is None or initiator.gap_in(Part.IKE) is not None:
        return None
    transforms = [
        transform
        for _, connection in connections(initiator)
        for suite in connection.suites
        for protocol in suite.protocols
        for transform in protocol.transforms
    ]
    if not transforms:
        return None
    lives = [life for transform in transforms for life in transform.lives if life.unit == "seconds"]
    limited = {any(life.unit == "kilobytes" for life in transform.lives) for transform in transforms}
    offers = frozenset(life.range.offer for life in lives if life.range is not None)
    return Terms(
        encryption=tuple(_of_transform(t.encryption, t.key_bits) for t in transforms if t.encryption is not None),
        integrity=tuple(Choice(t.integrity.name, None, t.integrity.origin) for t in transforms if t.integrity),
        seconds=offers if lives and all(life.range is not None for life in lives) else None,
        shorter_too=False,
        has_bytes=limited.pop() if len(limited) == 1 else None,
        ours=policy.origin,
        why=f"is what the suites of {initiator.name} offer",
    )


def _of_transform(item: Algorithm, bits: NumberRange | None) -> Choice:
    cipher = CIPHERS.get(item.name)
    if cipher is None or len(cipher.key_bits) < 2 or cipher.salt_bits:
        return Choice(item.name, None, item.origin)
    if bits is not None:
        lengths = frozenset(length for length in cipher.key_bits if bits.least <= length <= bits.most)
        return Choice(item.name, lengths or None, item.origin)
    return Choice(item.name, None, item.origin)


def choices(ours: Sequence[Algorithm], theirs: Sequence[Algorithm] | None) -> tuple[Choice, ...]:
    """The algorithms that can come out; none where the two sides have none in common."""
    if theirs is None:
        return tuple(Choice(item.name, _longer(item), item.origin) for item in ours)
    found: dict[str, Choice] = {}
    for first, second in ((ours, theirs), (theirs, ours)):
        known = {item.name: item for item in reversed(second)}
        for item in first:
            if item.name in known:
                lengths = _either(item, known[item.name])
                found.setdefault(item.name, Choice(item.name, lengths, item.origin))
                break
    return tuple(found.values())


def _bits(item: Algorithm) -> int | None:
    """The length of its keys; None for a cipher of one length only, and for those whose keys hold a salt."""
    cipher = CIPHERS.get(item.name)
    if cipher is None or len(cipher.key_bits) < 2 or cipher.salt_bits or item.name == "null":
        return None
    return item.bits if item.bits is not None else DEFAULT_KEY_BITS


def _longer(item: Algorithm) -> frozenset[int] | None:
    """Ours and every longer one: a responder takes those too."""
    bits = _bits(item)
    cipher = CIPHERS.get(item.name)
    if bits is None or cipher is None:
        return None
    return frozenset(length for length in cipher.key_bits if length >= bits)


def _either(one: Algorithm, other: Algorithm) -> frozenset[int] | None:
    lengths: Iterable[int | None] = (_bits(one), _bits(other))
    known = frozenset(length for length in lengths if length is not None)
    return known or None
