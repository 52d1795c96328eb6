"""Lines to entries: flows and associations."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spdcheck.formats.dump_lines import LineGrammar, address_at, number_in
from spdcheck.formats.flow_words import FLOW_PROTOCOLS, FLOW_TYPES
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.model.addresses import EVERYTHING, parse_prefix
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Action, Direction, Mode
from spdcheck.model.protocols import protocol_number
from spdcheck.model.running import (
    Database,
    Dump,
    RunningAlgorithm,
    RunningAssociation,
    RunningPolicy,
    RunningTemplate,
)
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector, takes_ports

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Slot
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Keys, Line
    from spdcheck.formats.ipf_reading import Node
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import Span

_WORDS = {
    "WORD": "a word",
    "DIRECTION": "`in` or `out`",
    "MODE": "`tunnel` or `transport`",
    "DETAIL": "a detail of -v",
    "COUNT": "a counter",
}
_BEGINNINGS = frozenset(
    {"NUMBER", "FLOW", "WORD", "DETAIL", "COUNT", "STATE", "AUTHKEY", "ENCKEY", "NONE", "TITLE_FLOWS", "TITLE_SAD"}
)
_ALGORITHMS = {
    "aes": "aes-cbc", "aesctr": "aes-ctr", "aes-128": "aes-cbc", "aes-192": "aes-cbc", "aes-256": "aes-cbc",
    "aes-128-gcm": "aes-gcm-16", "aes-192-gcm": "aes-gcm-16", "aes-256-gcm": "aes-gcm-16", "aes-gcm": "aes-gcm-16",
    "aes-gmac": "aes-gmac", "blowfish": "blowfish-cbc", "cast128": "cast128-cbc", "3des": "3des-cbc", "des": "des-cbc",
    "chacha20-poly1305": "chacha20-poly1305",
}  # fmt: skip
_NAMED_BITS = ("128", "192", "256")
_SALT_BITS = 32
_PARTS = {"AUTHKEY": "integrity", "ENCKEY": "encryption"}


@cache
def grammar() -> LineGrammar:
    """Lines of ipsecctl -s all."""
    return LineGrammar("ipsecctl", _WORDS, "the line", [(_BEGINNINGS, "a line of ipsecctl -s all")])


class Listing:
    """Reads one file into one :class:`~spdcheck.model.running.Dump`."""

    def __init__(self, reading: Reading, keys: Keys) -> None:
        self._reading = reading
        self._keys = keys
        self._shows: set[Database] = set()
        self._policies: list[RunningPolicy] = []
        self._associations: list[RunningAssociation] = []
        self._values: dict[str, Any] | None = None

    def run(self) -> None:
        """Every line."""
        reading = self._reading
        for line in grammar().lines(reading):
            if line is None:
                continue
            kind = line.node.rule
            if kind == "flow":
                self._finish()
                self._flow(line)
            elif kind == "association":
                self._finish()
                self._association(line)
            elif kind in ("title", "empty"):
                self._finish()
                reading.inert += 1
                words = line.words()
                self._shows.add(Database.SPD if words[-1] in ("FLOWS:", "flows") else Database.SAD)
            else:
                self._detail(kind, line)
        self._finish()
        reading.facts.dumps.append(
            Dump(
                tool="ipsecctl -s all" if len(self._shows) > 1 else "ipsecctl",
                origin=reading.file.span(0, 0),
                shows=frozenset(self._shows),
                policies=tuple(self._policies),
                associations=tuple(self._associations),
                keys=self._keys.shown(reading.file),
            )
        )

    def _finish(self) -> None:
        values, self._values = self._values, None
        if values is not None:
            self._associations.append(RunningAssociation(**values))

    # ---- flows

    def _flow(self, line: Line) -> None:
        self._shows.add(Database.SPD)
        slots = [slot for slot in own_slots(line.node) if slot.name != "NUMBER"]
        texts = [line.text(slot) for slot in slots]
        direction = next(at for at, slot in enumerate(slots) if slot.name == "DIRECTION")
        named = texts[slots.index(next(slot for slot in slots if slot.name == "PROTO")) + 1] if "proto" in texts else ""
        items = {line.words(node)[0]: own_slots(node)[1] for node in line.node.nodes if node.rule == "flow_item"}
        kind = FLOW_TYPES.get(line.text(items["type"]) if "type" in items else "require")
        protocol = protocol_number(named) if named else ANY_PROTOCOL
        if kind is None or protocol is None:
            self._refuse(line, "found a type or a protocol that no flow has", items.get("type"))
            return
        ends = [node for node in line.node.nodes if node.rule == "end"]
        selector = self._selector(line, ends, protocol)
        if selector is None:
            return
        templates: tuple[RunningTemplate, ...] = ()
        if kind.action is Action.PROTECT:
            word = texts[1] if direction == 2 else "esp"
            demanded = FLOW_PROTOCOLS.get(word)
            if demanded is None:
                self._reading.not_modelled(line.whole, f"a flow of {word} is not modelled", part=Part.RUNNING)
                return
            peer = None
            if "peer" in items and (peer := address_at(line, items["peer"], self._reading)) is None:
                return
            templates = (RunningTemplate(protocol=demanded, mode=None, level=kind.level, origin=line.whole, peer=peer),)
        self._policies.append(
            RunningPolicy(
                direction=Direction(texts[direction]),
                selector=selector,
                action=kind.action,
                templates=templates,
                origin=line.whole,
                selector_origin=line.around(ends[0]).join(line.around(ends[1])),
            )
        )

    def _selector(self, line: Line, ends: list[Node], protocol: int) -> TrafficSelector | None:
        sides = []
        family = next((found.family for node in ends if (found := parse_prefix(line.words(node)[0])) is not None), 4)
        for node in ends:
            address, *port = own_slots(node)
            text = line.text(address)
            found = EVERYTHING[family] if text == "any" else parse_prefix(text)
            if found is None:
                address_at(line, address, self._reading, prefix=True)
                return None
            number = number_in(line.text(port[1])) if port else None
            sides.append((found, PortRange(number, number) if number and 0 < number <= 0xFFFF else ANY_PORT))
        if sides[0][0].family != sides[1][0].family:
            self._refuse(line, "the two sides are of different families", None)
            return None
        ports = takes_ports(protocol)
        return TrafficSelector(
            sides[0][0],
            sides[1][0],
            protocol,
            sides[0][1] if ports else ANY_PORT,
            sides[1][1] if ports else ANY_PORT,
        )

    def _refuse(self, line: Line, message: str, slot: Slot | None) -> None:
        self._reading.unreadable(line.whole if slot is None else line.place(slot), message, part=Part.RUNNING)

    # ---- associations

    def _association(self, line: Line) -> None:
        self._shows.add(Database.SAD)
        slots = [slot for slot in own_slots(line.node) if slot.name != "NUMBER"]
        ends = [node for node in line.node.nodes if node.rule == "end"]
        source = self._end(line, ends[0])
        destination = None if source is None else self._end(line, ends[1])
        if source is None or destination is None:
            return
        places: dict[str, Span] = {}
        values: dict[str, Any] = {
            "source": source,
            "destination": destination,
            "protocol": line.text(slots[0]),
            "origin": line.whole,
            "places": places,
        }
        for slot in slots:
            if slot.name == "MODE":
                values["mode"] = {"tunnel": Mode.TUNNEL, "transport": Mode.TRANSPORT}.get(line.text(slot))
                places["mode"] = line.place(slot)
        for node in line.node.nodes:
            if node.rule == "sa_item":
                name, slot = own_slots(node)
                text = line.text(slot)
                if name.name in ("SPI", "CPI"):
                    values["spi"] = number_in(text)
                    places["spi"] = line.place(name, slot)
                elif name.name in ("AUTH", "ENC") and text != "none":
                    part = "integrity" if name.name == "AUTH" else "encryption"
                    bits = next((int(word) for word in text.split("-") if word in _NAMED_BITS), None)
                    if bits is not None and text.endswith("-gcm"):
                        bits += _SALT_BITS
                    values[part] = RunningAlgorithm(_ALGORITHMS.get(text, text), bits, None, line.place(slot))
                elif name.name == "COMP":
                    values["compression"] = text
                elif name.name in ("AUTHKEY", "ENCKEY"):
                    self._key(values, _PARTS[name.name], line, slot)
        self._values = values

    def _end(self, line: Line, node: Node) -> AddressRange | None:
        return address_at(line, node.slot, self._reading)

    def _detail(self, kind: str, line: Line) -> None:
        """A line of ``-v`` or ``-k``: lifetimes, state and keys say something, the rest repeats the entry."""
        values = self._values
        slots = own_slots(line.node)
        texts = [line.text(slot) for slot in slots]
        said = False
        if values is None:
            pass
        elif kind == "state":
            values["state"], values["replay_window"] = texts[1], number_in(texts[3])
            values["places"].update(state=line.place(slots[0], slots[1]), replay=line.place(slots[2], slots[3]))
            said = True
        elif kind == "shown_key":
            for name, slot in zip(slots[::2], slots[1::2], strict=True):
                said = self._key(values, _PARTS[name.name], line, slot) or said
        elif texts[0] in ("key_auth:", "key_encrypt:") and len(slots) > 1:
            said = self._key(values, "integrity" if texts[0] == "key_auth:" else "encryption", line, slots[-1])
        elif texts[0] in ("lifetime_hard:", "lifetime_soft:"):
            said = _lifetime(values, texts, line)
        elif texts[0] == "udpencap:":
            values["port"] = number_in(texts[-1])
            said = True
        self._reading.inert += not said

    def _key(self, values: dict[str, Any], part: str, line: Line, slot: Slot) -> bool:
        known = values.get(part)
        start = line.tokens.start(slot.at)
        if known is None or self._keys.bits(start) is None:
            return False
        values[part] = RunningAlgorithm(known.name, self._keys.bits(start), self._keys.secret(start), line.place(slot))
        return True


def _lifetime(values: dict[str, Any], texts: list[str], line: Line) -> bool:
    """``lifetime_hard: alloc 0 bytes 0 add 1200 first 0``."""
    pairs = dict(zip(texts[1::2], texts[2::2], strict=False))
    grade = texts[0].removeprefix("lifetime_").rstrip(":")
    values[f"{grade}_seconds"] = number_in(pairs.get("add", ""))
    values[f"{grade}_bytes"] = number_in(pairs.get("bytes", ""))
    if grade == "hard":
        values["places"].update(lifetime=line.whole, bytes=line.whole)
    return True
