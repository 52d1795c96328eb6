"""Files that lie in the directory and are not read: scripts, leftovers, and names that another release reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.tables import LATER, SCRIPTS

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.source import SourceFile

_FILTERS = re.compile(r"^[ \t]*(?:/\S*/)?(?:run_)?ip6?tables\b", re.MULTILINE)
_LINE = re.compile(r"^[ \t]*[^#\s]", re.MULTILINE)
_SINCE_5 = {
    "ipsec": "the options of IPsec zones stand in zones since 3.0",
    "masq": "where there is snat, masq is not read",
    "tcrules": "`shorewall update` turns it into mangle",
    "notrack": "`shorewall update` turns it into conntrack",
    "routestopped": "`shorewall update` turns it into stoppedrules",
    "blacklist": "`shorewall update` turns it into blrules",
    "tos": "`shorewall update` puts it into mangle",
}


def report_left(desk: Desk) -> None:
    """Says what of the directory does not count."""
    for name, file in sorted(desk.files.items()):
        if name in SCRIPTS:
            _script(desk, file)
        elif file in desk.readings:
            continue
        elif name.startswith(("macro.", "action.")):
            _uncalled(desk, file)
        else:
            _unread(desk, name, file)


def _script(desk: Desk, file: SourceFile) -> None:
    reading = desk.reading(file)
    match = _FILTERS.search(file.text)
    if match is not None:
        reading.statements += 1
        span = file.span(match.start() + len(match[0]) - len(match[0].lstrip()), match.end())
        desk.unmodelled(span, "what this script does to the rules when Shorewall runs it is not modelled",
                        "write it as a rule, or as an action with IPTABLES(…)")  # fmt: skip


def _uncalled(desk: Desk, file: SourceFile) -> None:
    """A body that no rule calls is not compiled."""
    reading = desk.reading(file)
    count = len(_LINE.findall(file.text))
    reading.statements += count
    reading.inert += count


def _unread(desk: Desk, name: str, file: SourceFile) -> None:
    match = _LINE.search(file.text)
    reading = desk.reading(file)
    if match is None:
        return
    count = len(_LINE.findall(file.text))
    reading.statements += count
    reading.inert += count
    why = _SINCE_5.get(name, "") if desk.dialect == 5 else "2.x knows no such file" if name in LATER else ""
    if why:
        span = file.span(
            match.end() - 1, file.text.find("\n", match.end()) if "\n" in file.text[match.end() :] else None
        )
        reading.say("CFG006", span, f"Shorewall does not read this file: {why}", mend="move its lines", warning=True)
