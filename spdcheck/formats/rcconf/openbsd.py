"""OpenBSD's rc.conf and rc.conf.local since 5.7: no shell any more, but lines of ``name=value``.

Blanks around ``=`` are allowed, quotes around the whole value are taken off, ``#`` starts a comment wherever it
stands, and names that rc(8) does not look for are skipped without a word (rc.subr, ``_rc_parse_conf``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.value import Piece, Value, shown
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.rcconf.variables import Variables
    from spdcheck.source import SourceFile

_LINE = re.compile(r"[^\n]+")
_PAIR = re.compile(
    r"""[ \t]*+ (?P<name>[^\#=\x20\t](?:[^=\x20\t]++|[ \t]++(?!=))*+) [ \t]*+
        = [ \t]*+ (?P<value>(?:[^\#\x20\t]++|[ \t]++(?!\#|\Z))*+) [ \t]*+ (?:\#.*)?""",
    re.VERBOSE,
)
_READ = re.compile(
    r"\w+_(?:execdir|flags|logger|rtable|timeout|user)|accounting|amd_master|check_quotas|ipsec|library_aslr"
    r"|multicast|multicast_host|multicast_router|nfs_server|pexp|pf|pf_rules|ipsec_rules|pkg_scripts|shlib_dirs"
    r"|spamd_black",
    re.IGNORECASE,
)


def run_lines(variables: Variables, file: SourceFile) -> None:
    """Reads every line of a file whose secrets are masked."""
    for line in _LINE.finditer(file.text):
        if not line[0].strip():
            continue
        if line[0].lstrip().startswith("#"):
            variables.comments.append(Span(file, line.start() + len(line[0]) - len(line[0].lstrip()), line.end()))
            continue
        pair = _PAIR.fullmatch(line[0])
        if pair is None:
            _skipped(variables, Span(file, line.start(), line.end()), "found no `=`")
            continue
        span = Span(file, line.start() + pair.start("name"), line.start() + pair.end("value"))
        if not _READ.fullmatch(pair["name"]):
            _skipped(variables, span, f"{shown(pair['name'])} is no variable of OpenBSD's rc(8)")
        else:
            start, end = line.start() + pair.start("value"), line.start() + pair.end("value")
            variables.assign(pair["name"].lower(), _value(file, pair["value"], start, end), span)


def _value(file: SourceFile, text: str, start: int, end: int) -> Value:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    inner = Piece(text[1:-1], start + 1, end - 1) if quoted else Piece(text, start, end)
    return Value(file, (inner,) if inner.text else (), start, end)


def _skipped(variables: Variables, span: Span, why: str) -> None:
    variables.skip(span, f"{why}: rc(8) skips this line", mend="write NAME=value, one on a line")
