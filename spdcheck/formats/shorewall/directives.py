"""Compiler directives: ``?IF ?ELSIF ?ELSE ?ENDIF ?SET ?RESET ?FORMAT ?COMMENT ?ERROR ?WARNING ?INFO ?REQUIRE``.

They are looked for in physical lines, even between the parts of a continued one (``read_a_line`` does the same).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.capabilities import capability
from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.expressions import BadExpression, UnknownValue, evaluate, is_true
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.reader import LineReader
    from spdcheck.source import SourceFile

_FORM = re.compile(
    r"\s*\?(IF\s+|ELSE|ELSIF\s+|ENDIF|SET\s+|RESET\s+|FORMAT\s+|COMMENT\s*|ERROR\s+|WARNING!?\s+|INFO!?\s+|REQUIRE\s+)"
    r"(.*)",
    re.IGNORECASE,
)
_NAME = re.compile(r"\$?([A-Za-z]\w*)|(@)(\d+|[A-Za-z]\w*)")


class Conditions:
    """The ?IFs of one file that are open."""

    def __init__(self) -> None:
        self.omitting = False
        self._stack: list[tuple[str, bool, bool, Span]] = []

    @property
    def opened(self) -> list[Span]:
        """Where those stand that are not closed."""
        return [entry[3] for entry in self._stack]

    def begin(self, *, value: bool, span: Span) -> None:
        """``?IF``; nothing below an omitted one is asked."""
        self._stack.append(("IF", self.omitting, value and not self.omitting, span))
        self.omitting = self.omitting or not value

    def asks(self) -> bool:
        """An ``?ELSIF`` would have to be evaluated here."""
        return bool(self._stack) and self.omitting and not self._stack[-1][2] and not self._stack[-1][1]

    def otherwise(self, span: Span, *, value: bool) -> None:
        """``?ELSIF``."""
        if not self._stack or "IF" not in self._stack[-1][0]:
            raise Refused(span, "?ELSIF has no ?IF before it")
        _, prior, included, start = self._stack[-1]
        if self.omitting and not included:
            self.omitting = prior or not value
            included = not self.omitting
        else:
            self.omitting = True
        self._stack[-1] = ("ELSIF", prior, included, start)

    def rest(self, span: Span) -> None:
        """``?ELSE``."""
        if not self._stack or "IF" not in self._stack[-1][0]:
            raise Refused(span, "?ELSE has no ?IF before it")
        _, prior, included, start = self._stack[-1]
        if not prior:
            self.omitting = included or not self.omitting
        self._stack[-1] = ("ELSE", prior, True, start)

    def end(self, span: Span) -> None:
        """``?ENDIF``."""
        if not self._stack:
            raise Refused(span, "?ENDIF has no ?IF before it")
        self.omitting = self._stack.pop()[1]


class Directives:
    """Runs the directives of one file for its reader."""

    def __init__(self, reader: LineReader) -> None:
        self._reader = reader
        self._desk = reader.desk

    def run(self, physical: str, file: SourceFile, offset: int, conditions: Conditions) -> None:
        """One directive. Raises :class:`Refused`."""
        text = physical.rstrip()
        span = Span(file, offset + len(text) - len(text.lstrip()), offset + len(text))
        match = _FORM.match(text)
        if match is None:
            raise Refused(span, f"`{text.strip()}` is no directive, or misses what must follow it")
        word = match[1].strip().upper()
        rest = re.sub(r"#.*", "", match[2]).rstrip() if word != "COMMENT" else match[2].strip()
        if word == "IF":
            conditions.begin(value=conditions.omitting or self._holds(rest, span), span=span)
        elif word == "ELSIF":
            conditions.otherwise(span, value=conditions.asks() and self._holds(rest, span))
        elif word in ("ELSE", "ENDIF"):
            if rest:
                raise Refused(span, f"nothing can stand behind ?{word}")
            (conditions.rest if word == "ELSE" else conditions.end)(span)
        elif not conditions.omitting:
            self._other(word, rest, span)

    def _other(self, word: str, rest: str, span: Span) -> None:
        if word in ("SET", "RESET"):
            self._set(word, rest, span)
        elif word == "FORMAT":
            self._format(rest, span)
        elif word == "COMMENT":
            if not self._reader.comments:
                raise Refused(span, "?COMMENT is not allowed in this file")
            self._reader.comment = rest
        elif word == "ERROR":
            raise Refused(span, f"the file itself stops here: {self._expanded(rest)}")
        elif word == "REQUIRE":
            self._require(rest, span)

    def _holds(self, text: str, span: Span) -> bool:
        if not text:
            raise Refused(span, "the expression is missing")
        try:
            return is_true(self._value(text))
        except BadExpression as error:
            raise Refused(span, str(error)) from None
        except UnknownValue as error:
            self._desk.unmodelled(span, f"{error}, so that nobody can tell which lines count", "say it in params")
            return True

    def _value(self, text: str, *, only_expand: bool = False) -> str:
        return evaluate(text, self._variable, self._reader.parameters, self._desk.family, only_expand=only_expand)

    def _variable(self, name: str) -> str | None:
        desk = self._desk
        if name in desk.unknown:
            return None
        own = self._reader.parameters
        found = desk.variables.get(name)
        if found is not None:
            return found
        if own is not None and name in own:
            return own[name]
        return desk.value(name) or ""

    def _expanded(self, text: str) -> str:
        try:
            return self._value(text, only_expand=True)
        except (BadExpression, UnknownValue):
            return text

    def _set(self, word: str, rest: str, span: Span) -> None:
        name, _, expression = rest.partition(" ") if " " in rest else rest.partition("\t")
        match = _NAME.fullmatch(name)
        if match is None:
            raise Refused(span, f"`{name}` is no name of a variable")
        own = self._reader.parameters
        if match[2] and own is None:
            raise Refused(span, "variables with @ can be set only in the body of an action")
        target = own if match[2] and own is not None else self._desk.variables
        key = match[1] or match[3]
        if word == "RESET":
            target.pop(key, None)
            self._desk.unknown.pop(key, None)
            return
        if not expression.strip():
            raise Refused(span, "the expression is missing")
        try:
            target[key] = self._value(expression.strip())
            self._desk.unknown.pop(key, None)
        except BadExpression as error:
            raise Refused(span, str(error)) from None
        except UnknownValue:
            self._desk.unknown[key] = span

    def _format(self, rest: str, span: Span) -> None:
        most = self._reader.most_format
        if most < 2:
            raise Refused(span, "?FORMAT is not allowed in this file")
        if not rest.isdigit() or not 0 < int(rest) <= most:
            raise Refused(span, f"`{rest}` is no format: this file has formats 1 to {most}")
        self._reader.format = int(rest)

    def _require(self, rest: str, span: Span) -> None:
        if self._reader.parameters is None:
            raise Refused(span, "?REQUIRE has a meaning only in the body of an action")
        try:
            found = capability(rest, self._desk.family)
        except KeyError:
            raise Refused(span, f"there is no capability `{rest}`") from None
        if found == "0":
            raise Refused(span, f"the action needs {rest}, which no current kernel has")
