"""Statements of ipnat.conf to rules of the model, with ipnat's defaults for protocols."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipf_reading import all_slots, own_slots
from spdcheck.formats.ipnat.addresses import port_number
from spdcheck.formats.ipnat.ports import PortsReader
from spdcheck.model.ipfilter import End, NetworkAddress
from spdcheck.model.ipnat import NatKind, NatRule, NatSplit, NewPorts, Proxy
from spdcheck.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.ipf_reading import Node
    from spdcheck.source import Span

_KINDS = {
    "map_block": NatKind.MAP_BLOCK, "rdr": NatKind.RDR, "rewrite": NatKind.REWRITE, "divert": NatKind.DIVERT,
    "encap": NatKind.ENCAP,
}  # fmt: skip
_HOST_BITS = {4: 32, 6: 128}
_TAG_LENGTH = 16


class NatRuleReader(PortsReader):
    """One rule of a statement; its parts come in a fixed order."""

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

    def _target(self, node: Node, number: int) -> None:
        """New addresses: of the source for map, of the destination for rdr, of both for the others."""
        hosts = node.nodes
        if self._kind is NatKind.REWRITE and node.rule == "split" and hosts[1].slot.name == "NUMBER":
            # `dst ADDRESS,PORT`: only rdr splits what comes between two addresses.
            port = port_number(self._parsed, hosts[1])
            self._values["destination_ports"] = NewPorts(port, port)
            self._values["new_destination"] = self._addresses.single(hosts[0])
            return
        new = self._addresses.new(node)
        if self._kind is NatKind.RDR:
            if isinstance(new, NetworkAddress) and _length(new) not in (0, _HOST_BITS[new.family]):
                raise self._parsed.refuse(all_slots(node)[0], "`rdr` leads to a single address, not to a network")
            self._values["new_destination"] = new
        elif number == 0:
            self._values["new_source"] = new
        else:
            self._values["new_destination"] = new

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
