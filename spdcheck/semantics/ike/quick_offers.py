"""What an initiator offers in quick mode: suites of protocols, each with its choice of transforms.

racoon makes one suite of a policy's templates, with every combination of its ``sainfo``'s algorithms; isakmpd sends
every suite of its connection. Sources: ipsec-tools src/racoon/proposal.c ``set_proposal_from_policy``; isakmpd
ike_quick_mode.c ``initiator_send_HASH_SA_NONCE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Mode, Protocol
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.ike import Phase2Proposal
    from spdcheck.model.isakmpd import Phase2Transform, Suite
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span

_PROTOCOLS = {"esp": Protocol.ESP, "ah": Protocol.AH, "ipcomp": Protocol.IPCOMP}


class Choice(NamedTuple):
    """One transform of a protocol. ``bits`` is the key length that is sent, None where none is."""

    encryption: str | None
    bits: int | None
    integrity: str | None
    place: Span

    def __str__(self) -> str:
        cipher = self.encryption if self.bits is None else f"{self.encryption}-{self.bits}"
        return ", ".join(word for word in (cipher, self.integrity) if word and word != "null") or "null"


class OfferedProtocol(NamedTuple):
    """One SA of a suite; the responder takes one of the choices. ``mode`` is None where the offer does not say."""

    protocol: Protocol
    mode: Mode | None
    choices: tuple[Choice, ...]
    place: Span


class OfferedSuite(NamedTuple):
    """SAs that are made together. ``pfs`` is the group, None for none; a suite of isakmpd has one for each protocol."""

    protocols: tuple[OfferedProtocol, ...]
    pfs: int | None
    seconds: int | None
    kilobytes: int | None
    place: Span
    pfs_place: Span
    life_place: Span
    groups: frozenset[int | None] = frozenset()

    def __str__(self) -> str:
        parts = []
        for item in self.protocols:
            mode = "" if item.mode is None else f"/{item.mode.value}"
            parts.append(f"{item.protocol.value}{mode} {' | '.join(str(choice) for choice in item.choices)}")
        pfs = "no PFS" if self.pfs is None else f"PFS group {self.pfs}"
        return f"{' + '.join(parts)}; {pfs}; {words.duration(self.seconds, self.kilobytes)}"


class Need(NamedTuple):
    """A protection that a policy wants, and the line that says so."""

    protocol: Protocol
    mode: Mode
    origin: Span


def needs(policy: SecurityPolicy) -> tuple[Need, ...]:
    """What a policy wants, in its order."""
    return tuple(Need(template.protocol, template.mode, template.origin) for template in policy.templates)


def of_racoon(templates: Iterable[Need], sainfo: Phase2Proposal) -> OfferedSuite:
    """racoon's only suite for what a policy wants."""
    ciphers = sainfo.encryption
    protocols = []
    for template in templates:
        if template.protocol is Protocol.ESP:
            choices = tuple(
                Choice(cipher.name, cipher.bits, integrity.name, cipher.origin)
                for cipher in ciphers
                for integrity in sainfo.integrity or ()
            ) or tuple(Choice(cipher.name, cipher.bits, None, cipher.origin) for cipher in ciphers)
        elif template.protocol is Protocol.AH:
            choices = tuple(
                Choice(None, None, integrity.name, integrity.origin)
                for integrity in sainfo.integrity
                if integrity.name != "null"
            )
        else:
            choices = tuple(Choice(name, None, None, sainfo.heading) for name in sainfo.compression)
        protocols.append(OfferedProtocol(template.protocol, template.mode, choices, template.origin))
    return OfferedSuite(
        protocols=tuple(protocols),
        pfs=sainfo.pfs_group or None,
        seconds=sainfo.lifetime.seconds,
        kilobytes=sainfo.lifetime.kilobytes,
        place=sainfo.heading,
        pfs_place=sainfo.pfs_origin or sainfo.heading,
        life_place=sainfo.lifetime.origin or sainfo.heading,
        groups=frozenset({sainfo.pfs_group or None}),
    )


def of_isakmpd(suite: Suite) -> OfferedSuite:
    """One suite of a connection."""
    protocols, groups = [], []
    seconds = kilobytes = None
    life_place = pfs_place = suite.origin
    for item in suite.protocols:
        kind = _PROTOCOLS.get(item.protocol)
        if kind is None:
            continue
        first = item.transforms[0] if item.transforms else None
        mode = None if first is None or first.tunnel is None else Mode.TUNNEL if first.tunnel else Mode.TRANSPORT
        protocols.append(OfferedProtocol(kind, mode, tuple(map(_choice, item.transforms)), item.origin))
        if first is None:
            continue
        groups.append(first.group)
        if first.group is not None:
            pfs_place = first.origin
        for life in first.lives:
            if life.range is None:
                continue
            life_place = life.origin
            if life.unit == "seconds":
                seconds = life.range.offer
            else:
                kilobytes = life.range.offer
    return OfferedSuite(
        protocols=tuple(protocols),
        pfs=next((group for group in groups if group is not None), None),
        seconds=seconds,
        kilobytes=kilobytes,
        place=suite.origin,
        pfs_place=pfs_place,
        life_place=life_place,
        groups=frozenset(groups),
    )


def _choice(transform: Phase2Transform) -> Choice:
    cipher = transform.encryption
    bits = None if transform.key_bits is None else transform.key_bits.offer
    integrity = None if transform.integrity is None else transform.integrity.name
    place = transform.origin if cipher is None or transform.is_generated else cipher.origin
    return Choice(None if cipher is None else cipher.name, bits, integrity, place)
