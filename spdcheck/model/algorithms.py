"""Ciphers, integrity algorithms and groups: key lengths, sizes on the wire, and what the RFCs say of them.

Names are setkey's (``aes-cbc``, ``hmac-sha1``). Sources: setkey(8) and ipsec-tools' tables for key lengths, RFC 4303
and the algorithms' own RFCs for sizes, RFC 8221 (ESP, AH), RFC 8247 (IKE) and RFC 9395 for the advice.
"""

from __future__ import annotations

from enum import Enum

from spdcheck.named_tuples import NamedTuple


class Advice(Enum):
    """What the RFCs say of an algorithm today."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    MUST_MINUS = "MUST-"
    SHOULD_NOT = "SHOULD NOT"
    MUST_NOT = "MUST NOT"

    @property
    def is_weak(self) -> bool:
        """Not to be used any more."""
        return self in (Advice.SHOULD_NOT, Advice.MUST_NOT)


class Cipher(NamedTuple):
    """An ESP or phase 1 cipher.

    ``key_bits`` lists the accepted key lengths (a range for ciphers of variable length); ``salt_bits`` are part of the
    key that setkey takes. ``iv_bytes``, ``align_bytes`` and ``icv_bytes`` (AEAD only) give the size of an ESP packet.
    ``aead`` ciphers protect integrity themselves; ``counter`` ones break if a key is used twice.
    """

    name: str
    key_bits: range | tuple[int, ...]
    iv_bytes: int
    align_bytes: int
    advice: Advice
    reference: str
    icv_bytes: int = 0
    salt_bits: int = 0
    aead: bool = False
    counter: bool = False
    default_bits: int | None = None

    def accepts(self, bits: int) -> bool:
        """A key of this length (salt included) is legal."""
        return bits in self.key_bits


class Integrity(NamedTuple):
    """An ESP/AH authentication algorithm or a phase 1 hash; sizes in bits (key) and bytes (ICV)."""

    name: str
    key_bits: range | tuple[int, ...]
    icv_bytes: int
    advice: Advice
    reference: str

    def accepts(self, bits: int) -> bool:
        """A key of this length is legal."""
        return bits in self.key_bits


class Group(NamedTuple):
    """A Diffie-Hellman group."""

    number: int
    name: str
    advice: Advice


_A = Advice
CIPHERS: dict[str, Cipher] = {
    c.name: c
    for c in (
        Cipher("des-cbc", (64,), 8, 8, _A.MUST_NOT, "RFC 8221 section 5", default_bits=64),
        Cipher("des-deriv", (64,), 8, 8, _A.MUST_NOT, "RFC 8221 section 5", default_bits=64),
        Cipher("des-32iv", (64,), 4, 8, _A.MUST_NOT, "RFC 8221 section 5", default_bits=64),
        Cipher("3des-cbc", (192,), 8, 8, _A.SHOULD_NOT, "RFC 8221 section 5", default_bits=192),
        Cipher("blowfish-cbc", range(40, 449), 8, 8, _A.MUST_NOT, "RFC 8221 section 5", default_bits=448),
        Cipher("cast128-cbc", range(40, 129), 8, 8, _A.MUST_NOT, "RFC 9395 section 5", default_bits=128),
        Cipher("idea-cbc", (128,), 8, 8, _A.MUST_NOT, "RFC 9395 section 5", default_bits=128),
        Cipher("3idea-cbc", (128,), 8, 8, _A.MUST_NOT, "RFC 8221 section 5", default_bits=128),
        Cipher("rc4", range(40, 2049), 8, 8, _A.MUST_NOT, "RFC 9395 section 5", default_bits=128),
        Cipher("rc5-cbc", range(40, 2041), 8, 8, _A.MUST_NOT, "RFC 9395 section 5", default_bits=128),
        Cipher("twofish-cbc", range(257), 16, 16, _A.MAY, "", default_bits=128),
        Cipher("aes-cbc", (128, 192, 256), 16, 16, _A.MUST, "RFC 8221 section 5", default_bits=128),
        Cipher("camellia-cbc", (128, 192, 256), 16, 16, _A.MAY, "RFC 8221 section 5", default_bits=128),
        Cipher("aes-ctr", (160, 224, 288), 8, 4, _A.MAY, "", salt_bits=32, counter=True, default_bits=160),
        Cipher("aes-gcm-16", (160, 224, 288), 8, 4, _A.MUST, "RFC 8221 section 5", icv_bytes=16, salt_bits=32,
               aead=True, counter=True, default_bits=160),
        Cipher("aes-gcm-12", (160, 224, 288), 8, 4, _A.MAY, "RFC 8221 section 5", icv_bytes=12, salt_bits=32,
               aead=True, counter=True, default_bits=160),
        Cipher("aes-gcm-8", (160, 224, 288), 8, 4, _A.MAY, "RFC 8221 section 5", icv_bytes=8, salt_bits=32,
               aead=True, counter=True, default_bits=160),
        Cipher("aes-ccm-8", (152, 216, 280), 8, 4, _A.SHOULD, "RFC 8221 section 5", icv_bytes=8, salt_bits=24,
               aead=True, counter=True, default_bits=152),
        Cipher("aes-ccm-16", (152, 216, 280), 8, 4, _A.MAY, "RFC 8221 section 5", icv_bytes=16, salt_bits=24,
               aead=True, counter=True, default_bits=152),
        Cipher("aes-gmac", (160, 224, 288), 8, 4, _A.MAY, "RFC 8221 section 6", icv_bytes=16, salt_bits=32,
               aead=True, counter=True, default_bits=160),
        Cipher("chacha20-poly1305", (288,), 8, 4, _A.SHOULD, "RFC 8221 section 5", icv_bytes=16, salt_bits=32,
               aead=True, counter=True, default_bits=288),
        Cipher("null", range(2049), 0, 4, _A.MUST, "RFC 8221 section 5", default_bits=0),
        Cipher("simple", range(2049), 0, 4, _A.MUST_NOT, "obsolete name of null", default_bits=0),
    )
}  # fmt: skip
"""Every cipher that one of our formats can name, by name."""

INTEGRITY: dict[str, Integrity] = {
    i.name: i
    for i in (
        Integrity("hmac-md5", (128,), 12, _A.MUST_NOT, "RFC 8221 section 6"),
        Integrity("hmac-sha1", (160,), 12, _A.MUST_MINUS, "RFC 8221 section 6"),
        Integrity("keyed-md5", (128,), 16, _A.MUST_NOT, "RFC 8221 section 6"),
        Integrity("keyed-sha1", (160,), 12, _A.MUST_NOT, "RFC 8221 section 6"),
        Integrity("hmac-sha2-256", (256,), 16, _A.MUST, "RFC 8221 section 6"),
        Integrity("hmac-sha2-384", (384,), 24, _A.MAY, "RFC 8221 section 6"),
        Integrity("hmac-sha2-512", (512,), 32, _A.SHOULD, "RFC 8221 section 6"),
        Integrity("hmac-ripemd160", (160,), 12, _A.MAY, ""),
        Integrity("aes-xcbc-mac", (128,), 12, _A.SHOULD, "RFC 8221 section 6"),
        Integrity("tcp-md5", range(8, 641), 16, _A.MAY, "RFC 2385"),
        Integrity("kpdk-md5", (128,), 16, _A.MUST_NOT, "RFC 8221 section 6"),
        Integrity("des-mac", (64,), 8, _A.MUST_NOT, "RFC 8221 section 6"),
        Integrity("aes-gmac", (160, 224, 288), 16, _A.MAY, "RFC 8221 section 6"),
        Integrity("chacha20-poly1305", (288,), 16, _A.SHOULD, "RFC 8221 section 5"),
        Integrity("null", range(2049), 0, _A.MUST_NOT, "RFC 8221 section 6"),
    )
}
"""Every integrity algorithm by name."""

HASHES: dict[str, Advice] = {
    "md5": _A.MUST_NOT,
    "sha1": _A.MUST_MINUS,
    "sha2-256": _A.MUST,
    "sha2-384": _A.MAY,
    "sha2-512": _A.SHOULD,
    "tiger": _A.MUST_NOT,
    "ripemd160": _A.MAY,
    "aes-xcbc": _A.SHOULD,
}
"""Phase 1 hashes (as PRF and integrity), RFC 8247 sections 2.2 and 2.3."""

GROUPS: dict[int, Group] = {
    g.number: g
    for g in (
        Group(1, "modp768", _A.MUST_NOT),
        Group(2, "modp1024", _A.SHOULD_NOT),
        Group(3, "ec2n155", _A.MUST_NOT),
        Group(4, "ec2n185", _A.MUST_NOT),
        Group(5, "modp1536", _A.SHOULD_NOT),
        Group(14, "modp2048", _A.MUST),
        Group(15, "modp3072", _A.MAY),
        Group(16, "modp4096", _A.MAY),
        Group(17, "modp6144", _A.MAY),
        Group(18, "modp8192", _A.MAY),
        Group(19, "ecp256", _A.SHOULD),
        Group(20, "ecp384", _A.MAY),
        Group(21, "ecp521", _A.MAY),
        Group(22, "modp1024s160", _A.MUST_NOT),
        Group(23, "modp2048s224", _A.SHOULD_NOT),
        Group(24, "modp2048s256", _A.SHOULD_NOT),
        Group(25, "ecp192", _A.MAY),
        Group(26, "ecp224", _A.MAY),
        Group(27, "brainpoolP224r1", _A.MAY),
        Group(28, "brainpoolP256r1", _A.MAY),
        Group(29, "brainpoolP384r1", _A.MAY),
        Group(30, "brainpoolP512r1", _A.MAY),
        Group(31, "curve25519", _A.SHOULD),
        Group(32, "curve448", _A.MAY),
    )
}
"""Diffie-Hellman groups by their IKE number, RFC 8247 section 2.4."""
