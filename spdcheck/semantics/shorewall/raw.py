"""The table raw: conntrack (notrack), and helpers that rules ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Option, Target
from spdcheck.model.shorewall_columns import Place
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand

if TYPE_CHECKING:
    from spdcheck.model.shorewall import PlainEntry, RuleEntry
    from spdcheck.model.shorewall_columns import Ports, Protocols
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.semantics.shorewall.rules import Rules, Where
    from spdcheck.source import Span


def zone_chain(making: Making, zone: str) -> Chain:
    """The chain of the table raw for what comes from a zone."""
    return making.tables.ensure("raw", f"{zone}_ctrk")


def helper_ways(protocols: Protocols | None, dports: Ports | None, sports: Ports | None) -> list[Matches]:
    """A helper looks at the first packet of a TCP connection only."""
    found: list[Matches] = []
    items = protocols.items if protocols is not None else ()
    if protocols is None:
        return m.protocols(None, dports, sports)
    for item in items:
        made = item
        if item.syn == "all":
            made = item._replace(syn="")
        elif item.number == m.TCP and item.syn == "":
            made = item._replace(syn="syn")
        found += m.protocols(protocols._replace(items=(made,)), dports, sports)
    return found


def _alias(name: str) -> str:
    return {"netbios_ns": "netbios-ns", "h323": "RAS"}.get(name, name)


def helper_target(name: str, origin: Span) -> Target:
    """``CT --helper``."""
    return Target("CT", (Option("helper", _alias(name), False, origin),), origin)


def add_helper(rules: Rules, line: RuleEntry, where: Where, action: Chain | None) -> None:
    """A rule with HELPER; with ``action`` the call of an action that has such rules."""
    making = rules.making
    if where.in_action and where.chain is not None:
        chain, point = making.tables.ensure("raw", where.chain.name), Point.PREROUTING
    else:
        chain = zone_chain(making, where.source)
        zone = making.layout.zones.get(where.source)
        point = Point.OUTPUT if zone is not None and zone.is_local else Point.PREROUTING
    ways = helper_ways(line.protocols, line.dports, line.sports)
    other = m.owner(line.user) if line.user is not None else ()
    if action is None:
        assert line.helper is not None
        target: Target | Chain = helper_target(line.helper.text, line.helper.origin)
    else:
        target = action
    dest = Place(None, None, line.origdest, line.origin) if line.origdest is not None else None
    for source in line.source or (None,):
        # Before any translation only ORIGDEST tells where a packet goes; 5.2.8 does not ask for DEST.
        rest = tuple((*way, *other) for way in ways)
        expand(making, chain, Columns(source, dest, line.origin, rest=rest), target, point)


def conntrack(making: Making) -> None:
    """The file conntrack."""
    for entry in making.source.conntrack:
        for chain, point in _chains(making, entry):
            _entry(making, entry, chain, point)


def _chains(making: Making, entry: PlainEntry) -> list[tuple[Chain, Point]]:
    """By zone in formats 1 and 2, by the letters behind the action in format 3."""
    zones = entry.source[0].zones if entry.source else None
    if zones is not None and (zones.wildcard or zones.names):
        names = list(zones.names)
        if zones.wildcard:
            names = [n for n in making.layout.order if zones.firewall or n != making.firewall]
        found = []
        for name in names:
            zone = making.layout.zones.get(name)
            point = Point.OUTPUT if zone is not None and zone.is_local else Point.PREROUTING
            found.append((zone_chain(making, name), point))
        return found
    letters = entry.designator or "P"
    found = []
    if "P" in letters:
        found.append((making.tables.ensure("raw", "PREROUTING"), Point.PREROUTING))
    if "O" in letters:
        found.append((making.tables.ensure("raw", "OUTPUT"), Point.OUTPUT))
    return found


def _entry(making: Making, entry: PlainEntry, chain: Chain, point: Point) -> None:
    target, helps = _target(entry)
    if helps:
        ways = helper_ways(entry.protocols, entry.dports, entry.sports)
    else:
        ways = m.protocols(entry.protocols, entry.dports, entry.sports)
    other: Matches = m.owner(entry.user) if entry.user is not None else ()
    if entry.switch is not None:
        other += m.word("condition", "condition", entry.switch)
    if entry.inline is not None:
        other += m.unknown(f"raw {entry.inline.text}", entry.inline.origin)
    rest = tuple((*way, *other) for way in ways)
    for source in entry.source or (None,):
        for dest in entry.dest or (None,):
            expand(making, chain, Columns(source, dest, entry.origin, rest=rest), target, point)


def _target(entry: PlainEntry) -> tuple[Target, bool]:
    """What the action does, and whether it is about connections' first packets (``CT:…``)."""
    name, origin = entry.action.name, entry.action.origin
    said = [part for part in (entry.action.log.level, entry.action.log.tag) if part] if entry.action.log else []
    words = [*entry.action.parameters, *said]
    helper = entry.helper.text if entry.helper is not None else ""
    if name == "NOTRACK":
        return Target("CT", (Option("notrack", None, False, origin),), origin), False
    if name == "CT":
        if "notrack" in words:
            return Target("CT", (Option("notrack", None, False, origin),), origin), True
        if not helper and "helper" in words:
            helper = next((word for word in words if word != "helper"), "")
        if helper:
            return helper_target(helper.partition("(")[0], origin), True
        options = tuple(Option(word.partition("=")[0], word, False, origin) for word in words)
        return Target("CT", options, origin), True
    if name == "DROP":
        return Target("DROP", (), origin), False
    if name in ("LOG", "NFLOG", "ULOG"):
        return Target("LOG", (), origin), False
    return Target(name, (), origin), False
