"""An entry of ``setkey -D`` (``pfkey_sadump`` of libipsec)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.dump_lines import address_at, number_in
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Mode
from spdcheck.model.running import RunningAlgorithm, RunningAssociation

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Keys, Line
    from spdcheck.source import Span

_ALIASES = {
    "rijndael-cbc": "aes-cbc", "aes": "aes-cbc", "rijndael": "aes-cbc", "hmac-sha256": "hmac-sha2-256",
    "hmac-sha384": "hmac-sha2-384", "hmac-sha512": "hmac-sha2-512",
}  # fmt: skip
_MODES = {mode.value: mode for mode in Mode}
_PLACED = {"spi": "spi", "reqid": "reqid", "replay": "replay", "state": "state"}
_DIGITS = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]+")


class AssociationEntry:
    """The lines of one association as they come."""

    def __init__(self, line: Line, reading: Reading, keys: Keys) -> None:
        self._line = line
        self._reading = reading
        self._keys = keys
        self._values: dict[str, Any] = {}
        self._places: dict[str, Span] = {}
        self.damaged = False
        ends = line.node.nodes
        self._source = address_at(line, ends[0].slot, reading)
        self._destination = None if self._source is None else address_at(line, ends[1].slot, reading)
        ports = own_slots(ends[1])[1:]
        port = number_in(line.text(ports[0])) if ports else None
        if port is not None:
            self._values["port"] = port

    def add(self, kind: str, line: Line) -> None:
        """One more line of this association."""
        if kind == "association":
            self._head(line)
        elif kind == "key":
            self._key(line)
        elif kind == "compression":
            name = line.words()[1]
            self._values["compression"] = None if name == "none" else name
            self._named(line)
        elif kind in ("age", "bytes"):
            self._limits(kind, line)
        elif kind in ("counters", "fields"):
            self._fields(line)

    def finished(self) -> RunningAssociation | None:
        """The association; None where its ends or its protocol could not be read, which was said."""
        if self._source is None or self._destination is None:
            return None
        if "protocol" not in self._values:
            if self.damaged:
                return None
            self._reading.unreadable(
                self._line.whole, "an association without the line of its protocol, mode and SPI", part=Part.RUNNING,
                mend="keep the listing whole, as the program prints it",
            )  # fmt: skip
            return None
        return RunningAssociation(
            source=self._source,
            destination=self._destination,
            origin=self._line.whole,
            places=self._places,
            **self._values,
        )

    def _head(self, line: Line) -> None:
        slots = own_slots(line.node)
        self._values["protocol"] = line.text(slots[0])
        mode = line.text(slots[2])
        self._places["mode"] = line.place(slots[1], slots[2])
        self._values["mode"] = _MODES.get(mode)
        for node in line.node.nodes:
            name, *texts = line.words(node)
            if name in _PLACED:
                self._places[name] = line.around(node)
            if name == "spi":
                self._spi(texts)
            elif name == "reqid":
                self._values["reqid"] = number_in(texts[0])
            else:
                self._field(name, texts[0])

    def _spi(self, texts: list[str]) -> None:
        """In decimal and in hexadecimal digits; what does not agree, or does not fit, is kept as text."""
        if not all(_DIGITS.fullmatch(text) for text in texts):
            return
        values = {number_in(text) for text in texts}
        value = next(iter(values))
        if len(values) > 1 or value is None or value > 0xFFFF_FFFF:
            self._values["spi_text"] = (texts[0], texts[1] if len(texts) > 1 else "")
        else:
            self._values["spi"] = value

    def _key(self, line: Line) -> None:
        slots = own_slots(line.node)
        name = line.text(slots[1])
        words = line.node.nodes
        bits = key = None
        place = line.place(slots[1])
        if words:
            start = line.around(words[0]).start
            bits, key = self._keys.bits(start), self._keys.secret(start)
            place = place.join(line.around(words[-1]))
        algorithm = RunningAlgorithm(_ALIASES.get(name, name), bits, key, place)
        self._values["encryption" if line.text(slots[0]) == "E:" else "integrity"] = algorithm

    def _limits(self, kind: str, line: Line) -> None:
        """``diff: 130(s) hard: 600(s) soft: 540(s)``, and the same in bytes."""
        current, hard, soft = (number_in(line.words(node)[0]) for node in line.node.nodes)
        unit = "seconds" if kind == "age" else "bytes"
        if kind == "age":
            self._values["age"] = current
            self._places["lifetime"] = line.whole
        else:
            self._places["bytes"] = line.whole
        self._values[f"hard_{unit}"], self._values[f"soft_{unit}"] = hard, soft

    def _fields(self, line: Line) -> None:
        """``seq= replay= flags= state=``, and the trailer ``sadb_seq= pid= refcnt=``."""
        slots = own_slots(line.node)
        self._placed(line.text(slots[0]), line.text(slots[1]), line.place(slots[0], slots[1]))
        self._named(line)

    def _named(self, line: Line) -> None:
        for node in line.node.nodes:
            name, value = line.words(node)[:2]
            self._placed(name, value, line.around(node))

    def _placed(self, name: str, value: str, place: Span) -> None:
        if name in _PLACED:
            self._places[_PLACED[name]] = place
        self._field(name, value)

    def _field(self, name: str, value: str) -> None:
        if name == "replay":
            self._values["replay_window"] = number_in(value)
        elif name == "state":
            self._values["state"] = value
        elif name == "sadb_seq":
            self._values["sequence"] = number_in(value)
