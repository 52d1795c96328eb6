"""A policy file cut into assertions, and those into fields, as ``kn_read_asserts`` and ``keynote_parse_assertion`` do.

An empty line ends an assertion. A field begins in the first column and goes on over lines that begin with a blank or
with ``#``. Its name may be cut short: ``Auth:`` is ``Authorizer:``, and ``C:`` is ``Conditions:``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    "keynote-version", "local-constants", "authorizer", "licensees", "conditions", "signature", "comment",
)  # fmt: skip
"""The fields, in the order in which libkeynote compares a name that is cut short."""

_FIELD_END = re.compile(r"\n(?![\s#])", re.ASCII)
_COMMENT_LINE = re.compile(r"#[^\n]*\n?")
_WORD = re.compile(r"\S")


class Block(NamedTuple):
    """The text between two empty lines."""

    start: int
    end: int


class Field(NamedTuple):
    """A field: its full name, the place of the written name, and the place of its value."""

    name: str
    start: int
    value: int
    end: int


class Misplaced(NamedTuple):
    """Why libkeynote takes no assertion here."""

    start: int
    end: int
    message: str
    mend: str


def blocks(text: str) -> Iterator[Block]:
    """Every piece of the text that libkeynote takes for an assertion; ones without a word are skipped."""
    start = 0
    while start < len(text):
        found = text.find("\n\n", start)
        end = len(text) if found < 0 else found
        if _WORD.search(text, start, end):
            yield Block(start, end)
        start = end + 2


def fields(text: str, block: Block) -> Iterator[Field | Misplaced]:
    """The fields of an assertion up to the first that is none; nothing for a block of comments."""
    first = _WORD.search(text, block.start, block.end)
    at = first.start() if first else block.end
    if at > block.start and text[at - 1] != "\n":
        yield Misplaced(at, _line_end(text, at), "an assertion begins with a blank", "begin it in the first column")
        return
    commented = False
    while at < block.end:
        if text[at] == "#":
            comment = _COMMENT_LINE.match(text, at, block.end)
            at = comment.end() if comment else block.end
            commented = True
            continue
        line_end = min(_line_end(text, at), block.end)
        colon = text.find(":", at, line_end)
        name = "" if colon < 0 else _full_name(text[at:colon])
        if not name:
            what = "a field's name has no colon" if colon < 0 else "this is no field of an assertion"
            mend = "begin the line with a blank if it belongs to the field above it"
            yield Misplaced(at, line_end, f"{what}: libkeynote drops the whole assertion", mend)
            return
        if name == "keynote-version" and commented:
            message = "a comment stands before the version: libkeynote drops the whole assertion"
            yield Misplaced(at, line_end, message, "put an empty line between the comment and the assertion")
            return
        ended = _FIELD_END.search(text, colon + 1, block.end)
        end = ended.start() if ended else block.end
        yield Field(name, at, colon + 1, end)
        at = end + 1


def _full_name(written: str) -> str:
    """The field that a name stands for, or nothing."""
    lowered = written.lower()
    return next((name for name in NAMES if lowered and name.startswith(lowered)), "")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
