"""Values of an isakmpd.conf: numbers and ranges, addresses, keys."""

from __future__ import annotations

import re
from functools import cache

from spdcheck.formats.isakmpd.lines import patterns
from spdcheck.formats.isakmpd.sections import PLACEHOLDER
from spdcheck.model.addresses import AddressRange, parse_address, parse_value, prefix, prefix_length_of_mask
from spdcheck.model.isakmpd import NumberRange

_INTERFACE = re.compile(r"[A-Za-z]+\d*|default")
_DIGITS = 9


@cache
def _range() -> re.Pattern[str]:
    return re.compile(patterns()["RANGE"])


def number_range(text: str) -> NumberRange | None:
    """``X`` or ``X,Y:Z`` (``conf_match_num``); what stands behind is not looked at. None where there is no number."""
    found = _range().match(text)
    if found is None:
        return None
    if found["least"] is None and re.match(r"\s*,\s*[-+]?\d", text[found.end() :]):
        return None  # two numbers: "invalid number spec"
    parts = [
        int(part[: _DIGITS + 2])
        for part in (found["offer"], found["least"] or found["offer"], found["most"] or found["offer"])
    ]
    return NumberRange(*parts)


def is_placeholder(text: str) -> bool:
    """The text is still to be filled in."""
    return PLACEHOLDER.search(text) is not None


def is_interface(text: str) -> bool:
    """An interface's name, or ``default``, which stand for an address that only the machine knows."""
    return _INTERFACE.fullmatch(text) is not None


def subnet(network: str, netmask: str) -> tuple[AddressRange, AddressRange | None] | None:
    """``(addresses, host)`` of Network and Netmask; ``host`` where the address has bits behind the mask."""
    base = parse_value(network)
    length = _mask_length(netmask)
    if base is None or length is None or (base[0] == 4) != ("." in netmask or netmask.lower().startswith("0x")):
        return None
    found = prefix(*base, length)
    return found, None if found.first == base[1] else parse_address(network)


def _mask_length(netmask: str) -> int | None:
    if ":" not in netmask:
        return prefix_length_of_mask(netmask)
    parsed = parse_value(netmask)
    if parsed is None or parsed[0] != 6:
        return None
    inverted = parsed[1] ^ ((1 << 128) - 1)
    return 128 - inverted.bit_length() if inverted & (inverted + 1) == 0 else None


def key_bytes(text: str) -> bytes | None:
    """The pre-shared key that ``Authentication`` gives: text, or ``0x`` and digits; None if those are bad."""
    if text[:2].lower() != "0x":
        return text.encode("utf-8", "surrogatepass")
    digits = text[2:]
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits):
        return None
    return bytes.fromhex(digits)
