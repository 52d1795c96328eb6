"""zones, interfaces, hosts and tunnels (and the file ipsec of 2.x)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.addresses import hosts as read_hosts
from spdcheck.formats.shorewall.columns import Refused, split
from spdcheck.formats.shorewall.interface_options import FORMER, check_host_options, check_interface_options
from spdcheck.formats.shorewall.tables import ALIASES, HOSTS, INTERFACES, IPSEC_2, TUNNELS, ZONES, ZONES_2
from spdcheck.formats.shorewall.tunnel_types import tunnel_type
from spdcheck.formats.shorewall.values import options as read_options
from spdcheck.formats.shorewall.zone_options import check_zone_options
from spdcheck.model.netfilter import Network
from spdcheck.model.shorewall import HostEntry, InterfaceEntry, TunnelEntry, Zone
from spdcheck.model.shorewall_columns import Address, AddressKind, Hosts, Written

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell, Row
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.model.shorewall_columns import Option

_ZONE = re.compile(r"[A-Za-z]\w*")
_TYPE = re.compile(r"(ip|ipsec|bport)(?:v?([46]))?", re.IGNORECASE)
_RESERVED = frozenset({"all", "any", "none", "SOURCE", "DEST"})
_HOST = re.compile(r"([\w.@%-]+\+?):(.*)", re.DOTALL)
_HOST_6 = re.compile(r"([\w.@%-]+\+?)(?::?)([<\[].*|!?[+\[].*|dynamic)", re.DOTALL)
_BROADCAST = re.compile(r"\d+\.\d+\.\d+\.\d+")


def zone(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of zones. Raises :class:`Refused`."""
    if desk.dialect == 2:
        _zone_2(draft, line)
        return
    row = split(line, ZONES, title="zones")
    name, parents = _zone_name(row.need("zone"), desk)
    kind = _zone_type(row, desk)
    if name in draft.zones:
        earlier = draft.zones[name].origin.where
        raise Refused(row.need("zone").span, f"the zone {name} is there already ({earlier})")
    if kind == "firewall":
        if parents:
            raise Refused(row.need("zone").span, "the firewall zone can't have parents")
        other = next((z for z in draft.zones.values() if z.type == "firewall"), None)
        if other is not None:
            raise Refused(row.need("zone").span, f"{other.name} is the firewall zone already: there can be only one")
        draft.firewall = name
        desk.variables["FW"] = name
    _parents(row.need("zone"), parents, kind, draft)
    draft.zones[name] = Zone(name, kind, parents, *_three(row, kind), line.whole)


def spoilt(draft: Draft, line: Line) -> None:
    """A zone whose line is refused still has a name, so that one mistake is not told once for each use of it."""
    words = line.text.split()
    name = words[0].partition(":")[0] if words else ""
    if _ZONE.fullmatch(name) and name not in _RESERVED:
        draft.zones.setdefault(name, Zone(name, "ip", (), (), (), (), line.whole))


def _zone_2(draft: Draft, line: Line) -> None:
    row = split(line, ZONES_2, title="zones", quotes=True)
    cell = row.need("zone")
    name = cell.text
    if not _ZONE.fullmatch(name) or name in _RESERVED:
        raise Refused(cell.span, f"`{name}` is no name of a zone")
    if len(name) > 5:
        raise Refused(cell.span, f"the name `{name}` is longer than 5 letters")
    if name in draft.zones:
        raise Refused(cell.span, f"the zone {name} is there already ({draft.zones[name].origin.where})")
    draft.zones[name] = Zone(name, "ip", (), (), (), (), line.whole)


def _zone_name(cell: Cell, desk: Desk) -> tuple[str, tuple[str, ...]]:
    name, colon, rest = cell.text.partition(":")
    parents = tuple(rest.split(",")) if colon else ()
    if any(not parent for parent in parents):
        raise Refused(cell.span, f"the list of parents of `{cell.text}` has an empty place")
    if not _ZONE.fullmatch(name) or name in _RESERVED or re.search(r"^all2|2all$", name):
        raise Refused(cell.span, f"`{name}` is no name that a zone can have")
    most = _longest(desk)
    if len(name) > most:
        raise Refused(cell.span, f"the name `{name}` is longer than {most} letters: LOGFORMAT leaves no more room")
    return name, parents


def _longest(desk: Desk) -> int:
    """The prefix of log messages has 29 letters; what LOGFORMAT leaves of them is for two zones."""
    form = desk.setting("LOGFORMAT", "%s %s ")
    written = form.replace("%d", "1").replace("%s", "fooxx2barxx", 1).replace("%s", "ACCEPT", 1)
    return 5 + max(29 - len(written), 0) // 2


def _zone_type(row: Row, desk: Desk) -> str:
    cell = row.get("type")
    if cell is None:
        return "ip"
    match = _TYPE.fullmatch(cell.text)
    if match is not None:
        if match[2] and int(match[2]) != desk.family:
            raise Refused(cell.span, f"the zone type `{cell.text}` belongs to the other family")
        return match[1].lower()
    if cell.text in ("firewall", "vserver", "loopback", "local"):
        return cell.text
    raise Refused(
        cell.span,
        f"`{cell.text}` is no zone type",
        "types are ip (ipv4, ipv6), ipsec, firewall, bport, vserver, loopback, local; 2.x had the name to display here",
    )


def _parents(cell: Cell, parents: tuple[str, ...], kind: str, draft: Draft) -> None:
    for parent in parents:
        known = draft.zones.get(parent)
        if known is None:
            raise Refused(
                cell.span, f"the parent zone {parent} is not known here", "its line must stand before this one"
            )
        if known.type in ("vserver", "firewall"):
            raise Refused(cell.span, f"a zone of type {known.type} can't have zones inside it")
        for special in ("loopback", "local"):
            if special in (kind, known.type) and kind != known.type:
                raise Refused(cell.span, f"{special} zones can only be inside of {special} zones")
    if kind == "vserver" and parents:
        raise Refused(cell.span, "a vserver zone can't have parents")


def _three(row: Row, kind: str) -> tuple[tuple[Option, ...], tuple[Option, ...], tuple[Option, ...]]:
    """OPTIONS, IN_OPTIONS and OUT_OPTIONS."""
    both, inward, outward = (_options(row, column) for column in ("options", "in_options", "out_options"))
    check_zone_options(both, kind, inner=True)
    check_zone_options(inward, kind, inner=False)
    check_zone_options(outward, kind, inner=False)
    return both, inward, outward


def _options(row: Row, column: str) -> tuple[Option, ...]:
    cell = row.get(column)
    return read_options(cell) if cell is not None else ()


def ipsec_2(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of ipsec of 2.x (and of 3.x with IPSECFILE=ipsec). Raises :class:`Refused`."""
    del desk
    row = split(line, IPSEC_2, title="ipsec", quotes=True)
    cell = row.need("zone")
    known = draft.zones.get(cell.text)
    if known is None:
        raise Refused(cell.span, f"the zone {cell.text} is not known", "declare it in zones")
    only = row.get("ipsec")
    if only is not None and only.text.lower() not in ("yes", "no"):
        raise Refused(only.span, f"`{only.text}` is neither Yes nor No")
    listed = _three(row, "ipsec")
    kind = "ipsec" if only is not None and only.text.lower() == "yes" else known.type
    draft.zones[cell.text] = Zone(known.name, kind, known.parents, *listed, known.origin, line.whole)


def interface(desk: Desk, draft: Draft, line: Line, number: int) -> None:
    """A line of interfaces in this format. Raises :class:`Refused`."""
    names = INTERFACES[number]
    row = split(line, names, title=f"interfaces (format {number})", quotes=desk.dialect == 2)
    zone_cell = row.get("zone")
    known = None
    if zone_cell is not None:
        known = draft.zones.get(zone_cell.text)
        if zone_cell.text == draft.firewall or (known is not None and known.type == "firewall"):
            raise Refused(zone_cell.span, "the firewall zone has no interfaces", "write the zone behind the interface")
        if known is None and not draft.open_zones:
            raise Refused(zone_cell.span, f"the zone {zone_cell.text} is not known", "declare it in zones")
    cell = row.need("interface")
    name, port = _interface_name(cell, draft)
    listed = _options(row, "options")
    if desk.dialect == 5:
        current = _without_former(desk, listed)
        check_interface_options(current, desk.family, zoned=zone_cell is not None, name=name)
    physical = next((o.value for o in listed if o.name == "physical" and o.value), port or name)
    key = port or name
    if port and zone_cell is not None and known is not None and known.type != "bport" and desk.dialect == 5:
        raise Refused(zone_cell.span, f"{zone_cell.text} is no zone of type bport, as the port of a bridge needs")
    _check_physical(listed, draft, name, port)
    if desk.dialect == 5 and zone_cell is not None and known is not None:
        _check_kind(zone_cell, known, listed, physical, port)
    if key in draft.interfaces:
        raise Refused(cell.span, f"the interface {key} is there already ({draft.interfaces[key].origin.where})")
    draft.interfaces[key] = InterfaceEntry(
        zone_cell.text if zone_cell is not None else None,
        name,
        port,
        _broadcasts(row, desk),
        listed,
        physical,
        line.whole,
    )


def _check_kind(cell: Cell, zone: Zone, options: tuple[Option, ...], physical: str, port: str) -> None:
    """Which interfaces a zone of a special type can have. Raises :class:`Refused`."""
    names = {option.name for option in options if option.value != "0"}
    looping = physical == "lo" or "loopback" in names
    if zone.type == "vserver":
        raise Refused(cell.span, f"{zone.name} is a zone of vservers, which have no interface", "write it in hosts")
    if looping != (zone.type == "loopback") and zone.type != "local":
        raise Refused(cell.span, "the loopback interface belongs to a zone of type loopback, and only it does")
    if zone.type == "bport" and not port:
        raise Refused(cell.span, f"{zone.name} is of type bport: its interfaces are ports of a bridge (`br0:eth1`)")
    if "unmanaged" in names:
        raise Refused(cell.span, "an unmanaged interface belongs to no zone", "write `-` in place of the zone")


def _without_former(desk: Desk, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """The options that the check of today's names is about."""
    if desk.told and desk.release >= (4, 4):
        return options
    for option in options:
        if option.name in FORMER:
            message = f"`{option.name}` is no option of an interface"
            desk.refused_since((4, 4), option.origin, message, "take it out")
    return tuple(option for option in options if option.name not in FORMER)


def _check_physical(options: tuple[Option, ...], draft: Draft, name: str, port: str) -> None:
    for option in options:
        if option.name != "physical" or option.value is None:
            continue
        if any(option.value in (key, e.physical) for key, e in draft.interfaces.items()) and not port:
            raise Refused(option.origin, f"another line stands for {option.value} already")
        if name.endswith("+") and not option.value.endswith("+"):
            raise Refused(option.origin, f"{name} stands for many interfaces, and {option.value} is one",
                          f"write physical={option.value}+")  # fmt: skip


def _interface_name(cell: Cell, draft: Draft) -> tuple[str, str]:
    name, colon, port = cell.text.partition(":")
    if not name or re.search(r"[()\[\]*?%]", name) or ":" in port or (colon and not port):
        raise Refused(cell.span, f"`{cell.text}` is no name of an interface")
    if port.isdigit():
        raise Refused(cell.span, f"`{cell.text}` is an alias of {name}, which the kernel does not tell from {name}",
                      f"write {name}")  # fmt: skip
    if port and not re.fullmatch(r"[\w.@%-]+\+?", port):
        raise Refused(cell.span, f"`{port}` is no name of an interface")
    bridge = draft.interfaces.get(name)
    if port and (bridge is None or not any(option.name == "bridge" for option in bridge.options)):
        raise Refused(cell.span, f"{name} is no bridge that stands before this line with the option bridge")
    return name, port


def _broadcasts(row: Row, desk: Desk) -> tuple[Written, ...]:
    cell = row.get("broadcast")
    if cell is None:
        return ()
    if cell.text == "detect":
        return (Written("detect", cell.span),)
    if not all(_BROADCAST.fullmatch(word) for word in cell.text.split(",")) and desk.dialect == 5:
        known = "format 1 has the column BROADCAST here; write `-` before the options, or `?FORMAT 2` at the top"
        raise Refused(cell.span, f"`{cell.text}` is no broadcast address", known)
    return tuple(Written(word, cell.span) for word in cell.text.split(","))


def host(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of hosts. Raises :class:`Refused`."""
    row = split(line, HOSTS, title="hosts", aliases=ALIASES, quotes=desk.dialect == 2)
    zone_cell, cell = row.need("zone"), row.need("hosts")
    known = draft.zones.get(zone_cell.text)
    if zone_cell.text == draft.firewall or (known is not None and known.type == "firewall"):
        raise Refused(zone_cell.span, "the firewall zone has no hosts")
    if known is None and not draft.open_zones:
        raise Refused(zone_cell.span, f"the zone {zone_cell.text} is not known", "declare it in zones")
    match = _HOST.fullmatch(cell.text) if desk.family == 4 else _HOST_6.fullmatch(cell.text)
    if match is None:
        raise Refused(cell.span, f"`{cell.text}` is not INTERFACE:ADDRESSES")
    name = match[1]
    if not _knows_interface(draft, name, desk):
        raise Refused(cell.place(*match.span(1)), f"the interface {name} is not known", "declare it in interfaces")
    rest = cell.part(*match.span(2))
    found = _options(row, "options")
    if desk.dialect == 5:
        check_host_options(found, desk.family)
    if rest.text == "dynamic":
        dynamic = Address(AddressKind.SET, None, f"{zone_cell.text}_{name}", rest.span)
        addresses = Hosts((dynamic,), (), rest.span)
    elif not rest.text:
        raise Refused(cell.span, f"no addresses stand behind `{name}:`")
    elif rest.text.startswith("[") and "," in rest.text.partition("]")[0]:
        raise Refused(rest.span, "a list can't stand in `[…]` here", "write <ADDRESS,ADDRESS>, or [ADDRESS],[ADDRESS]")
    else:
        addresses = read_hosts(rest, desk.family, names=False)
    if desk.dialect == 5:
        _check_group(draft, zone_cell, cell, name, addresses, found)
    draft.hosts.append(HostEntry(zone_cell.text, name, addresses, rest.text == "dynamic", found, line.whole))


def _check_group(
    draft: Draft, zone: Cell, cell: Cell, name: str, addresses: Hosts, options: tuple[Option, ...]
) -> None:
    """The zone has the whole interface already, or the addresses are of a kind that zones can't have."""
    for address in (*addresses.included, *addresses.excluded):
        if address.kind not in (AddressKind.NETWORK, AddressKind.RANGE, AddressKind.SET):
            raise Refused(address.origin, f"`{address.name}` is neither an address nor an ipset")
    known, entry = draft.zones.get(zone.text), draft.interfaces.get(name)
    as_zone = known is None or known.type == "ipsec" or not any(option.name == "ipsec" for option in options)
    if as_zone and entry is not None and entry.zone == zone.text:
        message = f"all of {name} belongs to the zone {zone.text} already"
        raise Refused(cell.span, message, "remove the line, or write `-` as the zone of the interface")
    whole = [a for a in addresses.included if _is_everything(a)]
    protected = any(option.name == "ipsec" for option in options)
    own = [g for g in draft.hosts if g.zone == zone.text and g.interface == name]
    groups = [g.hosts.included for g in own if any(option.name == "ipsec" for option in g.options) == protected]
    if as_zone and groups and (whole or any(_is_everything(a) for group in groups for a in group)):
        raise Refused(cell.span, f"another line puts addresses of {name} into {zone.text} already")
    if as_zone and whole and len(addresses.included) > 1:
        raise Refused(cell.span, f"`{whole[0].name}` covers the other addresses already")


def _is_everything(address: Address) -> bool:
    return isinstance(address.value, Network) and address.value.mask == 0


def _knows_interface(draft: Draft, name: str, desk: Desk) -> bool:
    """The interface, or (2.x) one that a wildcard covers."""
    if name in draft.interfaces or draft.open_interfaces:
        return True
    return desk.dialect == 2 and any(known.endswith("+") and name.startswith(known[:-1]) for known in draft.interfaces)


def tunnel(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of tunnels. Raises :class:`Refused`."""
    row = split(line, TUNNELS, title="tunnels", aliases=ALIASES, quotes=desk.dialect == 2)
    cell, zone_cell = row.need("type"), row.need("zone")
    kind = tunnel_type(cell, desk.dialect)
    zones = draft.known_zones()
    if zone_cell.text not in zones:
        raise Refused(zone_cell.span, f"the zone {zone_cell.text} is not known", "declare it in zones")
    known = draft.zones.get(zone_cell.text)
    if zone_cell.text == draft.firewall or (known is not None and known.type in ("firewall", "bport")):
        raise Refused(
            zone_cell.span, f"a tunnel can't lie in the zone {zone_cell.text}: its peers are in a zone outside"
        )
    gateways = row.get("gateways")
    where = read_hosts(gateways, desk.family) if gateways is not None else None
    if where is not None and where.excluded:
        raise Refused(where.origin, "gateways can't have an exclusion")
    gateway_zones = row.get("gateway_zones")
    names = tuple(gateway_zones.text.split(",")) if gateway_zones is not None else ()
    for name in names:
        other = draft.zones.get(name)
        if (name not in zones) or name == draft.firewall or (other is not None and other.type in ("firewall", "bport")):
            assert gateway_zones is not None
            raise Refused(gateway_zones.span, f"`{name}` is no zone that can stand behind a gateway")
    made = TunnelEntry(kind.type, kind.ah, kind.protocol, kind.port, zone_cell.text, where, names, line.whole)
    if desk.dialect == 5 and kind.type == "ipsec" and not cell.text.startswith("ipsec"):
        draft.tunnels += _in_capitals(desk, cell, made)
    else:
        draft.tunnels.append(made)


def _in_capitals(desk: Desk, cell: Cell, made: TunnelEntry) -> list[TunnelEntry]:
    """``IPSEC``: 5.x compares the word before it makes it small, so that its first gateway gets what ipsecnat gets."""
    message = f"`{cell.text}` opens port 4500 too for the first gateway, as ipsecnat does: the capitals are to blame"
    desk.reading(cell.line.file).accident(cell.span, message, mend="write ipsec or ipsecnat in small letters")
    gateways = made.gateways
    if gateways is None or len(gateways.included) < 2:
        return [made._replace(type="ipsecnat")]
    first, *others = gateways.included
    return [
        made._replace(type="ipsecnat", gateways=gateways._replace(included=(first,))),
        made._replace(gateways=gateways._replace(included=tuple(others))),
    ]
