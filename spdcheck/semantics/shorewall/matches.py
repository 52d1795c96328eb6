"""Matches of iptables as the columns of Shorewall ask for them: each builder gives those of one question.

The forms are those of the iptables format, so that rules of both origins mean the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Icmp, Interval, Match, Network, Option
from spdcheck.model.shorewall_columns import AddressKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spdcheck.model.netfilter import Value
    from spdcheck.model.shorewall_columns import (
        Address,
        ConnectionLimit,
        MarkTest,
        Ports,
        Protocol,
        Protocols,
        Rate,
        User,
        Written,
    )
    from spdcheck.model.shorewall_columns import Option as ShorewallOption
    from spdcheck.semantics.shorewall.chains import Matches
    from spdcheck.source import Span

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
NOTHING: Matches = ()
PORTED = {6: "tcp", 17: "udp", 132: "sctp", 33: "dccp", 136: "udplite"}
SYN = Bits(2, 23)
EVERYTHING = {4: Network(4, 0, 0), 6: Network(6, 0, 0)}
MULTICAST = {4: Network(4, 0xE0000000, 0xF0000000), 6: Network(6, 0xFF << 120, 0xFF << 120)}


def one(module: str, name: str, value: Value, origin: Span, *, negated: bool = False, known: bool = True) -> Match:
    """A match with one option."""
    return Match(module, (Option(name, value, negated, origin),), origin, known)


def unknown(text: str, origin: Span) -> Matches:
    """A question that nobody can answer; ``text`` says which, for those who compare."""
    return (one("unknown", "question", text, origin, known=False),)


def incoming(interface: str, origin: Span, *, negated: bool = False) -> Matches:
    """``-i``; none for ``+``."""
    return () if interface == "+" else (one("", "in-interface", interface, origin, negated=negated),)


def outgoing(interface: str, origin: Span, *, negated: bool = False) -> Matches:
    """``-o``; none for ``+``."""
    return () if interface == "+" else (one("", "out-interface", interface, origin, negated=negated),)


def network(value: Network, origin: Span, *, source: bool, negated: bool = False) -> Matches:
    """``-s`` or ``-d``; none for all addresses."""
    if not value.mask and not negated:
        return ()
    return (one("", "source" if source else "destination", (value,), origin, negated=negated),)


def state(origin: Span, *names: str) -> Matches:
    """``-m conntrack --ctstate``."""
    return (one("conntrack", "ctstate", names, origin),)


def policy(way: str, kind: str, origin: Span, options: Iterable[ShorewallOption] = ()) -> Matches:
    """``-m policy --dir way --pol kind`` with the options of a zone."""
    made = [Option("dir", way, False, origin), Option("pol", kind, False, origin)]
    made += [Option(option.name, _policy_value(option), option.negated, option.origin) for option in options]
    return (Match("policy", tuple(made), origin),)


_NUMBERED = frozenset({"reqid", "spi"})
_PROTOCOLS = {"esp": 50, "ah": 51, "ipcomp": 108}


def _policy_value(option: ShorewallOption) -> Value:
    text = option.value
    if text is None:
        return None
    if option.name in _NUMBERED:
        return int(text, 0) if text[:1].isdigit() else text
    if option.name == "proto":
        return _PROTOCOLS.get(text.lower(), text)
    if option.name in ("tunnel-src", "tunnel-dst"):
        parsed = parse_network(text)
        return (parsed if parsed is not None else text,)
    return text


def parse_network(text: str) -> Network | None:
    """``ADDRESS[/LENGTH]`` as a network."""
    from spdcheck.model.addresses import parse_prefix

    found = parse_prefix(text)
    if found is None:
        return None
    width = 32 if found.family == 4 else 128
    size = found.last - found.first
    mask = ((1 << width) - 1) & ~size
    return Network(found.family, found.first & mask, mask)


def address(value: Address, *, source: bool, negated: bool = False) -> Matches:
    """One element of an address list."""
    origin = value.origin
    negated = negated != value.negated
    end = "src" if source else "dst"
    if value.kind is AddressKind.NETWORK and isinstance(value.value, Network):
        return network(value.value, origin, source=source, negated=negated)
    if value.kind is AddressKind.RANGE and isinstance(value.value, Interval):
        return (one("iprange", f"{end}-range", value.value, origin, negated=negated),)
    if value.kind is AddressKind.MAC:
        return (one("mac", "mac-source", value.name.upper(), origin, negated=negated),)
    if value.kind is AddressKind.SET:
        ends = ",".join(value.directions or (end,))
        return (one("set", "match-set", f"{value.name} {ends}", origin, negated=negated),)
    if value.kind is AddressKind.COUNTRY:
        return (one("geoip", f"{end}-cc", value.name, origin, negated=negated, known=False),)
    if value.kind is AddressKind.NAME:
        return (one("", "source" if source else "destination", (value.name,), origin, negated=negated),)
    return unknown(f"{'! ' if negated else ''}{end} {value.kind.value} {value.name}", origin)


def original_destination(value: Address, *, negated: bool = False) -> Matches:
    """``-m conntrack --ctorigdst``: where the connection's first packet wanted to go."""
    origin = value.origin
    if value.kind is AddressKind.NETWORK and isinstance(value.value, Network):
        if not value.value.mask and not negated:
            return ()
        return (one("conntrack", "ctorigdst", (value.value,), origin, negated=negated),)
    return unknown(f"{'! ' if negated else ''}original dst {value.kind.value} {value.name} {value.value}", origin)


def protocol(number: int, origin: Span, *, negated: bool = False) -> Matches:
    """``-p``; none for all."""
    return () if number == 0 and not negated else (one("", "protocol", number, origin, negated=negated),)


def ported(number: int, origin: Span, dports: object = None, sports: object = None) -> Matches:
    """``-p NUMBER --dport … --sport …``; ports are an interval or several."""
    made = list(protocol(number, origin))
    for name, value in (("dport", dports), ("sport", sports)):
        if isinstance(value, Interval):
            made.append(one(PORTED[number], name, value, origin))
        elif isinstance(value, tuple):
            made.append(one("multiport", f"{name}s", value, origin))
    return tuple(made)


def port(number: int) -> Interval:
    """One port."""
    return Interval(number, number)


def tcp_flags(mask: int, value: int, origin: Span) -> Matches:
    """``-p tcp --tcp-flags``."""
    return (*protocol(TCP, origin), one("tcp", "tcp-flags", Bits(value, mask), origin))


def syn(origin: Span, *, negated: bool = False) -> Matches:
    """``-p tcp [!] --syn``."""
    return (*protocol(TCP, origin), one("tcp", "syn", None, origin, negated=negated))


def protocols(said: Protocols | None, dports: Ports | None, sports: Ports | None) -> list[Matches]:
    """The ways in which the columns PROTO, DPORT and SPORT can be met: one rule each."""
    if said is None:
        return [()]
    found: list[Matches] = []
    for item in said.items:
        found += _protocol(item, said, dports, sports)
    return found


def _protocol(item: Protocol, said: Protocols, dports: Ports | None, sports: Ports | None) -> list[Matches]:
    if item.number is None:
        if not item.name or item.name == "all":
            return [()]
        return [unknown(f"protocol {item.name}", item.origin)]
    made = list(protocol(item.number, item.origin, negated=said.negated))
    if item.syn in ("syn", "!syn"):
        made.append(one("tcp", "syn", None, item.origin, negated=item.syn == "!syn"))
    if item.number in (ICMP, ICMP6):
        if dports is None:
            return [tuple(made)]
        module, name = ("icmp6", "icmpv6-type") if item.number == ICMP6 else ("icmp", "icmp-type")
        kinds = [kind for kind in dports.items if isinstance(kind, Icmp)]
        return [(*made, one(module, name, kind, dports.origin, negated=dports.negated)) for kind in kinds]
    if item.number in PORTED:
        both = sports is not None and sports.items == ("=",)
        if dports is not None:
            made.append(_ports(dports, "ports" if both else "dports", item.number))
        if sports is not None and not both:
            made.append(_ports(sports, "sports", item.number))
    return [tuple(made)]


def _ports(said: Ports, name: str, number: int) -> Match:
    words = [item for item in said.items if isinstance(item, str)]
    if words:
        text = f"{name} {' '.join(words)}"
        return unknown(f"{'! ' if said.negated else ''}{text}", said.origin)[0]
    ranges = tuple(item for item in said.items if isinstance(item, Interval))
    if len(ranges) == 1 and name != "ports":
        return one(PORTED[number], name[:-1], ranges[0], said.origin, negated=said.negated)
    return one("multiport", name, ranges, said.origin, negated=said.negated)


_UNITS = {"sec": "sec", "min": "min", "hour": "hour", "day": "day", "second": "sec", "minute": "min"}


def rate(said: Rate) -> Matches:
    """A limit: how often nobody knows."""
    origin = said.origin
    amount = f"{said.amount}/{_UNITS.get(said.unit, said.unit)}" if said.unit else str(said.amount)
    hashed = bool(said.per or said.prefix or said.name)
    made = [Option("hashlimit-upto" if hashed else "limit", amount, False, origin)]
    if said.burst is not None:
        burst = str(said.burst) if hashed else said.burst
        made.append(Option("hashlimit-burst" if hashed else "limit-burst", burst, False, origin))
    if hashed:
        made.append(Option("hashlimit-name", said.name or "shorewall", False, origin))
        if said.prefix is not None:
            mask = "hashlimit-srcmask" if said.per == "s" else "hashlimit-dstmask"
            made.append(Option(mask, said.prefix, False, origin))
        if said.per:
            made.append(Option("hashlimit-mode", "srcip" if said.per == "s" else "dstip", False, origin))
            seconds = {"min": 60, "hour": 3600, "day": 86400}.get(_UNITS.get(said.unit, said.unit))
            if seconds is not None:
                made.append(Option("hashlimit-htable-expire", seconds * 1000, False, origin))
    return (Match("hashlimit" if hashed else "limit", tuple(made), origin),)


def connection_limit(said: ConnectionLimit) -> Matches:
    """So many connections at most: nobody knows."""
    origin = said.origin
    made = [Option("connlimit-above", said.limit, not said.above, origin)]
    if said.prefix is not None:
        made.append(Option("connlimit-mask", said.prefix, False, origin))
    if said.per == "d":
        made.append(Option("connlimit-daddr", None, False, origin))
    return (Match("connlimit", tuple(made), origin),)


def owner(said: User) -> Matches:
    """The owner of a socket."""
    made = []
    if said.user:
        made.append(Option("uid-owner", said.user, said.negated, said.origin))
    if said.group:
        made.append(Option("gid-owner", said.group, said.negated, said.origin))
    if said.program:
        made.append(Option("cmd-owner", said.program, said.negated, said.origin))
    return (Match("owner", tuple(made), said.origin),) if made else ()


def mark(said: MarkTest, default_mask: int) -> Matches:
    """The packet's mark, or its connection's."""
    bits = said.bits
    if bits.mask == (1 << 32) - 1:
        bits = Bits(bits.value, default_mask)
    module = "connmark" if said.connection else "mark"
    return (one(module, "mark", bits, said.origin, negated=said.negated),)


_DAYS = {"weekdays": "weekdays", "monthdays": "monthdays"}


def time(said: Written) -> Matches:
    """The time of the day."""
    made = []
    for element in said.text.split("&"):
        name, _, value = element.partition("=")
        made.append(Option(_DAYS.get(name, name), value or None, False, said.origin))
    return (Match("time", tuple(made), said.origin),)


def word(module: str, name: str, said: Written) -> Matches:
    """A column that is one word of one match."""
    negated = said.text.startswith("!")
    return (one(module, name, said.text.lstrip("!"), said.origin, negated=negated),)


def headers(said: Written) -> Matches:
    """``[!][any:|exactly:]HEADERS`` of IPv6."""
    negated, text, origin = said.text.startswith("!"), said.text.removeprefix("!"), said.origin
    exactly = text.startswith("exactly:")
    made = [Option("header", text.removeprefix("exactly:").removeprefix("any:"), negated, origin)]
    if not exactly:
        made.append(Option("soft", None, False, origin))
    return (Match("ipv6header", tuple(made), origin),)


def product(*questions: list[Matches]) -> list[Matches]:
    """Every combination of one way to meet each question."""
    found: list[Matches] = [()]
    for ways in questions:
        found = [(*done, *way) for done in found for way in ways]
    return found


def each(values: Iterable[Address], make: Callable[[Address], Matches]) -> list[Matches]:
    """One way for each address; one without any condition where there is none."""
    found = [make(value) for value in values]
    return found or [()]
