"""Frames: a packet with what is wrapped inside it, and the protections it travels under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Mode, Protocol
from spdcheck.records import dataclass
from spdcheck.semantics.encapsulation import NUMBER_OF, protected_length
from spdcheck.semantics.fields import (
    CONNECTION,
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    GRE_KEY,
    ICMP_CODE,
    ICMP_TYPE,
    IPSEC_IN,
    IPSEC_OUT,
    LENGTH,
    LOCAL,
    MARK,
    ORIGINAL_DESTINATION,
    ORIGINAL_DESTINATION_PORT,
    ORIGINAL_SOURCE,
    ORIGINAL_SOURCE_PORT,
    PROTOCOL,
    REQID_IN,
    REQID_OUT,
    SOURCE,
    SOURCE_PORT,
    TAG,
    TCP_FLAGS,
    TRANSLATED,
    TUNNEL_DESTINATION,
    TUNNEL_SOURCE,
    address_interval,
    family_of,
)
from spdcheck.semantics.intervals import single

if TYPE_CHECKING:
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.semantics.encapsulation import Overhead
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.source import Span

NO_CONNECTION: dict[Field, IntervalSet] = {
    field: single(0)
    for field in (
        CONNECTION, TRANSLATED, ORIGINAL_SOURCE, ORIGINAL_DESTINATION, ORIGINAL_SOURCE_PORT, ORIGINAL_DESTINATION_PORT,
    )
}  # fmt: skip
"""What connection tracking knows of a packet, before it has seen it."""

_NO_UPPER_LAYER: dict[Field, IntervalSet] = {
    field: single(0) for field in (SOURCE_PORT, DESTINATION_PORT, ICMP_TYPE, ICMP_CODE, GRE_KEY, TCP_FLAGS, FRAGMENT)
} | NO_CONNECTION
"""What a packet that is wrapped around another one does not have: ports, flags, a connection of its own yet."""
UDP_ENCAPSULATION = 4500

IPSEC_KNOWN: dict[Field, IntervalSet] = {
    field: single(0) for field in (IPSEC_IN, REQID_IN, IPSEC_OUT, REQID_OUT, TUNNEL_SOURCE, TUNNEL_DESTINATION)
}
"""What a kernel knows of the IPsec that a packet came by or will leave by; nothing of it is true of the wrapped one."""

NOT_ON_THE_WIRE: dict[Field, IntervalSet] = (
    IPSEC_KNOWN | NO_CONNECTION | {field: single(0) for field in (MARK, TAG, LOCAL)}
)
"""What a kernel knows of a packet and no wire carries."""


@dataclass(frozen=True, slots=True)
class Protection:
    """An SA as it is used for one packet: given by hand (``association``) or negotiated (None).

    ``spi`` is None where IKE would choose it, ``reqid`` None where the kernel gives the SA that of its policy.
    ``origin`` is the line that gives the SA, or the key daemon's section; ``granted`` what is taken for granted that
    IKE comes up.
    """

    protocol: Protocol
    mode: Mode
    source: AddressRange
    destination: AddressRange
    spi: int | None
    reqid: int | None
    overhead: Overhead
    origin: Span | None
    association: SecurityAssociation | None = None
    peer: str = ""
    udp: bool = False
    granted: str = ""

    @property
    def spi_text(self) -> str:
        """The SPI as sniffers write it, or a sign that IKE would choose it."""
        return "spi σ" if self.spi is None else f"spi {self.spi:#010x}"


@dataclass(frozen=True, slots=True)
class Frame:
    """Traffic on its way. ``inner`` is what is wrapped inside; ``protection`` the SA or None for a plain tunnel device.

    ``kind`` says how it was wrapped (``esp``, ``ah``, ``ipcomp``, ``gif``, ``gre`` …), empty for a bare packet.
    """

    traffic: Traffic
    inner: Frame | None = None
    protection: Protection | None = None
    kind: str = ""

    @property
    def length(self) -> int:
        """The longest length of the traffic, in bytes."""
        return self.traffic.side(LENGTH)[-1][1]

    @property
    def family(self) -> int:
        """4 or 6."""
        return family_of(self.traffic.side(SOURCE)[0][0])

    def with_traffic(self, traffic: Traffic) -> Frame:
        """The same wrapping around other traffic."""
        return Frame(traffic, self.inner, self.protection, self.kind)


def protect(frame: Frame, protection: Protection) -> Frame:
    """The frame under one more protection."""
    inner_family, outer_family = frame.family, protection.destination.family
    sizes = tuple(
        (
            protected_length(
                first, inner_family, outer_family, protection.mode, protection.overhead, udp=protection.udp
            ),
            protected_length(
                last, inner_family, outer_family, protection.mode, protection.overhead, udp=protection.udp
            ),
        )
        for first, last in frame.traffic.side(LENGTH)
    )
    values: dict[Field, IntervalSet] = dict(_NO_UPPER_LAYER)
    values[PROTOCOL] = single(NUMBER_OF[protection.protocol])
    values[LENGTH] = ((sizes[0][0], sizes[-1][1]),)
    if protection.udp:
        values[PROTOCOL] = single(17)
        values[SOURCE_PORT] = values[DESTINATION_PORT] = single(UDP_ENCAPSULATION)
    if protection.mode is Mode.TUNNEL:
        values[SOURCE] = (address_interval(protection.source),)
        values[DESTINATION] = (address_interval(protection.destination),)
    outer = frame.traffic.rewritten(values)
    return Frame(outer, frame, protection, protection.protocol.value)


def wrap(frame: Frame, kind: str, source: AddressRange, destination: AddressRange, number: int, extra: int) -> Frame:
    """The frame inside a tunnel device's packet of IP protocol ``number``, ``extra`` bytes longer."""
    values: dict[Field, IntervalSet] = dict(_NO_UPPER_LAYER)
    values[PROTOCOL] = single(number)
    values[LENGTH] = tuple((first + extra, last + extra) for first, last in frame.traffic.side(LENGTH))
    values[SOURCE] = (address_interval(source),)
    values[DESTINATION] = (address_interval(destination),)
    return Frame(frame.traffic.rewritten(values), frame, None, kind)


def unwrap(frame: Frame) -> Frame:
    """What is inside. A transport mode packet keeps the addresses that were translated on the way."""
    if frame.inner is None:
        return frame
    inside = frame.inner.traffic.begun_in(frame.traffic.began) or frame.inner.traffic
    # No wire carries what the host that wrapped it knew of the packet inside.
    inner = frame.inner.with_traffic(inside.rewritten(NOT_ON_THE_WIRE))
    if frame.protection is not None and frame.protection.mode is not Mode.TUNNEL:
        seen = {field: frame.traffic.side(field) for field in (SOURCE, DESTINATION)}
        return inner.with_traffic(inner.traffic.rewritten(seen))
    return inner


def form(frame: Frame) -> str:
    """The nesting of a frame, outermost first: ``esp``, ``esp{gre{icmp}}``."""
    from spdcheck.model.protocols import protocol_name

    name = frame.kind or protocol_name(frame.traffic.example().protocol)
    return name if frame.inner is None else f"{name}{{{form(frame.inner)}}}"
