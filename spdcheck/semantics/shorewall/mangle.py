"""mangle (tcrules): marks of packets and connections, and the chains they are set in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Interval, Match, Option, Target
from spdcheck.semantics.shorewall import mangle_targets
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand

if TYPE_CHECKING:
    from spdcheck.model.shorewall import PlainEntry
    from spdcheck.model.shorewall_columns import Written
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.source import Span

CHAINS = {"P": "tcpre", "O": "tcout", "F": "tcfor", "T": "tcpost", "I": "tcin", "R": "PREROUTING",
          "NP": "PREROUTING", "NI": "INPUT", "NO": "OUTPUT", "NT": "POSTROUTING"}  # fmt: skip
BUILT_IN = {"tcpre": "PREROUTING", "tcout": "OUTPUT", "tcfor": "FORWARD", "tcpost": "POSTROUTING", "tcin": "INPUT"}


def marks(making: Making) -> None:
    """The chains, the clearing of marks of forwarded packets, and the lines of the file."""
    if not making.settings.on("MANGLE_ENABLED"):
        return
    tables = making.tables
    if making.settings.on("FORWARD_CLEAR_MARK"):
        origin = making.settings.origin("FORWARD_CLEAR_MARK")
        clear = Option("set-mark", Bits(0, making.provider_mask), False, origin)
        tables.ensure("mangle", "FORWARD").add((), Target("MARK", (clear,), origin), origin)
    names = {_chain_name(making, entry): entry.origin for entry in reversed(making.source.mangle)}
    for name, builtin in BUILT_IN.items():
        if name in names:
            tables.ensure("mangle", builtin).jump((), tables.ensure("mangle", name), names[name])
    for entry in making.source.mangle:
        name = _chain_name(making, entry)
        chain = tables.ensure("nat" if entry.designator.startswith("N") else "mangle", name)
        _entry(making, entry, chain, name)


_DEFAULTS = {
    "CHECKSUM": "T", "CLASSIFY": "T", "DSCP": "T", "ECN": "T", "HL": "F", "TTL": "F", "TCPMSS": "F", "IMQ": "P",
    "SAME": "P", "ADD": "P", "DEL": "P", "DIVERT": "R", "DIVERTHA": "R", "TPROXY": "R",
}  # fmt: skip
"""The chain of an action that says none; of all others MARK_IN_FORWARD_CHAIN tells."""


def _chain_name(making: Making, entry: PlainEntry) -> str:
    zones = entry.source[0].zones if entry.source else None
    if zones is not None and making.firewall in zones.names:
        return "tcout"
    to = entry.dest[0].zones if entry.dest else None
    if to is not None and making.firewall in to.names:
        return "tcin"
    letter = entry.designator or _DEFAULTS.get(entry.action.name, "")
    if letter in CHAINS:
        return CHAINS[letter]
    return "tcfor" if making.settings.on("MARK_IN_FORWARD_CHAIN") else "tcpre"


_POINTS = {
    "tcpre": Point.PREROUTING, "PREROUTING": Point.PREROUTING, "tcout": Point.OUTPUT, "OUTPUT": Point.OUTPUT,
    "tcfor": Point.FORWARD, "tcpost": Point.POSTROUTING, "POSTROUTING": Point.POSTROUTING, "tcin": Point.FORWARD,
    "INPUT": Point.FORWARD,
}  # fmt: skip


def _entry(making: Making, entry: PlainEntry, chain: Chain, name: str) -> None:
    other = mangle_targets.asked(making, entry)
    if entry.user is not None:
        other += m.owner(entry.user)
    if entry.mark is not None:
        other += m.mark(entry.mark, making.mark_mask)
    if entry.helper is not None:
        other += m.word("helper", "helper", entry.helper)
    for column, said in entry.others.items():
        other += _other(column, said)
    if entry.switch is not None:
        other += m.word("condition", "condition", entry.switch)
    if entry.inline is not None:
        other += m.unknown(f"raw {entry.inline.text}", entry.inline.origin)
    if entry.action.name == "TCPMSS" and entry.protocols is not None:
        other = tuple(match for match in other if match.module)
    ways = m.protocols(entry.protocols, entry.dports, entry.sports)
    aims: list[tuple[Matches, Target | Chain | str | None]] = list(mangle_targets.shares(making, entry))
    aims = aims or [((), mangle_targets.target(making, entry))]
    for share, target in aims:
        rest = tuple((*way, *share, *other) for way in ways)
        for source in entry.source or (None,):
            for dest in entry.dest or (None,):
                columns = Columns(source, dest, entry.origin, rest=rest)
                expand(making, chain, columns, target, _POINTS[name], goto=entry.action.name.startswith("DIVERT"))


_STATISTICS = {"B": "bytes", "P": "packets", "A": "avgpkt"}
_WAYS = {"O": "original", "R": "reply", "B": "both"}


def _other(column: str, said: Written) -> Matches:
    """One of the columns that only this file has."""
    text, origin = said.text, said.origin
    negated, plain = text.startswith("!"), text.removeprefix("!")
    low, colon, high = plain.partition(":")
    if column == "length" and (low + high).isdigit():
        first = int(low or "0")
        return (m.one("length", "length", Interval(first, int(high or "65535") if colon else first), origin),)
    if column == "state":
        return m.state(origin, *text.split(","))
    if column == "time":
        return m.time(said)
    if column == "probability":
        options = (Option("mode", "random", False, origin), Option("probability", text, False, origin))
        return (Match("statistic", options, origin),)
    if column == "dscp":
        number = mangle_targets.class_of(plain)
        if number is not None:
            return (m.one("dscp", "dscp", number, origin, negated=negated),)
    if column == "tos":
        bits = mangle_targets.service(plain)
        if not isinstance(bits, str):
            return (m.one("tos", "tos", bits, origin, negated=negated),)
    if column == "connbytes":
        return _connection_bytes(plain, origin, negated=negated)
    return m.unknown(f"{column} {text}", origin)


def _connection_bytes(text: str, origin: Span, *, negated: bool) -> Matches:
    """``min:max[:O|R|B[:B|P|A]]``."""
    low, high, way, kind = [*text.split(":"), "", "", ""][:4]
    options = (
        Option("connbytes", f"{low or 0}:{high}", negated, origin),
        Option("connbytes-dir", _WAYS.get(way, "both"), False, origin),
        Option("connbytes-mode", _STATISTICS.get(kind, "bytes"), False, origin),
    )
    return (Match("connbytes", options, origin),)
