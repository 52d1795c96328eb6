"""Lines to entries: associations, policies and phase 1 SAs, in the order in which the listing has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.dump_lines import address_at
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.formats.setkeydump.association import AssociationEntry
from spdcheck.formats.setkeydump.language import grammar
from spdcheck.formats.setkeydump.policy import PolicyEntry
from spdcheck.model.addresses import parse_address
from spdcheck.model.diagnostic import Part
from spdcheck.model.running import Database, Dump, RunningPhase1
from spdcheck.records import replace

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.dump_lines import Keys, Line
    from spdcheck.formats.ipf_reading import Node
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.running import RunningAssociation, RunningPolicy

_OF_ASSOCIATIONS = frozenset({
    "association", "key", "more", "compression", "nat", "counters", "age", "used", "bytes", "allocated", "times",
})  # fmt: skip
_OF_POLICIES = frozenset({"policy", "nameless", "template", "last_used", "validity"})
_WITHOUT_EFFECT = frozenset({
    "nat", "more", "times", "used", "allocated", "context", "last_used", "validity", "socket", "header", "empty",
})  # fmt: skip


class Listing:
    """Reads one file into one :class:`~spdcheck.model.running.Dump`."""

    def __init__(self, reading: Reading, keys: Keys) -> None:
        self._reading = reading
        self._keys = keys
        self._entry: AssociationEntry | PolicyEntry | None = None
        self._socket = False
        self._lost = False
        self._shows: set[Database] = set()
        self._associations: list[RunningAssociation] = []
        self._policies: list[RunningPolicy] = []
        self._phase1: list[RunningPhase1] = []

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
            if kind in _WITHOUT_EFFECT:
                reading.inert += 1
            self._line(kind, line)
        self._finish()
        if any(policy.priority is not None for policy in self._policies):
            # Releases that print priorities leave out 0.
            self._policies = [
                policy if policy.priority is not None else replace(policy, priority=0) for policy in self._policies
            ]
        reading.facts.dumps.append(
            Dump(
                tool=self._tool(),
                origin=reading.file.span(0, 0),
                shows=frozenset(self._shows),
                excerpts=frozenset(self._excerpts()),
                policies=tuple(self._policies),
                associations=tuple(self._associations),
                keys=self._keys.shown(reading.file),
                phase1=tuple(self._phase1),
            )
        )

    def _line(self, kind: str, line: Line) -> None:
        if kind == "ends":
            self._begin(AssociationEntry(line, self._reading, self._keys))
        elif kind in ("selector", "tagged"):
            self._begin(PolicyEntry(line, self._reading))
        elif kind == "socket":
            self._begin(None)
            self._socket = True
            self._shows.add(Database.SPD)
        elif kind in ("header", "phase1"):
            self._begin(None)
            self._phase1_line(line)
        elif kind == "empty":
            self._begin(None)
            words = line.words()
            self._shows.add(Database.SPD if "SPD" in words else Database.SAD)
        elif self._socket:
            self._reading.inert += kind not in _WITHOUT_EFFECT
        else:
            self._part(kind, line)

    def _part(self, kind: str, line: Line) -> None:
        """A line that belongs to the entry above it."""
        entry = self._entry
        strangers = _OF_POLICIES if isinstance(entry, AssociationEntry) else _OF_ASSOCIATIONS
        if entry is not None and kind not in strangers:
            entry.add(kind, line)
        elif not self._lost or kind == "association":
            self._lost = True
            what = "an association's two addresses" if kind in _OF_ASSOCIATIONS else "a policy's selector"
            self._reading.unreadable(
                line.whole, f"found a line of an entry, but {what} should stand above it", part=Part.RUNNING,
                mend="keep the listing whole, as the program prints it",
            )  # fmt: skip

    def _begin(self, entry: AssociationEntry | PolicyEntry | None) -> None:
        self._finish()
        self._entry = entry
        self._socket = self._lost = False

    def _finish(self) -> None:
        entry, self._entry = self._entry, None
        if isinstance(entry, AssociationEntry):
            self._shows.add(Database.SAD)
            association = entry.finished()
            if association is not None:
                self._associations.append(association)
        elif isinstance(entry, PolicyEntry):
            self._shows.add(Database.SPD)
            policy = entry.finished()
            if policy is not None:
                self._policies.append(policy)

    def _phase1_line(self, line: Line) -> None:
        self._shows.add(Database.PHASE1)
        if line.node.rule == "header":
            return
        ends = [_phase1_end(line, node) for node in line.node.nodes]
        if None in ends:
            address_at(line, line.node.nodes[ends.index(None)].slot, self._reading)
            return
        slots = own_slots(line.node)
        first, _, second = line.text(slots[0]).partition(":")
        rest = [line.text(slot) for slot in slots[1:]]
        long = len(rest) > 4 and rest[1] in ("I", "R")
        *local, remote = (end for end in ends if end is not None)
        self._phase1.append(
            RunningPhase1(
                remote=remote,
                local=local[0] if local else None,
                origin=line.whole,
                cookies=(first, second),
                cookies_origin=line.place(slots[0]),
                side=rest[1] if long else "",
                exchange=rest[3] if long else "",
            )
        )

    def _tool(self) -> str:
        if Database.PHASE1 in self._shows or "racoonctl" in self._reading.file.path + self._reading.file.text[:4096]:
            return "racoonctl show-sa"
        return "setkey -DP" if self._shows == {Database.SPD} else "setkey -D"

    def _excerpts(self) -> list[Database]:
        """The kernel counts its answers down to 0, so that a listing that ends before that was cut."""
        found = []
        if self._associations and self._associations[-1].sequence not in (0, None):
            found.append(Database.SAD)
        if self._policies and self._policies[-1].sequence not in (0, None) and not self._socket:
            found.append(Database.SPD)
        return found


def _phase1_end(line: Line, node: Node) -> AddressRange | None:
    """``ADDRESS.PORT``, as racoonctl writes it."""
    text = line.text(node.slot)
    address, dot, port = text.rpartition(".")
    if dot and port.isdigit() and (found := parse_address(address)) is not None:
        return found
    return parse_address(text)
