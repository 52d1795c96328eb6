"""Lines to entries. The first line of both kinds is the same; the second tells an association from a policy."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.dump_lines import LineGrammar
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.formats.xfrmdump.association import AssociationEntry
from spdcheck.formats.xfrmdump.policy import PolicyEntry
from spdcheck.model.diagnostic import Part
from spdcheck.model.running import Database, Dump

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Keys, Line
    from spdcheck.model.running import RunningAssociation, RunningPolicy

_WORDS = {
    "WORD": "a word",
    "COUNT": "a number of bytes",
    "BITMAP": "a bitmap",
    "SEQ_HI": "`seq-hi`",
    "WINDOW": "`replay_window`",
}
_BEGINNINGS = frozenset({
    "SRC", "PROTO", "DIR", "SOCKET", "TMPL", "LEVEL", "ENC_MASK", "REPLAY_WINDOW", "STATS", "ENC", "AUTH", "AUTH_TRUNC",
    "AEAD", "COMP", "ENCAP", "COA", "ANTI_REPLAY", "SEQ_HI", "WINDOW", "BITMAP", "SEL", "CRYPTO", "LIFETIME", "LIMIT",
    "EXPIRE", "COUNT", "ADD", "MARK", "IF_ID", "OUTPUT_MARK", "SECURITY", "LASTUSED",
})  # fmt: skip
_INERT = frozenset({
    "care_of", "anti_replay", "esn", "offload", "lifetime", "current", "times", "unused", "statistics", "masks",
})  # fmt: skip


@cache
def grammar() -> LineGrammar:
    """Lines of ip xfrm state and ip xfrm policy."""
    return LineGrammar("xfrmdump", _WORDS, "the line", [(_BEGINNINGS, "a line of ip xfrm state or ip xfrm policy")])


class Listing:
    """Reads one file into one :class:`~spdcheck.model.running.Dump`."""

    def __init__(self, reading: Reading, keys: Keys) -> None:
        self._reading = reading
        self._keys = keys
        self._shows: set[Database] = set()
        self._head: Line | None = None
        self._entry: AssociationEntry | PolicyEntry | None = None
        self._lost = self._socket = False
        self._associations: list[RunningAssociation] = []
        self._policies: list[RunningPolicy] = []

    def run(self) -> None:
        """Every line; what makes no entry is CFG001."""
        reading = self._reading
        for line in grammar().lines(reading):
            if line is None:
                self._lost = True
                if self._entry is not None:
                    self._entry.damaged = True
                continue
            kind = line.node.rule
            if kind == "head":
                self._finish()
                self._head = line
                self._lost = self._socket = False
            elif self._socket:
                reading.inert += 1
            else:
                reading.inert += kind in _INERT
                self._line(kind, line)
        self._finish()
        reading.facts.dumps.append(
            Dump(
                tool="ip xfrm state" if self._shows == {Database.SAD} else "ip xfrm policy",
                origin=reading.file.span(0, 0),
                shows=frozenset(self._shows),
                policies=tuple(self._policies),
                associations=tuple(self._associations),
                keys=self._keys.shown(reading.file),
            )
        )

    def _line(self, kind: str, line: Line) -> None:
        head = self._head
        if self._entry is None and head is not None:
            if kind == "protection":
                self._entry = AssociationEntry(head, self._reading, self._keys)
                self._shows.add(Database.SAD)
            elif kind == "policy":
                self._shows.add(Database.SPD)
                if own_slots(line.node)[0].name == "SOCKET":
                    self._socket, self._head = True, None
                    return
                self._entry = PolicyEntry(head, self._reading)
        if self._entry is not None:
            self._entry.add(kind, line)
        elif not self._lost:
            self._lost = True
            self._reading.unreadable(
                line.whole, "found a line of an entry, but src ADDRESS dst ADDRESS should stand above it",
                part=Part.RUNNING, mend="keep the listing whole, as the program prints it",
            )  # fmt: skip

    def _finish(self) -> None:
        entry, self._entry = self._entry, None
        head, self._head = self._head, None
        if isinstance(entry, AssociationEntry):
            association = entry.finished()
            self._associations += [association] if association is not None else []
        elif isinstance(entry, PolicyEntry):
            policy = entry.finished()
            self._policies += [policy] if policy is not None else []
        elif head is not None and not self._lost:
            self._reading.unreadable(
                head.whole, "an entry that ends behind its addresses", part=Part.RUNNING,
                mend="keep the listing whole, as the program prints it",
            )  # fmt: skip
