"""Reads a file line by line as the compiler does: directives, includes, variables, sections, embedded scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.directives import Conditions, Directives
from spdcheck.formats.shorewall.lines import ExpansionLoop, Joiner, Line, Piece, expand
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spdcheck.formats.base import Reading
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.source import SourceFile

_DIRECTIVE = re.compile(
    r"\s*\?(?:IF|ELSE|ELSIF|ENDIF|SET|RESET|FORMAT|COMMENT|ERROR|WARNING|INFO|REQUIRE)", re.IGNORECASE
)
_SCRIPT = re.compile(r"\s*(?:\??BEGIN\s+(PERL|SHELL)\b|\?(PERL|SHELL)\b|(PERL)\b|(SHELL)\s)", re.IGNORECASE)
_PLAIN = re.compile(r"[^#\\?]*")
"""A line that nothing but its variables can change."""

_END = re.compile(r"\s*\??END(?:\s+(?:PERL|SHELL))?\s*(?:;\s*)?$", re.IGNORECASE)
_INCLUDE = re.compile(r"\s*\??INCLUDE\s")
_SPECIAL = re.compile(r"\s*(?:\?|INCLUDE\s|FORMAT|SECTION|COMMENT)")
_SECTION = re.compile(r"\s*\?SECTION\s+(\S.*)", re.IGNORECASE)
_OLD = re.compile(r"\s*(FORMAT|SECTION|COMMENT)(?:\s+(.*))?$")
_NESTED = {2: 4, 5: 20}


class LineReader:
    """The logical lines of one file and of what it includes, ready to be cut into columns.

    ``most_format`` is the highest ``?FORMAT`` of the file, ``comments`` says whether ``?COMMENT`` may stand in it, and
    ``section`` is told each section with its place. ``parameters`` are those of an action's body. ``format`` and
    ``comment`` are what holds for the line that was given out last.
    """

    def __init__(
        self,
        desk: Desk,
        file: SourceFile,
        *,
        most_format: int = 1,
        comments: bool = False,
        section: Callable[[str, Span], None] | None = None,
        parameters: dict[str, str] | None = None,
        default_format: int = 1,
    ) -> None:
        self.desk, self.file, self.section, self.parameters = desk, file, section, parameters
        self.most_format, self.comments = most_format, comments
        self.format, self.comment = default_format, ""
        self._nested: list[SourceFile] = []
        self._directives = Directives(self)

    def __iter__(self) -> Iterator[Line]:
        """Line after line. What can't be read is said and left out."""
        yield from self._lines(self.file)

    def _lines(self, file: SourceFile) -> Iterator[Line]:
        desk, text = self.desk, file.text
        reading = desk.reading(file)
        conditions = Conditions()
        self._nested.append(file)
        joiner: Joiner | None = None
        position, length = 0, len(text)
        while position < length:
            stop = text.find("\n", position)
            stop = length if stop < 0 else stop
            physical, offset = text[position:stop], position
            position = stop + 1
            if "?" in physical and _DIRECTIVE.match(physical) is not None:
                reading.statements += 1
                reading.inert += 1
                self._guarded(self._directives.run, physical, file, offset, conditions)
                continue
            if conditions.omitting:
                continue
            if joiner is None:
                if _PLAIN.fullmatch(physical) is not None and _SCRIPT.match(physical) is None:
                    plain = physical.rstrip()
                    if plain:
                        simple = Line(file, plain, offset, offset + len(plain), (Piece(0, offset, None),))
                        if "$" in plain or "@" in plain or _SPECIAL.match(plain) is not None:
                            yield from self._one(simple, reading)
                        else:
                            reading.statements += 1
                            simple.comment = self.comment
                            yield simple
                    continue
                if (not physical.strip() or physical.lstrip()[0] == "#") and not _goes_on(physical):
                    continue
                joiner = Joiner(file, offset)
            line = joiner.add(physical.rstrip("\r"), offset)
            if line is None:
                continue
            joiner = None
            script = _SCRIPT.match(line.text)
            if script is not None and desk.dialect == 5:
                position = self._script(line, script, position)
                continue
            if line.text.strip():
                yield from self._one(line, reading)
        if joiner is not None and joiner.pending:
            span = Span(file, joiner.pieces[0].start, length)
            message = "the last line ends with `\\`, so that Shorewall waits for more and never reads it"
            reading.accident(span, message, mend="remove the `\\`, or write the rest of the line")
        for opened in conditions.opened:
            desk.refuse(opened, "this ?IF has no ?ENDIF", "write ?ENDIF behind the lines that depend on it")
        self._nested.pop()

    def _guarded(self, run: Callable[..., None], *arguments: object) -> None:
        try:
            run(*arguments)
        except Refused as refused:
            self.desk.refuse(refused.span, refused.message, refused.mend)

    def _one(self, line: Line, reading: Reading) -> Iterator[Line]:
        desk = self.desk
        reading.statements += 1
        if "$" in line.text or (self.parameters is not None and "@" in line.text):
            try:
                made = expand(line, self._value, at_signs=self.parameters is not None)
            except ExpansionLoop:
                desk.refuse(line.whole, "a variable's value names the variable itself, without end")
                return
            except Refused as refused:
                desk.refuse(refused.span, refused.message, refused.mend)
                return
            line = made
            if line.undefined:
                reading.unparsed += 1
                return
            if line.unknown:
                where = desk.unknown[line.unknown].where
                desk.unmodelled(line.whole, f"the value of ${line.unknown} is not known: {where} computes it")
                return
        if _SPECIAL.match(line.text) is not None:
            if _INCLUDE.match(line.text):
                reading.inert += 1
                yield from self._include(line)
                return
            if self._sectioned(line):
                reading.inert += 1
                return
            if line.text.lstrip().startswith("?") and desk.dialect == 5:
                mend = "directives are ?IF, ?SET, ?SECTION, ?FORMAT, ?COMMENT …"
                desk.refuse(line.whole, f"`{line.text.split()[0]}` is no directive", mend)
                return
        line.comment = self.comment
        yield line

    def _value(self, name: str, line: Line, first: int, last: int) -> str:
        desk = self.desk
        own = self.parameters
        if name.isdigit():
            if own is None:
                raise Refused(line.span(first, last), f"parameters (${name}) have a meaning only in an action's body")
            return own.get("chain" if name == "0" else name, "")
        if name in desk.unknown:
            line.unknown = name
            return "0"
        if name not in desk.variables and own is not None and name in own:
            return own[name]
        found = desk.value(name)
        if found is None:
            line.undefined = desk.undefined(name, line.span(first, last)) or line.undefined
            return ""
        return found

    def _include(self, line: Line) -> Iterator[Line]:
        desk = self.desk
        words = line.text.split()
        if len(words) != 2:
            desk.refuse(line.whole, "INCLUDE takes the name of one file")
            return
        at = line.text.index(words[1], line.text.index(words[0]) + len(words[0]))
        place = line.span(at, at + len(words[1]))
        limit = _NESTED[desk.dialect]
        if len(self._nested) > limit:
            desk.refuse(place, f"files include each other more than {limit} deep")
            return
        found, why = desk.find(words[1], line.file)
        if found is None:
            desk.refuse(place, f"the included file can't be read: {why}", "put it into Shorewall's directory")
        elif found not in self._nested:
            yield from self._lines(found)
        else:
            desk.refuse(place, f"{words[1]} includes itself")

    def _sectioned(self, line: Line) -> bool:
        """The line is a SECTION, or one of the directives of 4.x that had no question mark."""
        match = _SECTION.match(line.text)
        old = None if match is not None else _OLD.match(line.text)
        if match is None and old is None:
            return False
        desk = self.desk
        if match is not None:
            self._new_section(match[1].strip(), line)
            return True
        assert old is not None
        word, rest = old[1], (old[2] or "").strip()
        applies = {"SECTION": self.section is not None, "COMMENT": self.comments, "FORMAT": self.most_format > 1}[word]
        if not applies or desk.dialect == 2:
            return False
        mend = f"write `?{word}`; `shorewall update` does it"
        desk.refused_since((5, 0), line.whole, f"`{word}` needs a question mark before it", mend)
        if word == "SECTION":
            self._new_section(rest, line)
        elif word == "COMMENT":
            self.comment = rest
        elif rest.isdigit() and 0 < int(rest) <= self.most_format:
            self.format = int(rest)
        else:
            desk.refuse(line.whole, f"FORMAT is a number from 1 to {self.most_format}")
        return True

    def _new_section(self, name: str, line: Line) -> None:
        if self.section is None:
            self.desk.refuse(line.whole, "this file has no sections")
            return
        self._guarded(self.section, name, line.whole)

    def _script(self, line: Line, match: re.Match[str], position: int) -> int:
        """Names an embedded script; the offset behind it."""
        language = next(word for word in match.groups() if word).upper()
        text = line.file.text
        reading = self.desk.reading(line.file)
        reading.statements += 1
        end = line.end
        if "BEGIN" in match[0].upper():
            closed = False
            while position < len(text) and not closed:
                stop = text.find("\n", position)
                stop = len(text) if stop < 0 else stop
                closed = _END.match(text[position:stop]) is not None
                end, position = stop, stop + 1
            if not closed:
                self.desk.refuse(line.whole, f"BEGIN {language} has no END {language}")
                return position
        span = Span(line.file, line.whole.start, end)
        message = f"what a program of {language} writes in place of these lines is known only when it runs"
        self.desk.unmodelled(span, message, "write the lines that it makes")
        return position


def _goes_on(physical: str) -> bool:
    """Even a comment or a blank line goes on behind ``\\``: the next line belongs to it."""
    return physical.rstrip("\r").endswith("\\")
