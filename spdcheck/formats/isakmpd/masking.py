"""Where an isakmpd.conf holds pre-shared keys: behind ``Authentication``, in comments and broken lines as well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

_KEY = re.compile(
    r"""^[ \t#;]*(?:Authentication(?![\w-])|(?:KEY|PSK|Passphrase|Password|Secret|Pre-?shared(?:-?key)?)[ \t]*(?==))
        [ \t]*[=:]?[ \t]*(?P<key>(?:\\\n|[^\n])*)""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_WRAPPED = re.compile(r"\n(?P<key>(?![#;\[])[^\n=]*)(?=\n|$)")


def mask(file: SourceFile) -> SourceFile:
    """The same file with every pre-shared key replaced by bullets."""
    return file.masked(_keys(file.text))


def _keys(text: str) -> Iterator[tuple[int, int]]:
    for found in _KEY.finditer(text):
        start, end = found.span("key")
        yield from _pieces(text, start, end)
        if not text[start:end].strip():
            # a key on the next line: an editor has wrapped this one
            wrapped = _WRAPPED.match(text, found.end())
            if wrapped:
                yield wrapped.span("key")


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """All but backslashes at the end of a line, which must go on joining lines, and blanks at either end."""
    while (cut := text.find("\\\n", start, end)) >= 0:
        yield start, cut
        start = cut + 2
    yield start, start + len(text[start:end].rstrip())
