"""conntrack (notrack), stoppedrules, routestopped, blacklist, mangle (tcrules), maclist; files that are only kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall import values
from spdcheck.formats.shorewall.action import action, log_with_tag
from spdcheck.formats.shorewall.addresses import address, hosts, places
from spdcheck.formats.shorewall.columns import Refused, split
from spdcheck.formats.shorewall.helpers import check_helper
from spdcheck.formats.shorewall.mangle_actions import check_mangle
from spdcheck.formats.shorewall.marks import check_mark, tested
from spdcheck.formats.shorewall.parsed import top_level
from spdcheck.formats.shorewall.tables import (
    BLACKLIST,
    CONNTRACK,
    MACLIST,
    MANGLE,
    MANGLE_6,
    ROUTESTOPPED,
    STOPPEDRULES,
    TCRULES,
)
from spdcheck.formats.shorewall.translation import knows_interface
from spdcheck.model.shorewall import BlacklistEntry, KeptEntry, MacEntry, PlainEntry, RouteStoppedEntry
from spdcheck.model.shorewall_columns import Action, Written

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell, Row
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.model.shorewall_columns import Option

_CHAINS = re.compile(r"[POFTIRC]+|PO|OP")
_WORD = re.compile(r"\S+")
_SHARED = frozenset(
    {"action", "mark", "target", "source", "dest", "proto", "dport", "sport", "user", "switch", "helper"}
)


def conntrack(desk: Desk, draft: Draft, line: Line, number: int) -> None:
    """A line of conntrack or notrack in this format. Raises :class:`Refused`."""
    row = split(line, CONNTRACK[min(number, 2)], title="conntrack", inline=True, quotes=desk.dialect == 2)
    cell = row.get("action")
    if cell is None and number > 1:
        raise Refused(line.whole, "ACTION must be specified")
    if cell is None:
        made, designator = Action("NOTRACK", (), "", None, line.whole), ""
    else:
        made, designator = _conntrack_action(cell)
    entry = _plain("conntrack", row, desk, draft, made, designator, zoned=number < 3)
    if number < 3 and desk.dialect == 5 and not draft.open_zones:
        _check_zones(entry, draft)
    check_helper(entry, desk.setting("HELPERS"))
    draft.conntrack.append(entry)


def _check_zones(entry: PlainEntry, draft: Draft) -> None:
    for place in entry.source:
        for name in (*place.zones.names, *place.zones.excluded) if place.zones is not None else ():
            if name not in draft.known_zones():
                raise Refused(place.origin, f"the zone {name} is not known", "declare it, or write `?FORMAT 3` first")


def _conntrack_action(cell: Cell) -> tuple[Action, str]:
    """``NOTRACK``, ``DROP``, ``CT:helper:ftp:P``, ``LOG:info`` with the chain designator."""
    parts = [cell.text[start:end] for start, end in top_level(cell.text, ":")]
    designator = ""
    if len(parts) > 1 and _CHAINS.fullmatch(parts[-1]) and set(parts[-1]) <= set("PO"):
        designator = parts.pop()
    name = parts[0].partition("(")[0]
    if name == "CT" and len(parts) > 1:
        kind = parts[1]
        if kind not in ("notrack", "helper", "ctevents", "expevents"):
            raise Refused(cell.span, f"`{cell.text}` is no action of conntrack", "write CT:helper:NAME:PO")
        if kind != "notrack" and len(parts) != 3:
            raise Refused(cell.span, f"`CT:{kind}` needs a name")
        return Action("CT", tuple(parts[1:]), "", None, cell.span), designator
    if name not in ("NOTRACK", "DROP", "ACCEPT", "LOG", "NFLOG", "ULOG", "IPTABLES", "IP6TABLES", "CT", "INLINE"):
        raise Refused(cell.span, f"`{cell.text}` is no action of conntrack",
                      "actions are NOTRACK, CT:helper:NAME, DROP, LOG and IPTABLES(…)")  # fmt: skip
    if len(parts) > 1 and name in ("NOTRACK", "CT", "INLINE"):
        raise Refused(cell.span, f"`:{parts[-1]}` names no chain", "chains are P, O and PO")
    end = len(cell.text) - (len(designator) + 1 if designator else 0)
    return action(cell.part(0, end), levels=name == "LOG").action, designator


def stoppedrules(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of stoppedrules. Raises :class:`Refused`."""
    row = split(line, STOPPEDRULES, title="stoppedrules")
    cell = row.need("target")
    if cell.text not in ("ACCEPT", "DROP", "NOTRACK"):
        raise Refused(cell.span, f"`{cell.text}` is no target here", "targets are ACCEPT, DROP and NOTRACK")
    entry = _plain("stoppedrules", row, desk, draft, action(cell).action, "", zoned=False)
    _check_interfaces(entry, draft)
    draft.stoppedrules.append(entry)


def mangle(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of mangle. Raises :class:`Refused`."""
    names = MANGLE if desk.family == 4 else MANGLE_6
    row = split(line, names, title="mangle", aliases={"mark": "action", "scp": "dscp"}, inline=True)
    entry = _marked("mangle", row, desk, draft, row.need("action"))
    check_mangle(entry, draft.firewall, draft.declared, desk.family)
    if entry.action.name in ("MARK", "CONNMARK", "SAVE", "RESTORE"):
        check_mark(desk, (*entry.action.parameters, "")[0], entry.action.origin)
    shapes = desk.setting("TC_ENABLED", "Internal").lower() in ("internal", "shared")
    if entry.action.name == "CLASSIFY" and "tcclasses" not in desk.files and shapes and desk.dialect == 5:
        raise Refused(entry.action.origin, "no such class: there is no file tcclasses")
    _check_interfaces(entry, draft)
    draft.mangle.append(entry)


def tcrules(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of tcrules, in the words of mangle. Raises :class:`Refused`."""
    row = split(line, TCRULES, title="tcrules", quotes=desk.dialect == 2)
    draft.mangle.append(_marked("mangle", row, desk, draft, row.need("mark")))


def _check_interfaces(entry: PlainEntry, draft: Draft) -> None:
    for place in (*entry.source, *entry.dest):
        if place.interface is not None and not knows_interface(draft, place.interface):
            raise Refused(place.origin, f"the interface {place.interface} is not known", "declare it in interfaces")


def _marked(file: str, row: Row, desk: Desk, draft: Draft, cell: Cell) -> PlainEntry:
    """``MARK(1):F``, ``1:F``, ``SAVE``, ``CONNMARK(…)``: the chain behind the colon."""
    spots = top_level(cell.text, ":")
    designator = ""
    if any(start == end for start, end in spots):
        raise Refused(cell.span, f"`{cell.text}` has an empty place between its colons")
    last = cell.text[slice(*spots[-1])]
    if len(spots) > 1 and last and re.fullmatch(r"[A-Z]{1,2}", last):
        designator = last
        head = cell.part(0, spots[-1][0] - 1)
    else:
        head = cell
    name, bracket, _ = head.text.partition("(")
    if file == "mangle" and name[:1] in "0123456789|&" and desk.dialect == 5 and cell.line.file.path.endswith("mangle"):
        raise Refused(head.span, f"`{head.text}` is no action of mangle", f"write MARK({head.text})")
    if bracket or re.fullmatch(r"[A-Z][A-Z0-9]*[+!]?", name):
        made = action(head, levels=name in ("LOG", "ADD", "DEL") or not name.isupper()).action
    else:
        made = Action(head.text, (), "", None, head.span)
    return _plain(file, row, desk, draft, made, designator, zoned=False)


def _plain(
    file: str, row: Row, desk: Desk, draft: Draft, made: Action, designator: str, *, zoned: bool
) -> PlainEntry:  # fmt: skip
    cells, family = row.cells, desk.family
    known = draft.known_zones() if zoned else frozenset({draft.firewall, "$FW"})
    where = values.protocols(cells["proto"], family) if "proto" in cells else None
    source, dest = cells.get("source"), cells.get("dest")
    helper, switch = cells.get("helper"), cells.get("switch")
    return PlainEntry(
        file=file,
        action=made,
        designator=designator,
        source=places(source, family, zoned=zoned, known=known) if source is not None else (),
        dest=places(dest, family, zoned=False, known=known) if dest is not None else (),
        protocols=where,
        dports=values.ports(cells["dport"], where) if "dport" in cells else None,
        sports=values.ports(cells["sport"], where, source=True) if "sport" in cells else None,
        user=values.user(cells["user"]) if "user" in cells else None,
        mark=tested(desk, cells["test"]) if "test" in cells else None,
        switch=Written(switch.text, switch.span) if switch is not None else None,
        helper=Written(helper.text, helper.span) if helper is not None else None,
        others={n: Written(c.text, c.span) for n, c in cells.items() if n not in _SHARED and n != "test"},
        inline=Written(row.inline.text, row.inline.span) if row.inline is not None else None,
        comment=row.comment.text if row.comment is not None else row.line.comment,
        origin=row.line.whole,
    )


def routestopped(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of routestopped. Raises :class:`Refused`."""
    row = split(line, ROUTESTOPPED, title="routestopped", quotes=desk.dialect == 2)
    cell = row.need("interface")
    if not knows_interface(draft, cell.text) and desk.dialect == 5:
        raise Refused(cell.span, f"the interface {cell.text} is not known", "declare it in interfaces")
    where = values.protocols(row.cells["proto"], desk.family) if "proto" in row.cells else None
    found, options = row.get("hosts"), row.get("options")
    draft.routestopped.append(
        RouteStoppedEntry(
            cell.text, hosts(found, desk.family) if found is not None else None, _options(options), where,
            values.ports(row.cells["dport"], where) if "dport" in row.cells else None,
            values.ports(row.cells["sport"], where, source=True) if "sport" in row.cells else None, line.whole,
        )
    )  # fmt: skip


def _options(cell: Cell | None) -> tuple[Option, ...]:
    return values.options(cell) if cell is not None else ()


def blacklist(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of blacklist. Raises :class:`Refused`."""
    row = split(line, BLACKLIST, title="blacklist", quotes=desk.dialect == 2)
    found = row.get("networks")
    where = values.protocols(row.cells["proto"], desk.family) if "proto" in row.cells else None
    draft.blacklist.append(
        BlacklistEntry(
            hosts(found, desk.family) if found is not None else None, where,
            values.ports(row.cells["port"], where) if "port" in row.cells else None, _options(row.get("options")),
            line.whole,
        )
    )  # fmt: skip


def maclist(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of maclist; before 3.x it had no disposition. Raises :class:`Refused`."""
    names = MACLIST[1:] if desk.dialect == 2 else MACLIST
    row = split(line, names, title="maclist", quotes=desk.dialect == 2)
    cell = row.get("disposition")
    disposition, log = "ACCEPT", None
    if cell is not None:
        disposition, colon, _ = cell.text.partition(":")
        if disposition not in ("ACCEPT", "DROP", "REJECT", "A_DROP", "A_REJECT"):
            raise Refused(cell.span, f"`{cell.text}` is no disposition", "write ACCEPT, DROP or REJECT")
        log = log_with_tag(cell.part(len(disposition) + 1, len(cell.text))) if colon else None
    name = row.need("interface")
    if not knows_interface(draft, name.text):
        raise Refused(name.span, f"the interface {name.text} is not known", "declare it in interfaces")
    if desk.dialect == 5 and not _asks_maclist(draft, name.text):
        raise Refused(name.span, f"no line for {name.text} has the option maclist", "add it in interfaces or hosts")
    mac, found = row.get("mac"), row.get("addresses")
    if mac is None and found is None:
        raise Refused(line.whole, "a MAC address or an IP address must be given")
    draft.maclist.append(
        MacEntry(
            disposition, log, name.text, address(_with_tilde(mac), desk.family) if mac is not None else None,
            hosts(found, desk.family) if found is not None else None, line.whole,
        )
    )  # fmt: skip


def _asks_maclist(draft: Draft, name: str) -> bool:
    entry = draft.interfaces.get(name)
    options = entry.options if entry is not None else ()
    groups = (group.options for group in draft.hosts if group.interface == name)
    return draft.open_interfaces or any(o.name == "maclist" for found in (options, *groups) for o in found)


def _with_tilde(cell: Cell) -> Cell:
    """A MAC address of maclist may come without its tilde."""
    return cell if cell.text.startswith(("~", "!~")) else type(cell)(f"~{cell.text}", cell.line, cell.at)


def kept(draft: Draft, line: Line, file: str) -> None:
    """A line that is kept as it is."""
    words = tuple(Written(match[0], line.span(match.start(), match.end())) for match in _WORD.finditer(line.text))
    draft.kept.append(KeptEntry(file, words, line.whole))
