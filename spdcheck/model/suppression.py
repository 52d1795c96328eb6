"""What a site's owner does not want to be told: remarks in the files, and rows of a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class Suppression:
    """``spdcheck: ignore[CODES] reason`` in a comment: it hides findings of these codes on some lines of its file.

    A comment at the end of a line is about that line. One on a line of its own is about the next line that says
    something, and about the lines behind that one that are indented deeper: a continued statement, a whole section.
    """

    codes: tuple[str, ...]
    reason: str
    first_line: int
    last_line: int
    origin: Span


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A finding that was there when the baseline was written: it is known, and hidden."""

    fingerprint: str
    code: str
    origin: Span
