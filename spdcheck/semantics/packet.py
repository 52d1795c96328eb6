"""One packet: a value for every field, as plain integers numbered by :mod:`spdcheck.semantics.fields`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import GRE, ICMP, ICMP6, ICMP_TYPE_NAMES, PORT_PROTOCOLS, TCP, protocol_name
from spdcheck.records import dataclass, replace
from spdcheck.semantics.fields import (
    FIELDS,
    FRAGMENT,
    IPSEC_IN,
    IPSEC_OUT,
    IPV6,
    SOURCE,
    TAG,
    address_number,
    family_of,
    flags_text,
    name_of,
    value_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.semantics.fields import Field

NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED = range(5)
"""Values of ``connection``."""

CLEAR, TRANSPORT, TUNNEL = range(3)
"""Values of ``ipsec_in`` and ``ipsec_out``."""

WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT = range(3)
"""Values of ``fragment``."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet at one place of its way. ``length`` is in bytes, IP header included.

    Source and destination are of one family. What the packet does not have is 0.
    """

    source: int
    destination: int
    protocol: int = 0
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = 0
    icmp_code: int = 0
    gre_key: int = 0
    tcp_flags: int = 0
    fragment: int = WHOLE
    df: int = 0
    length: int = 60
    tos: int = 0
    ttl: int = 64
    ip_options: int = 0
    option_set: int = 0
    security_classes: int = 0
    traits: int = 0
    in_interface: int = 0
    out_interface: int = 0
    ipsec_in: int = CLEAR
    reqid_in: int = 0
    ipsec_out: int = CLEAR
    reqid_out: int = 0
    tunnel_source: int = 0
    tunnel_destination: int = 0
    connection: int = NEW
    translated: int = 0
    original_source: int = 0
    original_destination: int = 0
    original_source_port: int = 0
    original_destination_port: int = 0
    local: int = 0
    mark: int = 0
    tag: int = 0
    user: int = 0
    group: int = 0
    captured: int = 0

    def __post_init__(self) -> None:
        if (self.source < IPV6) != (self.destination < IPV6):
            raise ValueError("source and destination of a packet are of different families")

    @property
    def family(self) -> int:
        """4 or 6."""
        return family_of(self.source)

    def __getitem__(self, field: Field) -> int:
        value: int = getattr(self, field.name)
        return value

    def with_values(self, values: Mapping[Field, int]) -> Packet:
        """The packet with other values in some fields."""
        return replace(self, **{field.name: value for field, value in values.items()})

    def __str__(self) -> str:
        """What a person needs to see, in the order of the ``trace`` command: ``tcp 10.1.0.7:40000 → 10.2.0.9:443``."""
        ends = [self._end(self.source, self.source_port), self._end(self.destination, self.destination_port)]
        words = [protocol_name(self.protocol), f"{ends[0]} → {ends[1]}"]
        if self.protocol in (ICMP, ICMP6):
            words.append(ICMP_TYPE_NAMES.get((self.protocol, self.icmp_type), f"type {self.icmp_type}"))
            if self.icmp_code:
                words.append(f"code {self.icmp_code}")
        elif self.protocol == TCP and self.tcp_flags:
            words.append(f"[{flags_text(self.tcp_flags)}]")
        elif self.protocol == GRE and self.gre_key:
            words.append(f"key {self.gre_key}")
        if self.fragment:
            words.append(value_text(FIELDS["fragment"], self.fragment))
        if self.df:
            words.append("DF")
        words += [
            f"{word} {name_of(value)}"
            for word, value in (("in", self.in_interface), ("out", self.out_interface))
            if value
        ]
        words += [value_text(field, self[field]) for field in (IPSEC_IN, IPSEC_OUT) if self[field]]
        if self.connection:
            words.append(FIELDS["connection"].choices[self.connection])
        if self.mark:
            words.append(f"mark {self.mark:#x}")
        if self.tag:
            words.append(f"tag {name_of(self.tag, TAG)}")
        return " ".join(words)

    def _end(self, address: int, port: int) -> str:
        text = value_text(SOURCE, address)
        if self.protocol not in PORT_PROTOCOLS or self.fragment == LATER_FRAGMENT:
            return text
        return f"[{text}]:{port}" if address >= IPV6 else f"{text}:{port}"


def packet(family: int, source: int, destination: int, **values: int) -> Packet:
    """A packet from plain addresses of a family (4 or 6)."""
    return Packet(address_number(family, source), address_number(family, destination), **values)


assert list(Packet.__annotations__) == list(FIELDS), "a packet has every field, in the same order"
assert FRAGMENT.choices[WHOLE] == "no fragment"
