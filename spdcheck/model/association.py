"""Security associations given by hand, and the SAD (RFC 4301, section 4.4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.policy import Mode
    from spdcheck.model.secret import Secret
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class KeyedAlgorithm:
    """An algorithm of an SA with its key; ``name`` is setkey's name of it (``aes-cbc``, ``hmac-sha1`` …).

    ``icv_bytes`` is the length of the check value where the text gives it (``auth-trunc`` of ``ip xfrm``).
    """

    name: str
    key: Secret | None
    origin: Span
    icv_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """One SA: packets from ``source`` to ``destination`` under ``spi``.

    ``protocol`` is PF_KEY's word: ``esp``, ``ah``, ``ipcomp``, ``tcp`` (TCP-MD5), ``esp-udp``, ``esp-old``, ``ah-old``.
    ``replay_window`` counts packets (None: the text gives none, which is 0 for setkey). Lifetimes are seconds and
    bytes, 0 for none. ``encapsulation_port`` is the peer's UDP port of ESP in UDP.
    """

    source: AddressRange
    destination: AddressRange
    protocol: str
    spi: int
    mode: Mode
    encryption: KeyedAlgorithm | None
    integrity: KeyedAlgorithm | None
    compression: str | None
    origin: Span
    reqid: int = 0
    replay_window: int | None = None
    hard_seconds: int = 0
    soft_seconds: int = 0
    hard_bytes: int = 0
    soft_bytes: int = 0
    extended_sequence: bool = False
    encapsulation_port: int | None = None

    @property
    def identity(self) -> tuple[AddressRange, str, int]:
        """What finds the SA of an arriving packet: destination, protocol, SPI."""
        return (self.destination, self.protocol.removesuffix("-old"), self.spi)


@dataclass(frozen=True, slots=True)
class Sad:
    """The associations of one host that its files write, in order."""

    associations: tuple[SecurityAssociation, ...] = ()
