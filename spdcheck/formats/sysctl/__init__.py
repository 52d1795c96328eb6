"""sysctl.conf(5): whether a host forwards, and the switches of its IPsec and of its routing.

A key is kept by its name with dots; what has nothing to do with packets is inert. Later lines win, as the programs run
them one after the other. There are no secrets in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.shapes import Unexpected, expectation
from spdcheck.formats.sysctl.keys import FORWARDING, ONLY_DECRYPTED, SWITCHES, canonical, is_ours
from spdcheck.formats.sysctl.language import WORDS, Exclusion, parser
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Flag
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.sysctl.language import Line
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]

_LINE = re.compile(r"[^\n]*")
_COMMENT_BEHIND = re.compile(r"[ \t]+#.*")
_NETWORK = re.compile(r"net[./](?:ipv[46]|inet6?|enc|core[./]xfrm)")
_NUMBER = re.compile(r"-?(?:0[xX][0-9A-Fa-f]+|\d+)")


def read(file: SourceFile, context: Context) -> Reading:
    """Every line of the file. Never raises for any text."""
    del context
    reading = Reading(file=file, format="sysctl")
    text = file.text
    settings = _Settings(reading)
    for match in _LINE.finditer(text):
        start, end = match.span()
        while start < end and text[start] in " \t\r":
            start += 1
        while end > start and text[end - 1] in " \t\r":
            end -= 1
        if start == end or text[start] in "#;":
            continue
        reading.statements += 1
        line, tokens = parser().read(text, start, end)
        settings.line(line, tokens, Span(file, start, end))
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file itself: nothing in it is secret."""
    return file


class _Settings:
    """The settings of a file while it is read."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def line(self, line: Line | Unexpected, tokens: Tokens, span: Span) -> None:
        reading = self.reading
        if isinstance(line, Unexpected):
            at = line.at
            where = span if at >= len(tokens.texts) else Span(span.file, tokens.start(at), tokens.end(at))
            found = "the line ends" if at >= len(tokens.texts) else f"found `{tokens.texts[at][:40]}`"
            part = (Part.INTERFACES, Part.SPD) if _NETWORK.search(span.text) else ()
            message = f"{found}, {expectation(line.expected, WORDS)}"
            reading.unreadable(where, message, part=part, mend="write KEY = VALUE")
            return
        key = canonical(tokens.texts[line.key.at])
        if isinstance(line, Exclusion):
            if is_ours(key):
                reading.facts.settings[f"-{key}"] = ("", span)
            else:
                reading.inert += 1
            return
        text = "" if line.value is None else _COMMENT_BEHIND.sub("", tokens.texts[line.value.at]).strip("\"'")
        if key in FORWARDING:
            if self._is_number(key, text, line, tokens, span):
                reading.facts.forwarding[FORWARDING[key]] = Flag(int(text, 0) != 0, span)
                if int(text, 0) == ONLY_DECRYPTED and key.startswith("net.inet"):
                    reading.facts.settings[key] = (str(ONLY_DECRYPTED), span)
        elif is_ours(key):
            self._switch(key, text, line, tokens, span)
        else:
            reading.inert += 1

    def _switch(self, key: str, text: str, line: Line, tokens: Tokens, span: Span) -> None:
        if key.rpartition(".")[2] in SWITCHES and not self._is_number(key, text, line, tokens, span):
            return
        settings = self.reading.facts.settings
        earlier = settings.get(key)
        if earlier is not None and earlier[0] != text and earlier[1].file is span.file:
            message = f"{key} is set twice: this value replaces {earlier[0]}"
            note = Note(earlier[1], "the first time")
            self.reading.say("CFG004", span, message, notes=(note,), mend="remove one of the two", warning=True)
        settings[key] = (text, span)

    def _is_number(self, key: str, text: str, line: Line, tokens: Tokens, span: Span) -> bool:
        if _NUMBER.fullmatch(text):
            return True
        slot = getattr(line, "value", None)
        where = span if slot is None else Span(span.file, tokens.start(slot.at), tokens.end(slot.at))
        message = f"found `{text}`, expected a number for {key}" if text else f"{key} has no value, expected a number"
        self.reading.unreadable(where, message, part=(Part.INTERFACES, Part.SPD))
        return False
