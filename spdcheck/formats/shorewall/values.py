"""Protocols, ports, limits, marks, users and options: what the columns hold besides addresses and actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.icmp import icmp_type
from spdcheck.formats.shorewall.parsed import Parsed, top_level
from spdcheck.model.netfilter import Bits, Interval
from spdcheck.model.protocols import ICMP, ICMP6, PORT_PROTOCOLS, PROTOCOL_NUMBERS, TCP, protocol_name
from spdcheck.model.services import service_port
from spdcheck.model.shorewall_columns import ConnectionLimit, MarkTest, Option, Ports, Protocol, Protocols, Rate, User

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell
    from spdcheck.model.shorewall_columns import Port

_SYN = re.compile(r"(.*?):(!?syn|all)", re.IGNORECASE)
_P2P = re.compile(r"ipp2p(?::(?:tcp|udp|all))?", re.IGNORECASE)
_UNITS = {"s": "sec", "second": "sec", "m": "min", "minute": "min", "h": "hour", "d": "day"}
_SERVED = {6: "tcp", 17: "udp", 132: "sctp", 33: "dccp", 136: "udplite"}


def protocols(cell: Cell, family: int) -> Protocols:
    """A PROTO column. Raises :class:`Refused`."""
    parsed = Parsed("protocols", cell, "protocol")
    items = tuple(protocol(parsed.item(item), family) for item in parsed.syntax.items)
    negated = parsed.syntax.negation is not None
    if negated and len(items) > 1:
        raise Refused(cell.span, "a list of protocols can't be negated")
    if negated and items[0].number in (None, 0):
        raise Refused(cell.span, f"`{cell.text}` can't be negated")
    return Protocols(items, negated, cell.span)


def protocol(cell: Cell, family: int) -> Protocol:
    """One protocol by number or name, ``tcp:syn``. Raises :class:`Refused`."""
    text, syn = cell.text, ""
    if _P2P.fullmatch(text):
        return Protocol(None, text.lower(), "", cell.span)
    match = _SYN.fullmatch(text)
    if match is not None:
        text, syn = match[1], match[2].lower()
    number = _protocol_number(text, family)
    if number is None:
        raise Refused(cell.span, f"`{text}` is no protocol", "write its number, or its name in /etc/protocols")
    if syn and number != TCP:
        raise Refused(cell.span, f"`:{syn}` has a meaning only behind tcp")
    if number == (ICMP if family == 6 else ICMP6):
        raise Refused(cell.span, f"`{text}` is the ICMP of the other family")
    return Protocol(number or None, "", syn, cell.span)


def _protocol_number(text: str, family: int) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text) if int(text) < 256 else None
    if re.fullmatch(r"0x[0-9A-Fa-f]+", text):
        number = int(text, 16)
        return number if number < 256 else None
    if text in ("all", "ALL"):
        return 0
    if family == 6 and text == "icmp":
        return ICMP6
    # /etc/protocols has each name in small letters and in capitals; those of IPv6 are written as they are named.
    usual = text.islower() or text.isupper() or text.startswith("IPv6")
    return PROTOCOL_NUMBERS.get(text.lower()) if usual else None


def ports(cell: Cell, where: Protocols | None, *, source: bool = False, needed: bool = True) -> Ports:
    """A DPORT or SPORT column for these protocols; ICMP has types there. Raises :class:`Refused`.

    ``needed`` says that the protocol must stand in the same line (not so in macros, whose callers may give it).
    """
    parsed = Parsed("ports", cell, "port list")
    negated = parsed.syntax.negation is not None
    words = [parsed.item(item) for item in parsed.syntax.items]
    if where is None:
        if needed:
            raise Refused(cell.span, "ports without a protocol", "write tcp, udp or another into PROTO")
        return Ports(tuple(_port(word, None) for word in words), negated, cell.span)
    if where.negated:
        raise Refused(cell.span, "a negated protocol has no ports")
    made: list[Port] = []
    for item in where.items:
        made = _for_protocol(words, item, cell, source=source, negated=negated)
    if negated and sum(1 + (isinstance(p, Interval) and p.first != p.last) for p in made) > 15:
        raise Refused(cell.span, "a negated list has at most 15 ports (a range counts for two)")
    return Ports(tuple(made), negated, cell.span)


def _for_protocol(words: list[Cell], item: Protocol, cell: Cell, *, source: bool, negated: bool) -> list[Port]:
    if item.name.startswith("ipp2p"):
        return [word.text for word in words]
    if item.number in (ICMP, ICMP6):
        if negated and len(words) > 1:
            raise Refused(cell.span, "a negated list of ICMP types has one type only")
        if source:
            raise Refused(cell.span, "ICMP has no source ports")
        return [icmp_type(word, 4 if item.number == ICMP else 6) for word in words]
    if item.number not in PORT_PROTOCOLS:
        name = protocol_name(item.number) if item.number is not None else "all"
        raise Refused(cell.span, f"the protocol {name} has no ports")
    if source and [word.text for word in words] == ["="]:
        return ["="]
    return [_port(word, _SERVED.get(item.number)) for word in words]


def _port(word: Cell, protocol: str | None) -> Port:
    text = word.text
    if text.startswith("+"):
        return text
    if text.startswith("%"):
        return text
    if re.fullmatch(r"\d+-\d+", text):
        text = text.replace("-", ":")
    if text.count(":") > 1:
        raise Refused(word.span, f"`{text}` is no range of ports", "write it as FIRST:LAST")
    first, colon, last = text.partition(":")
    low = _number(word, first, protocol) if first not in ("", "0") else 0
    if not colon:
        return Interval(low, low)
    high = _number(word, last, protocol) if last else 65535
    if low >= high:
        raise Refused(word.span, f"the range `{text}` runs from a higher to a lower port")
    return Interval(low, high)


def _number(word: Cell, text: str, protocol: str | None) -> int:
    if (text.isascii() and text.isdigit()) or re.fullmatch(r"0x[0-9A-Fa-f]+", text):
        number = int(text, 16 if text.startswith("0x") else 10)
        if 0 < number < 65536:
            return number
        raise Refused(word.span, f"`{text}` is no port: ports are 1 to 65535")
    found = service_port(text, protocol if protocol in ("tcp", "udp") else None)
    if found is None:
        of = f" of {protocol}" if protocol else ""
        raise Refused(word.span, f"`{text}` is no service{of} that /etc/services knows", "write the port's number")
    return found


def options(cell: Cell) -> tuple[Option, ...]:
    """An OPTIONS column. Raises :class:`Refused`."""
    parsed = Parsed("options", cell, "option list")
    made = []
    for option in parsed.syntax.options:
        name, value, negated = parsed.one(option.name), None, False
        values: tuple[str, ...] = ()
        span = name.span
        if option.equals is not None:
            negated = parsed.text(option.equals) == "!="
            given = parsed.item(option.value)
            span = span.join(given.span)
            value = given.text
            if value.startswith("(") and value.endswith(")"):
                inside = value[1:-1]
                values = tuple(inside[start:end] for start, end in top_level(inside, ","))
                value = inside
        made.append(Option(name.text, value, negated, span, values))
    return tuple(made)


def rates(cell: Cell) -> tuple[Rate, ...]:
    """A RATE column: one limit, or one for each source and one for each destination. Raises :class:`Refused`."""
    places = top_level(cell.text, ",")
    if len(places) > 2:
        raise Refused(cell.span, "only two rates may be given: one for the source, one for the destination")
    made = [_rate(cell.part(start, end)) for start, end in places]
    if len(made) == 2:
        if made[0].per not in ("", "s") or made[1].per not in ("", "d"):
            raise Refused(cell.span, "of two rates the first is for sources, the second for destinations")
        made = [made[0]._replace(per=made[0].per or "s"), made[1]._replace(per=made[1].per or "d")]
    return tuple(made)


def _rate(cell: Cell) -> Rate:
    parsed = Parsed("rate", cell, "rate")
    syntax = parsed.syntax
    per, _, length = (parsed.text(syntax.per) if syntax.per is not None else "").partition("/")
    amount, _, unit = parsed.text(syntax.amount).partition("/")
    burst = parsed.text(syntax.burst) if syntax.burst is not None else None
    if int(amount) == 0:
        raise Refused(parsed.one(syntax.amount).span, "a rate of 0 lets nothing pass; Shorewall refuses it")
    if burst is not None and (not burst.isdigit() or int(burst) == 0):
        raise Refused(parsed.one(syntax.burst).span, f"`{burst}` is no burst: it is a number above 0")
    if length and not 0 < int(length) <= 128:
        raise Refused(cell.span, f"`/{length}` is no prefix length")
    table = parsed.text(syntax.table).partition("(")[0] if syntax.table is not None else ""
    return Rate(
        per, int(length) if length else None, table, int(amount), _UNITS.get(unit, unit) or "sec",
        int(burst) if burst is not None else None, cell.span,
    )  # fmt: skip


def mark(cell: Cell, mask: int) -> MarkTest:
    """A MARK column; ``mask`` holds where none is written. Raises :class:`Refused`."""
    parsed = Parsed("mark", cell, "mark")
    syntax = parsed.syntax
    value = _whole(parsed.text(syntax.value))
    mask = _whole(parsed.text(syntax.mask)) if syntax.mask is not None else mask
    if value > 0xFFFFFFFF or mask > 0xFFFFFFFF:
        raise Refused(cell.span, f"`{cell.text}` has more than 32 bits")
    return MarkTest(syntax.negation is not None, Bits(value, mask), syntax.connection is not None, cell.span)


def _whole(text: str) -> int:
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)


def connlimit(cell: Cell) -> ConnectionLimit:
    """A CONNLIMIT column. Raises :class:`Refused`."""
    parsed = Parsed("connlimit", cell, "limit of connections")
    syntax = parsed.syntax
    prefix = _whole(parsed.text(syntax.prefix)) if syntax.prefix is not None else None
    if syntax.side is not None and parsed.text(syntax.side) != "d":
        raise Refused(cell.span, "only `d:` can stand before the limit")
    if prefix is not None and not 0 < prefix <= 128:
        raise Refused(cell.span, f"`{prefix}` is no prefix length")
    return ConnectionLimit(
        parsed.text(syntax.side) if syntax.side is not None else "", syntax.negation is not None,
        _whole(parsed.text(syntax.limit)), prefix, cell.span,
    )  # fmt: skip


def user(cell: Cell) -> User:
    """A USER column. Raises :class:`Refused`."""
    text = cell.text
    program = ""
    name, plus, rest = text.partition("+")
    if plus:
        text, program = name, rest
    if not text:
        return User(False, "", "", program, cell.span)
    parsed = Parsed("user", cell.part(0, len(text)), "user")
    syntax = parsed.syntax
    name = parsed.text(syntax.user) if syntax.user is not None else ""
    group = parsed.text(syntax.group) if syntax.group is not None else ""
    if not name and not group:
        raise Refused(cell.span, f"`{cell.text}` names neither a user nor a group")
    return User(syntax.negation is not None, name, group, program, cell.span)
