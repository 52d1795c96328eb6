"""Reads ippool.conf, the tables of addresses that ipf.conf and ipnat.conf refer to."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from spdcheck.formats.base import Reading
from spdcheck.formats.grammar import automaton
from spdcheck.formats.ipf_lexer import Vocabulary
from spdcheck.formats.ipf_reading import RefusedError, Statements, own_slots
from spdcheck.formats.ippool.entries import read_list, read_network, read_whois
from spdcheck.model.diagnostic import Part
from spdcheck.model.ipfilter import HostName, PoolEntry, Target
from spdcheck.model.ippool import Pool, PoolSet
from spdcheck.model.policy import Direction

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Slot
    from spdcheck.formats.base import Context
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.source import SourceFile, Span

_BEGINS = re.compile(r"(?:table|group-map|pool)(?![\w-])|\$|[a-z][\w-]*\s*=\s*[^\s=]+\s*;", re.IGNORECASE)

_WORDS = {
    "WORD": "a name", "NUMBER": "a number", "DOTTED": "an address", "IPV6": "an address", "STRING": "a quoted text",
}  # fmt: skip
_ROLES = ("ipf", "nat", "auth", "count", "all")
_KINDS = ("tree", "hash", "dstlist", "group-map")


@cache
def _statements() -> Statements:
    grammar = automaton("ippool", "statement")
    vocabulary = Vocabulary(grammar)
    return Statements(grammar, vocabulary, begins=_BEGINS, words=_WORDS, what="the table", part=(Part.FILTER, Part.NAT))


def read(file: SourceFile, context: Context) -> Reading:
    """Reads one file, and the lists of addresses that it names."""
    reading = Reading(file=file, format="ippool")
    pools: list[Pool] = []
    statements = _statements()
    for parsed in statements.read(reading):
        reading.statements += len(parsed.tree.nodes) - 1
        for node in parsed.tree.nodes:
            try:
                pools.append(_Table(parsed, node, reading, context).pool())
            except RefusedError as refused:
                statements.refuse(reading, refused)
    reading.facts.packet_filters.append(PoolSet(origin=file.span(), pools=tuple(pools)))
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file itself: tables hold no secrets."""
    return file


class _Table:
    """One table of a statement."""

    def __init__(self, parsed: Parsed, node: Node, reading: Reading, context: Context) -> None:
        self._parsed = parsed
        self._node = node
        self._reading = reading
        self._context = context
        self._values: dict[str, Any] = {"role": "ipf", "kind": "", "name": ""}
        self._entries: list[PoolEntry] = []
        self._targets: list[Target] = []

    def pool(self) -> Pool:
        """The table as a value."""
        node = self._node
        if node.rule == "pool":
            role, kind = own_slots(node)
            self._values.update(role=self._role(role), kind=self._kind(kind))
        elif node.rule == "group_map":
            self._values["kind"] = "group-map"
        for part in node.nodes:
            if part.rule == "entries":
                for entry in part.nodes:
                    self._entry(entry)
            else:
                self._attribute(part)
        if not self._values["kind"]:
            raise RefusedError(
                "the table has no type", self._parsed.start, self._parsed.end, "write type = tree or hash"
            )
        return Pool(origin=self._span(), entries=tuple(self._entries), targets=tuple(self._targets), **self._values)

    def _span(self) -> Span:
        return self._reading.file.span(self._parsed.start, self._parsed.end)

    def _role(self, slot: Slot) -> str:
        role = self._parsed.text(slot).lower()
        if role not in _ROLES:
            raise self._parsed.refuse(slot, f"`{role}` is no role, expected {', '.join(_ROLES)}")
        return role

    def _kind(self, slot: Slot) -> str:
        kind = self._parsed.text(slot).lower()
        if kind not in _KINDS:
            raise self._parsed.refuse(slot, f"`{kind}` is no kind of table, expected {', '.join(_KINDS)}")
        return kind

    def _attribute(self, node: Node) -> None:
        texts = [self._parsed.text(slot) for slot in own_slots(node)]
        if node.rule == "direction":
            self._values["direction"] = Direction.IN if texts[0].lower() == "in" else Direction.OUT
        elif node.rule == "role":
            self._values["role"] = self._role(node.slot)
        elif node.rule == "type":
            self._values["kind"] = self._kind(node.slot)
        elif node.rule in ("size", "seed"):
            self._values[node.rule] = int(texts[0])
        else:
            self._values[node.rule] = " ".join(texts)

    def _entry(self, node: Node) -> None:
        kind = node.rule
        if kind == "entry":
            network = read_network(self._parsed, next(part for part in node.nodes if part.rule == "network"))
            group = next((self._parsed.text(slot) for slot in own_slots(node)), None)
            excluded = node.child("not") is not None
            if self._values["kind"] == "dstlist":
                self._targets.append(Target("", network))
            else:
                self._entries.append(PoolEntry(network, excluded, group))
        elif kind == "target":
            interface = self._parsed.text(node.slot)
            self._targets.append(Target(interface, read_network(self._parsed, node)))
        elif kind == "host_name":
            self._host_name(node.slot)
        else:
            self._listed(node.slot, whois=kind == "whois")

    def _host_name(self, slot: Slot) -> None:
        text = self._parsed.text(slot)
        span = self._reading.file.span(*self._parsed.region(slot.at, slot.at))
        self._reading.say("CFG003", span, f"`{text}` is a host name that nothing here resolves", warning=True,
                          mend="write the address")  # fmt: skip
        self._entries.append(PoolEntry(HostName(text)))

    def _listed(self, slot: Slot, *, whois: bool) -> None:
        """Entries from another file; what can't be opened leaves the table unknown."""
        path = self._parsed.text(slot)
        span = self._reading.file.span(*self._parsed.region(slot.at, slot.at))
        if not whois and not path.startswith(("file://", "http://")):
            self._host_name(slot)
            return
        files: tuple[SourceFile, ...] = ()
        reason = f"{path} is fetched when the tables are loaded"
        if not path.startswith("http://"):
            files, reason = self._context.includes.find(path.removeprefix("file://"), self._reading.file)
        if not files:
            self._values["missing"] = reason
            self._reading.not_modelled(span, reason, part=(Part.FILTER, Part.NAT))
        for file in files:
            self._reading.included.append(file)
            self._entries += read_whois(file.text) if whois else read_list(file.text)
