"""Numbers as iptables reads them: decimal, octal with a leading 0, hexadecimal with 0x."""

from __future__ import annotations

import re

from spdcheck.model.netfilter import Interval


class BadWord(ValueError):  # noqa: N818 (it never leaves this format)
    """A word that iptables refuses; the message is for people."""


def plain_number(text: str, most: int = (1 << 32) - 1) -> int:
    """The number, at most ``most``. Raises :class:`BadWord`."""
    if not re.fullmatch(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*", text):
        raise BadWord(f"`{text}` is no number")
    value = int(text, 16 if text[:2] in ("0x", "0X") else 8 if text[0] == "0" else 10)
    if value > most:
        raise BadWord(f"`{text}` is more than {most}")
    return value


def ordered(first: int, last: int, text: str) -> Interval:
    """The interval between two numbers of a word. Raises :class:`BadWord` where it runs backwards."""
    if first > last:
        raise BadWord(f"`{text}` runs from a higher to a lower number")
    return Interval(first, last)
