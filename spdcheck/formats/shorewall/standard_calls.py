"""Parameters of the standard actions: how many each takes, and what they may say (actions.std of 5.2.8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.action import LEVELS

if TYPE_CHECKING:
    from spdcheck.model.shorewall_columns import Action

_VERDICTS = {
    "AllowICMPs": 1, "Broadcast": 2, "DNSAmp": 1, "DropDNSrep": 1, "Established": 1, "FIN": 2, "Invalid": 2,
    "Multicast": 2, "New": 1, "NotSyn": 2, "RST": 2, "Related": 1, "Untracked": 1,
}  # fmt: skip
"""The first parameter is what happens, the second may be ``audit``."""

_AUDITED = frozenset({
    "DropSmurfs", "TCPFlags", "allowBcast", "allowInvalid", "allowMcast", "allowinUPnP", "dropBcast", "dropBcasts",
    "dropInvalid", "dropMcast", "dropNotSyn", "rejNotSyn",
})  # fmt: skip
"""The only parameter is ``audit``."""

_MOST = {"AutoBL": 7, "GlusterFS": 2, "IfEvent": 7, "Limit": 3, "ResetEvent": 4, "SetEvent": 3}
_EVENT = re.compile(r"[A-Za-z\[\\\]^_`][-\w]*")
_COMMAND = re.compile(r"(?:check|update|reset)(?::(?:reap|ttl))*")


def wrong_parameters(call: Action) -> str:
    """What is wrong with a call of a standard action; empty where nothing is."""
    name, given = call.name, tuple("" if p == "-" else p for p in call.parameters)
    most = _VERDICTS.get(name, 1 if name in _AUDITED else _MOST.get(name))
    if most is None:
        return ""
    if len(given) > most:
        return f"{name} takes at most {most} parameter{'s' if most > 1 else ''}"
    if name in _AUDITED:
        return f"the parameter of {name} can only be `audit`" if given and given[0] not in ("", "audit") else ""
    if name in _VERDICTS:
        return f"the second parameter of {name} can only be `audit`" if given[1:] not in ((), ("",), ("audit",)) else ""
    given = (*given, *[""] * (most - len(given)))
    if name == "GlusterFS":
        number = given[0] or "2"
        fits = number.isdigit() and 0 < int(number) < 1024
        return "" if fits and given[1] in ("", "0", "1") else "GlusterFS takes a number of bricks, and 0 or 1"
    if name == "Limit":
        return _limit(call, given)
    if not given[0]:
        return f"{name} needs the name of an event"
    if not _EVENT.fullmatch(given[0]) and name != "AutoBL":
        return f"`{given[0]}` is no name of an event"
    return _automatic(given) if name == "AutoBL" else _event(name, given)


def _limit(call: Action, given: tuple[str, ...]) -> str:
    if not any(given) and call.log is not None:
        given = tuple(call.log.tag.split(","))
    if len(given) != 3 or not given[1].isdigit() or not given[2].isdigit():
        return "Limit needs a name, a number of connections and a number of seconds"
    return ""


def _automatic(given: tuple[str, ...]) -> str:
    for place, text in enumerate(given[1:5]):
        if text and (not text.isdigit() or (int(text) == 0 and place != 2)):
            return f"`{text}` is no number for AutoBL"
    if given[6] and given[6].partition("(")[0].lower() not in LEVELS and not re.fullmatch(r"[0-7]", given[6]):
        return f"`{given[6]}` is no log level"
    return ""


def _event(name: str, given: tuple[str, ...]) -> str:
    way = given[4] if name == "IfEvent" else given[2]
    if way not in ("", "src", "dst"):
        return f"`{way}` is neither src nor dst"
    if name == "IfEvent":
        for text in given[2:4]:
            if text and not text.isdigit():
                return f"`{text}` is no number"
        if given[5] and not _COMMAND.fullmatch(given[5]):
            return f"`{given[5]}` is not check, update or reset"
    return ""


def verdict_of(call: Action) -> str:
    """The parameter of a standard action that says what happens."""
    place = {"IfEvent": 1, "SetEvent": 1, "ResetEvent": 1, "AutoBL": 5}.get(
        call.name, 0 if call.name in _VERDICTS else -1
    )
    if place < 0 or len(call.parameters) <= place:
        return ""
    text = call.parameters[place]
    return "" if text == "-" else text
