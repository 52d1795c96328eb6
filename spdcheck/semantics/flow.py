"""Flows as a person says them: ``tcp 10.1.0.7:40000 10.2.0.9:443``, ``icmp 10.4.12.10 192.168.1.10``, ``esp a b``.

Addresses may be prefixes and ports ranges, for questions about all packets of a flow; the names of hosts stand for
their first address, the names of services for their port.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.errors import UsageError
from spdcheck.model.addresses import AddressRange, parse_prefix
from spdcheck.model.protocols import (
    ICMP,
    ICMP6,
    ICMP_TYPE_NAMES,
    PORT_PROTOCOLS,
    TCP,
    UDP,
    protocol_name,
    protocol_number,
)
from spdcheck.model.selector import ANY_PORT, PortRange
from spdcheck.model.services import service_port
from spdcheck.records import dataclass
from spdcheck.semantics.conditions import destination, destination_port, protocol, source, source_port
from spdcheck.semantics.fields import DF, FRAGMENT, ICMP_CODE, ICMP_TYPE, LENGTH, TCP_FLAGS
from spdcheck.semantics.packet import WHOLE, Packet, packet
from spdcheck.semantics.predicate import TRUE, in_set, is_value

if TYPE_CHECKING:
    from spdcheck.model.host import Site
    from spdcheck.semantics.predicate import Predicate

EPHEMERAL = 40000
"""The source port of a flow that names none."""

SYN = 2
USUAL_LENGTH = {TCP: 60, UDP: 128, ICMP: 84, ICMP6: 104}
_SERVICE_LAYER = {TCP: "tcp", UDP: "udp"}


@dataclass(frozen=True, slots=True)
class Flow:
    """What a person asked about. ``icmp_type`` is None for the echo request, ``protocol`` None for every one."""

    protocol: int | None
    source: AddressRange
    destination: AddressRange
    source_port: PortRange
    destination_port: PortRange
    icmp_type: int | None = None
    icmp_code: int = 0
    text: str = ""

    @property
    def is_single(self) -> bool:
        """One packet, not a set."""
        return self.source.is_host and self.destination.is_host

    def packet(self, length: int | None = None, *, df: bool = False) -> Packet:
        """A packet of the flow: its first addresses, a usual length."""
        number = TCP if self.protocol is None else self.protocol
        values = {"protocol": number, "df": int(df), "length": length or USUAL_LENGTH.get(number, 60)}
        if number in PORT_PROTOCOLS:
            wide = self.source_port.is_any
            values["source_port"] = EPHEMERAL if wide else self.source_port.first
            values["destination_port"] = 80 if self.destination_port.is_any else self.destination_port.first
        if number == TCP:
            values["tcp_flags"] = SYN
        if number in (ICMP, ICMP6):
            echo = 8 if number == ICMP else 128
            values["icmp_type"] = echo if self.icmp_type is None else self.icmp_type
            values["icmp_code"] = self.icmp_code
        return packet(self.source.family, _first(self.source), _first(self.destination), **values)

    def predicate(self) -> Predicate:
        """All packets of the flow, as they begin: whole, of a usual length, the first of their connection."""
        condition = source(self.source) & destination(self.destination) & is_value(FRAGMENT, WHOLE)
        condition &= is_value(LENGTH, USUAL_LENGTH.get(self.protocol or TCP, 60)) & is_value(DF, 0)
        if self.protocol is not None:
            condition &= protocol(self.protocol)
        if not self.source_port.is_any:
            condition &= source_port(self.source_port)
        if not self.destination_port.is_any:
            condition &= destination_port(self.destination_port)
        if self.protocol == TCP:
            condition &= is_value(TCP_FLAGS, SYN)
        if self.protocol in (ICMP, ICMP6):
            echo = 8 if self.protocol == ICMP else 128
            condition &= is_value(ICMP_TYPE, echo if self.icmp_type is None else self.icmp_type)
            condition &= is_value(ICMP_CODE, self.icmp_code)
        return condition & _usual()

    def __str__(self) -> str:
        name = "any" if self.protocol is None else protocol_name(self.protocol)
        return f"{name} {_end(self.source, self.source_port)} → {_end(self.destination, self.destination_port)}"


def _usual() -> Predicate:
    """Nothing unusual in the fields that no flow speaks of: a fresh packet, without marks, options or history."""
    from spdcheck.semantics.fields import FIELDS, TTL

    spoken = {"source", "destination", "protocol", "source_port", "destination_port", "icmp_type", "icmp_code",
              "tcp_flags", "fragment", "df", "length", "ttl"}  # fmt: skip
    condition: Predicate = in_set(TTL, (64, 64)) & TRUE
    for name, field in FIELDS.items():
        if name not in spoken:
            condition &= is_value(field, 0)
    return condition


def _first(addresses: AddressRange) -> int:
    return addresses.first if addresses.is_host else min(addresses.first + 1, addresses.last)


def _end(addresses: AddressRange, ports: PortRange) -> str:
    text = f"[{addresses}]" if addresses.family == 6 and not ports.is_any else str(addresses)
    return text if ports.is_any else f"{text}:{ports}"


def parse_flow(text: str, site: Site) -> Flow:
    """Reads a flow; raises UsageError that says what was found and what was expected."""
    words = text.replace("→", " ").replace("->", " ").split()
    if len(words) < 2:
        raise UsageError(f"{text!r} is no flow; write PROTOCOL SOURCE[:PORT] DESTINATION[:PORT], such as tcp a b:443")
    number: int | None = TCP
    kind: int | None = None
    code = 0
    if _address(words[0], site) is None:
        number = None if words[0] == "any" else protocol_number(words[0])
        if number is None and words[0] != "any":
            raise UsageError(f"{words[0]!r} is no protocol (tcp, udp, icmp, esp, gre, a number, any) and no address")
        words = words[1:]
    if len(words) < 2:
        raise UsageError(f"{text!r} needs a source and a destination")
    sender, source_ports = _side(words[0], number, site)
    receiver, destination_ports = _side(words[1], number, site)
    if sender.family != receiver.family:
        raise UsageError(f"{sender} and {receiver} are of different families")
    if number == ICMP and sender.family == 6:
        number = ICMP6
    for word in words[2:]:
        kind, code = _icmp(word, number)
    return Flow(number, sender, receiver, source_ports, destination_ports, kind, code, text)


def _icmp(word: str, number: int | None) -> tuple[int, int]:
    named = re.fullmatch(r"(?:type[=:])?([\w-]+)(?:[/,](\d+))?", word)
    if number not in (ICMP, ICMP6) or named is None:
        raise UsageError(f"{word!r} is not understood; only icmp takes a type behind the addresses")
    if named[1].isdigit():
        return int(named[1]), int(named[2] or 0)
    for (protocol_of, value), name in ICMP_TYPE_NAMES.items():
        if protocol_of == number and name == named[1]:
            return value, int(named[2] or 0)
    raise UsageError(f"{named[1]!r} is no ICMP type")


def _address(word: str, site: Site) -> AddressRange | None:
    found = parse_prefix(word.strip("[]"))
    if found is not None:
        return found
    for host in site.hosts:
        if host.name == word:
            # A tunnel device's address is rarely the one that is meant: it comes last.
            interfaces = sorted(host.interfaces, key=lambda interface: interface.tunnel is not None)
            own = [a.address for interface in interfaces for a in interface.addresses]
            if not own:
                raise UsageError(f"no address of {word} is known; give one, or write its interfaces into spdcheck.toml")
            return own[0]
    return None


def _side(word: str, number: int | None, site: Site) -> tuple[AddressRange, PortRange]:
    found = _address(word, site)
    if found is not None:
        return found, ANY_PORT
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(.+))?", word)
    name, port = (bracketed[1], bracketed[2]) if bracketed else word.rpartition(":")[::2]
    found = _address(name, site)
    if found is None:
        hosts = ", ".join(host.name for host in site.hosts)
        raise UsageError(f"{word!r} is no address, prefix or host of this site (hosts: {hosts})")
    return found, ANY_PORT if port is None else _ports(port, number)


def _ports(text: str, number: int | None) -> PortRange:
    if number is not None and number not in PORT_PROTOCOLS:
        raise UsageError(f"{protocol_name(number)} has no ports, but {text!r} was given")
    first, dash, last = text.partition("-")
    if text and not first.isdigit():
        first, dash, last = text, "", ""
    ends = [_port(first, number), _port(last, number) if dash else _port(first, number)]
    if ends[0] > ends[1]:
        raise UsageError(f"the port range {text!r} is empty")
    return PortRange(ends[0], ends[1])


def _port(text: str, number: int | None) -> int:
    if text.isdigit() and int(text) <= 65535:
        return int(text)
    found = service_port(text, _SERVICE_LAYER.get(number or TCP))
    if found is None:
        raise UsageError(f"{text!r} is no port number and no service that spdcheck knows")
    return found


KNOWN_PROTOCOLS = ("tcp", "udp", "icmp", "icmp6", "esp", "ah", "gre", "ospf", "any")
"""Words that a flow may begin with, for completion."""
