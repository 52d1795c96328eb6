"""``divert-to``, ``divert-packet`` and ``divert-reply``: what pfctl demands of them, and how pf prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.dialect import FREEBSD
from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.hosts import named_or_literal
from spdcheck.formats.pf.lexer import Refused
from spdcheck.model.addresses import address_text
from spdcheck.model.pf_conditions import Literal

if TYPE_CHECKING:
    from spdcheck.formats.pf.draft import Draft

_LOOPBACK_NAMES = {"localhost": {4: 0x7F000001, 6: 1}}


def family_with_divert(draft: Draft, family: int | None) -> int | None:
    """The family of the rule: that of the address of ``divert-to``, if it says none. Refuses what does not fit."""
    if draft.divert is None:
        return family
    kind, word, _ = draft.divert
    if kind == "divert-reply" and draft.direction == "in":
        raise Refused("divert-reply used with incoming rule")
    if kind != "divert-to":
        return family
    if draft.direction == "out":
        raise Refused("divert-to used with outgoing rule")
    addresses = _addresses(word)
    if family is None:
        return next(iter(addresses), None)
    if addresses and family not in addresses:
        raise Refused("divert-to address family mismatch")
    return family


def divert_text(draft: Draft, family: int | None) -> str:
    """The option as pf prints it; empty without one."""
    if draft.divert is None:
        return ""
    kind, word, port = draft.divert
    if kind == "divert-reply":
        return kind
    if draft.dialect.vocabulary == FREEBSD:
        return f"{kind} {port}"  # FreeBSD's divert(4) has no address
    if kind == "divert-packet" or not word:
        return f"{kind} port {port}"
    address = _addresses(word)
    shown = address_text(family, address[family]) if family in address else word
    return f"{kind} {shown} port {port}"


def _addresses(word: str) -> dict[int, int]:
    try:
        address = named_or_literal(word).address
    except Refused:
        raise Refused(f"could not parse divert address: {word}") from None
    if isinstance(address, Literal):
        return {address.addresses.family: address.addresses.first}
    return _LOOPBACK_NAMES.get(word, {})
