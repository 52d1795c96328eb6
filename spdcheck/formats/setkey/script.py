"""A setkey script from its first statement to its last, as setkey runs it.

setkey sends each statement to the kernel as soon as it has read it. It stops at the first statement that it can't read,
with everything before it in force and nothing behind it; what the *kernel* refuses does not stop it. We go on after a
bad statement all the same, so that the rest of the file is checked too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from spdcheck.formats.setkey.commands import Commands
from spdcheck.formats.setkey.hints import COMMANDS, explain
from spdcheck.formats.setkey.language import parser
from spdcheck.formats.setkey.statement import Statement
from spdcheck.formats.shapes import Unexpected
from spdcheck.formats.statements import end_of_statement, skip_blanks
from spdcheck.model.diagnostic import Note, Part
from spdcheck.records import replace

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.formats.setkey.secrets import Keys
    from spdcheck.formats.shell_text import Woven
    from spdcheck.source import SourceFile

MAX_UNREADABLE = 100
"""After so many statements that can't be read the file is given up: it is no setkey script."""

_BOTH = (Part.SPD, Part.SAD)
_SAD_WORDS = frozenset({"add", "delete", "deleteall", "get", "getspi", "flush", "dump"})
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}\n]*\}|\([^)\n]*\))|`[^`\n]*`")
_NOT_CODE = re.compile(r'\#[^\n]*|"[^"\n]*"|\r')


class Script:
    """Runs one file and fills the facts of its reading.

    ``fed`` is a text that a shell gives to setkey instead; then ``commands`` run on the data bases that they have.
    """

    def __init__(
        self, reading: Reading, dialect: Dialect, keys: Keys, *, fed: Woven | None = None,
        commands: Commands | None = None,
    ) -> None:  # fmt: skip
        self._reading = reading
        self._dialect = dialect
        self._fed = fed is not None
        self._file: SourceFile = reading.file if fed is None else fed
        self._text = self._file.text
        self._unread = reading.unparsed
        self._said = len(reading.facts.diagnostics)
        self._commands = Commands(reading, dialect, keys) if commands is None else commands
        self._starts: list[int] = []
        # Where the first statement ends that setkey does not take: it goes no further.
        self._stopped: int | None = None

    def run(self) -> None:
        """Reads the whole file."""
        reading = self._reading
        if "\0" in self._text:
            at = self._text.index("\0")
            span = self._file.span(at, at + 1)
            reading.unreadable(span, "found a NUL byte, expected text", part=_BOTH, mend="this is no setkey script")
        else:
            self._carriage_returns()
            self._statements()
        if not self._fed:
            reading.facts.policies.extend(self._commands.spd)
            reading.facts.associations.extend(self._commands.sad)
        reading.statements = max(reading.statements + len(self._starts), reading.unparsed)
        self._tell_where_setkey_stops()

    def _carriage_returns(self) -> None:
        """setkey's lexer stops at a carriage return outside a comment; said once, then they are taken for blanks."""
        if "\r" not in self._text:
            return
        for match in _NOT_CODE.finditer(self._text):
            if match[0] == "\r":
                self._stopped = match.start()
                self._reading.unreadable(
                    self._file.span(match.start(), match.end()),
                    "found a carriage return, expected the line to end without one",
                    part=_BOTH,
                    mend="convert the file (dos2unix); the rest is read as if that were done",
                )
                break
        self._text = self._text.replace("\r", " ")

    def _statements(self) -> None:
        text, shapes = self._text, parser()
        length, end, reach = len(text), 0, 0
        while not self._commands.left and self._reading.unparsed - self._unread <= MAX_UNREADABLE:
            frequent = shapes.quick(text, end)
            if frequent is not None:
                syntax, tokens, end = frequent
                start = tokens.start(0)
            else:
                start = skip_blanks(text, end)
                if start >= length:
                    return
                # Behind a mistake the next statement may begin before the `;` that was found already.
                if start >= reach:
                    reach = end_of_statement(text, start) or length
                end = reach
                syntax, tokens = shapes.read(text, start, end)
            self._starts.append(start)
            if isinstance(syntax, Unexpected):
                end = self._unreadable(syntax, tokens, end)
            else:
                self._commands.run(syntax, Statement(self._file, tokens, start, end))
            if self._stopped is None and self._reading.unparsed > self._unread:
                self._stopped = end
        self._ignore(skip_blanks(text, end))

    def _unreadable(self, unexpected: Unexpected, tokens: Tokens, end: int) -> int:
        """Reports a statement that is not in the language; returns where the next one starts."""
        why = explain(unexpected, tokens, self._dialect.lacks)
        word = tokens.texts[0]
        part: tuple[Part, ...] = (Part.SPD,) if word.startswith("spd") else (Part.SAD,) if word in _SAD_WORDS else _BOTH
        variable = _VARIABLE.match(self._text, why.start) if self._fed else None
        if variable is not None:
            self._reading.not_modelled(
                self._file.span(why.start, variable.end()),
                f"the value of `{variable[0]}` is known only when the script runs", part=part,
                mend="write it into the script",
            )  # fmt: skip
            return end
        self._reading.unreadable(self._file.span(why.start, why.end), why.message, part=part, mend=why.mend)
        for at in range(max(unexpected.at, 1), len(tokens.texts)):
            if tokens.texts[at] in COMMANDS and self._starts_line(tokens.start(at)):
                return tokens.start(at)
        return end

    def _starts_line(self, offset: int) -> bool:
        before = self._text[max(0, offset - 200) : offset].rstrip(" \t")
        return before.endswith("\n")

    def _ignore(self, start: int) -> None:
        """Says that the rest of the file is not looked at, if there is any."""
        if start >= len(self._text):
            return
        rest = self._file.span(start, len(self._text.rstrip()))
        if self._commands.left:
            self._reading.say("CFG006", rest, "setkey has left the script before this: it is not loaded", warning=True)
        else:
            message = f"more than {MAX_UNREADABLE} statements can't be read: the rest of the file was not looked at"
            self._reading.unreadable(rest, message, part=_BOTH, mend="this may be no setkey script")

    def _tell_where_setkey_stops(self) -> None:
        behind = [] if self._stopped is None else self._starts[bisect_left(self._starts, self._stopped) :]
        if not behind:
            return
        more = len(behind) - 1
        others = " is" if not more else f" and the {more if more > 1 else 'one'} behind it are"
        span = self._file.span(behind[0], end_of_statement(self._text, behind[0]))
        note = Note(span, f"setkey stops at the error: this statement{others} not loaded")
        diagnostics = self._reading.facts.diagnostics
        first = next(
            number
            for number, diagnostic in enumerate(diagnostics)
            if number >= self._said and diagnostic.code == "CFG001"
        )
        diagnostics[first] = replace(diagnostics[first], notes=(*diagnostics[first].notes, note))
