"""What sh(1) makes of a word: quotes go, and variables are replaced by their values where these are known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shell_text import Weaver, Woven
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.source import SourceFile

_REFERENCE = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_]\w*|[0-9@*#?$!-])"
    r"|\{(?P<name>[A-Za-z_]\w*|[0-9]+)(?:(?P<operator>:?[-=])(?P<default>[^${}\"'`]*))?\}"
    r"|\(\((?P<sum>[^()]*)\)\))"
)
_SUM = re.compile(r"\s*\$?([A-Za-z_]\w*|[0-9]+)\s*(?:([-+])\s*\$?([A-Za-z_]\w*|[0-9]+)\s*)?")
_PLAIN = re.compile(r"[^\"'\\$`]+")
_OPENED = {"(": ")", "{": "}"}


class Value(NamedTuple):
    """The value of a variable and the regions of the script where it was written."""

    text: str
    sources: tuple[tuple[int, int], ...]


class Word(NamedTuple):
    """A word as its command gets it; ``unknown`` are the references in it whose values nobody knows."""

    text: Woven
    unknown: tuple[str, ...] = ()
    quoted: bool = False


class Words:
    """Expands the words of one script. A variable that is None in ``known`` has a value that is not known."""

    def __init__(self, script: SourceFile) -> None:
        self.script = script

    def word(self, start: int, end: int, known: Mapping[str, Value | None]) -> Word:
        """A word of the script."""
        return self._expand(start, end, known, document=False)

    def document(self, start: int, end: int, known: Mapping[str, Value | None]) -> Word:
        """A here-document in which variables are replaced."""
        return self._expand(start, end, known, document=True)

    def plain(self, start: int, end: int) -> Word:
        """A region as it stands."""
        weaver = Weaver()
        weaver.literal(self.script.text[start:end], start)
        return Word(weaver.woven(self.script))

    def _expand(self, start: int, end: int, known: Mapping[str, Value | None], *, document: bool) -> Word:
        text, weaver, unknown = self.script.text, Weaver(), []
        position, quoted, inside = start, False, document
        while position < end:
            if plain := _PLAIN.match(text, position, end):
                weaver.literal(plain[0], position)
                position = plain.end()
                continue
            sign = text[position]
            if sign == "\\":
                follower = text[position + 1 : position + 2] if position + 1 < end else ""
                if follower != "\n":
                    kept = inside and follower not in ("$", "`", "\\", "" if document else '"')
                    weaver.literal(sign + follower if kept else follower, position + (not kept))
                position += 2
            elif sign == '"' and not document:
                inside, quoted = not inside, True
                position += 1
            elif sign == "'" and not inside:
                close = text.find("'", position + 1, end)
                close = end if close < 0 else close
                weaver.literal(text[position + 1 : close], position + 1)
                position, quoted = close + 1, True
            elif sign in "$`":
                stop = _end_of_reference(text, position, end)
                found = _value(text[position:stop], known)
                if found is None:
                    unknown.append(text[position:stop])
                    weaver.literal(text[position:stop], position)
                else:
                    weaver.put(found.text, position, stop, found.sources)
                position = stop
            else:
                weaver.literal(sign, position)
                position += 1
        return Word(weaver.woven(self.script), tuple(unknown), quoted)


def _value(reference: str, known: Mapping[str, Value | None]) -> Value | None:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return Value("$", ()) if reference == "$" else None
    if match["sum"] is not None:
        return _sum(match["sum"], known)
    name = match["plain"] or match["name"]
    value = known.get(name)
    if match["operator"] and (name not in known or (value is not None and not value.text)):
        return Value(match["default"], ())
    return value


def _sum(text: str, known: Mapping[str, Value | None]) -> Value | None:
    """``$((NAME + 1))``."""
    match = _SUM.fullmatch(text)
    if match is None:
        return None
    numbers = []
    for name in (match[1], match[3]):
        value = name if name is None or name.isdigit() else None
        if value is None and name is not None:
            found = known.get(name)
            value = None if found is None else found.text
        if name is not None and (value is None or not re.fullmatch(r"[0-9]{1,9}|0[xX][0-9A-Fa-f]{1,8}", value)):
            return None
        numbers.append(0 if value is None else int(value, 0 if value[:2] in ("0x", "0X") else 10))
    return Value(str(numbers[0] + (-numbers[1] if match[2] == "-" else numbers[1])), ())


def _end_of_reference(text: str, position: int, end: int) -> int:
    """The place behind ``$NAME``, ``${…}``, ``$(…)`` or a backquoted command."""
    if text[position] == "`":
        close = text.find("`", position + 1, end)
        return end if close < 0 else close + 1
    follower = text[position + 1 : position + 2] if position + 1 < end else ""
    if follower in _OPENED:
        depth, at = 0, position + 1
        while at < end:
            depth += (text[at] == follower) - (text[at] == _OPENED[follower])
            at += 1
            if depth == 0:
                return at
        return end
    match = re.compile(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])?").match(text, position, end)
    return position + 1 if match is None else match.end()
