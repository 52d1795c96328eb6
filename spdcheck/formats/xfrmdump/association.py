"""An entry of ``ip xfrm state`` (``xfrm_state_info_print`` of iproute2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.dump_lines import address_at, number_in
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.formats.xfrm_words import AEAD_ICV, CIPHERS, INTEGRITY, MODES
from spdcheck.model.addresses import parse_prefix
from spdcheck.model.diagnostic import Part
from spdcheck.model.running import RunningAlgorithm, RunningAssociation

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Keys, Line
    from spdcheck.source import Span

_PROTOCOLS = {"esp": "esp", "ah": "ah", "comp": "ipcomp", "50": "esp", "51": "ah", "108": "ipcomp"}
_LIMIT = re.compile(r"(soft|hard)\s+(?:(\d+)|\(INF\))\s*\((bytes|sec)\)")


class AssociationEntry:
    """The lines of one association as they come."""

    def __init__(self, head: Line, reading: Reading, keys: Keys) -> None:
        self._head = head
        self._reading = reading
        self._keys = keys
        self._values: dict[str, Any] = {}
        self._places: dict[str, Span] = {}
        self.damaged = False
        slots = own_slots(head.node)
        self._source = address_at(head, slots[1], reading)
        self._destination = None if self._source is None else address_at(head, slots[3], reading)

    def add(self, kind: str, line: Line) -> None:
        """One more line of this association."""
        if kind == "protection":
            self._protection(line)
        elif kind == "replay":
            slots = own_slots(line.node)
            self._values.setdefault("replay_window", plain(line.text(slots[1])))
            self._places.setdefault("replay", line.place(slots[0], slots[1]))
        elif kind == "key":
            self._key(line)
        elif kind == "encapsulation":
            self._values["port"] = number_in(line.words()[6])
        elif kind == "limits":
            self._limits(line)
        elif kind in ("bound", "selector"):
            self._bound(kind, line)

    def finished(self) -> RunningAssociation | None:
        """The association; None where it could not be read, which was said."""
        if self._source is None or self._destination is None or "protocol" not in self._values:
            return None
        return RunningAssociation(
            source=self._source,
            destination=self._destination,
            origin=self._head.whole,
            places=self._places,
            **self._values,
        )

    def _protection(self, line: Line) -> None:
        slots = own_slots(line.node)
        word = line.text(slots[1])
        protocol = _PROTOCOLS.get(word)
        if protocol is None:
            self._reading.not_modelled(line.place(slots[1]), f"an SA of {word} is not modelled", part=Part.RUNNING)
            return
        self._values["protocol"] = protocol
        for node in line.node.nodes:
            name, text = line.words(node)
            self._places[name] = line.around(node)
            if name == "mode":
                self._values["mode"] = MODES.get(text)
            else:
                self._values[name] = plain(text)

    def _key(self, line: Line) -> None:
        name, word, *rest = own_slots(line.node)
        text = line.text(word)
        if name.name == "COMP":
            self._values["compression"] = text
            return
        integrity = name.name in ("AUTH", "AUTH_TRUNC")
        known = INTEGRITY.get(text, text) if integrity else CIPHERS.get(text, text)
        if name.name == "AEAD" and known == "aes-gcm-16" and rest:
            known = AEAD_ICV.get(number_in(line.text(rest[-1])) or 0, known)
        bits = key = None
        if rest:
            start = line.tokens.start(rest[0].at)
            bits, key = self._keys.bits(start), self._keys.secret(start)
        place = line.place(word, rest[0] if rest else word)
        self._values["integrity" if integrity else "encryption"] = RunningAlgorithm(known, bits, key, place)

    def _limits(self, line: Line) -> None:
        """``expire add: soft 2880(sec), hard 3600(sec)``; packets and the time of use are not compared."""
        words = line.words()
        if words[0] == "expire" and words[1:2] != ["add:"]:
            return
        for grade, number, unit in _LIMIT.findall(line.whole.text):
            name = f"{grade}_{'seconds' if unit == 'sec' else 'bytes'}"
            self._values[name] = number_in(number or "0")
            self._places["lifetime" if unit == "sec" else "bytes"] = line.whole

    def _bound(self, kind: str, line: Line) -> None:
        """A mark, a device or a selector narrows an SA; a selector of everything does not."""
        words = line.words()
        if kind == "selector":
            sides = [parse_prefix(words[at]) for at in (2, 4)]
            if all(side is not None and side.is_everything for side in sides):
                return
        elif words[0] == "output-mark":
            return
        self._reading.not_modelled(line.whole, f"`{words[0]}` of an SA is not modelled", part=Part.RUNNING)


def plain(text: str) -> int | None:
    """A number without its other form in parentheses; None for one that was hidden."""
    return number_in(text.partition("(")[0])
