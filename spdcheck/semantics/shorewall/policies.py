"""Policies of Shorewall 3.0 and later: which line decides about what no rule of a pair of zones decides.

The first line that covers a pair holds, whether it names it or says ``all``. Where EXPAND_POLICIES is off, pairs that
have no rules share the chain of the line (``net-all``), which knows nothing of established connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics.shorewall.words import action_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.shorewall import PolicyEntry
    from spdcheck.model.shorewall_columns import Action, ConnectionLimit, Log, Rate, Zones
    from spdcheck.semantics.shorewall.settings import Settings
    from spdcheck.semantics.shorewall.zones import Layout
    from spdcheck.source import Span

ALL = "all"


class Limits(NamedTuple):
    """RATE and CONNLIMIT of a policy: how many new TCP connections it lets through at all."""

    rate: Rate | None
    connections: ConnectionLimit | None


@dataclass(slots=True, eq=False)
class Policy:
    """What holds for a pair.

    ``own`` says that the pair's chain carries it itself, ``provisional`` that a line may still say something else.

    ``shared`` is the pair of the line's words (``net``, ``all``) whose chain pairs without rules use.
    """

    name: str
    origin: Span
    actions: tuple[Action, ...] = ()
    log: Log | None = None
    limits: Limits | None = None
    own: bool = True
    provisional: bool = False
    shared: tuple[str, str] | None = None
    queue: str = ""


class Policies:
    """The policies of every pair of zones."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self.layout, self.settings = layout, settings
        self.pairs: dict[tuple[str, str], Policy] = {}
        self.shared: dict[tuple[str, str], Policy] = {}
        self.order: list[tuple[str, str]] = []
        self._expands = settings.on("EXPAND_POLICIES")
        self._begin()
        for entry in layout.source.policies:
            self._add(entry)

    def of(self, source: str, dest: str) -> Policy | None:
        """The policy of a pair."""
        return self.pairs.get((source, dest))

    def last(self, source: str, dest: str) -> Policy | None:
        """What holds at the end of a built-in chain: the line for the words, else that of ``all all``."""
        return self.shared.get((source, dest)) or self.shared.get((ALL, ALL))

    def defaults(self, policy: str) -> tuple[Action, ...]:
        """The default actions that shorewall.conf names for a policy."""
        name = {"NFQUEUE": "NFQUEUE_DEFAULT"}.get(policy, f"{policy}_DEFAULT")
        text = self.settings.text(name)
        return () if text.lower() in ("", "none") else action_list(text, self.settings.origin(name))

    def _begin(self) -> None:
        origin = self.layout.source.origin
        for name in self.layout.order:
            zone = self.layout.zones[name]
            self._set(name, name, Policy("ACCEPT", zone.origin, provisional=True))
            if zone.type == "bport":
                self._set(self.layout.firewall, name, Policy("NONE", zone.origin, provisional=True))
            if zone.type in ("local", "loopback"):
                for other in self.layout.off_firewall():
                    alike = zone.type == "loopback" and self.layout.zones[other].type == "loopback"
                    if other != name and not alike:
                        self._set(name, other, Policy("NONE", zone.origin))
                        self._set(other, name, Policy("NONE", zone.origin))
            if self.settings.on("IMPLICIT_CONTINUE") and (zone.parents or zone.type == "vserver"):
                where = self.settings.origin("IMPLICIT_CONTINUE")
                for other in self.layout.order:
                    for pair in ((name, other), (other, name)):
                        if other != name and pair not in self.pairs:
                            made = where if where is not origin else zone.origin
                            self._set(*pair, Policy("CONTINUE", made, provisional=True))

    def _set(self, source: str, dest: str, policy: Policy) -> None:
        self.pairs[source, dest] = policy
        if policy.own and (source, dest) not in self.order:
            self.order.append((source, dest))

    def _add(self, entry: PolicyEntry) -> None:
        actions = self._actions(entry)
        limits = Limits(entry.rate, entry.connlimit) if entry.rate is not None or entry.connlimit is not None else None
        intrazone = entry.source.intrazone or entry.dest.intrazone
        log = None if entry.log is None or entry.log.level.lower() == "none" else entry.log
        several = len(entry.source.names) > 1 or len(entry.dest.names) > 1
        for pair in _words(entry, several=several, intrazone=intrazone):
            if ALL not in pair:
                made = Policy(entry.policy, entry.origin, actions, log, limits, queue=entry.queue)
                self._decide(pair, made)
                continue
            line = Policy(entry.policy, entry.origin, actions, log, limits, queue=entry.queue)
            if not (self._expands and _is_marked(entry)):
                self.shared.setdefault(pair, line)
            for covered in self._reach(pair, entry):
                self._cover(covered, pair, line, intrazone=intrazone)

    def _decide(self, pair: tuple[str, str], made: Policy) -> None:
        """A line that names the pair."""
        known = self.pairs.get(pair)
        if known is None or known.provisional:
            self._set(*pair, made)

    def _cover(self, pair: tuple[str, str], words: tuple[str, str], line: Policy, *, intrazone: bool) -> None:
        """A line with ``all`` leaves alone what has its policy already, and the inside of a zone unless it says so."""
        known = self.pairs.get(pair)
        if known is not None and not (intrazone and pair[0] == pair[1] and known.provisional):
            return
        made = Policy(line.name, line.origin, line.actions, line.log, line.limits, queue=line.queue)
        if not self._expands:
            made.own, made.shared = False, words
            self.pairs[pair] = made
            return
        self._set(*pair, made)

    def _reach(self, pair: tuple[str, str], entry: PolicyEntry) -> Iterator[tuple[str, str]]:
        wild = pair == (ALL, ALL)
        for source in self._named(pair[0], entry.source):
            # 5.2.8 overlooks the exclusion of DEST where both columns say `all`.
            for dest in self._named(pair[1], entry.dest, all_the_same=wild):
                yield source, dest

    def _named(self, name: str, zones: Zones, *, all_the_same: bool = False) -> list[str]:
        if name != ALL:
            return [name]
        return [zone for zone in self.layout.order if all_the_same or zone not in zones.excluded]

    def _actions(self, entry: PolicyEntry) -> tuple[Action, ...]:
        own = self.defaults(entry.policy)
        if entry.defaults is None:
            return own
        return (*own, *entry.defaults) if entry.added else entry.defaults


def _is_marked(entry: PolicyEntry) -> bool:
    """The line says ``all+``: with the sign in its name its chain is not found where the built-in chains end."""
    return any(z.wildcard and z.intrazone and not z.excluded for z in (entry.source, entry.dest))


def _words(entry: PolicyEntry, *, several: bool, intrazone: bool) -> Iterator[tuple[str, str]]:
    """The pairs of words that a line stands for."""
    for source in entry.source.names or (ALL,):
        for dest in entry.dest.names or (ALL,):
            if source != dest or intrazone or not several:
                yield source, dest
