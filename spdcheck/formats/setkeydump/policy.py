"""An entry of ``setkey -DP`` (``pfkey_spdump`` and ``ipsec_dump_policy`` of libipsec)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.dump_lines import address_at, number_in
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.model.addresses import BITS, parse_address, prefix
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Action, Direction, Level, Mode, Protocol
from spdcheck.model.protocols import GRE, ICMP, ICMP6, protocol_number
from spdcheck.model.running import RunningPolicy, RunningTemplate
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector, takes_ports

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Line
    from spdcheck.formats.ipf_reading import Node
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import Span

_PRIORITIES = {"low": 0xC000_0000, "def": 0x8000_0000, "high": 0x4000_0000}
_ACTIONS = {"ipsec": Action.PROTECT, "none": Action.BYPASS, "bypass": Action.BYPASS, "discard": Action.DISCARD}
_LEVEL = re.compile(r"(default|use|require|unique)(?:([:#])([0-9]+))?")
_LARGEST_MANUAL = 0x3FFF


class PolicyEntry:
    """The lines of one policy as they come."""

    def __init__(self, line: Line, reading: Reading) -> None:
        self._line = line
        self._reading = reading
        self._values: dict[str, Any] = {}
        self._templates: list[RunningTemplate] = []
        if line.node.rule == "tagged":
            self._not_modelled("a policy for tagged packets")
            self._selector = None
        else:
            self._selector = self._read_selector(line)
        self.damaged = self._selector is None

    def add(self, kind: str, line: Line) -> None:
        """One more line of this policy."""
        if kind == "policy":
            self._policy(line)
        elif kind == "template":
            template = self._template(line)
            if template is None:
                self.damaged = True
            else:
                self._templates.append(template)
        elif kind == "nameless":
            self.damaged = True
            self._not_modelled("a policy that setkey could not put into words", line.whole)
        elif kind in ("fields", "counters"):
            self._fields(line)

    def finished(self) -> RunningPolicy | None:
        """The policy; None where some part of it could not be read, which was said."""
        if self.damaged or self._selector is None:
            return None
        if "direction" not in self._values:
            self._reading.unreadable(
                self._line.whole, "a policy without the line of its direction", part=Part.RUNNING,
                mend="keep the listing whole, as the program prints it",
            )  # fmt: skip
            return None
        return RunningPolicy(
            selector=self._selector,
            templates=tuple(self._templates),
            origin=self._line.whole,
            selector_origin=self._line.whole,
            **self._values,
        )

    def _not_modelled(self, what: str, place: Span | None = None) -> None:
        self._reading.not_modelled(place or self._line.whole, f"{what} is not modelled", part=Part.RUNNING)

    def _read_selector(self, line: Line) -> TrafficSelector | None:
        source, destination, upper = line.node.nodes
        if (from_side := self._side(line, source)) is None:
            return None
        if (to_side := self._side(line, destination)) is None:
            return None
        if (protocol := self._protocol(line, upper)) is None:
            return None
        (source_range, source_port), (destination_range, destination_port) = from_side, to_side
        if source_range.family != destination_range.family:
            self._reading.unreadable(line.whole, "the two sides are of different families", part=Part.RUNNING)
            return None
        number, kind, code = protocol
        key = None
        ports = takes_ports(number) or number == ANY_PROTOCOL
        if not ports:
            # Type and code, or the halves of a key, travel in the place of the ports; 0 is a wildcard there.
            first, second = _single(source_port), _single(destination_port)
            if number in (ICMP, ICMP6) and kind is None:
                kind, code = first, second
            elif number == GRE and first is not None and second is not None:
                key = first << 16 | second
        return TrafficSelector(
            source_range,
            destination_range,
            number,
            source_port if ports else ANY_PORT,
            destination_port if ports else ANY_PORT,
            kind,
            code,
            key,
        )

    def _side(self, line: Line, node: Node) -> tuple[AddressRange, PortRange] | None:
        slots = own_slots(node)
        address = address_at(line, slots[0], self._reading)
        if address is None:
            return None
        ports = ANY_PORT
        for slot in slots[1:]:
            text = line.text(slot)
            before = line.file.text[line.tokens.start(slot.at) - 1]
            number = number_in(text)
            if before == "/":
                if number is None or number > BITS[address.family]:
                    self._reading.unreadable(
                        line.place(slot), f"found `/{text}`, expected a prefix length", part=Part.RUNNING
                    )
                    return None
                address = prefix(address.family, address.first, number)
            elif text != "any" and number is not None and 0 < number <= 0xFFFF:
                ports = PortRange(number, number)
        return address, ports

    def _protocol(self, line: Line, node: Node) -> tuple[int, int | None, int | None] | None:
        """Number, ICMP type and code: ``any``, ``255(reserved)``, ``gre``, ``icmp6 128,0``."""
        name, *rest = line.words(node)
        if name in ("any", "255"):
            return ANY_PROTOCOL, None, None
        number = protocol_number(name)
        if number is None:
            self._reading.unreadable(
                line.around(node), f"found `{name}`, expected an upper layer protocol", part=Part.RUNNING
            )
            return None
        details = [number_in(part) for text in rest for part in text.split(",") if number_in(part) is not None]
        if len(details) == 2 and "," in rest[-1]:
            return number, details[0] or None, details[1] or None
        return number, None, None

    def _policy(self, line: Line) -> None:
        slots = own_slots(line.node)
        texts = [line.text(slot) for slot in slots]
        action = _ACTIONS.get(texts[-1])
        if action is None:
            self._not_modelled(f"the policy `{texts[-1]}`", line.place(slots[-1]))
            self.damaged = True
            return
        self._values.update(direction=Direction(texts[0]), action=action)
        if slots[1].name == "WORD":
            self._not_modelled(f"a policy of direction {texts[0]}({texts[1]})", line.whole)
            self.damaged = True
        elif slots[1].name == "PRIORITY":
            self._values["priority"] = _priority(texts[2:-1])

    def _template(self, line: Line) -> RunningTemplate | None:
        slots = own_slots(line.node)
        protocol, mode, level = (line.text(slot) for slot in slots)
        graded = _LEVEL.fullmatch(level)
        modes = {item.value: item for item in Mode}
        protocols = {item.value: item for item in Protocol}
        if protocol not in protocols or mode not in modes or graded is None:
            self._reading.unreadable(
                line.whole, f"found `{protocol}/{mode}/…/{level}`, expected something like esp/tunnel/A-B/require",
                part=Part.RUNNING,
            )  # fmt: skip
            return None
        ends: list[AddressRange | None] = [None, None]
        if line.node.nodes:
            pair = line.node.nodes[0]
            text = "".join(line.file.text[slice(*_region(line, pair))].split())
            ends = [parse_address(part) for part in re.sub(r"\[[^\]]*\]", "", text).split("-", 1)]
            if None in ends or len(ends) != 2:
                self._reading.unreadable(
                    line.around(pair), f"found `{text}`, expected two addresses with a dash between them",
                    part=Part.RUNNING,
                )  # fmt: skip
                return None
        reqid = number_in(graded[3] or "0") or 0
        return RunningTemplate(
            protocol=protocols[protocol],
            mode=modes[mode],
            level=Level(graded[1]),
            origin=line.whole,
            source=ends[0],
            destination=ends[1],
            reqid=reqid,
            chosen=graded[2] == "#" or reqid > _LARGEST_MANUAL,
        )

    def _fields(self, line: Line) -> None:
        """``spid= seq= pid= scope= ifname=``."""
        slots = own_slots(line.node)
        pairs = [(line.text(slots[0]), line.text(slots[1]), line.place(slots[0], slots[1]))]
        for node in line.node.nodes:
            name, value = line.words(node)[:2]
            pairs.append((name, value, line.around(node)))
        for name, value, place in pairs:
            if name == "spid":
                self._values.update(number=number_in(value), number_origin=place)
            elif name == "seq":
                self._values["sequence"] = number_in(value)
            elif name == "ifname":
                self._values["interface"] = value


def _single(ports: PortRange) -> int | None:
    return None if ports.is_any else ports.first


def _priority(words: list[str]) -> int | None:
    """``def``, ``high + 10``, ``low - 3``: as ``ipsec_dump_policy`` writes the distance to the nearest constant."""
    base = _PRIORITIES.get(words[0])
    if base is None or len(words) == 2:
        return number_in(words[0])
    offset = number_in(words[2]) if len(words) > 2 else 0
    if offset is None:
        return None
    return base - offset if len(words) > 2 and words[1] == "+" else base + offset


def _region(line: Line, node: Node) -> tuple[int, int]:
    """From a node's first token to the slash behind it: brackets are part of it, though they are no tokens."""
    start = line.around(node).start
    end = line.file.text.find("/", start, line.end)
    return start, line.end if end < 0 else end
