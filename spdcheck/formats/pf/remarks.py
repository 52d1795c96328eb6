"""What is read but not known: conditions that the model can't decide, tables and anchors that others fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Note
from spdcheck.model.pf import AnchorCall
from spdcheck.model.pf_conditions import RouteLabel, TableName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.formats.base import Reading
    from spdcheck.model.pf import FilterEntry, PfRuleset, ScrubEntry, TranslationEntry
    from spdcheck.model.pf_conditions import Condition
    from spdcheck.source import Span

    Entry = FilterEntry | TranslationEntry | ScrubEntry


def remark(reading: Reading, ruleset: PfRuleset) -> None:
    """Names every statement of a ruleset whose condition is not modelled, and what it uses without a definition."""
    told: set[Span] = set()
    tables: dict[str, Span] = {}
    known = {table.name for inner in (ruleset, *(r for _, r in ruleset.loaded)) for table in inner.tables}
    loaded = {name for name, _ in ruleset.loaded}
    for entry in _entries(ruleset):
        if isinstance(entry, AnchorCall) and entry.origin not in told and not _is_filled(entry, loaded):
            told.add(entry.origin)
            _anchor(reading, entry)
        unknown = _unknown(entry.condition)
        if unknown and entry.origin not in told:
            told.add(entry.origin)
            reading.unmodelled += 1
            message = f"whether a packet meets {' and '.join(unknown)} is not modelled; what depends on it is not known"
            reading.say("CFG002", entry.origin, message, warning=True)
        for peer in (entry.condition.source, entry.condition.destination):
            if isinstance(peer.address, TableName) and peer.address.name not in known:
                tables.setdefault(peer.address.name, entry.origin)
    for name, span in tables.items():
        message = f"no table <{name}> is defined: it is empty until somebody fills it at run time"
        reading.say("CFG003", span, message, mend=f"table <{name}> persist", warning=True)


def _anchor(reading: Reading, call: AnchorCall) -> None:
    reading.unmodelled += 1
    message = f"the rules of anchor {call.name} come at run time; it is taken as empty"
    note = Note(call.origin, "load anchor … from a file makes them known")
    reading.say("CFG002", call.origin, message, notes=(note,), warning=True)


def _is_filled(call: AnchorCall, loaded: set[str]) -> bool:
    """The rules stand inline, or a file loads them."""
    wanted = call.name.strip("/")
    return call.body is not None or any(
        name == wanted or (wanted.endswith("/*") and name.startswith(wanted[:-1])) for name in loaded
    )


def _entries(ruleset: PfRuleset) -> Iterator[Entry]:
    lists: tuple[Iterable[Entry], ...] = (
        ruleset.scrub, ruleset.binat, ruleset.nat, ruleset.rdr, ruleset.rules,
    )  # fmt: skip
    for part in lists:
        for entry in part:
            yield from _within(entry)
    for _, inner in ruleset.loaded:
        yield from _entries(inner)


def _within(entry: Entry) -> Iterator[Entry]:
    yield entry
    if isinstance(entry, AnchorCall):
        for inner in entry.body or ():
            yield from _within(inner)


def _unknown(condition: Condition) -> list[str]:
    """The parts of a condition that nobody can decide from the configuration."""
    found = [f"`{text}`" for text in condition.other]
    addresses = (condition.source.address, condition.destination.address)
    found += [f"`route {address.label}`" for address in addresses if isinstance(address, RouteLabel)]
    interfaces = (condition.interface, condition.received_on)
    found += [f"`on rdomain {on.rdomain}`" for on in interfaces if on is not None and on.rdomain is not None]
    for test, word in ((condition.user, "user"), (condition.group, "group")):
        if test is not None and not isinstance(test.first, int):
            found.append(f"`{word} {test.first or 'unknown'}`")
    return found
