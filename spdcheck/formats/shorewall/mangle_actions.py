"""Actions of mangle: which there are, how many parameters each takes, and in which chains it can stand (5.2.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused

if TYPE_CHECKING:
    from collections.abc import Container

    from spdcheck.model.shorewall import PlainEntry

_PARAMETERS = {
    "ADD": (1, 1), "CHECKSUM": (0, 0), "CLASSIFY": (1, 1), "CONNMARK": (1, 1), "CONTINUE": (0, 0), "DEL": (1, 1),
    "DIVERT": (0, 0), "DIVERTHA": (0, 0), "DROP": (0, 0), "DSCP": (1, 1), "ECN": (0, 0), "HL": (1, 1), "INLINE": (0, 0),
    "IMQ": (1, 1), "IPTABLES": (0, 1), "IP6TABLES": (0, 1), "IPMARK": (0, 4), "LOG": (0, 0), "MARK": (1, 1),
    "NFLOG": (0, 3), "RESTORE": (0, 1), "SAME": (0, 1), "SAVE": (0, 1), "TCPMSS": (0, 2), "TOS": (1, 1),
    "TPROXY": (0, 2), "TTL": (1, 1), "ULOG": (0, 3),
}  # fmt: skip
_DESIGNATORS = frozenset({"P", "I", "F", "O", "T", "R", "NP", "NI", "NO", "NT"})


def check_mangle(entry: PlainEntry, firewall: str, declared: Container[str], family: int) -> None:
    """A line of mangle. Raises :class:`Refused`."""
    call = entry.action
    if entry.designator and entry.designator not in _DESIGNATORS:
        raise Refused(call.origin, f"`:{entry.designator}` names no chain", "chains are P, I, F, O, T and R")
    limits = _PARAMETERS.get(call.name)
    if limits is None:
        if call.name in declared or call.name[:1].isdigit() or call.name[:1] in "|&":
            return
        raise Refused(
            call.origin, f"`{call.name}` is no action of mangle", f"actions are {', '.join(sorted(_PARAMETERS))}"
        )
    least, most = limits
    if len(call.parameters) < least:
        raise Refused(call.origin, f"{call.name} needs a parameter", f"write {call.name}(…)")
    if len(call.parameters) > most:
        raise Refused(call.origin, f"{call.name} takes at most {most} parameters")
    if call.name == ("HL" if family == 4 else "TTL"):
        raise Refused(call.origin, f"{call.name} is for the other family", "write TTL for IPv4, HL for IPv6")
    if entry.designator.startswith("N") and call.name not in ("CONNMARK", "SAVE", "RESTORE"):
        raise Refused(call.origin, f"{call.name} is not possible in the table nat")
    to = any(p.zones is not None and firewall in p.zones.names for p in entry.dest)
    if to and entry.designator not in ("", "I"):
        raise Refused(call.origin, "what goes to the firewall passes the chain INPUT", "write `:I`, or nothing")
    local = any(p.zones is not None and firewall in p.zones.names for p in entry.source)
    if entry.user is not None and not local and entry.designator not in ("O", "T", "NO", "NT"):
        raise Refused(entry.user.origin, "USER has a meaning only where the source is the firewall ($FW)")
    if local and entry.designator not in ("", "O", "NO"):
        raise Refused(
            call.origin, "what the firewall sends itself passes the chain OUTPUT only", "write `:O`, or nothing"
        )
