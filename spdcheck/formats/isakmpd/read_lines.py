"""From lines to sections, with a word about every line that isakmpd reads otherwise than it looks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.isakmpd.lines import joined, lines
from spdcheck.formats.isakmpd.sections import Configuration, Section, Value
from spdcheck.formats.isakmpd.tags import KINDS, OBSOLETE, Kind
from spdcheck.model.diagnostic import Note
from spdcheck.source import MASK

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.isakmpd.lines import Line

_COMMENT_BEHIND = re.compile(r"\s[#;]")


def configuration(reading: Reading) -> Configuration:
    """The sections of the (masked) file; counts its statements and says what isakmpd does not take."""
    reader = _LineReader(reading)
    for line in lines(reading.file.text):
        reader.line(line)
    return reader.found


class _LineReader:
    def __init__(self, reading: Reading) -> None:
        self.found = Configuration()
        self._reading = reading
        self._text = joined(reading.file.text)
        self._section: Section | None = None
        self._is_lost = False
        self._last: Line | None = None

    def line(self, line: Line) -> None:
        self._reading.statements += 1
        span = self._reading.file.span(line.start, line.end)
        last, self._last = self._last, line
        if line.unterminated:
            self._refuse(line, "the last line has no end: isakmpd ignores it", "end the file with a newline")
        elif line.kind == "HEADING":
            self._heading(line)
        elif line.kind == "TORN_HEADING":
            self._is_lost = True
            self._refuse(line, "unmatched `[`: isakmpd ignores everything up to the next section", "close it with `]`")
        elif self._is_lost:
            self._reading.inert += 1  # said where the section was torn
        elif line.kind == "STRAY":
            is_wrapped = (
                last is not None and last.kind == "ASSIGNMENT" and last.value_start >= last.value_end
                and last.end + 1 == line.start
            )  # fmt: skip
            if is_wrapped:
                mend = "put it behind the `=` of the line before: that line was probably wrapped"
            else:
                mend = "write `TAG= VALUE`"
            self._refuse(line, "syntax error: found no `=`; isakmpd skips the line", mend)
        elif self._section is None:
            self._refuse(line, "ignoring line due to no section", "put it below a `[SECTION]`")
        elif not line.name:
            self._reading.inert += 1
            message = "an indented line has an empty tag: isakmpd never asks for its value"
            self._reading.accident(span, message, mend="begin it in the first column")
        else:
            self._assignment(line, self._section)

    def _refuse(self, line: Line, message: str, mend: str) -> None:
        self._reading.unparsed += 1
        self._reading.say("CFG001", self._reading.file.span(line.start, line.end), message, mend=mend)

    def _heading(self, line: Line) -> None:
        span = self._reading.file.span(line.start, line.start + len(line.name) + 2)
        self._is_lost = False
        first = self.found.sections.get(line.name.lower())
        if first is not None:
            self._reading.say(
                "CFG004", span, f"a second section [{first.name}]: isakmpd reads both as one",
                mend="make one section of the two", notes=(Note(first.heading, "the first one"),), warning=True,
            )  # fmt: skip
        self._section = self.found.sections.setdefault(line.name.lower(), Section(line.name, span))

    def _assignment(self, line: Line, section: Section) -> None:
        file = self._reading.file
        text = self._text[line.value_start : line.value_end]
        value = Value(
            line.name,
            text,
            file.span(line.start, max(line.value_end, line.start + len(line.name))),
            file.span(line.value_start, max(line.value_end, line.value_start)),
        )
        tag = line.name.lower()
        first = section.tags.get(tag)
        if first is not None:
            self._reading.inert += 1
            self._reading.say(
                "CFG004", value.origin, f"duplicate tag [{section.name}]:{line.name}: isakmpd takes the first",
                mend="remove one of the two", notes=(Note(first.origin, "this one counts"),),
                warning=MASK in text or first.text == text,
            )  # fmt: skip
            return
        section.tags[tag] = value
        self._look_at(section, tag, value)

    def _look_at(self, section: Section, tag: str, value: Value) -> None:
        behind = _COMMENT_BEHIND.search(value.text)
        if behind and MASK not in value.text:
            start = value.place.start + behind.start() + 1
            self._reading.accident(
                self._reading.file.span(start, value.place.end),
                f"this is no comment but part of the value: isakmpd knows `{value.text[behind.end() - 1]}` only in the "
                "first column",
                mend="put the comment on a line of its own",
            )  # fmt: skip
        if section.name.lower() == "phase 1" or tag in KINDS:
            if KINDS.get(tag) is Kind.PRESENCE and value.text.lower() in ("no", "off", "0", "false"):
                self._reading.accident(
                    value.place, f"isakmpd looks only whether `{value.tag}` is there: this turns it on",
                    mend="remove the line",
                )  # fmt: skip
            return
        self._reading.inert += 1
        since = ": only the first versions, until 1999, did" if tag in OBSOLETE else ""
        self._reading.accident(value.origin, f"isakmpd knows no tag `{value.tag}`{since}", mend="correct or remove it")
