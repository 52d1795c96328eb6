"""The words, operators and comments of a shell text, found without understanding any of them.

Only what is needed to cut a text into commands is known here: quotes, ``$(…)``, ``${…}``, backquotes, here-documents
and where a comment starts. Quotes that never end are found too, and given up at the line where the author most likely
forgot them.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(Enum):
    """What a token is. UNCLOSED is a word whose quote or bracket never ends."""

    WORD = auto()
    OPERATOR = auto()
    NEWLINE = auto()
    COMMENT = auto()
    UNCLOSED = auto()


class Token(NamedTuple):
    """A region of the text; ``text`` is what stands there."""

    kind: Kind
    start: int
    end: int
    text: str


_BLANK = re.compile(r"(?:[ \t]++|\\\n)++")
_OPERATOR = re.compile(r";;|&&|\|\||<<-?|>>|>&|<&|>\||[;&|()<>]")
_COMMENT = re.compile(r"#[^\n]*")
_PLAIN = re.compile(r"""(?:[^ \t\n;&|()<>"'\\$`]++|\\[\s\S]|'[^'\n]*'|"[^"\\$`\n]*"|\$(?![({])|\\\Z)++""")
"""As much of a word as needs no look at what is nested in it."""

_OPENERS = re.compile(r"""\\[\s\S]?|\$\(|\$\{|["'`()}\n]|(?<![^\s;(])\#""")
_ASSIGNMENT_LINE = re.compile(r"[ \t]*(?:#[ \t#]*)?(?:export[ \t]+)?[A-Za-z_]\w*=")


def tokens(text: str) -> list[Token]:
    """All tokens of the text in order, blanks left out.

    Where everything that is opened is also closed, a quoted text may go over as many lines as it likes. Otherwise a
    quote that would swallow another assignment is taken for the forgotten one and ends with its line.
    """
    found = list(_scan(text, forgiving=False))
    if found and found[-1].kind is Kind.UNCLOSED:
        found = list(_scan(text, forgiving=True))
    return found


def _scan(text: str, *, forgiving: bool) -> Iterator[Token]:
    position, length = 0, len(text)
    documents: list[tuple[str, bool]] = []
    wanted: str | None = None
    while position < length:
        if blank := _BLANK.match(text, position):
            position = blank.end()
            continue
        if text[position] == "\n":
            yield Token(Kind.NEWLINE, position, position + 1, "\n")
            position += 1
            for delimiter, tabs in documents:
                position = document_end(text, position, delimiter, tabs=tabs)
            documents.clear()
            continue
        if match := _COMMENT.match(text, position):
            kind, end = Kind.COMMENT, match.end()
        elif match := _OPERATOR.match(text, position):
            kind, end = Kind.OPERATOR, match.end()
        else:
            kind, end = _word(text, position, forgiving=forgiving)
        token = Token(kind, position, end, text[position:end])
        if wanted is not None and kind is Kind.WORD:
            documents.append((re.sub(r"[\"'\\]", "", token.text), wanted == "<<-"))
        wanted = token.text if token.text in ("<<", "<<-") and kind is Kind.OPERATOR else None
        yield token
        position = end


def document_end(text: str, position: int, delimiter: str, *, tabs: bool) -> int:
    """Where a here-document that starts at ``position`` ends: behind the line that is its delimiter."""
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end]
        position = min(end + 1, len(text))
        if (line.lstrip("\t") if tabs else line) == delimiter:
            break
    return position


def _word(text: str, start: int, *, forgiving: bool) -> tuple[Kind, int]:
    """``(WORD, end)``, or ``(UNCLOSED, end)`` where a quote or bracket is open to the end."""
    position = start
    while True:
        if plain := _PLAIN.match(text, position):
            position = plain.end()
        if position >= len(text) or text[position] in " \t\n;&|()<>":
            return Kind.WORD, position
        opened = text[position : position + 2] if text[position] == "$" else text[position]
        closed = _nested_end(text, position + len(opened), opened, forgiving=forgiving)
        if closed < 0:
            return Kind.UNCLOSED, ~closed
        position = closed


_CLOSER = {"$(": ")", "(": ")", "${": "}", '"': '"', "'": "'", "`": "`"}


def _nested_end(text: str, position: int, opened: str, *, forgiving: bool) -> int:
    """The place behind what closes ``opened``; ``~end`` of the part given up where nothing does."""
    stack = [_CLOSER[opened]]
    quoted = int(opened == '"')
    while match := _OPENERS.search(text, position):
        found, position = match[0], match.end()
        inside = stack[-1]
        if found == "\n":
            if forgiving and _ASSIGNMENT_LINE.match(text, position):
                return ~match.start()
        elif found == inside:
            quoted -= stack.pop() == '"'
            if not stack:
                return position
        elif inside == "'":
            position = match.start() + 1
        elif found == "#":
            position = text.find("\n", position) if inside == ")" else position
            if position < 0:
                break
        elif found in _opens(inside, quoted=quoted > 0):
            stack.append(_CLOSER[found])
            quoted += found == '"'
    return ~len(text)


def _opens(inside: str, *, quoted: bool) -> tuple[str, ...]:
    """What opens another level inside a construct that ends with ``inside``; ``quoted`` inside double quotes."""
    if inside == "`":
        return ()
    if inside == ")":
        return ("$(", "${", "`", '"', "'", "(")
    if inside == "}" and not quoted:
        return ("$(", "${", "`", '"', "'")
    return ("$(", "${", "`", '"')
