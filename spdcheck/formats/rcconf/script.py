"""Runs the commands of a boot configuration as sh(1) would, as far as they set variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.commands import Command, Shape, commands, effects
from spdcheck.formats.rcconf.masking import mask
from spdcheck.formats.rcconf.syntax import Assigned, Literal, Output, Part, Reference, SimpleCommand, parse
from spdcheck.formats.rcconf.value import Piece, Value, shown
from spdcheck.formats.rcconf.variables import Statement
from spdcheck.formats.shell_tokens import Kind
from spdcheck.model.diagnostic import Part as ModelPart
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.rcconf.variables import Variables
    from spdcheck.source import SourceFile

EVERYTHING = (ModelPart.SERVICES, ModelPart.INTERFACES)
"""What is not known any more behind a command that may do anything."""

_DEEPEST_INCLUDE = 10
_DEEPEST_EXPANSION = 30
_LONGEST_VALUE = 1 << 16
_SHIPPED = re.compile(r"/etc/(?:defaults/.*|rc\.subr|network\.subr)")
"""Files of the operating system itself: their settings are the defaults that we know."""

_DEFAULTS = {
    "rc_conf_files": "/etc/rc.conf /etc/rc.conf.local",
    "local_startup": "/usr/local/etc/rc.d",
    "network_interfaces": "auto",
    "cloned_interfaces": "",
    "gif_interfaces": "",
    "static_routes": "",
    "ipv6_static_routes": "",
    "pkg_scripts": "",
    "rc_directories": "/etc/rc.d",
}
"""Variables that the system sets before it reads the file, among those that people extend."""


class Script:
    """Runs boot configurations into :class:`Variables`."""

    def __init__(self, variables: Variables, context: Context) -> None:
        self._variables = variables
        self._reading = variables.reading
        self._context = context
        self._running: list[str] = []

    def run(self, file: SourceFile) -> None:
        """Runs all commands of a file whose secrets are masked."""
        self._running.append(file.path)
        found, comments = commands(file.text)
        self._variables.comments += [Span(file, token.start, token.end) for token in comments]
        for command in found:
            self._command(file, command)
        self._running.pop()

    def _command(self, file: SourceFile, command: Command) -> None:
        span = Span(file, command.start, command.end)
        if command.shape is Shape.BROKEN:
            self._broken(span, command)
            return
        guard = command.shape is Shape.SIMPLE or command.tokens[0].text in ("[", "test", "if")
        simple = parse(span.text, command.start) if guard else None
        if simple is None or (simple.kind == "program" and not self._refused(file, simple)):
            self._opaque(span, command)
        elif simple.kind == "assignments" and simple.words:
            self._lost(file, simple)
        elif simple.kind in ("source", "guarded"):
            self._source(file, span, simple)
        elif simple.kind == "unset":
            for word in simple.words:
                self._variables.unset(_text(word.parts))
            self._variables.statement(span).relevant = True
        elif simple.kind != "program":
            self._assignments(file, span, simple)

    def _assignments(self, file: SourceFile, span: Span, simple: SimpleCommand) -> None:
        """Assignments in their order; the arguments of ``export`` are all expanded before the first is made."""
        for word in simple.words:
            self._expand(file, word.parts, Statement(span))
        if simple.kind == "export":
            for assigned, value, notice in [(item, *self._value(file, item)) for item in simple.assigned]:
                self._assign(file, assigned, value, notice)
        else:
            for assigned in simple.assigned:
                self._assign(file, assigned, *self._value(file, assigned))
        if not simple.assigned:
            self._variables.statement(span)

    def _value(self, file: SourceFile, assigned: Assigned) -> tuple[Value | None, Statement]:
        """The value of an assignment, and a statement that holds why it is not known."""
        notice = Statement(Span(file, assigned.start, assigned.end))
        pieces = self._expand(file, assigned.parts, notice)
        return None if pieces is None else Value(file, pieces, assigned.value_start, assigned.end), notice

    def _assign(self, file: SourceFile, assigned: Assigned, value: Value | None, notice: Statement) -> None:
        span = Span(file, assigned.start, assigned.end)
        self._variables.assign(assigned.name, value, span, unknown=notice.unknown, told=notice.told)

    # Words

    def _expand(
        self, file: SourceFile, parts: tuple[Part, ...], notice: Statement, depth: int = 0
    ) -> tuple[Piece, ...] | None:
        """The text of a word; None, with the reason in ``notice``, where it is not known."""
        pieces: list[Piece] = []
        length = 0
        for part in parts:
            if isinstance(part, Literal):
                found: tuple[Piece, ...] | None = (Piece(part.text, part.start, part.end),)
            elif isinstance(part, Output) or depth > _DEEPEST_EXPANSION:
                notice.unknown = f"the output of {shown(Span(file, part.start, part.end).text)} is not known"
                found = None
            else:
                found = self._reference(file, part, notice, depth)
            if found is None:
                return None
            pieces += found
            length += sum(len(piece.text) for piece in found)
            if length > _LONGEST_VALUE:
                notice.unknown = f"the value is longer than {_LONGEST_VALUE} characters"
                return None
        return tuple(pieces)

    def _reference(self, file: SourceFile, part: Reference, notice: Statement, depth: int) -> tuple[Piece, ...] | None:
        variable = self._variables.get(part.name)
        if variable is not None and variable.value is None:
            notice.unknown = variable.statement.unknown or f"the value of {part.name} is not known"
            notice.told = variable.statement.told
            return None
        if variable is not None and variable.value is not None:
            variable.used = variable.statement.relevant = True
            text: str | None = variable.value.text
        else:
            text = _DEFAULTS.get(part.name)
        present = text is not None and (text != "" or not part.operator.startswith(":"))
        kind = part.operator[-1:]
        if kind == "+":
            return self._expand(file, part.default, notice, depth + 1) if present else ()
        if present and text is not None:
            return (Piece(text, part.start, part.end),)
        if kind in ("-", "="):
            pieces = self._expand(file, part.default, notice, depth + 1)
            if kind == "=":
                value = None if pieces is None else Value(file, pieces, part.start, part.end)
                self._variables.assign(part.name, value, Span(file, part.start, part.end), unknown=notice.unknown)
            return pieces
        self._undefined(Span(file, part.start, part.end), part.name, notice)
        return None

    def _undefined(self, span: Span, name: str, notice: Statement) -> None:
        notice.unknown, notice.told = f"{name} is not set", True
        self._reading.say(
            "CFG003",
            span,
            f"no line before this one sets {name}: sh(1) puts nothing in its place",
            mend=f"set {name} above, or write its value here",
            warning=True,
        )

    # Everything that is not an assignment

    def _broken(self, span: Span, command: Command) -> None:
        statement = self._variables.statement(span)
        statement.counted = statement.relevant = True
        unclosed = command.tokens[-1].kind is Kind.UNCLOSED
        start = command.tokens[-1].start if unclosed else command.start
        line_end = span.file.text.find("\n", start, command.end)
        place = Span(span.file, start, command.end if line_end < 0 else line_end)
        message = f"{command.trouble}; sh(1) stops reading the file here"
        self._reading.unreadable(place, message, part=EVERYTHING, mend="close it on this line" if unclosed else "")
        for name in effects(command).names:
            self._variables.forget(name, span, statement)

    def _refused(self, file: SourceFile, simple: SimpleCommand) -> bool:
        """A variable's name where sh expects a command's: an assignment with something wrong in it."""
        name, *behind = (_text(word.parts) for word in simple.words)
        span = Span(file, simple.words[0].start, simple.words[-1].end)
        if match := re.fullmatch(r"([A-Za-z_]\w*)\+=.*", name, re.DOTALL):
            message, mend = f"found `{match[1]}+=`, which sh(1) does not know", f'write {match[1]}="${{{match[1]}}} …"'
        elif re.fullmatch(r"[A-Za-z_]\w*", name) and behind and behind[0].startswith("="):
            message = f"found a blank before `=`: sh(1) takes {name} for a command"
            mend = f'write {name}="…" without blanks around ='
        elif re.fullmatch(r"[A-Za-z]\w*_\w*", name):
            message, mend = f"found the command {name}, expected {name}=value", f'write {name}="…"'
        else:
            return False
        self._refuse(span, message, mend)
        return True

    def _lost(self, file: SourceFile, simple: SimpleCommand) -> None:
        """``NAME=value command``: sh sets the variable for that command only."""
        last, word = simple.assigned[-1], simple.words[0]
        span = Span(file, simple.assigned[0].start, simple.words[-1].end)
        found = shown(Span(file, word.start, word.end).text)
        message = f"found `{found}` behind the value: sh(1) runs it as a command, and {last.name} stays unset"
        self._refuse(span, message, f'put the whole value into quotes: {last.name}="…"')

    def _refuse(self, span: Span, message: str, mend: str) -> None:
        statement = self._variables.statement(span)
        statement.counted = statement.relevant = True
        self._reading.unreadable(span, message, part=EVERYTHING, mend=mend)

    def _opaque(self, span: Span, command: Command) -> None:
        """A command whose effect we can tell only as far as it sets variables."""
        statement = self._variables.statement(span)
        found = effects(command)
        statement.unknown = f"this command decides the value of {shown(', '.join(found.names))}, and it is not modelled"
        for name in found.names:
            self._variables.forget(name, span, statement)
        if found.other is not None:
            statement.counted = statement.relevant = True
            self._reading.not_modelled(
                span,
                f"`{shown(found.other.text)}` is a command, not an assignment: what it does is not modelled",
                part=EVERYTHING,
                mend="keep commands in /etc/rc.local, and only assignments here",
            )

    def _source(self, file: SourceFile, span: Span, simple: SimpleCommand) -> None:
        statement = self._variables.statement(span)
        statement.relevant = True
        pieces = self._expand(file, simple.words[-1].parts, statement)
        path = None if pieces is None else "".join(piece.text for piece in pieces)
        guarded = simple.kind == "guarded"
        if path is None:
            statement.parts += EVERYTHING
            return
        files, reason = self._context.includes.find(path, file)
        if not files and (guarded or _SHIPPED.fullmatch(path)):
            statement.relevant = False
        elif not files:
            statement.counted = True
            self._reading.not_modelled(
                span, f"the settings of {shown(path)} are not known: {shown(reason, 200)}", part=EVERYTHING
            )
        elif any(item.path in self._running for item in files) or len(self._running) >= _DEEPEST_INCLUDE:
            statement.counted = True
            self._reading.unreadable(span, f"{shown(path)} is being read already: it includes itself", part=EVERYTHING)
        else:
            for item in files:
                masked = mask(item)
                self._reading.included.append(masked)
                self.run(masked)


def _text(parts: tuple[Part, ...]) -> str:
    """The text of a word without variables (which count as nothing)."""
    return "".join(part.text for part in parts if isinstance(part, Literal))
