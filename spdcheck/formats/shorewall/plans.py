"""Rules repeat: one that differs from earlier ones in addresses and ports only is not read again.

The *form* of a rule is its words with ``@`` for an address behind a zone and for a port of tcp or udp. What is right or
wrong of a rule depends on its form alone. So the second rule of a form is taken apart (:func:`.memo.maker`) into what
is the same in all of them and the places in it, which makes a plan; the third is read once more, and where the plan
gives the same it is trusted from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.shorewall.addresses import ZONE_AND_ADDRESSES, usual_place
from spdcheck.formats.shorewall.memo import anchor, maker
from spdcheck.formats.shorewall.tables import RULES
from spdcheck.model.netfilter import Interval
from spdcheck.model.shorewall import RuleEntry
from spdcheck.model.shorewall_columns import Ports
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import Span

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from spdcheck.formats.shorewall.columns import Row
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.source import SourceFile

_FIELDS = {"proto": "protocols", "dport": "dports", "sport": "sports", "rate": "rates"}
"""What columns are called in the model, where that is not their own name."""

_MOST = 1 << 14
_ONCE, _NONE = object(), object()


class Form:
    """The words of a line, where each stands in the file, and the ``key``: the words without what varies.

    ``fixed`` are the places of the variables that words came from.
    """

    __slots__ = ("addresses", "fixed", "key", "starts", "words")

    def __init__(self, words: list[str], starts: list[int], fixed: dict[int, Span], section: str) -> None:
        self.words, self.starts, self.fixed = words, starts, fixed
        self.addresses: dict[int, re.Match[str]] = {}
        key = [section, *words]
        for number in (1, 2):
            match = ZONE_AND_ADDRESSES.fullmatch(words[number])
            if match is not None and number not in fixed:
                self.addresses[number] = match
                several, port, net = "," in match[2], match[3], "/" in match[2]
                # A server is a host: what is right for one is wrong for a network.
                sign = "@,@" if several else "@/" if net else "@"
                key[number + 1] = f"{match[1]}:{sign}{':@' if port else ''}"
        if len(words) > 4 and words[3] in ("tcp", "udp"):
            for number in range(4, min(len(words), 6)):
                if is_port(words[number]) and number not in fixed:
                    key[number + 1] = "@"
        for number in fixed:
            key[number + 1] = f"${words[number]}"
        self.key = tuple(key)


def form_of(line: Line, section: str) -> Form | None:
    """The form of a rule; None where a word stands in several pieces."""
    text, pieces = line.text, line.pieces
    words = text.split()
    if not 3 <= len(words) <= len(RULES):
        return None
    simple = len(pieces) == 1 and pieces[0].length is None
    at, find, base = 0, text.find, pieces[0].start
    starts, fixed = [], {}
    for number, word in enumerate(words):
        at = find(word, at)
        if simple:
            starts.append(base + at)
        else:
            found = anchor(line, at, at + len(word))
            if found is None:
                return None
            starts.append(found.base)
            if found.fixed is not None:
                fixed[number] = found.fixed
        at += len(word)
    return Form(words, starts, fixed, section)


def is_port(word: str) -> bool:
    """A number that every port column of tcp and udp can have."""
    return len(word) < 6 and word.isdigit() and word.isascii() and int(word) < 65536


class Plan(NamedTuple):
    """A rule without what varies, and the columns that are put in: the field, the word, and what makes it."""

    same: dict[str, Any]
    made: list[tuple[str, int, Callable[[SourceFile, int, Span | None], Any]]]
    places: list[tuple[str, int]]
    ports: list[tuple[str, int]]

    def filled(self, form: Form, line: Line) -> RuleEntry | None:
        """A rule of the form; None where an address is none."""
        file, starts, words, fixed = line.file, form.starts, form.words, form.fixed
        values = self.same | {"comment": line.comment, "origin": line.whole}
        for field, number, make in self.made:
            values[field] = make(file, starts[number], fixed.get(number))
        for field, number in self.places:
            place = usual_place(form.addresses[number], file, starts[number])
            if place is None:
                return None
            values[field] = (place,)
        for field, number in self.ports:
            port, start = int(words[number]), starts[number]
            values[field] = Ports((Interval(port, port),), False, Span(file, start, start + len(words[number])))
        return RuleEntry(**values)


class Plans:
    """The plans of one directory: what is right depends on its zones and interfaces."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Any] = {}

    def filled(self, form: Form, line: Line) -> RuleEntry | None:
        """The rule, if the plan of its form is trusted."""
        known = self._known.get(form.key)
        return known.filled(form, line) if isinstance(known, Plan) else None

    def learn(self, form: Form, line: Line, row: Row, made: RuleEntry) -> None:
        """A rule was read, and nothing is wrong with it."""
        known = self._known.get(form.key)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[form.key] = _ONCE
        elif known is _ONCE:
            plan = _plan(form, row, made)
            self._known[form.key] = _NONE if plan is None else [plan]
        elif isinstance(known, list):
            again = known[0].filled(form, line)
            self._known[form.key] = known[0] if again is not None and _equal(again, made) else _NONE


def _plan(form: Form, row: Row, made: RuleEntry) -> Plan | None:
    if row.inline is not None or row.comment is not None or [cell.text for cell in row.words] != form.words:
        return None
    plan = Plan({"section": made.section}, [], [], [])
    for number, column in enumerate(RULES):
        field = _FIELDS.get(column, column)
        value = getattr(made, field)
        varies = form.key[number + 1] if number < len(form.words) else ""
        if varies == "@":
            plan.ports.append((field, number))
        elif number in form.addresses:
            plan.places.append((field, number))
        elif column in row.cells and (make := maker(value, form.starts[number])) is not None:
            plan.made.append((field, number, make))
        elif maker(value) is None:
            plan.same[field] = value
        else:
            return None
    return plan


def _equal(one: RuleEntry, other: RuleEntry) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in RuleEntry.__annotations__)
