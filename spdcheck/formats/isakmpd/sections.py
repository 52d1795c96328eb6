"""The sections of a file, merged as isakmpd merges them, over those that it makes by itself."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.isakmpd.generated import generated
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import Span

PLACEHOLDER = re.compile(r"@@\w+@@|<[A-Za-z][\w .-]*>|(?<=\.)(?:[A-Z]{3}|nnn)\b")
"""Something that is to be filled in: ``@@MY_IP_ADDRESS@@``, ``<address>``, ``192.168.XXX.nnn``."""

_ITEM = re.compile(r"[^,]+")
_BLANKS = " \t"


class Value(NamedTuple):
    """What a tag says: the tag as written, the text, and where both stand.

    ``is_generated``: isakmpd itself says so, and the places are those of the name that led here.
    """

    tag: str
    text: str
    origin: Span
    place: Span
    is_generated: bool = False


class Name(NamedTuple):
    """One name of a list of sections."""

    text: str
    origin: Span


@dataclass(slots=True)
class Section:
    """A section: its name as first written, where its first heading stands, and its tags by lower-case name."""

    name: str
    heading: Span
    tags: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Configuration:
    """Everything that the file defines; sections by lower-case name."""

    sections: dict[str, Section] = field(default_factory=dict)

    def defines(self, name: str) -> bool:
        """The file or isakmpd itself has a section of this name."""
        return name.lower() in self.sections or generated(name) is not None

    def tags(self, name: str, named_at: Span) -> dict[str, Value]:
        """The tags of a section: the file's, and those that isakmpd adds where the file is silent."""
        section = self.sections.get(name.lower())
        own = section.tags if section else {}
        place = section.heading if section else named_at
        made = generated(name) or {}
        return {tag: Value(tag, text, place, place, is_generated=True) for tag, text in made.items()} | own

    def value(self, section: str, tag: str, named_at: Span) -> Value | None:
        """One tag of a section."""
        return self.tags(section, named_at).get(tag)


def names(value: Value) -> Iterator[Name]:
    """The items of a list (``conf_get_list``); blanks around each are cut, empty ones are left out."""
    if value.is_generated:
        yield from (Name(item.strip(_BLANKS), value.place) for item in value.text.split(",") if item.strip(_BLANKS))
        return
    for item in _ITEM.finditer(value.text):
        text = item[0].strip(_BLANKS)
        if text:
            start = value.place.start + item.start() + len(item[0]) - len(item[0].lstrip(_BLANKS))
            yield Name(text, value.place.file.span(start, start + len(text)))
