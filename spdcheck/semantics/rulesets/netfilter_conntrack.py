"""The conntrack match of netfilter (xt_conntrack): states, and where the connection's first packet came from and went.

Source: net/netfilter/xt_conntrack.c, ``conntrack_mt``. A packet without a connection (invalid, untracked) matches only
where a state is asked for too; then nothing else is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval
from spdcheck.model.protocols import PORT_PROTOCOLS
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import (
    CONNECTION,
    DESTINATION,
    DESTINATION_PORT,
    ORIGINAL_DESTINATION,
    ORIGINAL_DESTINATION_PORT,
    ORIGINAL_SOURCE,
    ORIGINAL_SOURCE_PORT,
    SOURCE,
    SOURCE_PORT,
    TRANSLATED,
)
from spdcheck.semantics.packet import ESTABLISHED, INVALID, NEW, RELATED, UNTRACKED
from spdcheck.semantics.predicate import FALSE, TRUE, Unknown, all_of, any_of, in_set, is_value
from spdcheck.semantics.rulesets.netfilter_words import network, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.netfilter import Match, Option
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

_STATES = {
    "NEW": NEW, "ESTABLISHED": ESTABLISHED, "RELATED": RELATED, "INVALID": INVALID, "UNTRACKED": UNTRACKED,
}  # fmt: skip
_SNAT, _DNAT = 1, 2
_ENDS = {
    "src": (SOURCE, SOURCE_PORT, ORIGINAL_SOURCE, ORIGINAL_SOURCE_PORT, _SNAT),
    "dst": (DESTINATION, DESTINATION_PORT, ORIGINAL_DESTINATION, ORIGINAL_DESTINATION_PORT, _DNAT),
}
"""For each end: the packet's own address and port, those of the first packet, and the bit that says it was changed."""
_ASKED = {"ctorigsrc": "src", "ctorigdst": "dst", "ctreplsrc": "dst", "ctrepldst": "src"}
_BEGINS = is_value(CONNECTION, NEW)


def conntrack(match: Match) -> Predicate:
    """What a match asks of the packet's connection."""
    asked: list[Predicate] = []
    rest: list[Predicate] = []
    for option in match.options:
        found = _option(option, match)
        (asked if option.name in ("ctstate", "state") else rest).append(~found if option.negated else found)
    has_one = ~is_value(CONNECTION, INVALID, UNTRACKED)
    if not rest:
        return all_of(asked)
    return all_of(asked) & (all_of([has_one, *rest]) | (~has_one if asked else FALSE))


def not_yet_tracked(match: Match) -> Predicate:
    """What a match asks of a packet that connection tracking has still to see: it is invalid, and has no connection.

    Only what a host sends to itself has been seen when it comes in.
    """
    states = [option for option in match.options if option.name in ("ctstate", "state")]
    holds = bool(states) and all(("INVALID" in _words(option)) != option.negated for option in states)
    seen = conditions.arrives_on("lo")
    return (seen & conntrack(match)) | (~seen & (TRUE if holds else FALSE))


def _words(option: Option) -> tuple[str, ...]:
    return tuple(map(str, option.value)) if isinstance(option.value, tuple) else ()


def _option(option: Option, match: Match) -> Predicate:
    value = option.value
    if option.name in ("ctstate", "state"):
        return _states(_words(option))
    if option.name == "ctproto" and isinstance(value, int):
        return conditions.protocol(value)
    if option.name == "ctdir" and str(value).upper() in ("ORIGINAL", "REPLY"):
        begins = TRUE if str(value).upper() == "ORIGINAL" else FALSE
        return (_BEGINS & begins) | (~_BEGINS & unknown(match, option))
    return _end(option, match)


def _states(names: Iterable[str]) -> Predicate:
    said = set(names)
    parts = [is_value(CONNECTION, *(_STATES[name] for name in said if name in _STATES))]
    parts += [is_value(TRANSLATED, bit, 3) for name, bit in (("SNAT", _SNAT), ("DNAT", _DNAT)) if name in said]
    return any_of(parts)


def _end(option: Option, match: Match) -> Predicate:
    """An end of the connection's first packet, as it came (``orig``), or of the answers to it, as they come (``repl``).

    The ends of a new packet that is not translated at that end are its own. Answers to a new packet come from where it
    now goes and go to where it now seems to be from.
    """
    name, port = option.name.removesuffix("port"), option.name.endswith("port")
    if name not in _ASKED:
        return unknown(match, option)
    address, own_port, first_address, first_port, bit = _ENDS[_ASKED[name]]
    now = _asks(own_port if port else address, option, match)
    if name.startswith("ctrepl"):
        return (_BEGINS & now) | (~_BEGINS & unknown(match, option))
    own = _BEGINS & ~is_value(TRANSLATED, bit, 3)
    told = ~own & ~is_value(first_address, 0)
    nobody = Unknown(f"{option.origin.where}: how the connection began that `{option.origin.text}` asks about")
    first = _asks(first_port if port else first_address, option, match)
    return any_of((own & now, told & first, ~own & ~told & nobody))


def _asks(field: Field, option: Option, match: Match) -> Predicate:
    value = option.value
    if isinstance(value, Interval):
        # Other protocols have an identifier or a type in the place of ports.
        ported = conditions.protocol(*PORT_PROTOCOLS)
        return (ported & in_set(field, (value.first, value.last))) | (~ported & unknown(match, option))
    if isinstance(value, tuple):
        return any_of(network(field, item, option) for item in value)
    return unknown(match, option)
