"""The bytes of a pre-shared key as racoon takes them."""

from __future__ import annotations

_HEX = frozenset("0123456789abcdefABCDEF")
_BLANKS = frozenset(" \t\r\v\f")


def key_bytes(written: str) -> bytes | str:
    """The key, or, as text, why racoon finds none. ``0x`` starts hexadecimal digits, blanks among them are skipped."""
    if not written.startswith("0x"):
        return written.encode("utf-8", "surrogatepass")
    digits = [char for char in written[2:] if char not in _BLANKS]
    if not _HEX.issuperset(digits):
        return "found a key that starts with `0x`, expected hexadecimal digits behind it"
    if not digits or len(digits) % 2:
        return f"found a key of {len(digits)} hexadecimal digits, expected an even number of them"
    return bytes.fromhex("".join(digits))
