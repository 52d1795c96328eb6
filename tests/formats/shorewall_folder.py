"""Shorewall directories given as one text, and what was read of them as lines of text."""

from __future__ import annotations

import fnmatch
from enum import Enum
from typing import TYPE_CHECKING, Any

from spdcheck.formats.base import Context
from spdcheck.formats.shorewall import read
from spdcheck.model.addresses import address_text
from spdcheck.model.netfilter import Interval, Network
from spdcheck.model.shorewall import Shorewall
from spdcheck.model.shorewall_columns import Written
from spdcheck.source import SourceFile, Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading

LISTS = (
    "zones", "interfaces", "hosts", "tunnels", "policies", "blrules", "rules", "macros", "actions", "snat", "nat",
    "netmap", "proxyarp", "conntrack", "mangle", "stoppedrules", "routestopped", "blacklist", "maclist", "kept",
)  # fmt: skip


class Folder:
    """The files of one text: ``=== NAME`` starts each."""

    def __init__(self, text: str, below: str = "") -> None:
        self.files: dict[str, SourceFile] = {}
        for part in ("\n" + text).split("\n=== ")[1:]:
            name, _, body = part.partition("\n")
            self.files[name.strip()] = SourceFile(below + name.strip(), body + "\n")

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """See :class:`spdcheck.formats.base.Includes`."""
        del beside
        names = fnmatch.filter(self.files, pattern.rpartition("/")[2])
        return tuple(self.files[name] for name in names), "" if names else f"{pattern} does not exist"


def read_text(text: str, release: tuple[int, ...] = (), below: str = "") -> Reading:
    """The directory, read from its first file."""
    folder = Folder(text, below)
    tools = {"shorewall": release} if release else {}
    return read(next(iter(folder.files.values())), Context(includes=folder, tools=tools))


def shorewall_of(reading: Reading) -> Shorewall:
    """The value of the model."""
    found = reading.facts.packet_filters[0]
    assert isinstance(found, Shorewall)
    return found


def shown(found: Shorewall) -> str:
    """Every value of every line with its place; what is absent is left out."""
    lines = [f"IPv{found.family}, dialect {found.dialect}, firewall {found.firewall}"]
    lines += [f"setting {s.name}={s.value}" for s in found.settings.values()]
    lines += [f"params {s.name}={s.value}" for s in found.params.values()]
    for name in LISTS:
        for entry in getattr(found, name):
            lines += _entry(name, entry)
    return "\n".join(lines) + "\n"


def _entry(name: str, entry: Any, indent: str = "") -> list[str]:
    place = entry.origin.where
    made = [f"{indent}{name} {place}: {_fields(entry)}"]
    for line in getattr(entry, "rules", ()):
        made += _entry("line", line, indent + "  ")
    return made


def _fields(value: Any) -> str:
    names = getattr(value, "_fields", None) or value.__slots__
    said = []
    for name in names:
        item = getattr(value, name)
        if name in ("origin", "ipsec_origin", "rules", "kind") or item in (None, "", (), False, {}):
            continue
        said.append(f"{name}={short(item)}")
    return " ".join(said)


def short(value: Any) -> str:
    """A value of a column in as few words as tell it."""
    if isinstance(value, Network):
        return f"{address_text(value.family, value.value)}/{value.mask.bit_count()}"
    if isinstance(value, Interval):
        ends = [address_text(value.family, end) if value.family else str(end) for end in value[:2]]
        return ends[0] if value.first == value.last else "-".join(ends)
    if isinstance(value, Span):
        return value.where
    if isinstance(value, Written):
        return value.text
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {short(item)}" for key, item in value.items()) + "}"
    if hasattr(value, "_fields"):
        return f"({_fields(value)})"
    if isinstance(value, tuple):
        return "[" + ", ".join(short(item) for item in value) + "]"
    return str(value)
