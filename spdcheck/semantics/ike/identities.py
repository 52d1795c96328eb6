"""How a side names itself in phase 1, and whether the other takes that name.

racoon compares ``peers_identifier`` only with ``verify_identifier on``, and in main mode with a pre-shared key wants an
address; isakmpd compares ``Remote-ID`` byte by byte. Sources: ipsec-tools src/racoon/ipsec_doi.c
``ipsecdoi_checkid1``; isakmpd ike_phase_1.c ``ike_phase_1_recv_ID``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_address
from spdcheck.model.ike import ExchangeMode, IdentityType
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Cause, Log, Place, Refusal, Step

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ike import Identity, IkePeer
    from spdcheck.semantics.ike.sides import Side
    from spdcheck.source import Span


class Named(NamedTuple):
    """An identity as it is sent; ``value`` is None where only a certificate tells it."""

    type: IdentityType
    value: str | None
    addresses: AddressRange | None
    origin: Span | None

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.type.value} of its certificate"
        return self.value if self.type is IdentityType.ADDRESS else f"{self.type.value} {self.value}"


def own_identity(side: Side, section: IkePeer) -> Named:
    """The name that a side sends: its own address where nothing is written."""
    written = section.my_identity
    if written is None or (written.type is IdentityType.ADDRESS and written.value is None):
        origin = written.origin if written is not None and written.origin != section.heading else None
        return Named(IdentityType.ADDRESS, str(side.own), side.own, origin)
    addresses = written.addresses
    if written.type is IdentityType.ADDRESS and addresses is None and written.value:
        addresses = parse_address(written.value)
    value = str(addresses) if written.type is IdentityType.ADDRESS and addresses is not None else written.value
    return Named(written.type, value, addresses, written.origin)


def accepted(
    side: Side, sections: tuple[IkePeer, ...], named: Named, mode: ExchangeMode, *, by_key: bool
) -> Refusal | bool | None:
    """What a side makes of the other's name: a refusal, True, or None where a certificate tells."""
    if side.is_racoon and by_key and mode is ExchangeMode.MAIN and named.type is not IdentityType.ADDRESS:
        return _needs_address(side, sections, named)
    doubtful = False
    refused: Identity | None = None
    for section in sections:
        wanted = section.peer_identities if section.verify_identifier else ()
        fits = [_fits(item, named) for item in wanted]
        if not wanted or True in fits:
            return True
        if None in fits:
            doubtful = True
        refused = refused or wanted[0]
    if doubtful or refused is None:
        return None if doubtful else True
    return _another(side, refused, named)


def _fits(wanted: Identity, named: Named) -> bool | None:
    """An identity without a value takes any of its type; None where it is not known."""
    if wanted.type is not named.type:
        return False
    if wanted.value is None:
        return True
    if named.value is None:
        return None
    if wanted.addresses is not None and named.addresses is not None:
        return wanted.addresses == named.addresses
    return wanted.value == named.value


def _needs_address(side: Side, sections: tuple[IkePeer, ...], named: Named) -> Refusal:
    places = [Place(side.other, named.origin, f"names itself by {named}")] if named.origin is not None else []
    if sections:
        modes = sections[0].modes_origin or sections[0].heading
        places.insert(0, Place(side.name, modes, "main mode with a pre-shared key"))
    return Refusal(
        step=Step.IDENTITIES,
        cause=Cause.IDENTITY,
        by=side.name,
        reason=f"{side.other} names itself by {named}, but racoon of {side.name} takes only an address as identity in "
        "main mode with a pre-shared key",
        places=tuple(places),
        logs=(
            Log(side.name, f"Expecting IP address type in main mode, but {words.ID_TYPES[named.type]}."),
            Log(side.name, "invalid ID payload."),
        ),
        differing="identity",
        mend="write my_identifier address, or use aggressive mode or certificates",
    )


def _another(side: Side, wanted: Identity, named: Named) -> Refusal:
    expected = wanted.value or wanted.type.value
    word = "peers_identifier" if side.is_racoon else "Remote-ID"
    places = [Place(side.name, wanted.origin, f"expects {wanted.type.value} {expected}")]
    if named.origin is not None:
        places.append(Place(side.other, named.origin, f"sends {named}"))
    line = "No ID match." if side.is_racoon else f"received remote ID other than expected {expected}"
    return Refusal(
        step=Step.IDENTITIES,
        cause=Cause.IDENTITY,
        by=side.name,
        reason=f"{side.other} names itself by {named}, but {side.name} expects {wanted.type.value} {expected}",
        places=tuple(places),
        logs=(Log(side.name, line),),
        differing="identity",
        mend=f"write the same identity in {word} of {side.name} and in the own identity of {side.other}",
    )
