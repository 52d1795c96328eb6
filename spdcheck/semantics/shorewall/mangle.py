"""mangle (tcrules): marks of packets and connections, and the chains they are set in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Interval, Option, Target
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand

if TYPE_CHECKING:
    from spdcheck.model.shorewall import PlainEntry
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.source import Span

CHAINS = {"P": "tcpre", "O": "tcout", "F": "tcfor", "T": "tcpost", "I": "tcin"}
BUILT_IN = {"tcpre": "PREROUTING", "tcout": "OUTPUT", "tcfor": "FORWARD", "tcpost": "POSTROUTING", "tcin": "INPUT"}
_FULL = (1 << 32) - 1


def marks(making: Making) -> None:
    """The chains, the clearing of marks of forwarded packets, and the lines of the file."""
    if not making.settings.on("MANGLE_ENABLED"):
        return
    tables = making.tables
    if making.settings.on("FORWARD_CLEAR_MARK"):
        origin = making.settings.origin("FORWARD_CLEAR_MARK")
        clear = Option("set-mark", Bits(0, making.provider_mask), False, origin)
        tables.ensure("mangle", "FORWARD").add((), Target("MARK", (clear,), origin), origin)
    for entry in making.source.mangle:
        name = _chain_name(making, entry)
        chain = tables.ensure("mangle", name)
        _entry(making, entry, chain, name)
    for name, builtin in BUILT_IN.items():
        found = tables.get("mangle", name)
        if found is not None and found.rules:
            tables.ensure("mangle", builtin).jump((), found, found.rules[0].origin)


def _chain_name(making: Making, entry: PlainEntry) -> str:
    letter = entry.designator[:1]
    if letter in CHAINS:
        return CHAINS[letter]
    zones = entry.source[0].zones if entry.source else None
    if zones is not None and making.firewall in zones.names:
        return "tcout"
    to = entry.dest[0].zones if entry.dest else None
    if to is not None and making.firewall in to.names:
        return "tcin"
    return "tcfor" if making.settings.on("MARK_IN_FORWARD_CHAIN") else "tcpre"


_POINTS = {"tcpre": Point.PREROUTING, "tcout": Point.OUTPUT, "tcfor": Point.FORWARD, "tcpost": Point.POSTROUTING,
           "tcin": Point.FORWARD}  # fmt: skip


def _entry(making: Making, entry: PlainEntry, chain: Chain, name: str) -> None:
    other: Matches = ()
    if entry.user is not None:
        other += m.owner(entry.user)
    if entry.mark is not None:
        other += m.mark(entry.mark, making.mark_mask)
    if entry.helper is not None:
        other += m.word("helper", "helper", entry.helper)
    for column, said in entry.others.items():
        other += _other(column, said.text, said.origin)
    if entry.switch is not None:
        other += m.word("condition", "condition", entry.switch)
    if entry.inline is not None:
        other += m.unknown(f"raw {entry.inline.text}", entry.inline.origin)
    ways = m.protocols(entry.protocols, entry.dports, entry.sports)
    rest = tuple((*way, *other) for way in ways)
    target = _target(making, entry)
    for source in entry.source or (None,):
        for dest in entry.dest or (None,):
            columns = Columns(source, dest, entry.origin, rest=rest)
            expand(making, chain, columns, target, _POINTS[name])


def _other(column: str, text: str, origin: Span) -> Matches:
    low, colon, high = text.partition(":")
    if column == "length" and (low + high).isdigit():
        first = int(low or "0")
        return (m.one("length", "length", Interval(first, int(high or "65535") if colon else first), origin),)
    if column == "state":
        return m.state(origin, *text.split(","))
    return m.unknown(f"{column} {text}", origin)


def _target(making: Making, entry: PlainEntry) -> Target | str | None:
    name, origin = entry.action.name, entry.action.origin
    text = entry.action.parameters[0] if entry.action.parameters else ""
    if name[:1].isdigit() or name[:1] in "|&":
        name, text = "MARK", name
    if name in ("MARK", "CONNMARK"):
        return _set_mark(making, name, text, origin)
    if name in ("SAVE", "RESTORE"):
        mask = _number(text.lstrip("/"), making.mark_mask)
        option = Option("save-mark" if name == "SAVE" else "restore-mark", None, False, origin)
        return Target("CONNMARK", (option, Option("mask", mask, False, origin)), origin)
    if name in ("CONTINUE", "ACCEPT", "DROP"):
        return "RETURN" if name == "CONTINUE" else name
    if name in ("CLASSIFY", "COMMENT", "LOG", "NFLOG", "ECN", "TTL", "HL", "CHECKSUM"):
        return Target("CLASSIFY", (), origin)
    return Target(name, (Option("said", text, False, origin),), origin)


def _number(text: str, default: int) -> int:
    try:
        return int(text, 0) if text else default
    except ValueError:
        return default


def _set_mark(making: Making, name: str, text: str, origin: Span) -> Target:
    sign = text[:1] if text[:1] in ("|", "&") else ""
    value, slash, mask = text.removeprefix(sign).partition("/")
    try:
        number = int(value, 0)
        bits = int(mask, 0) if slash else making.mark_mask if name == "MARK" else _FULL
    except ValueError:
        return Target(name, (Option("set-mark", text, False, origin),), origin)
    if sign:
        word = "or-mark" if sign == "|" else "and-mark"
        return Target(name, (Option(word, number, False, origin),), origin)
    return Target(name, (Option("set-mark", Bits(number, bits), False, origin),), origin)
