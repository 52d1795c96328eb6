"""Which policy holds for which pair of zones, as the lines of policy leave it.

5.x: the first line that covers a pair decides, and a later line that names the pair itself is refused. 2.x: a line for
exactly this pair decides wherever it stands, else the first one that covers it; two lines for the same pair are
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.model.shorewall import PolicyEntry
    from spdcheck.model.shorewall_columns import Zones

_ALL = "all"


class PolicyTable:
    """``add`` lines in their order; ``policy`` answers."""

    def __init__(self, desk: Desk, draft: Draft) -> None:
        names = list(draft.zones)
        self._zones = names if draft.firewall in draft.zones else [*names, draft.firewall]
        written = desk.settings.get("EXPAND_POLICIES")
        self._expands = written is None or written.value.lower() == "yes"
        self._dialect = desk.dialect
        self._own: dict[tuple[str, str], PolicyEntry | None] = {}
        self._covered: dict[tuple[str, str], PolicyEntry] = {}
        self._without: set[tuple[str, str]] = {(zone, zone) for zone in self._zones}
        if desk.setting("IMPLICIT_CONTINUE").lower() == "yes":
            for zone in draft.zones.values():
                if zone.parents or zone.type == "vserver":
                    for other in self._zones:
                        self._without |= {(zone.name, other), (other, zone.name)}
        for zone in draft.zones.values():
            if zone.type in ("local", "loopback"):
                for other in self._zones:
                    if other != draft.firewall:
                        self._without |= {(zone.name, other), (other, zone.name)}

    def add(self, entry: PolicyEntry) -> tuple[tuple[str, str], PolicyEntry] | None:
        """Takes a line; the pair and the earlier line where it is refused."""
        refused = None
        intrazone = entry.source.intrazone or entry.dest.intrazone
        for pair in self._pairs(entry):
            earlier = self._own.get(pair)
            if earlier is None and self._dialect == 5:
                earlier = self._covered.get(pair)
            if earlier is not None:
                refused = refused or (pair, earlier)
                continue
            self._own[pair] = entry
            for covered in self._reach(pair, entry):
                if covered[0] == covered[1] and not intrazone:
                    continue
                self._covered.setdefault(covered, entry)
        return refused

    def policy(self, source: str, dest: str) -> PolicyEntry | None:
        """The line that holds between two zones; None inside of one, or where nothing says anything."""
        return self._own.get((source, dest)) or self._covered.get((source, dest))

    def missing(self) -> list[tuple[str, str]]:
        """The pairs for which no line says anything."""
        return [
            (first, second)
            for first in self._zones
            for second in self._zones
            if (first, second) not in self._without and self.policy(first, second) is None
        ]

    def _pairs(self, entry: PolicyEntry) -> Iterator[tuple[str, str]]:
        """The pairs that a line names."""
        intrazone = entry.source.intrazone or entry.dest.intrazone
        several = len(entry.source.names) > 1 or len(entry.dest.names) > 1
        for source in entry.source.names or (_ALL,):
            for dest in entry.dest.names or (_ALL,):
                if source != dest or intrazone or not several:
                    yield source, dest

    def _reach(self, pair: tuple[str, str], entry: PolicyEntry) -> Iterator[tuple[str, str]]:
        """The pairs that a line with ``all`` covers; that ``all`` itself counts as a zone only without expansion."""
        if _ALL not in pair:
            return
        wild = pair == (_ALL, _ALL)
        extra = () if self._expands else (_ALL,)
        sources = self._named(pair[0], entry.source, extra if wild else ())
        for source in sources:
            yield from ((source, dest) for dest in self._named(pair[1], entry.dest, extra, ignored=wild))

    def _named(self, name: str, zones: Zones, extra: tuple[str, ...], *, ignored: bool = False) -> list[str]:
        """``ignored``: 5.2 overlooks the exclusion of DEST where both columns have ``all``."""
        if name != _ALL:
            return [name]
        return [zone for zone in (*self._zones, *extra) if ignored or zone not in zones.excluded]
