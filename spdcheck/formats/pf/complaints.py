"""What pfctl says against a ruleset: where it would say it, and what it no longer notices behind an error."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.pf import Refusal

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.pf.lexer import Refused, Statement

PARTS = (Part.FILTER, Part.NAT)
SHIFTED_SINCE_ERROR = 3


class Complaints:
    """The refusals of one file. ``macros`` are the names that are known so far, for whoever mistypes one."""

    def __init__(self, reading: Reading, macros: dict[str, str]) -> None:
        self.reading = reading
        self.macros = macros
        self.refusals: list[Refusal] = []
        self.recovered: int | None = None

    def refuse(self, statement: Statement, refused: Refused, *, line: int | None = None) -> None:
        """Records what pfctl says against a statement. pfctl then loads nothing at all."""
        at = refused.at
        span = statement.span(at) if at is not None else statement.span()
        if line is None:
            syntax = refused.message in ("syntax error", "string too long") and at is not None
            if syntax and at is not None and at >= len(statement.kinds):
                line = statement.line
            else:
                line = span.begin.line if syntax else statement.line
        if not (refused.is_syntax and self._swallowed(statement, at or 0)):
            self.refusals.append(Refusal(span, line, refused.message))
        if not refused.goes_on:
            self.recovered = statement.finish
        self.reading.unreadable(span, f"pfctl refuses the ruleset: {refused.message}", part=PARTS, mend=refused.mend)

    def _swallowed(self, statement: Statement, at: int) -> bool:
        """yacc says nothing about an error within three tokens of the last one; each line end is a token too."""
        if self.recovered is None or not statement.texts:
            return False
        lines = statement.file.text.count("\n", self.recovered, statement.start)
        return 0 < lines + at < SHIFTED_SINCE_ERROR

    def undefined(self, statement: Statement) -> None:
        """A macro that nothing defines above."""
        name = statement.undefined
        assert statement.error is not None
        self.recovered = statement.finish
        span = statement.span(statement.error.at)
        self.refusals.append(Refusal(span, span.begin.line, statement.error.message))
        near = get_close_matches(name, self.macros, 1)
        mend = f"did you mean ${near[0]}?" if near else f'define it above: {name} = "…"'
        self.reading.unreadable(span, f"pfctl refuses the ruleset: macro '{name}' not defined", part=PARTS, mend=mend)
        self.reading.say("CFG003", span, f"no macro {name} is defined above this line", mend=mend)
