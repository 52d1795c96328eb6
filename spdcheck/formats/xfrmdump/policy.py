"""An entry of ``ip xfrm policy`` (``xfrm_policy_info_print`` of iproute2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.dump_lines import address_at, number_in
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.formats.xfrm_words import MODES, PROTOCOLS
from spdcheck.formats.xfrmdump.association import plain
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Action, Direction, Level
from spdcheck.model.protocols import protocol_number
from spdcheck.model.running import RunningPolicy, RunningTemplate
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector, takes_ports
from spdcheck.records import replace

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Line
    from spdcheck.model.addresses import AddressRange


class PolicyEntry:
    """The lines of one policy as they come."""

    def __init__(self, head: Line, reading: Reading) -> None:
        self._head = head
        self._reading = reading
        self._values: dict[str, Any] = {}
        self._templates: list[RunningTemplate] = []
        self._ends: tuple[AddressRange | None, AddressRange | None] = (None, None)
        self._blocked = False
        self._selector = self._read_selector()
        self.damaged = self._selector is None

    def add(self, kind: str, line: Line) -> None:
        """One more line of this policy."""
        if kind == "policy":
            self._policy(line)
        elif kind == "template":
            slots = own_slots(line.node)
            ends = [address_at(line, slots[at], self._reading) for at in (2, 4)]
            self.damaged = self.damaged or None in ends
            source, destination = (end if end is not None and end.first else None for end in ends)
            self._ends = (source, destination)
        elif kind == "protection":
            self._protection(line)
        elif kind == "level":
            if self._templates and line.words()[1] == "use":
                self._templates[-1] = _optional(self._templates[-1])
        elif kind == "bound":
            self._reading.not_modelled(
                line.whole, f"`{line.words()[0]}` of a policy is not modelled", part=Part.RUNNING
            )
            self.damaged = True

    def finished(self) -> RunningPolicy | None:
        """The policy; None where some part of it could not be read, which was said."""
        if self.damaged or self._selector is None or "direction" not in self._values:
            return None
        protecting = Action.PROTECT if self._templates else Action.BYPASS
        return RunningPolicy(
            selector=self._selector,
            action=Action.DISCARD if self._blocked else protecting,
            templates=tuple(self._templates),
            origin=self._head.whole,
            selector_origin=self._head.whole,
            **self._values,
        )

    def _read_selector(self) -> TrafficSelector | None:
        head = self._head
        slots = own_slots(head.node)
        source = address_at(head, slots[1], self._reading, prefix=True)
        destination = None if source is None else address_at(head, slots[3], self._reading, prefix=True)
        if source is None or destination is None:
            return None
        if source.family != destination.family:
            self._refuse("the two sides are of different families")
            return None
        words = dict(head.words(node) for node in head.node.nodes)
        if "dev" in words:
            self._reading.not_modelled(head.whole, "`dev` of a policy is not modelled", part=Part.RUNNING)
            return None
        protocol = protocol_number(words["proto"]) if "proto" in words else ANY_PROTOCOL
        if protocol is None:
            self._refuse(f"found the protocol `{words['proto']}`, expected a number or a name")
            return None
        ports = takes_ports(protocol)
        return TrafficSelector(
            source,
            destination,
            protocol or ANY_PROTOCOL,
            _port(words.get("sport")) if ports else ANY_PORT,
            _port(words.get("dport")) if ports else ANY_PORT,
            number_in(words["type"]) if "type" in words else None,
            number_in(words["code"]) if "code" in words else None,
            number_in(words["key"]) if "key" in words else None,
        )

    def _refuse(self, message: str) -> None:
        self._reading.unreadable(self._head.whole, message, part=Part.RUNNING)

    def _policy(self, line: Line) -> None:
        direction = line.words()[1]
        if direction not in ("in", "out", "fwd"):
            self._reading.unreadable(
                line.whole, f"found the direction `{direction}`, expected `in`, `out` or `fwd`", part=Part.RUNNING
            )
            self.damaged = True
            return
        self._values.update(direction=Direction(direction), priority=0)
        for node in line.node.nodes:
            name, *values = line.words(node)
            if name == "priority":
                self._values["priority"] = number_in(values[0])
            elif name == "index":
                self._values.update(number=plain(values[0]), number_origin=line.around(node))
            elif name == "action":
                self._blocked = values[0] == "block"

    def _protection(self, line: Line) -> None:
        word = line.words()[1]
        items = dict(line.words(node) for node in line.node.nodes)
        protocol = PROTOCOLS.get(word)
        mode = MODES.get(items.get("mode", "transport"))
        if protocol is None or mode is None:
            text = f"a template of {word}, mode {items.get('mode', 'transport')}, is not modelled"
            self._reading.not_modelled(line.whole, text, part=Part.RUNNING)
            self.damaged = True
            return
        source, destination = self._ends
        self._templates.append(
            RunningTemplate(
                protocol=protocol,
                mode=mode,
                level=Level.REQUIRE,
                origin=line.whole,
                source=source,
                destination=destination,
                reqid=plain(items.get("reqid", "0")) or 0,
            )
        )


def _optional(template: RunningTemplate) -> RunningTemplate:
    return replace(template, level=Level.USE)


def _port(text: str | None) -> PortRange:
    number = number_in(text) if text else None
    return PortRange(number, number) if number and 0 < number <= 0xFFFF else ANY_PORT
