"""Protocols and ports in rules of ipnat.conf: what they ask for, what becomes of them, and ipnat's defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipf_reading import all_slots, own_slots
from spdcheck.formats.ipnat.addresses import NatAddresses, port_number
from spdcheck.model.ipfilter import TCP_UDP, Ports
from spdcheck.model.ipnat import NatKind, NewPorts
from spdcheck.model.protocols import ICMP, ICMP6, TCP, UDP

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.ipf_reading import Node, Parsed

_LOWEST_AUTO_PORT = 1024


class PortsReader:
    """The part of a rule that is about protocols and ports."""

    def __init__(self, parsed: Parsed, node: Node, reading: Reading) -> None:
        self._parsed = parsed
        self._node = node
        self._reading = reading
        self._protocols: tuple[int, ...] | None = None
        """What the rule says; None as long as it says nothing."""
        self._suggests_ports = False
        self._values: dict[str, Any] = {}
        self._addresses = NatAddresses(parsed, reading, None)
        self._kind = NatKind.MAP

    def _text(self, node: Node) -> str:
        return self._parsed.text(node.slot)

    def _number(self, node: Node) -> int:
        return int(self._text(node))

    def _read_ports(self, node: Node) -> None:
        """The destination ports of ``rdr``; port 0 is any."""
        first, last = self._pair(node)
        self._suggests_ports = True
        if first:
            ports = Ports("=", first) if last in (0, first) else Ports(":", first, last)
            self._values["destination"] = self._values["destination"]._replace(ports=ports)

    def _pair(self, node: Node) -> tuple[int, int]:
        numbers = [port_number(self._parsed, part) for part in node.nodes]
        return numbers[0], numbers[-1]

    def _read_new_ports(self, node: Node) -> None:
        self._suggests_ports = True
        first, last = self._pair(node.nodes[0])
        self._values["destination_ports"] = NewPorts(first, last) if first else None

    def _read_fixed_port(self, node: Node) -> None:
        self._suggests_ports = True
        port = port_number(self._parsed, node.nodes[0])
        self._values["destination_ports"] = NewPorts(port, port, fixed=True) if port else None

    def _read_source_ports(self, node: Node) -> None:
        self._need_ports(node)
        self._values["source_ports"] = NewPorts(*self._pair(node.nodes[0]))

    def _read_destination_ports(self, node: Node) -> None:
        self._need_ports(node)
        self._values["destination_ports"] = NewPorts(*self._pair(node.nodes[0]))

    def _need_ports(self, node: Node) -> None:
        if self._protocols is None or not set(self._protocols) <= set(TCP_UDP) or not self._protocols:
            raise self._parsed.refuse(all_slots(node)[0], "ports need `proto tcp`, `udp` or `tcp/udp`")

    def _read_fixed_source_port(self, node: Node) -> None:
        port = port_number(self._parsed, node.nodes[0])
        self._values["source_ports"] = NewPorts(port, port, fixed=True)

    def _read_fixed_destination_port(self, node: Node) -> None:
        port = port_number(self._parsed, node.nodes[0])
        self._values["destination_ports"] = NewPorts(port, port, fixed=True)

    def _read_port(self, node: Node) -> None:
        """The port of ``divert``: first that of the source, then that of the destination."""
        port = port_number(self._parsed, node)
        which = "destination_ports" if "source_ports" in self._values else "source_ports"
        self._values[which] = NewPorts(port, port, fixed=True)

    def _read_portmap(self, node: Node) -> None:
        first, last = next(self._pair(part) for part in node.nodes if part.rule == "port_pair")
        self._read_tcp_udp(next(part for part in node.nodes if part.rule == "tcp_udp"))
        if first > last:
            places = [slot.at for slot in all_slots(node)]
            start, end = self._parsed.region(min(places), max(places))
            self._reading.accident(self._reading.file.span(start, end), f"the ports {first}:{last} run backwards")
        self._values["source_ports"] = NewPorts(first, last, sequential=node.child("sequential") is not None)

    def _read_portmap_auto(self, node: Node) -> None:
        self._read_tcp_udp(node.nodes[0])
        sequential = node.child("sequential") is not None
        self._values["source_ports"] = NewPorts(_LOWEST_AUTO_PORT, 65535, auto=True, sequential=sequential)

    def _read_icmpidmap(self, node: Node) -> None:
        protocol = self._text(node).lower()
        if protocol not in ("icmp", "ipv6-icmp"):
            raise self._parsed.refuse(node.slot, f"`icmpidmap` is about `icmp`, not `{protocol}`")
        first, last = next(self._pair(part) for part in node.nodes if part.rule == "port_pair")
        self._protocols = (ICMP if self._addresses.family != 6 else ICMP6,)
        sequential = node.child("sequential") is not None
        self._values["source_ports"] = NewPorts(first, last, icmp=True, sequential=sequential)

    def _read_block_ports(self, node: Node) -> None:
        self._values["block_ports"] = self._number(node.nodes[0])

    def _read_block_auto(self, _: Node) -> None:
        self._values["block_ports"] = -1

    def _read_protocols(self, node: Node) -> None:
        if self._protocols is not None:
            raise self._parsed.refuse(all_slots(node)[0], "the protocol is given twice")
        part = node.nodes[0]
        if part.rule == "tcp_udp":
            self._read_tcp_udp(part)
        else:
            self._protocols = self._protocol(part)

    def _read_tcp_udp(self, node: Node) -> None:
        word = self._text(node).lower()
        single = {"tcp": (TCP,), "udp": (UDP,)}.get(word)
        slots = own_slots(node)
        self._protocols = single if single and len(slots) == 1 else TCP_UDP

    def _protocol(self, node: Node) -> tuple[int, ...]:
        slot = node.slot
        text = self._parsed.text(slot)
        protocol = int(text) & 255 if slot.name == "NUMBER" else names.protocol_of(text)
        if protocol is None:
            raise self._parsed.refuse(slot, f"`{text}` is no protocol", "write its number")
        if protocol not in TCP_UDP:
            self._suggests_ports = False
        return (protocol,) if protocol else ()

    def _final_protocols(self) -> tuple[int, ...]:
        """A rule that speaks of ports is about TCP and UDP where it names no protocol."""
        if self._protocols is not None:
            return self._protocols
        return TCP_UDP if self._suggests_ports else ()

    def _check_rdr(self) -> None:
        """Ports of a protocol that has none are forgotten."""
        protocols = self._final_protocols()
        if protocols and set(protocols) <= set(TCP_UDP):
            return
        ports: NewPorts | None = self._values.get("destination_ports")
        if self._kind is NatKind.RDR and ports is not None:
            self._values["destination_ports"] = None
