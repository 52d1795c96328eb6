"""One way in which a listing of the kernel differs from the files, and how many of a kind become one finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.model.diagnostic import Note
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.source import Span

_SHOWN = 5


class Difference(NamedTuple):
    """What is odd about one entry.

    ``kind`` names the question; differences of one kind in one file with the same ``message`` are told once, and
    ``message`` speaks of the entry as ``{who}``. ``against`` is the line of the files, and ``says`` what it says.
    """

    kind: str
    span: Span
    who: str
    message: str
    label: str = ""
    against: Span | None = None
    says: str = ""
    mend: str = ""
    severity: Severity = Severity.ERROR
    notes: tuple[Note, ...] = ()


class Grouped(NamedTuple):
    """Differences that are one: the first, and all."""

    first: Difference
    all: tuple[Difference, ...]

    @property
    def message(self) -> str:
        """The sentence; where there are several, how many more."""
        text = self.first.message.replace("{who}", self.first.who)
        more = len(self.all) - 1
        return f"{text} (and {more} more like it)" if more else text

    @property
    def notes(self) -> list[Note]:
        """The line of the files, then the other entries."""
        first = self.first
        found = [Note(first.against, first.says)] if first.against is not None else []
        found += first.notes
        return found + [Note(other.span, "this one too") for other in self.all[1 : _SHOWN + 1]]


def grouped(differences: Iterable[Difference]) -> Iterator[Grouped]:
    """Differences with the same cause and the same words, in the order in which the first of each comes."""
    groups: dict[tuple[str, str, str], list[Difference]] = {}
    for item in differences:
        groups.setdefault((item.kind, item.span.file.path, item.message), []).append(item)
    for found in groups.values():
        yield Grouped(found[0], tuple(found))
