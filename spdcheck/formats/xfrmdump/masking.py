"""Hides the keys of a listing before anything else looks at it: those that are named, and every long number in hex."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.dump_lines import Keys

if TYPE_CHECKING:
    from spdcheck.source import SourceFile

_NAMED = re.compile(r"(?<!\S)(?:enc|auth|auth-trunc|aead)[ \t]+[A-Za-z][\w(),-]*[ \t]+(?P<key>\S+)")
_LONG = re.compile(r"0[xX][0-9A-Fa-f]{16,}|(?<![\w.:])[0-9A-Fa-f]{16,}(?![\w:])")


def mask_keys(file: SourceFile) -> tuple[SourceFile, Keys]:
    """The file with its keys hidden, and the keys."""
    keys = Keys()
    regions = []
    for match in _NAMED.finditer(file.text):
        keys.keep(match.start("key"), match["key"])
        regions.append(match.span("key"))
    regions += [match.span() for match in _LONG.finditer(file.text)]
    return file.masked(regions), keys
