"""The grammar of setkey's and racoonctl's listings, loaded once a process."""

from __future__ import annotations

from functools import cache

from spdcheck.formats.dump_lines import LineGrammar

_WORDS = {
    "WORD": "a word",
    "HIDDEN": "more of a key",
    "MODE": "`mode=`",
    "SEQUENCE": "`seq=`",
    "FIELD": "`spid=`",
    "COOKIES": "two cookies",
    "DIRECTION": "`in`, `out` or `fwd`",
    "ACTION": "`ipsec`, `none` or `discard`",
    "PRIORITY": "`prio`",
    "SIGN": "`+` or `-`",
    "HEADING": "`Source` or `Destination`",
}
_BEGINNINGS = frozenset({
    "CIPHER", "AUTH", "COMPRESSION", "NAT", "CREATED", "CURRENT", "DIFF", "LAST", "ALLOCATED", "SECURITY", "TAGGED",
    "LIFETIME", "FIELD", "SEQUENCE", "HEADING", "DIRECTION", "WORD", "HIDDEN", "NONE", "LPAR", "POLICY",
})  # fmt: skip


@cache
def grammar() -> LineGrammar:
    """Lines of setkey -D, setkey -DP and racoonctl show-sa."""
    return LineGrammar("setkeydump", _WORDS, "the line", [(_BEGINNINGS, "a line of setkey -D or setkey -DP")])
