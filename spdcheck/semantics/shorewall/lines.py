"""Lines of rules, and lines of macros and actions that they call, in one form: what stands in which column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Icmp, Interval
from spdcheck.model.shorewall import RuleEntry
from spdcheck.model.shorewall_columns import (
    Action,
    Address,
    AddressKind,
    Hosts,
    Place,
    Ports,
    Protocol,
    Protocols,
)
from spdcheck.records import replace
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.words import action_of

if TYPE_CHECKING:
    from spdcheck.model.netfilter import Match
    from spdcheck.semantics.shorewall.common import Common
    from spdcheck.semantics.shorewall.standard_macros import Part
    from spdcheck.source import Span

_NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1}
_OVERRIDING = (
    "protocols", "dports", "sports", "origdest", "rates", "user", "mark", "connlimit", "time", "headers", "switch",
    "helper",
)  # fmt: skip


def called_with(body: RuleEntry, call: RuleEntry, target: Action) -> RuleEntry:
    """A line of a body in the place of its call: columns of the call count where it has them."""
    values = {name: getattr(call, name) or getattr(body, name) for name in _OVERRIDING}
    source = _end(body.source, call, "SOURCE")
    dest = _end(body.dest, call, "DEST")
    inline = body.inline or call.inline
    return replace(body, action=target, source=source, dest=dest, section=call.section, inline=inline,
                   origin=call.origin, **values)  # fmt: skip


def _end(own: tuple[Place, ...], call: RuleEntry, usual: str) -> tuple[Place, ...]:
    given = {"SOURCE": call.source, "DEST": call.dest}
    if not own:
        return given[usual]
    found = []
    for place in own:
        outer = given[place.reference or usual]
        found += [_joined(place, other) for other in outer] or [replace_reference(place)]
    return tuple(found)


def replace_reference(place: Place) -> Place:
    """The place without the word that refers to the call."""
    return place._replace(reference="")


def _joined(body: Place, outer: Place) -> Place:
    """The zone of the call with the hosts and ports of the body."""
    return Place(
        outer.zones,
        body.interface or outer.interface,
        _both(body.hosts, outer.hosts),
        outer.origin,
        ports=body.ports or outer.ports,
        random=body.random or outer.random,
        excluded_interface=body.excluded_interface or outer.excluded_interface,
    )


def _both(body: Hosts | None, outer: Hosts | None) -> Hosts | None:
    """Hosts of the body, or of the call. Both at once the compiler refuses."""
    return body if body is not None else outer


def of_part(part: Part, origin: Span, family: int) -> RuleEntry:
    """A line of a standard macro."""
    protocols = None
    dports = sports = None
    if part.protocol:
        number = int(part.protocol) if part.protocol.isdigit() else _NUMBERS[part.protocol]
        icmp = number == 1
        if icmp and family == 6:
            number = 58
        protocols = Protocols((Protocol(number, part.protocol, "", origin),), False, origin)
        dports = _icmp(part.dports, origin, family) if icmp else _ports(part.dports, origin)
        sports = _ports(part.sports, origin)
    source = (Place(None, None, _hosts(part.origin, origin), origin, "SOURCE"),)
    dest = (Place(None, None, _hosts(part.to, origin), origin, "DEST"),)
    if part.backwards:
        source, dest = (dest[0]._replace(hosts=None),), (source[0]._replace(hosts=_hosts(part.to, origin)),)
    name = part.target or part.macro or "PARAM"
    return RuleEntry(
        section="", action=Action(name, (), "", None, origin), source=source, dest=dest, protocols=protocols,
        dports=dports, sports=sports, origdest=_hosts(part.original, origin), origin=origin,
    )  # fmt: skip


def _hosts(text: str, origin: Span) -> Hosts | None:
    if not text:
        return None
    found = []
    for word in text.split(","):
        net = m.parse_network(word)
        found.append(Address(AddressKind.NETWORK, net, word, origin))
    return Hosts(tuple(found), (), origin)


def _ports(text: str, origin: Span) -> Ports | None:
    if not text:
        return None
    items = []
    for word in text.split(","):
        low, colon, high = word.partition(":")
        first = int(low or "0")
        items.append(Interval(first, int(high or "65535") if colon else first))
    return Ports(tuple(items), False, origin)


_ICMP_6 = {8: 128, 11: 3}


def _icmp(text: str, origin: Span, family: int) -> Ports | None:
    if not text:
        return None
    kind, slash, code = text.partition("/")
    if family == 6:
        number = 2 if text == "3/4" else _ICMP_6.get(int(kind), int(kind))
        return Ports((Icmp(number),), False, origin)
    codes = Interval(int(code), int(code)) if slash else None
    return Ports((Icmp(int(kind), codes),), False, origin)


def with_parameter(body: Action, parameter: Action | None) -> Action | None:
    """The target of a macro's line: PARAM is what the caller gives, with the modifier of either."""
    if body.name != "PARAM":
        return body
    if parameter is None:
        return None
    return parameter if not body.modifier else parameter._replace(modifier=body.modifier)


def parameter_of(call: Action, default: str = "") -> Action | None:
    """What a macro is called with: ``SSH(ACCEPT)``, ``SSH/ACCEPT``."""
    text = ",".join(call.parameters) if call.parameters and not call.slash else "".join(call.parameters)
    text = text or default
    if not text or text == "-":
        return None
    made = action_of(text, call.origin)
    return made if not call.modifier else made._replace(modifier=call.modifier)


def other_columns(making: Common, line: RuleEntry, *, rates: bool = True, timed: bool = True) -> tuple[Match, ...]:
    """What RATE, USER, MARK, CONNLIMIT, TIME, HEADERS, SWITCH and raw matches ask for."""
    found: tuple[Match, ...] = ()
    if rates:
        for number, rate in enumerate(line.rates):
            said = rate if rate.per or len(line.rates) == 1 else rate._replace(per="sd"[number % 2])
            found += m.rate(said)
    if line.user is not None:
        found += m.owner(line.user)
    if line.mark is not None:
        found += m.mark(line.mark, making.mark_mask)
    if line.connlimit is not None and timed:
        found += m.connection_limit(line.connlimit)
    if line.time is not None and timed:
        found += m.time(line.time)
    if line.headers is not None and timed:
        found += m.headers(line.headers)
    if line.switch is not None:
        found += m.word("condition", "condition", line.switch)
    if line.inline is not None:
        found += m.unknown(f"raw {line.inline.text}", line.inline.origin)
    return found
