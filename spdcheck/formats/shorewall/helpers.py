"""Connection tracking helpers by name, and the protocols that each one follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.model.protocols import TCP, UDP

if TYPE_CHECKING:
    from spdcheck.model.shorewall import PlainEntry, RuleEntry
    from spdcheck.model.shorewall_columns import Protocols
    from spdcheck.source import Span

_HELPERS = {
    "amanda": (UDP,), "ftp": (TCP,), "irc": (TCP,), "netbios-ns": (UDP,), "pptp": (TCP,), "Q.931": (TCP,),
    "RAS": (UDP,), "sane": (TCP,), "sip": (UDP, TCP), "snmp": (UDP,), "tftp": (UDP,),
}  # fmt: skip


def check_helper(entry: PlainEntry, enabled: str) -> None:
    """``CT:helper:NAME`` with the protocol of its line; ``enabled`` is HELPERS. Raises :class:`Refused`."""
    call = entry.action
    if call.name != "CT" or call.parameters[:1] != ("helper",):
        return
    name = call.parameters[1].partition("(")[0]
    plain = name.rstrip("0123456789").rstrip("-")
    _check(name, plain, call.origin, entry.protocols, enabled)


def check_rule_helper(entry: RuleEntry, enabled: str) -> None:
    """The column HELPER of a rule; ``enabled`` is HELPERS. Raises :class:`Refused`."""
    if entry.helper is None:
        return
    name = entry.helper.text
    if entry.section in ("ESTABLISHED", "RELATED") or not entry.action.name.isupper():
        return
    _check(name, name.rstrip("0123456789").rstrip("-"), entry.helper.origin, entry.protocols, enabled)


def _check(name: str, plain: str, origin: Span, given: Protocols | None, enabled: str) -> None:
    wanted = _HELPERS.get(name) or _HELPERS.get(plain) or _HELPERS.get(name.replace("_", "-"))
    if wanted is None:
        raise Refused(origin, f"there is no helper `{name}`", f"helpers are {', '.join(_HELPERS)}")
    listed = [word.strip().replace("_", "-") for word in enabled.split(",")]
    known = {"RAS": "h323", "Q.931": "h323"}.get(plain, plain).replace("_", "-")
    if enabled and known not in listed and name not in listed:
        raise Refused(origin, f"the helper {name} is not among those of HELPERS", "add it in shorewall.conf")
    if given is None or given.negated or any(item.number not in wanted for item in given.items):
        word = " or ".join({TCP: "tcp", UDP: "udp"}[number] for number in wanted)
        raise Refused(given.origin if given is not None else origin, f"the helper {name} is for {word}")
