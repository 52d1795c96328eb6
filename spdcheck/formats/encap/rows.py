"""Rows to policies of the running state."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.dump_lines import LineGrammar, number_in
from spdcheck.formats.flow_words import FLOW_PROTOCOLS, FLOW_TYPES
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.model.addresses import ANY4, parse_address, parse_prefix
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Action, Direction
from spdcheck.model.running import Database, Dump, RunningPolicy, RunningTemplate
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector, takes_ports
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Line
    from spdcheck.formats.ipf_reading import Node
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import Span

_WORDS = {
    "WORD": "a word",
    "ROUTING": "`Routing tables`",
    "SOURCE": "the heading",
    "COLUMN": "the heading",
}
_OCTETS = 4


class _Row(NamedTuple):
    """A row whose protection may stand in the next line."""

    selector: TrafficSelector
    origin: Span


@cache
def grammar() -> LineGrammar:
    """Lines of netstat -rn -f encap."""
    return LineGrammar("encap", _WORDS, "the row")


class Rows:
    """Reads one file into one :class:`~spdcheck.model.running.Dump`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._policies: list[RunningPolicy] = []
        self._waiting: _Row | None = None
        self._broken = False

    def run(self) -> None:
        """Every line."""
        reading = self._reading
        for line in grammar().lines(reading):
            if line is None:
                self._unfinished()
                self._broken = True
            elif line.node.rule == "row":
                self._row(line)
            elif line.node.rule == "protection":
                self._continued(line)
            else:
                reading.inert += 1
        self._unfinished()
        reading.facts.dumps.append(
            Dump(
                tool="netstat -rn -f encap",
                origin=reading.file.span(0, 0),
                shows=frozenset({Database.SPD}),
                policies=tuple(self._policies),
            )
        )

    def _row(self, line: Line) -> None:
        self._unfinished()
        nodes = line.node.nodes
        slots = own_slots(line.node)
        source = self._net(line, nodes[0])
        destination = None if source is None else self._net(line, nodes[1])
        ports = [number_in(line.text(slot)) for slot in slots]
        self._broken = source is None or destination is None
        if source is None or destination is None:
            return
        if source.family != destination.family:
            # `default` has no family of its own.
            source, destination = _of_family(source, destination), _of_family(destination, source)
        if source.family != destination.family or None in ports or not 0 <= (ports[2] or 0) <= 0xFF:
            self._broken = True
            self._refuse(line, "found a row that is no flow: network, port, network, port, protocol, SA")
            return
        protocol = ports[2] or ANY_PROTOCOL
        with_ports = takes_ports(protocol)
        selector = TrafficSelector(
            source,
            destination,
            protocol,
            _port(ports[0]) if with_ports else ANY_PORT,
            _port(ports[1]) if with_ports else ANY_PORT,
        )
        row = _Row(selector, line.whole)
        if len(nodes) > 2:
            self._add(row, line, nodes[2])
        else:
            self._waiting = row

    def _continued(self, line: Line) -> None:
        row, self._waiting = self._waiting, None
        if row is not None:
            self._add(row, line, line.node.nodes[0])
        elif not self._broken:
            self._refuse(line, "found the SA of a row, but no row stands above it")

    def _unfinished(self) -> None:
        row, self._waiting = self._waiting, None
        if row is not None:
            self._reading.unreadable(
                row.origin, "the row ends before its SA, expected address/protocol/type/direction", part=Part.RUNNING,
                mend="keep the listing whole, as the program prints it",
            )  # fmt: skip

    def _refuse(self, line: Line, message: str) -> None:
        self._reading.unreadable(
            line.whole, message, part=Part.RUNNING, mend="keep the listing whole, as the program prints it"
        )

    def _add(self, row: _Row, line: Line, node: Node) -> None:
        words = line.words(node)
        kind = FLOW_TYPES.get(words[2])
        address = None if words[0] == "none" else parse_address(words[0])
        directions = {"in": Direction.IN, "out": Direction.OUT}
        if kind is None or words[3] not in directions or (address is None and words[0] != "none"):
            self._reading.unreadable(
                line.around(node), f"found `{'/'.join(words)}`, expected address/protocol/type/direction, as in "
                "198.51.100.2/esp/require/out", part=Part.RUNNING,
            )  # fmt: skip
            return
        templates: tuple[RunningTemplate, ...] = ()
        if kind.action is Action.PROTECT:
            protocol = FLOW_PROTOCOLS.get(words[1])
            if protocol is None:
                self._reading.not_modelled(
                    line.around(node), f"a flow of protocol {words[1]} is not modelled", part=Part.RUNNING
                )
                return
            templates = (
                RunningTemplate(protocol=protocol, mode=None, level=kind.level, origin=line.around(node), peer=address),
            )
        self._policies.append(
            RunningPolicy(
                direction=directions[words[3]],
                selector=row.selector,
                action=kind.action,
                templates=templates,
                origin=row.origin,
                selector_origin=row.origin,
            )
        )

    def _net(self, line: Line, node: Node) -> AddressRange | None:
        """``10.1.0.0/16``, ``10.1/16`` as netstat shortens it, an address, or ``default``."""
        address, *length = line.words(node)
        if address == "default":
            return ANY4
        if ":" not in address and address.count(".") < _OCTETS - 1:
            address += ".0" * (_OCTETS - 1 - address.count("."))
        text = "/".join([address, *length])
        found = parse_prefix(text)
        if found is None:
            self._reading.unreadable(
                line.around(node), f"found `{'/'.join(line.words(node))}`, expected a network", part=Part.RUNNING,
                mend="write addresses as numbers; documentation addresses (192.0.2.1) may stand for real ones",
            )  # fmt: skip
        return found


def _of_family(own: AddressRange, other: AddressRange) -> AddressRange:
    from spdcheck.model.addresses import EVERYTHING

    return EVERYTHING[other.family] if own.is_everything else own


def _port(number: int | None) -> PortRange:
    return PortRange(number, number) if number and 0 < number <= 0xFFFF else ANY_PORT
