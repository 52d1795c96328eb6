"""Pre-shared keys and SA keys as fingerprints: enough to compare two peers, nothing that could be printed.

The key itself is seen once, by the format that reads it, and is dropped there. The fingerprint is an HMAC under a key
that is drawn anew in every process, so that it is of no use outside.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os

_PROCESS_KEY = os.urandom(32)

_PLACEHOLDER_WORDS = ("changeme", "change_me", "yourkey", "your_key", "example", "placeholder", "todo", "xxxx")
_COMMON_WORDS = (
    "password", "passwd", "secret", "admin", "letmein", "qwerty", "vpn", "ipsec", "racoon", "test", "cisco", "welcome",
    "default", "123456", "abc123",
)  # fmt: skip


class Secret:
    """A key that was read: two are equal if the keys are the same bytes. It never shows what it was.

    ``bits`` is the length of the key in bits; ``strength_bits`` an upper estimate of what an attacker must guess
    (character classes times length, words found in every list count nothing); ``placeholder`` says that the text
    looks like something to be filled in.
    """

    __slots__ = ("_digest", "bits", "placeholder", "strength_bits", "weakness")

    def __init__(self, key: bytes) -> None:
        self._digest = hmac.new(_PROCESS_KEY, key, hashlib.sha256).digest()
        self.bits = len(key) * 8
        text = key.decode("latin-1")
        lowered = text.lower()
        self.placeholder = (text.startswith("<") and text.endswith(">")) or any(
            word in lowered for word in _PLACEHOLDER_WORDS
        )
        self.strength_bits, self.weakness = _strength(text, lowered)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._digest, other._digest)

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a Secret is never written anywhere"
        raise TypeError(message)


def _strength(text: str, lowered: str) -> tuple[int, str]:
    """``(bits, why)``: an upper estimate of the guessing work and the reason why it is low (``""`` if it is not)."""
    if not text:
        return 0, "it is empty"
    if len(set(text)) <= 2:
        return 4, "it repeats one or two characters"
    stripped, words = lowered, 0
    for word in _COMMON_WORDS:
        if word in stripped:
            stripped = stripped.replace(word, "")
            words += 1
    alphabet = (
        (26 if any(c.islower() for c in text) else 0)
        + (26 if any(c.isupper() for c in text) else 0)
        + (10 if any(c.isdigit() for c in text) else 0)
        + (33 if any(not c.isalnum() for c in text) else 0)
    )
    bits = int(len(stripped) * math.log2(max(alphabet, 2))) + 10 * words
    if words:
        return min(bits, 60), "it contains a word that every guessing list starts with"
    if text.isalpha() and text.islower():
        return min(bits, len(text) * 2), "it consists of lower case letters only, as words do"
    if bits < 80:
        return bits, "it is short"
    return bits, ""
