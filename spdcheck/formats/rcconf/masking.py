"""Hides the secrets of a boot configuration before anything parses it.

A Wi-Fi or PPP password stands in a variable of its own (``wpa_psk=…``) or behind a word of ifconfig(8) and
spppcontrol(8) inside another value (``vhid 1 pass …``, ``myauthsecret=…``). This works on the raw text, so that a
broken quote shows no secret either; comments that hold a disabled assignment are treated alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

_ASSIGNMENT = re.compile(r"(?<![\w$-])([A-Za-z_]\w*)[ \t]*\+?=[ \t]*")
_SECRET_NAME = re.compile(r"psk|pass(?!ive)|secret|key(?!map|board|rate|bell|change|serv|gen|s?_enable)", re.IGNORECASE)
_SECRET_WORD = re.compile(
    r"""(?<![\w-])-{0,2}(?!grekey|\w*txkey)\w*(?:pass|passwd|password|passphrase|psk|key|secret)
        (?:[ \t]*=[ \t]*|[ \t]+)
        (?!(?:in|out|quick|on|log)\b)      # a rule of a packet filter
        (\\"(?:(?!\\")[^\n])*(?:\\")?|"[^"\n]*"?|'[^'\n]*'?|[^\s"';]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_CHUNK = re.compile(r"""(?P<quote>["'])|(?P<plain>(?:[^\s"';&|<>\\]++|\\[\s\S])++)""")
_NEXT_ASSIGNMENT = re.compile(r"\n[ \t]*#*[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*=")


def mask(file: SourceFile) -> SourceFile:
    """The file with every secret replaced by bullets; everything else stays where it was."""
    return file.masked(_secrets(file.text))


def _secrets(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    while match := _ASSIGNMENT.search(text, position):
        position = match.end()
        for start, end in _value(text, position):
            position = end
            if _SECRET_NAME.search(match[1]):
                yield start, end
            else:
                for word in _SECRET_WORD.finditer(text, start, end):
                    yield word.span(1)


def _value(text: str, position: int) -> Iterator[tuple[int, int]]:
    """The parts of a value that starts at ``position``, without the quotes around them."""
    while chunk := _CHUNK.match(text, position):
        if chunk["plain"] is not None:
            yield chunk.span()
            position = chunk.end()
            continue
        start, end = chunk.end(), _quoted_end(text, chunk.end(), chunk["quote"])
        yield start, end
        if text[end : end + 1] != chunk["quote"]:
            return
        position = end + 1


def _quoted_end(text: str, start: int, quote: str) -> int:
    """Where a quoted part ends: at its quote, or at the end of a line behind which another assignment starts."""
    position = start
    while True:
        end = text.find(quote, position)
        if end >= 0 and quote == '"' and (end - len(text[start:end].rstrip("\\")) - start) % 2:
            position = end + 1
            continue
        break
    end = len(text) if end < 0 else end
    wall = _NEXT_ASSIGNMENT.search(text, start, end)
    return wall.start() if wall else end
