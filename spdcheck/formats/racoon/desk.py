"""Where the conversion reports to: counts statements, knows the file that is being read, turns offsets into places."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.model.diagnostic import Part
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.racoon.syntax import Node, Statement, Token
    from spdcheck.model.diagnostic import Note
    from spdcheck.source import SourceFile


class Extent(NamedTuple):
    """A region of the file that is being read."""

    start: int
    end: int


Place: TypeAlias = "Token | Node | Statement | Extent | Span"


class Desk:
    """Takes down what is wrong with the statement at hand; one that is refused twice is counted once.

    ``refused`` says that it was; whoever returns to an earlier statement (a block, at its end) sets it back.
    """

    def __init__(self, reading: Reading, file: SourceFile) -> None:
        self.reading = reading
        self.file = file
        self.refused = False

    def begin(self, *, inert: bool = False) -> None:
        """Another statement."""
        self.reading.statements += 1
        self.reading.inert += inert
        self.refused = False

    def span(self, where: Place) -> Span:
        """The place of a part of the syntax; a span stays what it is, also one of another file."""
        if isinstance(where, Span):
            return where
        return self.file.span(where.start, where.end)

    def refuse(self, where: Place, message: str, *, mend: str = "", notes: tuple[Note, ...] = ()) -> None:
        """CFG001: racoon does not start with this."""
        span = self.span(where)
        if not self.refused:
            self.reading.unreadable(span, message, part=Part.IKE, mend=mend, notes=notes)
        else:
            self.reading.say("CFG001", span, message, mend=mend, notes=notes)
            self.reading.gap(span, f"{span.where} could not be read", Part.IKE)
        self.refused = True

    def accident(self, where: Place, message: str, *, mend: str = "") -> None:
        """CFG010: racoon takes this, but not as what it looks like."""
        self.reading.accident(self.span(where), message, mend=mend)
