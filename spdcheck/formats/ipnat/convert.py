"""Statements of ipnat.conf to rules of the model, with ipnat's defaults for protocols."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipf_reading import all_slots, own_slots
from spdcheck.formats.ipnat.addresses import NatAddresses, port_number
from spdcheck.model.ipfilter import TCP_UDP, End, NetworkAddress, Ports
from spdcheck.model.ipnat import NatKind, NatRule, NatSplit, NewPorts, Proxy
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import ICMP, ICMP6, TCP, UDP

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.base import Reading
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.source import Span

_KINDS = {
    "map_block": NatKind.MAP_BLOCK, "rdr": NatKind.RDR, "rewrite": NatKind.REWRITE, "divert": NatKind.DIVERT,
    "encap": NatKind.ENCAP,
}  # fmt: skip
_HOST_BITS = {4: 32, 6: 128}
_TAG_LENGTH = 16
_LOWEST_AUTO_PORT = 1024


class NatRuleReader:
    """One rule of a statement; its parts come in a fixed order."""

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

    def rule(self, origin: Span) -> NatRule:
        """The rule that the node stands for."""
        node = self._node
        exempt = node.rule.startswith("no_")
        self._kind = _KINDS.get(node.rule.removeprefix("no_"), NatKind.MAP)
        family = next((self._text(part) for part in node.nodes if part.rule == "family"), None)
        if family is not None:
            self._addresses.family = 6 if family.lower() == "inet6" else 4
        targets = 0
        for part in node.nodes:
            if part.rule in _TARGETS and (part.rule != "address" and self._has_original(part)):
                self._target(part, targets)
                targets += 1
            else:
                _step(part.rule)(self, part)
        self._check_rdr()
        if self._kind is NatKind.MAP_BLOCK and not exempt:
            self._values.setdefault("block_ports", 0)
        direction = self._values.pop("direction", Direction.IN if self._kind is NatKind.RDR else Direction.OUT)
        return NatRule(
            origin=origin,
            kind=self._kind,
            direction=direction,
            exempt=exempt,
            family=self._addresses.family or 4,
            protocols=self._final_protocols(),
            **self._values,
        )

    def _has_original(self, _: Node) -> bool:
        """The packet's own addresses were read already, so that the next ones are the new ones."""
        return "interfaces" in self._values and ("source" in self._values or "destination" in self._values)

    def _text(self, node: Node) -> str:
        return self._parsed.text(node.slot)

    def _number(self, node: Node) -> int:
        return int(self._text(node))

    def _read_map_kind(self, node: Node) -> None:
        self._kind = NatKind(self._text(node).lower())

    def _read_side(self, node: Node) -> None:
        self._values["direction"] = Direction.IN if self._text(node).lower() == "in" else Direction.OUT

    def _read_interfaces(self, node: Node) -> None:
        self._values["interfaces"] = tuple(self._parsed.text(slot) for slot in own_slots(node))

    def _read_from_to(self, node: Node) -> None:
        nots = [(part.rule, at) for at, part in enumerate(node.nodes) if part.rule.startswith("not")]
        ends = [(part, at) for at, part in enumerate(node.nodes) if part.rule == "end"]
        (source, first), (destination, _) = ends
        self._values["written_out"] = True
        not_source = any(at < first for _, at in nots)
        not_destination = any(at > first for _, at in nots)
        refused = not_destination if self._kind is NatKind.RDR else not_source
        if refused:
            which = "destination" if self._kind is NatKind.RDR else "source"
            raise self._parsed.refuse(all_slots(node)[0], f"`{self._kind.value}` can't turn its {which} round with `!`")
        self._values["source"] = self._addresses.end(source)._replace(negated=not_source)
        self._values["destination"] = self._addresses.end(destination)._replace(negated=not_destination)
        if any(end.ports for end in (self._values["source"], self._values["destination"])):
            self._suggests_ports = True

    def _read_original(self, node: Node) -> None:
        """The short form: the source for map, the destination for rdr."""
        if node.rule in ("pool", "hash"):
            raise self._parsed.refuse(node.slot, "a pool needs the form `from … to …`")
        self._values["destination" if self._kind is NatKind.RDR else "source"] = self._addresses.end(node)

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

    def _target(self, node: Node, number: int) -> None:
        """New addresses: of the source for map, of the destination for rdr, of both for the others."""
        new = self._addresses.new(node)
        if self._kind is NatKind.RDR:
            if isinstance(new, NetworkAddress) and _length(new) not in (0, _HOST_BITS[new.family]):
                raise self._parsed.refuse(all_slots(node)[0], "`rdr` leads to a single address, not to a network")
            self._values["new_destination"] = new
        elif number == 0:
            self._values["new_source"] = new
        else:
            self._values["new_destination"] = new

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
            start, end = self._parsed.region(all_slots(node)[0].at, all_slots(node)[-1].at)
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

    def _read_proxy(self, node: Node) -> None:
        port, name, protocol, *config = node.nodes
        number = port_number(self._parsed, port)
        known = self._values.get("destination") or End()
        if known.ports is not None and known.ports.first != number:
            raise self._parsed.refuse(
                port.slot, f"the rule is about port {known.ports.first}, its proxy about {number}"
            )
        self._protocols = self._protocol(protocol)
        self._values["proxy"] = Proxy(
            self._text(name),
            number,
            self._protocols[0] if self._protocols else 0,
            self._text(config[0]) if config else "",
        )

    def _read_named_proxy(self, node: Node) -> None:
        self._values["proxy"] = Proxy(self._text(node.nodes[0]))

    def _read_options(self, node: Node) -> None:
        for part in node.nodes:
            _step(part.rule)(self, part)

    def _read_round_robin(self, _: Node) -> None:
        self._values["round_robin"] = True

    def _read_frag(self, _: Node) -> None:
        self._values["frag"] = True

    def _read_sticky(self, _: Node) -> None:
        if self._values.get("round_robin") or isinstance(self._values.get("new_destination"), NatSplit):
            self._values["sticky"] = True
        else:
            start, end = self._parsed.start, self._parsed.end
            self._reading.accident(
                self._reading.file.span(start, end), "`sticky` without `round-robin` or two addresses has no effect"
            )

    def _read_purge(self, _: Node) -> None:
        self._values["purge"] = True

    def _read_age(self, node: Node) -> None:
        numbers = [self._number(part) for part in node.nodes]
        self._values["age"] = (numbers[0], numbers[-1])

    def _read_mssclamp(self, node: Node) -> None:
        self._values["mssclamp"] = self._number(node.nodes[0])

    def _read_tag(self, node: Node) -> None:
        self._values["tag"] = self._text(node)[:_TAG_LENGTH]

    def _read_ignored(self, _: Node) -> None:
        """The family was read first."""

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


def _length(network: NetworkAddress) -> int | None:
    return names.length_of_mask(network.family, network.mask)


_ADDRESSES = ("any", "host_address", "network", "pool", "hash")
_TARGETS = frozenset((*_ADDRESSES, "addresses", "split", "dstlist"))
_STEPS: dict[str, Callable[[NatRuleReader, Node], None]] = {
    **dict.fromkeys(_ADDRESSES, NatRuleReader._read_original),
    "port_pair": NatRuleReader._read_ports,
    "map_options": NatRuleReader._read_options,
    "rdr_options": NatRuleReader._read_options,
    "family": NatRuleReader._read_ignored,
}


@cache
def _step(rule: str) -> Callable[[NatRuleReader, Node], None]:
    step: Callable[[NatRuleReader, Node], None] = _STEPS.get(rule) or getattr(NatRuleReader, f"_read_{rule}")
    return step
