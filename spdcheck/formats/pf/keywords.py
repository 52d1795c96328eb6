"""Which words are reserved: pfctl looks every unquoted word up, and what it does not find is a plain string.

The grammar has the words of all dialects; here stands which of them the others do not know. ``nat`` can be a label in
OpenBSD 7, and ``once`` a queue in OpenBSD 4.4.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.formats.pf.dialect import FREEBSD, MODERN, OLD
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Automaton

_FREEBSD_ONLY = frozenset(
    [
        "allow-related",
        "bridge-to",
        "buckets",
        "codelq",
        "dnpipe",
        "dnqueue",
        "dummynet-anchor",
        "endpoint-independent",
        "ether",
        "fail-policy",
        "fairq",
        "hogs",
        "interval",
        "keepcounters",
        "l3",
        "map-e-portset",
        "max-pkt-size",
        "prefer-ipv6-nexthop",
        "ridentifier",
        "scrub-anchor",
        "target",
    ]
)
_MODERN_ONLY = frozenset(
    [
        "af-to",
        "binat-to",
        "divert-packet",
        "matches",
        "max-pkt-rate",
        "nat-to",
        "once",
        "rdr-to",
        "received-on",
        "state-defaults",
        "syncookies",
    ]
)
_OPENBSD_MODERN_ONLY = frozenset(
    ["burst", "default", "delay", "flows", "least-states", "min", "parent", "pflow", "quantum", "rdomain", "weight"]
)
_OLD_ONLY = frozenset(
    [
        "altq",
        "binat",
        "binat-anchor",
        "cbq",
        "crop",
        "drop-ovl",
        "fastroute",
        "hfsc",
        "linkshare",
        "log-all",
        "nat",
        "nat-anchor",
        "priority",
        "priq",
        "rdr",
        "rdr-anchor",
        "realtime",
        "require-order",
        "set-tos",
        "tbrsize",
        "upperlimit",
    ]
)

_UNKNOWN = {
    MODERN: _OLD_ONLY | _FREEBSD_ONLY,
    OLD: (_MODERN_ONLY | _OPENBSD_MODERN_ONLY | _FREEBSD_ONLY | {"least-states", "prio"}) - {"state-defaults"},
    FREEBSD: (_OPENBSD_MODERN_ONLY | {"crop", "drop-ovl", "log-all"}) - {"least-states", "pflow"},
}


class Vocabulary(NamedTuple):
    """The tokens of a dialect: the grammar, the name of each kind, the kind of each keyword and sign."""

    grammar: Automaton
    names: tuple[str, ...]
    words: dict[str, int]
    signs: dict[str, int]
    string: int
    number: int
    written: dict[str, str]


@cache
def _terminals() -> tuple[Automaton, tuple[str, ...], dict[str, str]]:
    grammar = automaton("pf")
    written = {t.name: t.text for t in grammar.terminals if t.is_text}
    return grammar, ("", *(t.name for t in grammar.terminals)), written


@cache
def vocabulary(dialect: str) -> Vocabulary:
    """The tokens of one of the three vocabularies."""
    grammar, names, written = _terminals()
    kinds = {text: names.index(name) for name, text in written.items()}
    words = {text: kind for text, kind in kinds.items() if text[0].isalpha() and text not in _UNKNOWN[dialect]}
    signs = {text: kind for text, kind in kinds.items() if not text[0].isalpha()}
    return Vocabulary(grammar, names, words, signs, names.index("STRING"), names.index("NUMBER"), written)
