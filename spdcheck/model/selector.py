"""Traffic selectors: which packets a policy is about (RFC 4301, section 4.4.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import ICMP_TYPE_NAMES, PORT_PROTOCOLS, protocol_name
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange

ANY_PROTOCOL = -1
"""The protocol of a selector that takes every upper layer protocol (``any``, 255 in PF_KEY)."""


class PortRange(NamedTuple):
    """The ports ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def is_any(self) -> bool:
        """All ports."""
        return self.first == 0 and self.last == 65535

    def contains(self, other: PortRange) -> bool:
        """Every port of ``other`` is in here."""
        return self.first <= other.first and other.last <= self.last

    def overlaps(self, other: PortRange) -> bool:
        """Some port is in both."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        if self.is_any:
            return "any"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


ANY_PORT = PortRange(0, 65535)


class TrafficSelector(NamedTuple):
    """Packets from ``source`` to ``destination``, as they look in the direction of the policy.

    ``protocol`` is an IP protocol number or :data:`ANY_PROTOCOL`. Ports mean something only for protocols that have
    them. ``icmp_type`` and ``icmp_code`` are None for "any"; ``gre_key`` likewise.
    """

    source: AddressRange
    destination: AddressRange
    protocol: int = ANY_PROTOCOL
    source_port: PortRange = ANY_PORT
    destination_port: PortRange = ANY_PORT
    icmp_type: int | None = None
    icmp_code: int | None = None
    gre_key: int | None = None

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.source.family

    @property
    def has_ports(self) -> bool:
        """Some port is excluded."""
        return not (self.source_port.is_any and self.destination_port.is_any)

    def reversed(self) -> TrafficSelector:
        """The packets of the opposite direction: addresses and ports swapped."""
        return self._replace(
            source=self.destination,
            destination=self.source,
            source_port=self.destination_port,
            destination_port=self.source_port,
        )

    def contains(self, other: TrafficSelector) -> bool:
        """Every packet of ``other`` is selected by this one too."""
        return (
            self.source.contains(other.source)
            and self.destination.contains(other.destination)
            and self.protocol in (ANY_PROTOCOL, other.protocol)
            and self.source_port.contains(other.source_port)
            and self.destination_port.contains(other.destination_port)
            and (self.icmp_type is None or self.icmp_type == other.icmp_type)
            and (self.icmp_code is None or self.icmp_code == other.icmp_code)
            and (self.gre_key is None or self.gre_key == other.gre_key)
        )

    def overlaps(self, other: TrafficSelector) -> bool:
        """Some packet is selected by both."""
        return (
            self.source.overlaps(other.source)
            and self.destination.overlaps(other.destination)
            and (self.protocol == other.protocol or ANY_PROTOCOL in (self.protocol, other.protocol))
            and self.source_port.overlaps(other.source_port)
            and self.destination_port.overlaps(other.destination_port)
            and _compatible(self.icmp_type, other.icmp_type)
            and _compatible(self.icmp_code, other.icmp_code)
            and _compatible(self.gre_key, other.gre_key)
        )

    def __str__(self) -> str:
        return f"{_end(self.source, self.source_port)} → {_end(self.destination, self.destination_port)} {self.upper}"

    @property
    def upper(self) -> str:
        """The upper layer part, written for people: ``any``, ``tcp``, ``icmp type 8`` …"""
        if self.protocol == ANY_PROTOCOL:
            return "any"
        text = protocol_name(self.protocol)
        if self.icmp_type is not None:
            text += f" type {ICMP_TYPE_NAMES.get((self.protocol, self.icmp_type), self.icmp_type)}"
            if self.icmp_code is not None:
                text += f" code {self.icmp_code}"
        if self.gre_key is not None:
            text += f" key {self.gre_key}"
        return text


def _compatible(a: int | None, b: int | None) -> bool:
    return a is None or b is None or a == b


def _end(addresses: AddressRange, ports: PortRange) -> str:
    return str(addresses) if ports.is_any else f"{addresses}[{ports}]"


def takes_ports(protocol: int) -> bool:
    """The protocol has ports (TCP, UDP, SCTP, UDP-Lite, DCCP)."""
    return protocol in PORT_PROTOCOLS
