"""Addresses, address lists, and the SOURCE and DEST columns that hold them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.memo import anchor
from spdcheck.formats.shorewall.parsed import Parsed, top_level
from spdcheck.model.addresses import parse_value
from spdcheck.model.netfilter import Interval, Network
from spdcheck.model.services import service_port
from spdcheck.model.shorewall_columns import Address, AddressKind, Hosts, Place, Zones
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Container

    from spdcheck.formats.shorewall.columns import Cell
    from spdcheck.formats.shorewall.syntax import Item, Part
    from spdcheck.source import SourceFile

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[-:]){5}[0-9A-Fa-f]{2}")
_SET = re.compile(r"(!?)\+((?:6_)?[A-Za-z][-\w]*)(?:\[([^\[\]]*)\])?")
_SETS = re.compile(r"(!?)\+\[(.+)\]")
_COUNTRIES = re.compile(r"\^(?:\[([A-Z0-9]{2}(?:,[A-Z0-9]{2})*)\]|([A-Z0-9]{2}))")
_NAME = re.compile(r"(?=[\w.-]*[A-Za-z])[A-Za-z0-9_](?:[\w.-]*[\w])?\.?")
_INTERFACE = re.compile(r"[\w.@%-]+\+?|\+")
_HOSTS = re.compile(r"[+&%~^<\[]|\d+\.|[^:]+\.[^:]+\.")
_BARE_6 = re.compile(r"!?[0-9A-Fa-f]*:[0-9A-Fa-f:.,/!-]*")
_PORTS = re.compile(r"\d+(?:-\d+)?")
_WORDS = frozenset({"all", "any", "none", "SOURCE", "DEST"})
_WIDTH = {4: 32, 6: 128}


def address(cell: Cell, family: int, *, names: bool = True) -> Address:
    """One element of an address list. Raises :class:`Refused`."""
    text = cell.text
    first = text[:1]
    if first in "~!" and text.lstrip("!")[:1] == "~":
        return _mac(cell)
    if first in "+!" and text.lstrip("!")[:1] == "+":
        return _set(cell)
    if first in "&%":
        name = text[1:].strip("{}")
        if not _INTERFACE.fullmatch(name):
            raise Refused(cell.span, f"`{text}` names no interface")
        kind = AddressKind.OF_INTERFACE if first == "&" else AddressKind.GATEWAY
        return Address(kind, None, name, cell.span)
    if first == "^":
        country = _COUNTRIES.fullmatch(text)
        if country is None:
            raise Refused(cell.span, f"`{text}` is no country code", "write `^DE` or `^[DE,FR]`")
        return Address(AddressKind.COUNTRY, None, country[1] or country[2], cell.span)
    return _numeric(cell, text, family, names=names)


def _mac(cell: Cell) -> Address:
    negated, text = cell.text[0] == "!", cell.text.lstrip("!")[1:]
    if not _MAC.fullmatch(text):
        raise Refused(cell.span, f"`{cell.text}` is no MAC address", "write `~02-00-5E-10-00-01`")
    return Address(AddressKind.MAC, None, text.replace("-", ":").lower(), cell.span, negated=negated)


def _set(cell: Cell) -> Address:
    match = _SET.fullmatch(cell.text)
    if match is not None:
        directions = tuple(match[3].split(",")) if match[3] else ()
        return Address(AddressKind.SET, None, match[2], cell.span, directions, bool(match[1]))
    several = _SETS.fullmatch(cell.text)
    if several is not None:
        return Address(AddressKind.SET, None, several[2], cell.span, (), bool(several[1]))
    raise Refused(cell.span, f"`{cell.text}` is no name of an ipset")


def _numeric(cell: Cell, text: str, family: int, *, names: bool) -> Address:
    plain = text.strip("<>")
    if plain.startswith("["):
        plain = re.sub(r"\[([^\[\]]*)\]", r"\1", plain)
    low, dash, high = plain.partition("-")
    if dash and parse_value(low) is not None:
        return _range(cell, low, high, family)
    number, slash, length = plain.partition("/")
    parsed = parse_value(number)
    if parsed is None:
        if names and not slash and _NAME.fullmatch(plain) and not re.fullmatch(r"[\d.]+", plain):
            return Address(AddressKind.NAME, None, plain, cell.span)
        raise Refused(cell.span, f"`{text}` is no address, network or range")
    if parsed[0] != family:
        which = "shorewall6" if parsed[0] == 6 else "shorewall"
        raise Refused(cell.span, f"`{text}` is an IPv{parsed[0]} address", f"it belongs into {which}'s directory")
    width = _WIDTH[family]
    bits = _length(cell, length, family) if slash else width
    everything = (1 << width) - 1
    mask = everything & ~((1 << (width - bits)) - 1)
    return Address(AddressKind.NETWORK, Network(family, parsed[1] & mask, mask), plain, cell.span)


def _length(cell: Cell, text: str, family: int) -> int:
    if text.isdigit() and int(text) <= _WIDTH[family]:
        return int(text)
    given = parse_value(text) if family == 4 else None
    if given is not None and given[0] == 4:
        mask = given[1]
        if mask | (mask - 1) == (1 << 32) - 1 or mask == 0:
            raise Refused(cell.span, f"`/{text}`: Shorewall takes no netmask", f"write /{mask.bit_count()}")
    raise Refused(cell.span, f"`/{text}` is no prefix length of an IPv{family} network")


def _range(cell: Cell, low: str, high: str, family: int) -> Address:
    first, last = parse_value(low), parse_value(high)
    if first is None or last is None or {first[0], last[0]} != {family}:
        raise Refused(cell.span, f"`{cell.text}` is no range of IPv{family} addresses")
    if first[1] > last[1]:
        raise Refused(cell.span, f"the range `{cell.text}` runs from a higher to a lower address")
    return Address(AddressKind.RANGE, Interval(first[1], last[1], family), cell.text, cell.span)


def hosts(cell: Cell, family: int, what: str = "address list", *, names: bool = True) -> Hosts:
    """A whole column that is an address list. Raises :class:`Refused`."""
    parsed = Parsed("addresses", cell, what)
    syntax = parsed.syntax
    excluded = syntax.exclusion.items if syntax.exclusion is not None else ()
    return _hosts(parsed, syntax.items or (), excluded, cell, family, names=names)


def _hosts(
    parsed: Parsed,
    included: tuple[Item, ...],
    excluded: tuple[Item, ...],
    cell: Cell,
    family: int,
    *,
    names: bool = True,
) -> Hosts:
    if family == 6 and len(included) == 1 and not excluded:
        list_cell = _wrapped(parsed.item(included[0]))
        if list_cell is not None:
            return hosts(list_cell, family, names=names)._replace(origin=cell.span)
    inside = [found for item in included for found in _addresses(parsed.item(item), family, names=names)]
    outside = [found for item in excluded for found in _addresses(parsed.item(item), family, names=names)]
    if not inside and len(outside) == 1 and outside[0].kind in (AddressKind.SET, AddressKind.MAC):
        return Hosts((outside[0]._replace(negated=True),), (), cell.span)
    return Hosts(tuple(inside), tuple(outside), cell.span)


def _wrapped(cell: Cell) -> Cell | None:
    """What stands in the brackets of ``<a,b!c>`` and ``[a,b]``; None where they hold one address."""
    text = cell.text
    if (text[:1], text[-1:]) not in (("<", ">"), ("[", "]")) or "]" in text[1:-1]:
        return None
    return cell.part(1, len(text) - 1) if "," in text or "!" in text else None


def _addresses(cell: Cell, family: int, *, names: bool) -> list[Address]:
    """One address; ``<a,b>`` of IPv6 holds several."""
    inside = _wrapped(cell)
    if inside is None:
        return [address(cell, family, names=names)]
    found = hosts(inside, family, names=names)
    if found.excluded:
        raise Refused(inside.span, "an exclusion in brackets must stand alone")
    return list(found.included)


def zones(cell: Cell, *, anywhere: bool = True) -> Zones:
    """A column of zones alone (policy). ``anywhere`` allows ``any``. Raises :class:`Refused`."""
    parsed = Parsed("zones", cell, "zone list")
    excluded = parsed.syntax.exclusion.items if parsed.syntax.exclusion is not None else ()
    return _zones(parsed, parsed.syntax.items, excluded, cell, anywhere=anywhere)


def _zones(
    parsed: Parsed, items: tuple[Item, ...], excluded: tuple[Item, ...], cell: Cell, *, anywhere: bool = True
) -> Zones:
    names = [parsed.item(item).text for item in items]
    without = tuple(parsed.item(item).text for item in excluded)
    plain = names[0].rstrip("+-")
    sign = names[0][len(plain) :]
    lower = plain if anywhere else plain.lower()
    if len(names) == 1 and lower in (("all", "any") if anywhere else ("all",)):
        if len(sign) > 2 or sign in ("--", "++"):
            raise Refused(cell.span, f"`{names[0]}` is not `all`, `all+`, `all-` or `all+-`")
        return Zones((), lower, without, "+" in sign, "-" not in sign, cell.span)
    if without:
        raise Refused(cell.span, f"only `all` and `any` can have an exclusion, not `{names[0]}`")
    if len(names) == 1 and names[0].lower() == "none":
        return Zones((), "", (), False, True, cell.span)
    intrazone = len(names) > 1 and names[-1].endswith("+")
    if intrazone:
        names[-1] = names[-1][:-1]
    return Zones(tuple(names), "", (), intrazone, True, cell.span)


_IPV4 = r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?"
ZONE_AND_ADDRESSES = re.compile(rf"([A-Za-z]\w*):({_IPV4}(?:,{_IPV4})*)(?::(\d{{1,5}}))?")
"""The form of most places that are more than a zone; the grammar reads it to the same values."""


def _usual(cell: Cell, known: Container[str]) -> tuple[Place, ...] | None:
    match = ZONE_AND_ADDRESSES.fullmatch(cell.text)
    if match is None or match[1] not in known or match[1] in _WORDS:
        return None
    where = anchor(cell.line, cell.at, cell.at + len(cell.text))
    place = None if where is None or where.fixed is not None else usual_place(match, where.file, where.base)
    return None if place is None else (place,)


def usual_place(match: re.Match[str], file: SourceFile, base: int) -> Place | None:
    """A zone, IPv4 addresses and a port; None where the numbers are too large."""
    zone, listed, port = match.groups()
    start = at = base + len(zone) + 1
    found = []
    for text in listed.split(","):
        address, _, length = text.partition("/")
        parsed = parse_value(address)
        bits = int(length) if length else 32
        if parsed is None or bits > 32:
            return None
        mask = 0xFFFFFFFF & ~((1 << (32 - bits)) - 1)
        end = at + len(text)
        found.append(Address(AddressKind.NETWORK, Network(4, parsed[1] & mask, mask), text, Span(file, at, end)))
        at = end + 1
    number = int(port) if port else 1
    if not 0 < number < 65536:
        return None
    zones = Zones((zone,), "", (), False, True, Span(file, base, base + len(zone)))
    reached = Hosts(tuple(found), (), Span(file, start, start + len(listed)))
    whole = Span(file, base, base + match.end())
    return Place(zones, None, reached, whole, "", Interval(number, number) if port else None)


def places(
    cell: Cell, family: int, *, zoned: bool, known: Container[str], redirects: bool = False
) -> tuple[Place, ...]:
    """A SOURCE or DEST. ``zoned``: a zone stands first (not so in bodies of actions, conntrack, mangle …).

    ``known`` are the zones; ``redirects`` says that a lone word is a port. Raises :class:`Refused`.
    """
    usual = _usual(cell, known) if zoned and family == 4 else None
    if usual is not None:
        return usual
    if "(" in cell.text:
        made = []
        for start, end in top_level(cell.text, ","):
            made.append(_place(_unwrapped(cell.part(start, end)), family, zoned, known, redirects))
        return tuple(made)
    return (_place(cell, family, zoned, known, redirects),)


def _unwrapped(cell: Cell) -> Cell:
    """``zone:(a,b)`` is ``zone:a,b``: the parentheses only keep the commas together."""
    match = re.fullmatch(r"([^()]+?):\((.+)\)", cell.text)
    if match is None:
        return cell
    from spdcheck.formats.shorewall.columns import Cell as Made

    return Made(f"{match[1]}:{match[2]}", cell.line, cell.at)


def _place(cell: Cell, family: int, zoned: bool, known: Container[str], redirects: bool) -> Place:
    parsed = Parsed("place", cell, "place")
    parts: tuple[Part, ...] = parsed.syntax.parts
    reference, zone = "", None
    number = 0
    first = _text(parsed, parts[0])
    if first in ("SOURCE", "DEST") and parts[0].exclusion is None:
        reference, number = first, 1
    elif zoned and _is_zone(first, parts, known, redirects=redirects):
        zone_cell = cell.part(0, parsed.tokens.start(_colon(parts))) if len(parts) > 1 else cell
        excluded = parts[0].exclusion.items if parts[0].exclusion is not None else ()
        zone = _zones(parsed, parts[0].items or (), excluded, zone_cell)
        number = 1
    elif not zoned and len(parts) == 1 and first in known and parts[0].exclusion is None:
        return Place(Zones((first,), "", (), False, True, cell.span), None, None, cell.span)
    return _rest(
        parsed, parts, number, cell, family, Place(zone, None, None, cell.span, reference), redirects=redirects
    )


def _is_zone(first: str, parts: tuple[Part, ...], known: Container[str], *, redirects: bool) -> bool:
    if not first:
        return False
    if redirects and len(parts) == 1 and first not in known and not first.startswith(("all", "any")):
        return False
    return not (first[0].isdigit() or first[0] in "+&%~^<[" or (_HOSTS.match(first) is not None and first not in known))


def _colon(parts: tuple[Part, ...]) -> int:
    """The token of the first colon."""
    first = parts[0]
    last = (first.exclusion.items if first.exclusion is not None else first.items or ())[-1]
    return last.parts[-1].at + 1


def _text(parsed: Parsed, part: Part) -> str:
    return parsed.item(part.items[0]).text if part.items else ""


def _rest(
    parsed: Parsed, parts: tuple[Part, ...], number: int, cell: Cell, family: int, place: Place, *, redirects: bool
) -> Place:
    """Interface, hosts, ports and ``random`` behind the zone."""
    begun = _starts(parts, parsed)
    while number < len(parts):
        part = parts[number]
        text = _text(parsed, part)
        bare = _bare_6(cell, begun[number], family) if place.hosts is None and not (text[:1] in "[<" and text) else None
        if bare is not None:
            return place._replace(hosts=hosts(bare, family))
        if part.items is None and part.exclusion is None:
            if number == len(parts) - 1:
                raise Refused(cell.span, f"nothing stands behind the last `:` of `{cell.text}`")
        elif text == "[]" and part.exclusion is None:
            pass
        elif text == "random" and number and number == len(parts) - 1:
            place = place._replace(random=True)
        elif _are_ports(text, part, place, number, redirects=redirects):
            place = place._replace(ports=_ports(parsed.item((part.items or ())[0])))
        elif _are_hosts(part, text, parsed):
            if place.hosts is not None:
                raise Refused(cell.span, f"`{cell.text}` has two address lists")
            excluded = part.exclusion.items if part.exclusion is not None else ()
            whole = parsed.all((*(part.items or ()), *excluded))
            place = place._replace(hosts=_hosts(parsed, part.items or (), excluded, whole, family))
        else:
            place = _with_interface(place, part, parsed, cell)
        number += 1
    return place


def _starts(parts: tuple[Part, ...], parsed: Parsed) -> list[int]:
    """Where each part begins in the column."""
    found, at = [], 0
    for part in parts:
        found.append(at)
        items = (*(part.items or ()), *(part.exclusion.items if part.exclusion is not None else ()))
        at = (parsed.tokens.end(items[-1].parts[-1].at) if items else at) + 1
    return found


def _bare_6(cell: Cell, start: int, family: int) -> Cell | None:
    """The rest of a column where it is IPv6 addresses without brackets, whose colons separate nothing."""
    rest = cell.part(start, len(cell.text))
    return rest if family == 6 and ":" in rest.text and _BARE_6.fullmatch(rest.text) else None


def _are_ports(text: str, part: Part, place: Place, number: int, *, redirects: bool) -> bool:
    if part.exclusion is not None or part.items is None or len(part.items) != 1:
        return False
    if _PORTS.fullmatch(text):
        return True
    if place.hosts is not None or (number == 0 and redirects):
        return True
    return redirects and number > 0 and service_port(text.partition("-")[0]) is not None


def _ports(cell: Cell) -> Interval:
    low, dash, high = cell.text.partition("-")
    first, last = _port(cell, low), _port(cell, high) if dash else _port(cell, low)
    if first > last or (dash and first == last):
        raise Refused(cell.span, f"the ports `{cell.text}` run from a higher to a lower number")
    return Interval(first, last)


def _port(cell: Cell, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else service_port(text)
    if number is None or not 0 < number < 65536:
        raise Refused(cell.span, f"`{text}` is no port and no known service")
    return number


def _are_hosts(part: Part, text: str, parsed: Parsed) -> bool:
    if part.items is None:
        assert part.exclusion is not None
        return _HOSTS.match(parsed.item(part.exclusion.items[0]).text) is not None
    return len(part.items) > 1 or part.exclusion is not None or _HOSTS.match(text) is not None


def _with_interface(place: Place, part: Part, parsed: Parsed, cell: Cell) -> Place:
    excluded = part.items is None
    items = part.exclusion.items if part.exclusion is not None and excluded else part.items or ()
    name = parsed.item(items[0])
    if place.interface is not None:
        raise Refused(name.span, f"`{name.text}` is no address, network or port")
    if len(items) > 1 or not _INTERFACE.fullmatch(name.text):
        raise Refused(cell.span, f"`{name.text}` is no name of an interface")
    return place._replace(interface=name.text, excluded_interface=excluded)
