"""snat, masq, nat, netmap and proxyarp: addresses that stand for others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall import values
from spdcheck.formats.shorewall.action import action
from spdcheck.formats.shorewall.addresses import address, hosts
from spdcheck.formats.shorewall.columns import Cell, Refused, split
from spdcheck.formats.shorewall.parsed import top_level
from spdcheck.formats.shorewall.tables import ALIASES, MASQ, NAT, NETMAP, PROXYARP, SNAT
from spdcheck.formats.shorewall.zone_options import check_zone_options
from spdcheck.model.netfilter import Interval, Network
from spdcheck.model.services import service_port
from spdcheck.model.shorewall import NetmapEntry, OneToOne, ProxyArpEntry, SourceNat
from spdcheck.model.shorewall_columns import Action, Written
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Row
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.model.shorewall_columns import Address, Hosts, Option, Ports, Protocols

_HOSTS = re.compile(r"!|[+&%~^<\[]|\d+\.|[^:]+\.[^:]+\.")
_ACTIONS = frozenset({"MASQUERADE", "SNAT", "CONTINUE", "LOG", "NFLOG", "ULOG"})
_CHANCE = re.compile(r"!?0?\.\d{1,8}")
_PORTED = frozenset({6, 17, 33, 132})
_INTERFACE = re.compile(r"[\w.@%-]+\+?(?:\(\w+\))?")


class _Target(NamedTuple):
    """What the new address is."""

    addresses: tuple[Address, ...] = ()
    detect: bool = False
    ports: Interval | None = None
    random: bool = False
    persistent: bool = False


class _Way(NamedTuple):
    """By which interfaces to which destinations."""

    interfaces: tuple[str, ...]
    alias: str
    dests: Hosts | None


def snat(desk: Desk, draft: Draft, line: Line, number: int) -> None:
    """A line of snat in this format. Raises :class:`Refused`."""
    row = split(line, SNAT[number], title="snat", aliases=ALIASES, inline=True)
    cell = row.need("action")
    if re.fullmatch(r"[A-Z]+\(\)|\w+\(.*\)\+.*", cell.text):
        raise Refused(cell.span, f"`{cell.text}` is no action of snat", "write SNAT+(ADDRESS), and no empty `()`")
    made = action(cell).action
    before = made.modifier == "+"
    target = _Target()
    if made.name == "MASQUERADE":
        target = _masquerade(cell)
    elif made.name == "SNAT":
        inside = _inside(cell)
        if inside is None:
            raise Refused(cell.span, "SNAT needs the new address", "write SNAT(ADDRESS)")
        target = _new_address(inside, desk.family)
    elif made.name == "LOG" and made.log is None:
        raise Refused(cell.span, "LOG needs a log level", "write LOG:info")
    elif made.name not in _ACTIONS and made.name not in draft.declared:
        raise Refused(
            cell.span, f"`{made.name}` is no action of snat", "actions are MASQUERADE, SNAT(…), CONTINUE and LOG"
        )
    way = _way(row.need("dest"), draft, desk)
    if draft.firewall in way.interfaces and (before or made.name == "MASQUERADE"):
        raise Refused(cell.span, f"`{cell.text}` is not possible for what goes to the firewall itself")
    draft.snat.append(_entry("snat", row, desk, draft, made, target, way, before=before, port="dport"))


def masq(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of masq, in the words of snat. Raises :class:`Refused`."""
    names = MASQ[:6] if desk.dialect == 2 else MASQ
    row = split(line, names, title="masq", inline=True, quotes=desk.dialect == 2)
    cell = row.need("interface")
    before = cell.text.startswith("+")
    if before:
        cell = cell.part(1, len(cell.text))
    if cell.text.startswith("INLINE(") and cell.text.endswith(")"):
        cell = cell.part(len("INLINE("), len(cell.text) - 1)
    way = _way(cell, draft, desk)
    given = row.get("address")
    name, target = _masq_target(given, desk)
    made = Action(name, (), "+" if before else "", None, given.span if given is not None else cell.span)
    draft.snat.append(_entry("masq", row, desk, draft, made, target, way, before=before, port="port"))


def _masq_target(cell: Cell | None, desk: Desk) -> tuple[str, _Target]:
    if cell is None:
        return "MASQUERADE", _Target()
    if cell.text == "NONAT":
        return "CONTINUE", _Target()
    if cell.text == "random":
        return "MASQUERADE", _Target(random=True)
    if cell.text.startswith("SAME"):
        if desk.dialect == 5:
            raise Refused(cell.span, "the target SAME is gone", "write `:persistent` behind the addresses")
        cell = cell.part(min(len("SAME:"), len(cell.text)), len(cell.text))
        if cell.text.startswith("nodst:"):
            cell = cell.part(len("nodst:"), len(cell.text))
    if cell.text.startswith(":"):
        return "MASQUERADE", _Target(ports=_ports(cell.part(1, len(cell.text))))
    return "SNAT", _new_address(cell, desk.family, several=desk.dialect == 2)


def _entry(
    file: str, row: Row, desk: Desk, draft: Draft, made: Action, target: _Target, way: _Way, *, before: bool, port: str
) -> SourceNat:  # fmt: skip
    cells, family = row.cells, desk.family
    where = values.protocols(cells["proto"], family) if "proto" in cells else None
    sources, interface = _source(cells.get("source"), draft, desk)
    ipsec, options = _ipsec(cells.get("ipsec"))
    if target.ports is not None and desk.dialect == 5 and not _has_ports(where):
        raise Refused(made.origin, "new ports need a protocol that has ports", "write tcp or udp into PROTO")
    chance = cells.get("probability")
    if chance is not None and not _CHANCE.fullmatch(chance.text):
        raise Refused(chance.span, f"`{chance.text}` is no probability", "write a number below 1, such as 0.5")
    return SourceNat(
        file=file,
        action=made,
        addresses=target.addresses,
        detect=target.detect,
        ports=target.ports,
        random=target.random,
        persistent=target.persistent,
        before=before,
        sources=sources,
        source_interface=interface,
        interfaces=way.interfaces,
        alias=way.alias,
        dests=way.dests,
        protocols=where,
        dports=values.ports(cells[port], where) if port in cells else None,
        ipsec=ipsec,
        ipsec_options=options,
        mark=values.mark(cells["mark"], desk.mark_mask()) if "mark" in cells else None,
        user=values.user(cells["user"]) if "user" in cells else None,
        switch=_written(cells.get("switch")),
        origdest=hosts(cells["origdest"], family) if "origdest" in cells else None,
        probability=_written(cells.get("probability")),
        inline=_written(row.inline),
        origin=row.line.whole,
    )


def _has_ports(where: Protocols | None) -> bool:
    return where is not None and not where.negated and all(item.number in _PORTED for item in where.items)


def _inside(cell: Cell) -> Cell | None:
    """What stands in the first parentheses."""
    start, end = cell.text.find("("), cell.text.rfind(")")
    return cell.part(start + 1, end) if 0 <= start < end - 1 else None


def _masquerade(cell: Cell) -> _Target:
    inside = _inside(cell)
    if inside is None:
        return _Target()
    text = inside.text
    random = text.endswith("random")
    text = text.removesuffix("random").removesuffix(":")
    return _Target(ports=_ports(inside.part(0, len(text))) if text else None, random=random)


def _new_address(cell: Cell, family: int, *, several: bool = False) -> _Target:
    text, random, persistent = cell.text, False, False
    while True:
        if text.endswith(":random"):
            text, random = text.removesuffix(":random"), True
        elif text.endswith(":persistent"):
            text, persistent = text.removesuffix(":persistent"), True
        else:
            break
    if text == "detect":
        return _Target(detect=True, random=random, persistent=persistent)
    places = top_level(text, ",")
    if len(places) > 1 and not several:
        raise Refused(cell.span, "only one address or one range can be given", "write FIRST-LAST")
    addresses, ports = [], None
    for start, end in places:
        found, ports = _with_ports(cell.part(start, end), family)
        if found is not None:
            if not several and isinstance(found.value, Network) and not _is_host(found.value):
                raise Refused(found.origin, f"`{found.origin.text}` is a network: SNAT goes to a host or a range")
            addresses.append(found)
    return _Target(tuple(addresses), False, ports, random, persistent)


def _is_host(net: Network) -> bool:
    return net.mask == (1 << (32 if net.family == 4 else 128)) - 1


def _with_ports(cell: Cell, family: int) -> tuple[Address | None, Interval | None]:
    """``address[:ports]``."""
    text = cell.text
    at = text.rfind(":")
    if (family == 6 and not (text.startswith("[") and at > text.rfind("]"))) or at < 0:
        return address(cell, family, names=False), None
    head = cell.part(0, at)
    ports = _ports(cell.part(at + 1, len(text)))
    return (address(head, family, names=False) if head.text else None), ports


def _ports(cell: Cell) -> Interval:
    low, dash, high = cell.text.partition("-")
    ends = [int(t) if t.isascii() and t.isdigit() else service_port(t) for t in ((low, high) if dash else (low, low))]
    first, last = ends
    if first is None or last is None or not 0 < first <= last < 65536:
        raise Refused(cell.span, f"`{cell.text}` is no port and no range of ports")
    return Interval(first, last)


def _way(cell: Cell, draft: Draft, desk: Desk) -> _Way:
    """``interface[:alias][:destinations]``, interfaces with commas."""
    if desk.family == 6:
        names, colon, _ = cell.text.partition(":")
        rest = cell.part(len(names) + 1, len(cell.text)) if colon else None
        return _Way(_interfaces(cell.part(0, len(names)), draft), "", hosts(rest, 6) if rest is not None else None)
    places = top_level(cell.text, ":")
    parts = [cell.part(start, end) for start, end in places]
    alias, dests = "", None
    if len(parts) > 3:
        raise Refused(cell.span, f"`{cell.text}` has too many `:`")
    if len(parts) == 3:
        alias = parts[1].text
        dests = parts[2] if parts[2].text else None
    elif len(parts) == 2 and parts[1].text:
        if _HOSTS.match(parts[1].text):
            dests = parts[1]
        elif desk.dialect == 2 or parts[1].text.isdigit():
            alias = parts[1].text
        else:
            dests = parts[1]
    return _Way(_interfaces(parts[0], draft), alias, hosts(dests, 4) if dests is not None else None)


def _interfaces(cell: Cell, draft: Draft) -> tuple[str, ...]:
    names = []
    for start, end in top_level(cell.text, ","):
        part = cell.part(start, end)
        if not _INTERFACE.fullmatch(part.text):
            raise Refused(part.span if part.text else cell.span, f"`{part.text}` is no name of an interface")
        name = part.text.partition("(")[0]
        if name != draft.firewall and not knows_interface(draft, name):
            raise Refused(part.span, f"the interface {name} is not known", "declare it in interfaces")
        names.append(name)
    return tuple(names)


def knows_interface(draft: Draft, name: str) -> bool:
    """An interface by its name here, by the kernel's, or one that a wildcard covers."""
    if name in draft.interfaces or draft.open_interfaces:
        return True
    for known, entry in draft.interfaces.items():
        if entry.physical == name or (known.endswith("+") and name.startswith(known[:-1])):
            return True
        if entry.physical.endswith("+") and name.startswith(entry.physical[:-1]):
            return True
    return False


def _source(cell: Cell | None, draft: Draft, desk: Desk) -> tuple[Hosts | None, str | None]:
    """Addresses, or an interface whose networks are meant (perhaps with an exclusion)."""
    if cell is None:
        return None, None
    name, sign, _ = cell.text.partition("!")
    plain = name and _INTERFACE.fullmatch(name) and not _HOSTS.match(name)
    if plain and sign and desk.dialect == 5:
        raise Refused(cell.span, "an interface can't have an exclusion here", "write its networks in place of it")
    if plain and knows_interface(draft, name):
        return (hosts(cell.part(len(name), len(cell.text)), desk.family) if sign else None), name
    if name and ":" in name and desk.family == 4:
        head, _, _ = name.partition(":")
        if knows_interface(draft, head):
            if desk.dialect == 5:
                raise Refused(cell.span, "an interface and addresses can't stand here together", "write the addresses")
            return hosts(cell.part(len(head) + 1, len(cell.text)), desk.family), head
    if name and re.fullmatch(r"[A-Za-z][\w-]*\+?", name):
        raise Refused(cell.span, f"the interface {name} is not known", "write networks, or declare it in interfaces")
    return hosts(cell, desk.family), None


def _ipsec(cell: Cell | None) -> tuple[str, tuple[Option, ...]]:
    if cell is None:
        return "", ()
    lower = cell.text.lower()
    if lower in ("yes", "no"):
        return lower, ()
    found = values.options(cell)
    check_zone_options(found, "ipsec", inner=True)
    return "", found


def _written(cell: Cell | None) -> Written | None:
    return Written(cell.text, cell.span) if cell is not None else None


def nat(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of nat. Raises :class:`Refused`."""
    row = split(line, NAT, title="nat", quotes=desk.dialect == 2)
    external = address(row.need("external"), desk.family, names=False)
    cell = row.need("interface")
    name, colon, alias = cell.text.partition(":")
    internal = address(row.need("internal"), desk.family, names=False)
    flags = [_yes(row, column) for column in ("allints", "local")]
    for single in _interfaces(cell.part(0, len(name)), draft):
        draft.nat.append(OneToOne(external, single, alias if colon else "", internal, flags[0], flags[1], line.whole))


def _yes(row: Row, column: str) -> bool:
    cell = row.get(column)
    if cell is None or cell.text.lower() == "no":
        return False
    if cell.text.lower() == "yes":
        return True
    raise Refused(cell.span, f"`{cell.text}` is neither Yes nor No")


def netmap(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of netmap. Raises :class:`Refused`."""
    row = split(line, NETMAP, title="netmap", quotes=desk.dialect == 2)
    cell = row.need("type")
    kind, _, chain = cell.text.partition(":")
    chains = ("",) if desk.dialect == 5 else ("", "P", "O", "T")
    if kind not in ("DNAT", "SNAT") or chain not in chains:
        raise Refused(cell.span, f"`{cell.text}` is no type of netmap", "types are DNAT and SNAT")
    second = row.need("net2")
    net2 = address(second, desk.family, names=False).value
    if not isinstance(net2, Network):
        raise Refused(second.span, f"`{second.text}` is no network")
    third = row.get("net3")
    where: Protocols | None = values.protocols(row.cells["proto"], desk.family) if "proto" in row.cells else None
    ports: list[Ports | None] = [
        values.ports(row.cells[name], where, source=name == "sport") if name in row.cells else None
        for name in ("dport", "sport")
    ]
    net1 = hosts(row.need("net1"), desk.family, names=False)
    if net1.excluded and desk.dialect == 5:
        raise Refused(net1.origin, "netmap has no exclusions here", "write the networks without `!`")
    for single in _interfaces(row.need("interface"), draft):
        draft.netmap.append(
            NetmapEntry(kind, chain, net1, single, net2, hosts(third, desk.family) if third is not None else None,
            where, ports[0], ports[1], line.whole) )  # fmt: skip


def proxyarp(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of proxyarp. Raises :class:`Refused`."""
    row = split(line, PROXYARP, title="proxyarp", quotes=desk.dialect == 2)
    inside = row.get("interface")
    for found in (inside, row.need("external")):
        if found is not None and not knows_interface(draft, found.text):
            raise Refused(found.span, f"the interface {found.text} is not known", "declare it in interfaces")
    draft.proxyarp.append(
        ProxyArpEntry(
            address(row.need("address"), desk.family, names=False), inside.text if inside is not None else "",
            row.need("external").text, _yes(row, "haveroute"), _yes(row, "persistent"), line.whole,
        )
    )  # fmt: skip
