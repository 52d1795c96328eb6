"""rules and blrules, and the bodies of macros and actions, whose lines have the same columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.shorewall import values
from spdcheck.formats.shorewall.action import action
from spdcheck.formats.shorewall.addresses import hosts, places
from spdcheck.formats.shorewall.columns import Refused, split
from spdcheck.formats.shorewall.helpers import check_rule_helper
from spdcheck.formats.shorewall.marks import check_mark, tested
from spdcheck.formats.shorewall.plans import form_of, is_port
from spdcheck.formats.shorewall.tables import RULES, RULES_2
from spdcheck.formats.shorewall.targets import check_server, check_target
from spdcheck.formats.shorewall.times import check_time
from spdcheck.formats.shorewall.translation import knows_interface
from spdcheck.model.netfilter import Interval
from spdcheck.model.shorewall import RuleEntry
from spdcheck.model.shorewall_columns import AddressKind, Hosts, Ports, Written

if TYPE_CHECKING:
    from collections.abc import Container

    from spdcheck.formats.shorewall.columns import Cell, Row
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.model.shorewall_columns import Action, Place
    from spdcheck.source import Span

SECTIONS = ("ALL", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "NEW")
_PLAIN = frozenset({"action", "source", "dest", "proto", "dport", "sport", "rate"})
_NAT = frozenset({"DNAT", "REDIRECT", "NONAT", "HELPER"})


class Sections:
    """The section that holds; each comes once, and in order."""

    def __init__(self) -> None:
        self.current = "NEW"
        self._passed: set[str] = set()

    def enter(self, name: str, span: Span) -> None:
        """``?SECTION name``. Raises :class:`Refused`."""
        if name == "BLACKLIST":
            raise Refused(span, "there is no section BLACKLIST any more", "move its rules to blrules")
        if name not in SECTIONS:
            raise Refused(span, f"`{name}` is no section", f"sections are {', '.join(SECTIONS)}, in this order")
        if name in self._passed:
            raise Refused(span, f"the section {name} comes twice, or behind one that must follow it",
                          f"the order is {', '.join(SECTIONS)}")  # fmt: skip
        last = SECTIONS.index(name)
        self._passed.update(SECTIONS[:last] if name != "NEW" else SECTIONS)
        self._passed.add(name)
        self.current = name


def rule(desk: Desk, draft: Draft, line: Line, section: str) -> None:
    """A line of rules or (section BLACKLIST) blrules. Raises :class:`Refused`."""
    rules = draft.blrules if section == "BLACKLIST" else draft.rules
    form = form_of(line, section) if desk.dialect == 5 and desk.family == 4 else None
    planned = draft.plans.filled(form, line) if form is not None else None
    if planned is not None:
        rules.append(planned)
        return
    row = columns(desk, line)
    made = entry(desk, draft, row, section, zoned=True)
    if not made.source or not made.dest:
        _missing(made, row)
    _check_zones(made, draft)
    _check_interfaces(made, draft)
    if desk.dialect == 5:
        check_target(made, row, desk.family, draft.declared)
        if made.action.name in ("MARK", "CONNMARK"):
            check_mark(desk, made.action.parameters[0] if made.action.parameters else "", made.action.origin)
        _check_fast(desk, made)
        check_server(made, made.dest)
        check_rule_helper(made, desk.setting("HELPERS"))
    if made.user is not None and not _from_firewall(made, draft):
        raise Refused(made.user.origin, "USER has a meaning only where the source is the firewall ($FW)")
    rules.append(made)
    if form is not None:
        draft.plans.learn(form, line, row, made)


def columns(desk: Desk, line: Line) -> Row:
    """The columns of a rule. Raises :class:`Refused`."""
    if desk.dialect == 2:
        return split(line, RULES_2, title="rules", quotes=True)
    return split(line, RULES, title="rules", inline=True)


def entry(
    desk: Desk, draft: Draft, row: Row, section: str, *, zoned: bool, known: Container[str] | None = None
) -> RuleEntry:
    """The values of a rule's columns; ``known`` are the words that are zones. Raises :class:`Refused`."""
    cell = row.need("action")
    memo, cells, family = draft.memo, row.cells, desk.family
    called = memo.read("action", cell, action)
    target = called.action
    if desk.dialect == 5 and "/" in cell.text and target.parameters and not target.slash:
        # The real compiler looks for `macro/parameter` before it looks for parentheses.
        raise Refused(cell.span, f"`{cell.text}`: a `/` in the parameter is taken for the one of `macro/parameter`")
    redirects = _redirects(target)
    known = draft.known_zones() if known is None else known
    source, dest = cells.get("source"), cells.get("dest")
    proto = cells.get("proto")
    where = memo.read("protocols", proto, lambda c: values.protocols(c, family)) if proto is not None else None
    rates = called.rates
    if "rate" in cells:
        if rates:
            raise Refused(cells["rate"].span, "the rate stands in the action already")
        rates = values.rates(cells["rate"])
        if (
            desk.told
            and desk.release >= (5, 0)
            and re.search(r"/(?!sec|min|hour|day)[a-z]|/(second|minute)", cells["rate"].text)
        ):
            raise Refused(cells["rate"].span, f"`{cells['rate'].text}` has another unit than sec, min, hour and day")
    needed = zoned and section != "" and not _expands(target)
    key = proto.text if proto is not None else "", needed

    def placed(cell: Cell) -> tuple[Place, ...]:
        return places(cell, family, zoned=zoned, known=known)

    def redirected(cell: Cell) -> tuple[Place, ...]:
        return places(cell, family, zoned=zoned, known=known, redirects=True)

    def ports(cell: Cell | None, *, source: bool) -> Ports | None:
        if cell is None:
            return None
        if key[0] in ("tcp", "udp") and is_port(cell.text):
            return Ports((Interval(int(cell.text), int(cell.text)),), False, cell.span)
        return memo.read((source, key), cell, lambda c: values.ports(c, where, source=source, needed=needed))

    side = "zoned" if zoned else "body" if known else "action"
    return RuleEntry(
        section=section,
        action=target,
        source=memo.read(side, source, placed) if source is not None else (),
        dest=memo.read((side, redirects), dest, redirected if redirects else placed) if dest is not None else (),
        protocols=where,
        dports=ports(cells.get("dport"), source=False),
        sports=ports(cells.get("sport"), source=True),
        rates=rates,
        comment=row.comment.text if row.comment is not None else row.line.comment,
        origin=row.line.whole,
        **(_seldom(desk, row) if row.inline is not None or not cells.keys() <= _PLAIN else {}),
    )


def _seldom(desk: Desk, row: Row) -> dict[str, Any]:
    """The columns that few rules have."""
    cells = row.cells
    return {
        "origdest": _original(cells.get("origdest"), desk.family),
        "user": values.user(cells["user"]) if "user" in cells else None,
        "mark": tested(desk, cells["mark"]) if "mark" in cells else None,
        "connlimit": values.connlimit(cells["connlimit"]) if "connlimit" in cells else None,
        "time": _written(check_time(cells.get("time"))),
        "headers": _written(cells.get("headers")),
        "switch": _written(cells.get("switch")),
        "helper": _written(cells.get("helper")),
        "inline": _written(row.inline),
    }


def _redirects(target: Action) -> bool:
    """The destination may be a port: REDIRECT, also as the parameter of a macro."""
    return target.name == "REDIRECT" or any(p.startswith("REDIRECT") for p in target.parameters[:1])


def _only_translates(target: Action) -> bool:
    """DNAT-, also as the parameter of a macro: no destination zone is asked for."""
    return (target.name == "DNAT" and target.modifier == "-") or target.parameters[:1] == ("DNAT-",)


def _expands(target: Action) -> bool:
    """A macro or action, which may bring the protocol itself."""
    return target.slash or not target.name.isupper()


def _original(cell: Cell | None, family: int) -> Hosts | None:
    """ORIGDEST; ``all`` of 1.x is everything."""
    if cell is None or cell.text == "all":
        return None
    return hosts(cell, family, "original destination")


def _written(cell: Cell | None) -> Written | None:
    return Written(cell.text, cell.span) if cell is not None else None


def _missing(made: RuleEntry, row: Row) -> None:
    if not made.source:
        raise Refused(row.line.whole, "the source zone is missing", "write a zone, $FW or all into SOURCE")
    action = made.action
    if (action.name not in _NAT and not _redirects(action)) or (action.name == "DNAT" and action.modifier != "-"):
        raise Refused(row.line.whole, "the destination zone is missing", "write a zone, $FW or all into DEST")


def _check_zones(made: RuleEntry, draft: Draft) -> None:
    known = draft.known_zones()
    for side, listed in (("source", made.source), ("destination", made.dest)):
        for place in listed:
            if place.zones is None:
                _zoneless(made, place, side)
                continue
            for name in (*place.zones.names, *place.zones.excluded):
                if name not in known:
                    raise Refused(place.zones.origin, f"the {side} zone {name} is not known",
                                  "declare it in zones, or correct the name")  # fmt: skip


def _check_interfaces(made: RuleEntry, draft: Draft) -> None:
    for place in (*made.source, *made.dest):
        _check_interface(place, draft)
        _check_firewall(place, draft)
    for place in made.dest:
        for address in (*place.hosts.included, *place.hosts.excluded) if place.hosts is not None else ():
            if address.kind is AddressKind.MAC:
                raise Refused(address.origin, "a MAC address can't be a destination: the packet has none of it yet")


def _check_interface(place: Place, draft: Draft) -> None:
    name = place.interface
    if name is not None and not knows_interface(draft, name):
        raise Refused(place.origin, f"the interface {name} is not known", "declare it in interfaces")
    for address in (*place.hosts.included, *place.hosts.excluded) if place.hosts is not None else ():
        ours = address.kind in (AddressKind.OF_INTERFACE, AddressKind.GATEWAY)
        if ours and not knows_interface(draft, address.name):
            raise Refused(address.origin, f"the interface {address.name} is not known", "declare it in interfaces")


def _check_firewall(place: Place, draft: Draft) -> None:
    """What the firewall sends or gets has no interface there."""
    zones = place.zones
    if place.interface is None or zones is None or draft.open_zones:
        return
    everything = zones.wildcard and zones.firewall and draft.firewall not in zones.excluded
    if everything or draft.firewall in zones.names:
        raise Refused(
            place.origin, f"the firewall ({draft.firewall}) can't have an interface here", "name the other zones"
        )


def check_body(entry: RuleEntry, draft: Draft) -> None:
    """A line of an action: it knows no zones. Raises :class:`Refused`."""
    for place in (*entry.source, *entry.dest):
        _check_interface(place, draft)


def _check_fast(desk: Desk, made: RuleEntry) -> None:
    """With FASTACCEPT these packets never come to the rules."""
    if made.section == "ESTABLISHED" and desk.setting("FASTACCEPT").lower() == "yes":
        raise Refused(made.origin, "with FASTACCEPT=Yes no packet comes to the section ESTABLISHED", "remove the line")


def _zoneless(made: RuleEntry, place: Place, side: str) -> None:
    """Only what is translated and not filtered needs no destination zone."""
    nat_only = made.action.modifier == "-" or made.action.name in ("NONAT", "REDIRECT", "HELPER")
    nat_only |= _only_translates(made.action)
    if place.reference or (side == "destination" and (nat_only or _redirects(made.action))):
        return
    raise Refused(place.origin, f"the {side} zone is missing", "write ZONE:ADDRESS")


def _from_firewall(made: RuleEntry, draft: Draft) -> bool:
    return all(place.zones is not None and place.zones.names == (draft.firewall,) for place in made.source)
