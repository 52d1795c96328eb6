"""The variables of a boot configuration, and the books of the statements that set them.

What sh(1) does without our being able to follow (a command's output, a condition) leaves a variable whose value is
not known. That costs nothing until somebody asks for the variable; then it becomes a diagnostic and a gap.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Note
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.base import Reading
    from spdcheck.formats.rcconf.value import Value
    from spdcheck.model.diagnostic import Diagnostic, Gap, Part
    from spdcheck.source import Span


@dataclass(slots=True, eq=False)
class Statement:
    """One assignment or command. ``unknown`` says why what it sets can't be told; ``parts`` who asked for it."""

    span: Span
    unknown: str = ""
    told: bool = False
    counted: bool = False
    relevant: bool = False
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Variable:
    """A variable and what set it last; ``value`` is None where it is not known. ``span`` is the assignment."""

    name: str
    value: Value | None
    span: Span
    statement: Statement
    used: bool = False


class Variables:
    """All variables by name. Conversions ask here for what they know, and report here what is wrong with it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.comments: list[Span] = []
        self._by_name: dict[str, Variable] = {}
        self._statements: list[Statement] = []

    def get(self, name: str) -> Variable | None:
        """The variable, without saying that the model depends on it."""
        return self._by_name.get(name)

    def unset(self, name: str) -> None:
        """Forgets the variable."""
        self._by_name.pop(name, None)

    def forget(self, name: str, span: Span, statement: Statement) -> None:
        """The statement may set the variable; its value is not known any more."""
        self._by_name.pop(name, None)
        self._by_name[name] = Variable(name, None, span, statement)

    def take(self, name: str, *parts: Part) -> Variable | None:
        """The variable, if the file sets it; from here on it counts as one that the model depends on."""
        variable = self._by_name.get(name)
        if variable is not None:
            variable.statement.relevant = True
            variable.statement.parts += parts
        return variable

    def value(self, name: str, *parts: Part) -> Value | None:
        """The value of a variable; None where the file does not set it or its value is not known."""
        variable = self.take(name, *parts)
        return None if variable is None else variable.value

    def matching(self, pattern: str) -> Iterator[tuple[re.Match[str], Variable]]:
        """The variables whose whole names match, in the order in which the file sets them."""
        fits = re.compile(pattern).fullmatch
        for name, variable in list(self._by_name.items()):
            if match := fits(name):
                yield match, variable

    def unreadable(
        self,
        variable: Variable,
        span: Span,
        message: str,
        part: Part,
        *,
        mend: str = "",
        notes: tuple[Note, ...] = (),
    ) -> None:
        """CFG001 for a value that the program it is meant for refuses."""
        if variable.statement.counted:
            self.reading.say("CFG001", span, message, mend=mend, notes=notes)
            self.reading.gap(span, f"{span.where} could not be read", part)
            return
        variable.statement.counted = True
        self.reading.unreadable(span, message, part=part, mend=mend, notes=notes)

    def not_modelled(
        self, variable: Variable, span: Span, message: str, part: Part | tuple[Part, ...], *, mend: str = ""
    ) -> None:
        """CFG002 for a value whose effect is not modelled."""
        if variable.statement.counted:
            self.reading.say("CFG002", span, message, mend=mend, warning=True)
            self.reading.gap(span, f"{span.where} is not modelled", part)
            return
        variable.statement.counted = True
        self.reading.not_modelled(span, message, part=part, mend=mend)

    def finish(self) -> None:
        """Counts the statements; reports those whose unknown values somebody asked for; puts all in file order."""
        self.reading.statements += len(self._statements)
        for statement in self._statements:
            wanted = tuple(dict.fromkeys(statement.parts))
            if statement.unknown and wanted and statement.told:
                self.reading.gap(statement.span, f"{statement.span.where}: {statement.unknown}", wanted)
            elif statement.unknown and wanted and not statement.counted:
                statement.counted = True
                self.reading.not_modelled(statement.span, statement.unknown, part=wanted)
            if not statement.relevant and not statement.counted:
                self.reading.inert += 1
        self.reading.facts.diagnostics.sort(key=_place)
        self.reading.facts.gaps.sort(key=_place)

    def assign(self, name: str, value: Value | None, span: Span, *, unknown: str = "", told: bool = False) -> None:
        """One assignment as a statement of its own; says so if it overrides another value."""
        statement = self.statement(span)
        statement.unknown, statement.told = unknown, told
        old = self._by_name.pop(name, None)
        self._by_name[name] = Variable(name, value, span, statement)
        if old is None or old.used or old.value is None or value is None or old.span.file is not span.file:
            return
        if old.value.text != value.text:
            message, notes = f"{name} is set twice, and this value wins", (Note(old.span, "this value is lost"),)
            self.reading.say("CFG004", span, message, mend="keep one of the two lines", notes=notes, warning=True)

    def skip(self, span: Span, message: str, *, mend: str) -> None:
        """CFG010 for a line that the system reads over: it sets nothing."""
        self.statement(span)
        self.reading.accident(span, message, mend=mend)

    def statement(self, span: Span) -> Statement:
        """A new statement in the books."""
        statement = Statement(span)
        self._statements.append(statement)
        return statement


def _place(item: Diagnostic | Gap) -> tuple[str, int]:
    return item.span.file.path, item.span.start
