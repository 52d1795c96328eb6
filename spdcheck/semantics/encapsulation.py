"""How large a packet becomes: ESP, AH, IPComp, gif and GRE, to the byte.

ESP is 8 bytes (SPI, sequence number), the IV, the payload with two bytes of trailer rounded up to the cipher's
alignment, and the ICV (RFC 4303 section 2). In tunnel mode the payload is the whole inner packet and a new IP header
comes before it. The figures agree with what a Linux kernel puts on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.algorithms import CIPHERS, INTEGRITY
from spdcheck.model.policy import Mode, Protocol
from spdcheck.model.protocols import GRE, IPIP, MOBILE
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.association import SecurityAssociation

IP_HEADER = {4: 20, 6: 40}
"""Bytes of an IP header without options, by family."""

GRE_HEADER = 4
UDP_HEADER = 8
IPCOMP_HEADER = 4


@dataclass(frozen=True, slots=True)
class Overhead:
    """What one protection adds to a packet.

    ``fixed`` bytes always; the payload and its trailer of ``trailer`` bytes are rounded up to ``align``. ``exact`` is
    False where the algorithms are not known and the largest usual ones are assumed.
    """

    fixed: int
    trailer: int
    align: int
    exact: bool
    algorithms: str

    def apply(self, payload_bytes: int) -> int:
        """Bytes of the protected payload, without the IP header before it."""
        return self.fixed + -(-(payload_bytes + self.trailer) // self.align) * self.align

    def largest_payload(self, room_bytes: int) -> int:
        """The longest payload that fits into so many bytes."""
        return (room_bytes - self.fixed) // self.align * self.align - self.trailer


UNKNOWN_ESP = Overhead(fixed=8 + 16 + 32, trailer=2, align=16, exact=False, algorithms="unknown algorithms")
"""AES-CBC with HMAC-SHA2-512: nothing usual is larger."""


def esp(cipher: str | None, integrity: str | None, icv_bytes: int | None = None) -> Overhead:
    """The overhead of ESP with these algorithms (setkey's names); unknown names give the largest usual sizes.

    ``icv_bytes`` overrides the algorithm's usual truncation.
    """
    found = CIPHERS.get(cipher or "null")
    mac = INTEGRITY.get(integrity or "null")
    if found is None or mac is None:
        return UNKNOWN_ESP
    icv = found.icv_bytes if found.aead else (mac.icv_bytes if icv_bytes is None else icv_bytes)
    words = found.name if found.aead or not integrity else f"{found.name}, {mac.name}"
    return Overhead(8 + found.iv_bytes + icv, 2, found.align_bytes, True, words)


def ah(integrity: str | None, family: int, icv_bytes: int | None = None) -> Overhead:
    """The overhead of AH: 12 bytes and the ICV, for IPv6 rounded up to 8 (RFC 4302 section 2.2)."""
    mac = INTEGRITY.get(integrity or "")
    if mac is None:
        return Overhead(44, 0, 1, False, "unknown algorithms")
    size = 12 + (mac.icv_bytes if icv_bytes is None else icv_bytes)
    return Overhead(-(-size // 8) * 8 if family == 6 else size, 0, 1, True, mac.name)


def ipcomp() -> Overhead:
    """IPComp adds its header; how much the payload shrinks nobody can know, so nothing is assumed."""
    return Overhead(IPCOMP_HEADER, 0, 1, False, "compression")


def of_association(association: SecurityAssociation) -> Overhead:
    """The overhead of a manual SA."""
    family = association.destination.family
    integrity = association.integrity
    icv = integrity.icv_bytes if integrity is not None else None
    protocol = association.protocol.removesuffix("-old")
    if protocol == "ah":
        return ah(integrity.name if integrity else None, family, icv)
    if protocol == "ipcomp":
        return ipcomp()
    cipher = association.encryption
    return esp(cipher.name if cipher else None, integrity.name if integrity else None, icv)


def protected_length(length: int, inner: int, outer: int, mode: Mode, overhead: Overhead, *, udp: bool) -> int:
    """Bytes of the packet on the wire.

    ``length`` is that of the packet before, of family ``inner``; ``outer`` is the family of the new header in tunnel
    mode. ``udp`` adds the header of ESP in UDP.
    """
    extra = UDP_HEADER if udp else 0
    if mode is Mode.TUNNEL:
        return IP_HEADER[outer] + extra + overhead.apply(length)
    return IP_HEADER[inner] + extra + overhead.apply(length - IP_HEADER[inner])


def largest_inner(mtu: int, inner: int, outer: int, mode: Mode, overhead: Overhead, *, udp: bool) -> int:
    """The longest packet that still fits into the MTU once protected."""
    extra = UDP_HEADER if udp else 0
    if mode is Mode.TUNNEL:
        return overhead.largest_payload(mtu - IP_HEADER[outer] - extra)
    return IP_HEADER[inner] + overhead.largest_payload(mtu - IP_HEADER[inner] - extra)


def device_length(length: int, kind: str, outer: int, *, gre_key: bool = False) -> int:
    """Bytes of a packet that a tunnel device (``gif``, ``ipip``, ``gre``, ``mobile``) has wrapped."""
    if kind == "gre":
        return length + IP_HEADER[outer] + GRE_HEADER + (4 if gre_key else 0)
    if kind == "mobile":
        return length + 12
    return length + IP_HEADER[outer]


DEVICE_PROTOCOL = {"gif": IPIP, "ipip": IPIP, "gre": GRE, "mobile": MOBILE}
"""IP protocol numbers of tunnel devices that carry IPv4."""

DEVICE_MTU = {"gif": 1280, "ipip": 1480, "gre": 1476, "mobile": 1488}
"""The MTU that a tunnel device has where nobody sets one."""

NUMBER_OF = {Protocol.ESP: 50, Protocol.AH: 51, Protocol.IPCOMP: 108}
"""IP protocol numbers of the protections."""
