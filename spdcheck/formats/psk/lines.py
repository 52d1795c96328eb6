"""Lines of a psk.txt as racoon's buffer sees them: where the identity ends, where the key starts.

racoon reads with ``fgets`` into 1024 bytes. What does not fit is read as if it were the next line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_address
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BUFFER_BYTES = 1024
_BLANKS = " \t\r\v\f"
_SUPPRESSION = "spdcheck:"


class Line(NamedTuple):
    """One line: its place without the line end, its identity, its key (None if it has none).

    ``is_cut`` says that it is longer than racoon's buffer: ``end`` is where the buffer ends, ``rest_end`` the line.
    """

    start: int
    end: int
    rest_end: int
    text: str
    identity: str
    key: str | None
    key_start: int

    @property
    def identity_end(self) -> int:
        """Just behind the identity."""
        return self.start + len(self.identity)

    @property
    def is_comment(self) -> bool:
        """``#`` stands in the first column."""
        return self.text.startswith("#")

    @property
    def is_empty(self) -> bool:
        """There are only blanks."""
        return not self.text.strip(_BLANKS)

    @property
    def is_indented(self) -> bool:
        """It starts with a blank, so that its identity is empty."""
        return self.text[:1] in _BLANKS and not self.is_empty

    @property
    def is_indented_comment(self) -> bool:
        """Meant as a comment; that it never matches does no harm."""
        return self.is_indented and self.text.lstrip(_BLANKS).startswith("#")

    @property
    def is_swapped(self) -> bool:
        """The address stands where the key should be."""
        return (
            self.key is not None
            and parse_address(self.key.strip(_BLANKS)) is not None
            and parse_address(self.identity) is None
        )

    @property
    def is_cut(self) -> bool:
        """The line is longer than racoon's buffer."""
        return self.rest_end > self.end

    @property
    def secret_regions(self) -> tuple[tuple[int, int], ...]:
        """What must never be shown: the key, and everything of a line that may be one by mistake."""
        if self.is_empty:
            return ()
        if self.is_comment:
            kept = self.text.lstrip("# \t").startswith(_SUPPRESSION)
            return () if kept else ((self.start + 1, self.rest_end),)
        if self.is_indented or self.is_swapped:
            return ((self.start, self.rest_end),)
        if self.key is None:
            # a lone word may be a key whose identity was forgotten
            return () if parse_address(self.identity) is not None else ((self.start, self.rest_end),)
        return ((self.key_start, self.rest_end),)


def lines(text: str) -> Iterator[Line]:
    """Every line of the file."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield _line(text, start, end)
        start = end + 1


def _line(text: str, start: int, rest_end: int) -> Line:
    raw = text[start:rest_end]
    end = rest_end
    if len(raw) * 4 >= BUFFER_BYTES:
        kept = raw.encode("utf-8", "surrogatepass")[: BUFFER_BYTES - 1]
        end = start + len(kept.decode("utf-8", "ignore"))
        raw = text[start:end]
    split = next((index for index, char in enumerate(raw) if char in _BLANKS), len(raw))
    behind = raw[split:].lstrip(_BLANKS)
    key_start = start + len(raw) - len(behind)
    return Line(start, end, rest_end, raw, raw[:split], behind or None, key_start)
