"""Options of interfaces and hosts: which there are, and what value each takes (5.2.8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.addresses import address
from spdcheck.formats.shorewall.columns import Cell, Refused
from spdcheck.formats.shorewall.lines import Line, Piece
from spdcheck.formats.shorewall.parsed import top_level

if TYPE_CHECKING:
    from spdcheck.model.shorewall_columns import Option

_SIMPLE, _BINARY, _NUMBER, _LIST, _TEXT, _ENUM = "no value", "0 or 1", "a number", "addresses", "a name", "a word"
_SHARED = {
    "blacklist": _SIMPLE, "bridge": _SIMPLE, "dbl": _ENUM, "destonly": _SIMPLE, "dhcp": _SIMPLE, "ignore": _NUMBER,
    "loopback": _BINARY, "maclist": _SIMPLE, "nets": _LIST, "nodbl": _SIMPLE, "nosmurfs": _SIMPLE, "optional": _SIMPLE,
    "required": _SIMPLE, "routeback": _BINARY, "rpfilter": _SIMPLE, "sfilter": _LIST, "sourceroute": _BINARY,
    "tcpflags": _BINARY, "upnp": _SIMPLE, "upnpclient": _SIMPLE, "mss": _NUMBER, "physical": _TEXT,
    "unmanaged": _SIMPLE, "wait": _NUMBER,
}  # fmt: skip
_ONLY = {
    4: {
        "arp_filter": _BINARY, "arp_ignore": _ENUM, "detectnets": _SIMPLE, "logmartians": _BINARY, "norfc1918": _SIMPLE,
        "proxyarp": _BINARY, "routefilter": _NUMBER,
    },
    6: {"accept_ra": _NUMBER, "omitanycast": _SIMPLE, "proxyndp": _BINARY, "forward": _BINARY},
}  # fmt: skip
_MOST = {"routefilter": 2, "mss": 100000, "wait": 300, "ignore": 3, "accept_ra": 2}
_DEFAULTS = frozenset({"routefilter", "wait", "accept_ra", "ignore"})
_HOSTS = {
    4: frozenset({"blacklist", "maclist", "nosmurfs", "routeback", "tcpflags", "broadcast", "destonly", "sourceonly",
                  "mss", "ipsec", "norfc1918"}),
    6: frozenset({"blacklist", "maclist", "routeback", "tcpflags", "mss", "ipsec"}),
}  # fmt: skip
_EXCLUSIVE = (
    ("required", "optional"), ("required", "ignore"), ("optional", "ignore"), ("rpfilter", "routefilter"),
    ("rpfilter", "sfilter"), ("routefilter", "sfilter"),
)  # fmt: skip
FORMER = frozenset({"newnotsyn", "nobogons"})
"""Options that Shorewall-shell had; 4.4 knows them no more."""
_WORDS = {"dbl": ("none", "src", "dst", "src-dst"), "arp_ignore": ("1", "2", "3", "8")}


def check_interface_options(options: tuple[Option, ...], family: int, *, zoned: bool, name: str) -> None:
    """Raises :class:`Refused`."""
    if len(options) == 1 and options[0].name == "ignore" and options[0].value is None:
        if zoned:
            raise Refused(options[0].origin, "an ignored interface can't belong to a zone", "write `-` as its zone")
        return
    known = _SHARED | _ONLY[family]
    given = {}
    for option in options:
        form = known.get(option.name)
        if form is None:
            raise Refused(option.origin, f"`{option.name}` is no option of an interface", _near(option.name, known))
        if not zoned and option.name == "nets":
            raise Refused(option.origin, f"`nets` needs an interface with one zone, and {name} has `-`")
        _check_value(option, form, family)
        given[option.name] = option
    for first, second in _EXCLUSIVE:
        if first in given and second in given and given[second].value != "0" and given[first].value != "0":
            raise Refused(given[second].origin, f"`{second}` and `{first}` exclude each other")


def _check_networks(option: Option, family: int) -> None:
    origin = option.origin
    text = option.value or ""
    piece = Piece(0, origin.start, origin.end - origin.start)
    line = Line(origin.file, text, origin.start, origin.end, (piece,))
    for start, end in top_level(text, ","):
        if text[start:end].startswith("!"):
            start += 1
        address(Cell(text, line, 0).part(start, end), family, names=False)


def _check_value(option: Option, form: str, family: int) -> None:
    name, value = option.name, option.value
    if form == _SIMPLE:
        if value is not None:
            raise Refused(option.origin, f"the option `{name}` takes no value")
    elif form == _BINARY:
        if value not in (None, "0", "1"):
            raise Refused(option.origin, f"the option `{name}` is 0 or 1, not `{value}`")
    elif form == _NUMBER:
        if value is None and name in _DEFAULTS:
            return
        if value is None or not value.isdigit() or int(value) > _MOST[name]:
            raise Refused(option.origin, f"the option `{name}` takes a number up to {_MOST[name]}")
    elif value is None and name != "arp_ignore":
        raise Refused(option.origin, f"the option `{name}` needs a value")
    elif form == _LIST and value != "dynamic":
        _check_networks(option, family)
    elif name in _WORDS and value is not None and value not in _WORDS[name]:
        raise Refused(option.origin, f"the option `{name}` is one of {', '.join(_WORDS[name])}, not `{value}`")


def check_host_options(options: tuple[Option, ...], family: int) -> None:
    """Raises :class:`Refused`."""
    for option in options:
        if option.name not in _HOSTS[family]:
            raise Refused(option.origin, f"`{option.name}` is no option of hosts",
                          f"options are {', '.join(sorted(_HOSTS[family]))}")  # fmt: skip
        if option.name == "mss":
            if option.value is None or not re.fullmatch(r"\d+", option.value) or int(option.value) < 500:
                raise Refused(option.origin, "`mss` takes a number from 500 on")
        elif option.value is not None:
            raise Refused(option.origin, f"the option `{option.name}` takes no value")


def _near(name: str, known: dict[str, str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return f"{close[0]} is meant?" if close else f"options are {', '.join(sorted(known))}"
