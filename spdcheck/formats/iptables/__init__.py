"""iptables-save and iptables-restore text: tables, chains and rules of netfilter, for IPv4 or IPv6.

One straight line: text → lines → tokens → syntax (one value a shape) → rules → tables. There are no secrets in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.collector import paused
from spdcheck.formats.iptables.script import Script

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["family_of", "mask", "read"]

_NAMED_6 = re.compile(r"ip6tables|rules[._-]?v6|(?:^|[^0-9])v6(?:[^0-9]|$)|ipv6")
_SAYS_6 = re.compile(
    r"\s(?:-s|-d|--source|--destination|--src|--dst)\s+[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
    r"|\s-p\s+(?:ipv6-icmp|icmpv6|icmp6|58)\b|--icmpv6-type|icmp6-[a-z-]+"
)

_SAYS_4 = re.compile(r"\s(?:-s|-d|--source|--destination|--src|--dst|--to-source|--to-destination)\s+\d+\.\d+\.")


def read(file: SourceFile, context: Context) -> Reading:
    """The tables that the file loads. Never raises for any text."""
    del context
    with paused(file.text):
        family = family_of(file)
        reading = Reading(file=file, format="iptables", dialect="ip6tables" if family == 6 else "iptables")
        Script(reading, family).run()
    return reading


def family_of(file: SourceFile) -> int:
    """6 where the name is that of ip6tables, or where only addresses of IPv6 are in it; else 4."""
    name = file.path.rpartition("/")[2]
    if _NAMED_6.search(name):
        return 6
    return 6 if not _SAYS_4.search(file.text) and _SAYS_6.search(file.text) else 4


def mask(file: SourceFile) -> SourceFile:
    """The file itself: nothing in it is secret."""
    return file
