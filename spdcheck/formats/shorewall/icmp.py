"""Types of ICMP by name or number, as shorewall-rules(5) has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.model.netfilter import Icmp, Interval

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell

_TYPES = {
    "echo-reply": (0, None), "destination-unreachable": (3, None), "network-unreachable": (3, 0),
    "host-unreachable": (3, 1), "protocol-unreachable": (3, 2), "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4), "source-route-failed": (3, 5), "network-unknown": (3, 6), "host-unknown": (3, 7),
    "network-prohibited": (3, 9), "host-prohibited": (3, 10), "TOS-network-unreachable": (3, 11),
    "TOS-host-unreachable": (3, 12), "communication-prohibited": (3, 13), "host-precedence-violation": (3, 14),
    "precedence-cutoff": (3, 15), "source-quench": (4, None), "redirect": (5, None), "network-redirect": (5, 0),
    "host-redirect": (5, 1), "TOS-network-redirect": (5, 2), "TOS-host-redirect": (5, 3), "echo-request": (8, None),
    "router-advertisement": (9, None), "router-solicitation": (10, None), "time-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0), "ttl-zero-during-reassembly": (11, 1), "parameter-problem": (12, None),
    "ip-header-bad": (12, 0), "required-option-missing": (12, 1), "timestamp-request": (13, None),
    "timestamp-reply": (14, None), "address-mask-request": (17, None), "address-mask-reply": (18, None),
}  # fmt: skip
_TYPES_6 = {
    "destination-unreachable": (1, None), "no-route": (1, 0), "communication-prohibited": (1, 1),
    "address-unreachable": (1, 3), "port-unreachable": (1, 4), "packet-too-big": (2, None), "time-exceeded": (3, None),
    "ttl-exceeded": (3, None), "ttl-zero-during-transit": (3, 0), "ttl-zero-during-reassembly": (3, 1),
    "parameter-problem": (4, None), "bad-header": (4, 0), "unknown-header-type": (4, 1), "unknown-option": (4, 2),
    "echo-request": (128, None), "echo-reply": (129, None), "router-solicitation": (133, None),
    "router-advertisement": (134, None), "neighbour-solicitation": (135, None), "neighbour-advertisement": (136, None),
    "redirect": (137, None),
}  # fmt: skip
_NUMBERS = re.compile(r"(\d+)(?:/(\d+))?")


def icmp_type(cell: Cell, family: int) -> Icmp:
    """``8``, ``3/4``, ``echo-request``, ``any``. Raises :class:`Refused`."""
    text = cell.text
    if text == "any":
        return Icmp(None)
    named = (_TYPES if family == 4 else _TYPES_6).get(text)
    if named is not None:
        kind, code = named
        return Icmp(kind, None if code is None else Interval(code, code))
    match = _NUMBERS.fullmatch(text)
    if match is None or int(match[1]) > 255 or int(match[2] or 0) > 255:
        raise Refused(cell.span, f"`{text}` is no type of ICMP", "write its number, TYPE or TYPE/CODE, or its name")
    code = int(match[2]) if match[2] else None
    return Icmp(int(match[1]), None if code is None else Interval(code, code))
