"""Where in a TOML text a key stands; the standard reader tells values only.

Good enough for messages: headers and keys are found by their lines, as people write them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spdcheck.source import SourceFile, Span

_HEADER = re.compile(r"^[ \t]*(\[\[?)[ \t]*([^\]\n]+?)[ \t]*\]\]?", re.MULTILINE)
_KEY = re.compile(
    r"^[ \t]*((?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')(?:\s*\.\s*(?:[\w-]+|\"[^\"\n]*\"))*)[ \t]*=[ \t]*", re.MULTILINE
)
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")


def _path(text: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(text))


class TomlPlaces:
    """The place of every table header and every key of a TOML text; array tables are counted from 0."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._places: dict[tuple[str | int, ...], tuple[int, int]] = {}
        text = file.text
        headers = list(_HEADER.finditer(text))
        counts: dict[tuple[str, ...], int] = {}
        regions: list[tuple[tuple[str | int, ...], int, int]] = []
        first = headers[0].start() if headers else len(text)
        regions.append(((), 0, first))
        for index, match in enumerate(headers):
            path: tuple[str | int, ...] = _path(match[2])
            if match[1] == "[[":
                plain = _path(match[2])
                number = counts.get(plain, -1) + 1
                counts[plain] = number
                path = (*plain, number)
            self._places.setdefault(path, (match.start(1), match.end()))
            end = headers[index + 1].start() if index + 1 < len(headers) else len(text)
            regions.append((path, match.end(), end))
        for path, start, end in regions:
            for match in _KEY.finditer(text, start, end):
                value_end = text.find("\n", match.end())
                value_end = end if value_end < 0 else min(value_end, end)
                self._places.setdefault((*path, *_path(match[1])), (match.start(1), value_end))

    def span(self, *path: str | int) -> Span:
        """The place of a key or table, or of the nearest table around it, or of the whole file."""
        for length in range(len(path), 0, -1):
            found = self._places.get(path[:length])
            if found is not None:
                start, end = found
                stripped = self._file.text[start:end].rstrip()
                return self._file.span(start, start + len(stripped))
        return self._file.span(0, 0)
