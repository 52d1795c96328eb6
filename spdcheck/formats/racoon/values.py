"""Addresses, ports, times and groups as racoon takes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.desk import Extent
from spdcheck.model.addresses import parse_address
from spdcheck.model.ike import Lifetime

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Node, Token
    from spdcheck.model.addresses import AddressRange

ISAKMP_PORT = 500
DEFAULT_LIFETIME = Lifetime(28800, None, None)
"""Of phase 1 (``oakley_get_defaultlifetime``) and phase 2 (``newsainfo``) alike."""

_REST = re.compile(r"[^\s;,{}\[\]/\"#]*")
_SECONDS = {"UNITTYPE_SEC": 1, "UNITTYPE_MIN": 60, "UNITTYPE_HOUR": 3600}
_GROUPS = {"modp768": 1, "modp1024": 2, "modp1536": 5, "modp2048": 14, "modp3072": 15, "modp4096": 16,
           "modp6144": 17, "modp8192": 18}  # fmt: skip
_NUMBERED_GROUPS = frozenset({1, 2, 3, 4, 5, 14, 15, 16, 17, 18})
_WITHOUT_CODE = frozenset({3, 4})


def address(desk: Desk, token: Token) -> AddressRange | None:
    """A numeric address; anything else is refused, as ``getaddrinfo`` with AI_NUMERICHOST does."""
    found = parse_address(token.string)
    if found is None:
        place = written_word(desk.file.text, token)
        desk.refuse(
            place, f"found `{desk.span(place).text}`, expected a numeric address",
            mend="racoon takes no host names: write the address in full",
        )  # fmt: skip
    return found


def written_word(text: str, token: Token) -> Extent:
    """The whole word that a token is (or is cut out of)."""
    start = token.strays[-1].start if token.strays and token.strays[-1].glued else token.start
    end = _REST.match(text, token.end)
    return Extent(start, end.end() if end else token.end)


def port(desk: Desk, token: Token | None, default: int = ISAKMP_PORT) -> int:
    """The number between brackets. C libraries disagree about one that is too big: some cut it to 16 bits."""
    if token is None or token.type != "PORT":
        return default
    if token.number > 65535:
        desk.refuse(token, f"found port {token.text}, expected 0 to 65535")
        return default
    return token.number


def lifetime(desk: Desk, node: Node, *, phase1: bool) -> Lifetime | None:
    """``lifetime time N UNIT;`` in seconds; None where it is refused."""
    if node.find("LIFETYPE_BYTE"):
        message = f"byte lifetime support is deprecated{' in Phase1' if phase1 else ''}: racoon refuses it"
        desk.refuse(node, message, mend="remove it, or limit the time (`lifetime time 8 hour;`)")
        return None
    return Lifetime(seconds(node), None, desk.span(node))


def seconds(node: Node) -> int:
    """``N UNIT`` in seconds."""
    number, unit = node.find("NUMBER"), node.find(*_SECONDS)
    return number.number * _SECONDS[unit.type] if number is not None and unit is not None else 0


def group(desk: Desk, token: Token) -> int | None:
    """A Diffie-Hellman group by name or number; None where it is refused."""
    if token.type == "NUMBER" and token.number in _NUMBERED_GROUPS:
        if token.number in _WITHOUT_CODE:
            desk.accident(
                token, f"racoon takes group {token.number}, but has no code for it: every exchange with it fails",
                mend="use group 14 or higher",
            )  # fmt: skip
        return token.number
    if token.type == "ALGORITHMTYPE" and token.text in _GROUPS:
        return _GROUPS[token.text]
    desk.refuse(
        token, f"must be DH group: found `{token.text}`, expected 1, 2, 5, 14 to 18 or modp768 to modp8192",
    )  # fmt: skip
    return None
