"""The TYPE column of tunnels: ``ipsec:ah``, ``openvpn:tcp:443``, ``generic:udp:4444``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.model.netfilter import Interval
from spdcheck.model.protocols import protocol_number
from spdcheck.model.services import service_port
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell

_TYPES = frozenset({
    "ipsec", "ipsecnat", "ipip", "gre", "6to4", "6in4", "pptpclient", "pptpserver", "tinc", "openvpn", "openvpnclient",
    "openvpnserver", "l2tp", "generic",
})  # fmt: skip
_TYPES_2 = _TYPES - {"6in4", "tinc", "l2tp"}


class TunnelType(NamedTuple):
    """A type with what follows it."""

    type: str
    ah: bool | None = None
    protocol: int | None = None
    port: Interval | None = None


def tunnel_type(cell: Cell, dialect: int) -> TunnelType:
    """The type of a tunnel. Raises :class:`Refused`."""
    parts = cell.text.split(":")
    kind, rest = parts[0].lower(), parts[1:]
    if kind not in (_TYPES if dialect == 5 else _TYPES_2):
        known = ", ".join(sorted(_TYPES if dialect == 5 else _TYPES_2))
        raise Refused(cell.span, f"there are no tunnels of type `{kind}`", f"types are {known}")
    if kind in ("ipsec", "ipsecnat"):
        return _ipsec(cell, kind, rest)
    if kind in ("openvpn", "openvpnclient", "openvpnserver"):
        return _openvpn(cell, kind, rest)
    if kind == "generic":
        return _generic(cell, rest)
    if rest and kind == "l2tp":
        raise Refused(cell.span, f"`{rest[0]}` is no option of l2tp")
    return TunnelType(kind)


def _ipsec(cell: Cell, kind: str, rest: list[str]) -> TunnelType:
    if len(rest) > 1 or (rest and rest[0] not in ("ah", "noah")):
        raise Refused(cell.span, f"`:{':'.join(rest)}` is neither `:ah` nor `:noah`")
    if rest == ["ah"] and kind == "ipsecnat":
        raise Refused(cell.span, "AH does not pass address translation, so that ipsecnat can't have `:ah`")
    return TunnelType(kind, rest[0] == "ah" if rest else None)


def _openvpn(cell: Cell, kind: str, rest: list[str]) -> TunnelType:
    if len(rest) > 2:
        raise Refused(cell.span, f"`{cell.text}` has more than a protocol and a port")
    protocol, port = "", ""
    if len(rest) == 2:
        protocol, port = rest
    elif rest and rest[0].lower() in ("tcp", "udp"):
        protocol = rest[0]
    elif rest:
        port = rest[0]
    return TunnelType(kind, None, _protocol(cell, protocol), _port(cell, port, protocol or "udp"))


def _generic(cell: Cell, rest: list[str]) -> TunnelType:
    if len(rest) > 2:
        raise Refused(cell.span, f"`{cell.text}` has more than a protocol and a port")
    protocol = _protocol(cell, rest[0] if rest else "udp")
    return TunnelType("generic", None, protocol, _port(cell, rest[1], rest[0]) if len(rest) == 2 else None)


def _protocol(cell: Cell, text: str) -> int | None:
    if not text:
        return None
    number = protocol_number(text)
    if number is None:
        raise Refused(cell.span, f"`{text}` is no protocol")
    return number


def _port(cell: Cell, text: str, protocol: str) -> Interval | None:
    if not text:
        return None
    number = int(text) if text.isdigit() else service_port(text, protocol if protocol in ("tcp", "udp") else None)
    if number is None or not 0 < number < 65536:
        raise Refused(cell.span, f"`{text}` is no port")
    return Interval(number, number)
