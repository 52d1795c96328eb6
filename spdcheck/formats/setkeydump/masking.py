"""Hides the keys of a listing before anything else looks at it.

Keys stand behind ``E:`` and ``A:``. Copies of listings are broken in many ways, so that every run of groups of eight
hexadecimal digits is hidden too, and every long hexadecimal number except the cookies of phase 1 SAs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.dump_lines import Keys

if TYPE_CHECKING:
    from spdcheck.source import SourceFile

_LINE = re.compile(
    r"(?<![\w:])[EA]:[ \t]*(?P<name>(?![0-9A-Fa-f]{8}(?![\w-]))[^\s]+)?[ \t]*"
    r"(?P<key>(?:(?![ \t](?:A:|seq=))[^\n])*(?:\n[ \t]*(?:[0-9A-Fa-f]{8}[ \t\r]*)+(?=\n|\Z))*)"
)
_GROUPS = re.compile(r"(?<![\w.:])(?:[0-9A-Fa-f]{8}[ \t\r\n]+)+[0-9A-Fa-f]{2,8}(?![\w.:])")
_LONG = re.compile(r"0[xX][0-9A-Fa-f]{16,}|(?<![\w.:])[0-9A-Fa-f]{16,}(?![\w:])")


def mask_keys(file: SourceFile) -> tuple[SourceFile, Keys]:
    """The file with its keys hidden, and the keys."""
    text = file.text
    keys = Keys()
    regions: list[tuple[int, int]] = []
    for match in _LINE.finditer(text):
        start = match.start("key")
        key = match["key"].rstrip()
        if key:
            keys.keep(start, key)
            regions += [(start + part.start(), start + part.end()) for part in re.finditer(r"\S+", key)]
    regions += [match.span() for pattern in (_GROUPS, _LONG) for match in pattern.finditer(text)]
    return file.masked(regions), keys
