"""Every value of the file by itself: names that nothing defines, words that isakmpd does not know, placeholders."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import in_words
from spdcheck.formats.isakmpd.sections import Name, names
from spdcheck.formats.isakmpd.tags import KINDS, REFERENCES, WORDS, Kind
from spdcheck.formats.isakmpd.values import is_interface, is_placeholder, number_range
from spdcheck.model.addresses import parse_address
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.base import Reading
    from spdcheck.formats.isakmpd.sections import Configuration, Section, Value
    from spdcheck.source import Span

_MANY_WORDS = 8
_MOST_SOUGHT = 20
_MOST_KNOWN = 500
_LONGEST_NAME = 80
_ENDINGS = ("_sig", "-suite", "-xf")


class Checker:
    """Looks at one file's sections; those that nothing leads to are told of as warnings."""

    def __init__(self, reading: Reading, found: Configuration) -> None:
        self._reading = reading
        self._found = found
        self._used = _used(found)
        self._sought = 0
        self._is_counted = False

    def all(self) -> None:
        """Every value of every section."""
        for key, section in self._found.sections.items():
            for tag, value in section.tags.items():
                self._is_counted = False
                if key == "phase 1":
                    self._answer(section, value)
                else:
                    self._value(section, tag, value)

    def _answer(self, section: Section, value: Value) -> None:
        if value.tag.lower() != "default" and parse_address(value.tag) is None:
            place = self._reading.file.span(value.origin.start, value.origin.start + len(value.tag))
            self._no_address(place, value.tag)
        self._names(section, value, "the peer")

    def _value(self, section: Section, tag: str, value: Value) -> None:
        kind = KINDS.get(tag)
        if tag in REFERENCES:
            self._names(section, value, REFERENCES[tag])
        elif kind is Kind.SECRET:
            if not value.text:
                self._say("CFG003", value.origin, "the pre-shared key is empty", "write it behind the `=`", section)
        elif kind is Kind.WORD:
            self._word(section, tag, value)
        elif kind in (Kind.NUMBER, Kind.RANGE):
            is_any = tag in ("key_length", "life_duration") and value.text == "ANY"
            if not is_any and number_range(value.text) is None:
                expected = "a number" if kind is Kind.NUMBER else "`X` or `X,Y:Z`"
                self._say("CFG003", value.place, f"found `{value.text}`, expected {expected}", "write one", section)
        elif kind is Kind.ADDRESS:
            if parse_address(value.text) is None and not (tag == "netmask" and value.text.lower().startswith("0x")):
                self._no_address(value.place, value.text)
        elif kind is Kind.LISTEN:
            for item in names(value):
                if parse_address(item.text) is None:
                    self._no_address(item.origin, item.text)
        elif is_placeholder(value.text):
            self._no_address(value.place, value.text)

    def _no_address(self, place: Span, text: str) -> None:
        """An address that we don't know: a placeholder, an interface, or nothing at all."""
        if is_placeholder(text):
            message, mend = f"`{text}` is a placeholder that nobody has filled in", "put the real value there"
            self._reading.say("CFG003", place, message, mend=mend)
        elif is_interface(text):
            message = f"`{text}` stands for an address that only the machine knows"
            self._reading.say("CFG002", place, message, mend="write the address", warning=True)
            self._reading.unmodelled += not self._is_counted  # a line counts once, however many names it has
            self._is_counted = True
        else:
            message = f"`{text}` is no address" if text else "found no value, expected an address"
            self._reading.say("CFG003", place, message, mend="write a numeric address")
        self._reading.gap(place, f"{place.where} names no address", Part.IKE)

    def _word(self, section: Section, tag: str, value: Value) -> None:
        words = WORDS[tag]
        fits = value.text.lower() in (word.lower() for word in words) if tag == "doi" else value.text in words
        if fits:
            return
        if is_placeholder(value.text):
            self._no_address(value.place, value.text)
            return
        near = get_close_matches(value.text.upper(), words, n=1, cutoff=0.7)
        listed = in_words(f"`{word}`" for word in words) if len(words) <= _MANY_WORDS else "another word"
        mend = f"write `{near[0]}`" if near else f"expected {listed}"
        self._say("CFG003", value.place, f"isakmpd knows no {value.tag} `{value.text}`", mend, section)
        if section.name.lower() in self._used:
            self._reading.gap(value.place, f"{value.place.where} says a word that is not known", Part.IKE)

    def _names(self, section: Section, value: Value, what: str) -> None:
        is_list = KINDS.get(value.tag.lower()) is Kind.SECTIONS
        for name in _named(value, is_list=is_list):
            if is_list and name.text == "ANY" and value.tag.lower() == "life":
                continue
            if self._found.defines(name.text):
                continue
            if is_placeholder(name.text):
                self._no_address(name.origin, name.text)
                continue
            self._undefined(section, name, what)

    def _undefined(self, section: Section, name: Name, what: str) -> None:
        near = self._near(name.text)
        mend = f"did you mean `{near}`?" if near else f"define [{name.text[:_LONGEST_NAME]}]"
        message = f"{what} `{name.text}` has no section, and isakmpd makes none of this name"
        self._say("CFG003", name.origin, message, mend, section)

    def _near(self, name: str) -> str:
        """A defined name that looks like this one; nothing where many names are wrong, as looking takes its time."""
        self._sought += 1
        if self._sought > _MOST_SOUGHT or len(name) > _LONGEST_NAME:
            return ""
        lowered = name.lower()
        made = [lowered + ending for ending in _ENDINGS if self._found.defines(lowered + ending)]
        known = {item.name.lower(): item.name for item in self._found.sections.values()}
        near = get_close_matches(lowered, [*made, *islice(known, _MOST_KNOWN)], n=1, cutoff=0.8)
        return known.get(near[0], near[0].upper()) if near else ""

    def _say(self, code: str, place: Span, message: str, mend: str, section: Section) -> None:
        unused = section.name.lower() not in self._used
        self._reading.say(code, place, message, mend=mend, warning=unused)


def _named(value: Value, *, is_list: bool) -> Iterator[Name]:
    if is_list:
        yield from names(value)
    elif value.text:
        yield Name(value.text, value.place)


def _used(found: Configuration) -> set[str]:
    """The sections that something leads to, from those that isakmpd itself asks for."""
    used: set[str] = set()
    due = ["general", "phase 1", "phase 2", "x509-certificates", "keynote"]
    while due:
        key = due.pop()
        section = found.sections.get(key)
        if key in used or section is None:
            continue
        used.add(key)
        for tag, value in section.tags.items():
            if key == "phase 1":
                due.append(value.text.lower())
            elif tag in REFERENCES:
                due += [name.text.lower() for name in _named(value, is_list=KINDS[tag] is Kind.SECTIONS)]
    return used
