"""Marks: which bits Shorewall gives to whom, and which values it lets users write (5.2.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.shorewall import values
from spdcheck.formats.shorewall.columns import Refused

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.model.shorewall_columns import MarkTest
    from spdcheck.source import Span


def tested(desk: Desk, cell: Cell) -> MarkTest:
    """A MARK or TEST column. Raises :class:`Refused`."""
    found = values.mark(cell, desk.mark_mask())
    if desk.dialect == 5:
        text = cell.text.removeprefix("!").removesuffix(":C")
        check_mark(desk, text, cell.span)
    return found


def check_mark(desk: Desk, text: str, span: Span) -> None:
    """``value[/mask]``, ``|value``, ``&value``, ``first-last[/mask]``. Raises :class:`Refused`."""
    if desk.dialect != 5 or not (desk.told and desk.release >= (5, 0)):
        return
    head, slash, mask = text.removeprefix("|").removeprefix("&").partition("/")
    parts = [*head.split("-", 1), *([mask] if slash else [])]
    for part in parts if text else ():
        number = _number(part)
        if number is None:
            raise Refused(span, f"`{part}` is no mark: marks are numbers")
        if not _allowed(desk, number):
            raise Refused(
                span, f"the mark `{part}` has bits that Shorewall keeps for itself, or that no setting gives away"
            )


def _number(text: str) -> int | None:
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text, 8 if text[:1] == "0" and len(text) > 1 else 10)
    except ValueError:
        return None


def _allowed(desk: Desk, number: int) -> bool:
    def bits(name: str, default: int) -> int:
        text = desk.setting(name)
        return int(text) if text.isdigit() else default

    shaping, masked = bits("TC_BITS", 8), bits("MASK_BITS", 8)
    providers, offset, zones = bits("PROVIDER_BITS", 8), bits("PROVIDER_OFFSET", 0), bits("ZONE_BITS", 0)
    offset = max(offset, masked) if offset else 0
    first = offset + providers if offset else max(masked, providers)
    exclusion = 1 << first + zones
    expert = desk.setting("TC_EXPERT").lower() == "yes"
    if number >= ((exclusion << 1) + 1 if expert else exclusion):
        return False
    if number <= (exclusion << 1 if expert else (1 << masked) - 1):
        return True
    own = ((1 << max(offset - shaping, 0)) - 1) << shaping
    given = (((1 << providers) - 1) << offset, own, ((1 << zones) - 1) << first)
    return any(number & mask == number for mask in given)
