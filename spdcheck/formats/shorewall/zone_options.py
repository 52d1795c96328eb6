"""Options of zones: what an IPsec zone asks of the policies, and the few that every zone can have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused

if TYPE_CHECKING:
    from spdcheck.model.shorewall_columns import Option

_NUMBER = r"0x[\da-fA-F]+|\d+"
_NETWORK = r"\d+\.\d+\.\d+\.\d+(?:/\d+)?|[0-9a-fA-F:]+(?:/\d+)?"
_ANY = {"mss": _NUMBER, "nomark": None, "blacklist": None, "dynamic_shared": None}
_IPSEC = {
    "strict": None, "next": None, "reqid": _NUMBER, "spi": _NUMBER, "proto": "ah|esp|ipcomp",
    "mode": "tunnel|transport", "tunnel-src": _NETWORK, "tunnel-dst": _NETWORK,
}  # fmt: skip
_ONLY_FIRST = ("nomark", "dynamic_shared")


def check_zone_options(options: tuple[Option, ...], kind: str, *, inner: bool) -> None:
    """``inner``: the column OPTIONS, which counts for both directions. Raises :class:`Refused`."""
    for option in options:
        name = option.name
        if name not in _ANY and name not in _IPSEC:
            raise Refused(option.origin, f"`{name}` is no option of a zone",
                          f"options are {', '.join((*_ANY, *_IPSEC))}")  # fmt: skip
        if kind == "loopback":
            raise Refused(option.origin, "a loopback zone has no options")
        if name in _IPSEC and kind != "ipsec":
            raise Refused(option.origin, f"`{name}` is an option of IPsec zones only", "give the zone the type ipsec")
        _check_value(option, (_ANY | _IPSEC)[name])
        if name in _ONLY_FIRST and not inner:
            raise Refused(option.origin, f"`{name}` can stand only in OPTIONS")
        if name in ("blacklist", "nomark") and kind in ("firewall", "vserver"):
            raise Refused(option.origin, f"a zone of type {kind} can't have the option `{name}`")


def _check_value(option: Option, form: str | None) -> None:
    if form is None:
        if option.value is not None:
            raise Refused(option.origin, f"the option `{option.name}` takes no value")
    elif option.value is None:
        raise Refused(option.origin, f"the option `{option.name}` needs a value")
    elif not re.fullmatch(form, option.value):
        raise Refused(option.origin, f"`{option.value}` is no value for `{option.name}`")
