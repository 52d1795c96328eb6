"""Where a policy holds pre-shared keys: behind ``passphrase:`` and its kin, in comments and broken text as well.

A backslash at the end of a line, and the blanks behind it, stay: they are no part of the string, and without them the
masked text could not be cut into the same tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

_KEY = re.compile(r'passphrase[\w-]*:(?P<key>(?:\\\n|\\.|[^\\\n"])*)', re.IGNORECASE)
_JOINED = re.compile(r'"?[\s()]*\.|"?\s*$')
_CONTINUED = re.compile(r"\\\n\s*")
_STRING = re.compile(r'"(?P<text>(?:\\\n|\\.|[^\\\n"])*)"?')
_HARMLESS = re.compile(r"POLICY$|(?:dsa|rsa|x509|binary)-(?:hex|base64):|DN:", re.IGNORECASE)


def mask(file: SourceFile) -> SourceFile:
    """The same file with every passphrase replaced by bullets."""
    return file.masked(region for key in _keys(file.text) for region in _pieces(file.text, *key))


def _keys(text: str) -> Iterator[tuple[int, int]]:
    is_put_together = False
    for found in _KEY.finditer(text):
        yield found.span("key")
        is_put_together |= not found["key"] or _JOINED.match(text, found.end()) is not None
    if is_put_together:
        # the key may be any other string of the file, most likely a local constant
        for found in _STRING.finditer(text):
            if not _HARMLESS.match(found["text"]) and not _KEY.match(found["text"]):
                yield found.span("text")


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for kept in _CONTINUED.finditer(text, start, end):
        yield start, kept.start()
        start = kept.end()
    yield start, end
