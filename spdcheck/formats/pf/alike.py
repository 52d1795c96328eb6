"""Rules that differ from an earlier one in addresses and ports only: made from that one, not read anew.

Long rulesets repeat a few rules with other addresses. Where the words of a rule, its addresses and ports left out, were
read before, and the addresses are of the same families as then, the rule of the kernel is the earlier one with the
addresses and ports put in: nothing that pfctl checks depends on anything else. Only rules with plain addresses and
single ports are remembered; names, tables, lists, translations and labels with ``$`` are always read.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.hosts import named_or_literal
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node
from spdcheck.formats.pf.pools import port_range
from spdcheck.formats.shapes import MAX_SHAPES
from spdcheck.model.pf_conditions import Literal, NumberTest, Peer
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Hashable

    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.model.pf import PfRule


class End(NamedTuple):
    """Where the words of one end stand: the address and the length behind it, and the port; -1 for none."""

    address: int = -1
    length: int = -1
    port: int = -1


class Places(NamedTuple):
    """Where the addresses and ports of a shape stand, and all its other words."""

    source: End
    destination: End
    fixed: tuple[int, ...]


class AlikeRules:
    """The rules of a file so far, by the words that they have in common with others."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, ...], Places | None] = {}
        self._rules: dict[Hashable, PfRule] = {}

    def find(self, statement: Statement, context: Hashable) -> PfRule | None:
        """The rule of the statement, if one like it is known; ``context`` is what else decides about its meaning."""
        places = self._places.get(statement.kinds)
        if places is None:
            return None
        return self._made(statement, places, context)

    def keep(self, statement: Statement, node: Node, context: Hashable, rule: PfRule) -> None:
        """Remembers the rule that a statement makes, if others can be made from it."""
        if statement.kinds not in self._places:
            if len(self._places) >= MAX_SHAPES:
                self._places.clear()
            self._places[statement.kinds] = _places(node, len(statement.texts))
        places = self._places[statement.kinds]
        if places is None or not _can_be_model(rule):
            return
        ends = _ends(statement, places)
        if ends is not None:
            key = _key(statement, places, context, *ends)
            if len(self._rules) >= MAX_SHAPES:
                self._rules.clear()
            self._rules[key] = rule
            if self._made(statement, places, context) != rule:
                del self._rules[key]

    def _made(self, statement: Statement, places: Places, context: Hashable) -> PfRule | None:
        ends = _ends(statement, places)
        if ends is None:
            return None
        source, destination = ends
        known = self._rules.get(_key(statement, places, context, source, destination))
        if known is None:
            return None
        condition = known.condition
        changes = {}
        if source is not None:
            changes["source"] = source
        if destination is not None:
            changes["destination"] = destination
        return replace(
            known, origin=statement.span(), condition=replace(condition, **changes) if changes else condition
        )


def _can_be_model(rule: PfRule) -> bool:
    texts = (rule.tag, *rule.labels, rule.condition.tagged.name if rule.condition.tagged else "")
    plain = rule.nat is None and rule.rdr is None and rule.af_to is None and rule.route is None and not rule.divert
    return plain and not any("$" in text for text in texts)


def _key(
    statement: Statement, places: Places, context: Hashable, source: Peer | None, destination: Peer | None
) -> Hashable:
    texts = statement.texts
    return statement.kinds, context, tuple([texts[at] for at in places.fixed]), _kind(source), _kind(destination)


def _kind(peer: Peer | None) -> int:
    """What the checks of pfctl ask about an end: its family."""
    address = None if peer is None else peer.address
    return address.addresses.family if isinstance(address, Literal) else 0


def _ends(statement: Statement, places: Places) -> tuple[Peer | None, Peer | None] | None:
    """Source and destination as they are written, None for what the shape fixes; or None where one is not plain."""
    texts = statement.texts
    found: list[Peer | None] = []
    for end in (places.source, places.destination):
        if end.address < 0:
            found.append(None)
            continue
        length = texts[end.length] if end.length >= 0 else ""
        peer = _peer(texts[end.address], length, texts[end.port] if end.port >= 0 else "")
        if peer is None:
            return None
        found.append(peer)
    return found[0], found[1]


def _peer(address: str, length: str, port: str) -> Peer | None:
    """A plain address with a plain port; None for everything else."""
    try:
        host = named_or_literal(f"{address}/{int(length)}" if length else address)
        test = _port(port) if port else None
    except (Refused, ValueError):
        return None
    found = host.address
    if not isinstance(found, Literal) or found.scope or host.interface or found.addresses.is_everything:
        return None
    return None if port and test is None else Peer(found, False, test)


@cache
def _port(word: str) -> NumberTest | None:
    first, _, kind = port_range(word)
    return None if kind else NumberTest("=", first)


def _places(node: Node, words: int) -> Places | None:
    """The places of a shape; None if it has lists, or ends of another kind."""
    ends = {"source": End(), "destination": End()}
    for item in node.items:
        if isinstance(item, Node) and item.rule in ends:
            end = _end(item)
            if end is None:
                return None
            ends[item.rule] = end
    changing = {at for end in ends.values() for at in end}
    return Places(ends["source"], ends["destination"], tuple(at for at in range(words) if at not in changing))


def _end(node: Node) -> End | None:
    """The places of one end; without a plain address (``any``, ``to port 22``) everything in it is fixed."""
    first, *rest = node.items
    if not isinstance(first, Node) or len(rest) > 1:
        return None
    if first.rule in ("any", "ports"):
        return End()
    slots = [item for item in first.items if isinstance(item, Slot)]
    if first.rule not in ("host", "network") or len(slots) != len(first.items):
        return None
    found = End(slots[0].at, slots[1].at if len(slots) > 1 else -1)
    if not rest:
        return found
    ports = rest[0]
    if not isinstance(ports, Node) or len(ports.items) != 1:
        return None
    port = ports.items[0]
    if not isinstance(port, Node) or port.rule != "port" or len(port.items) != 1:
        return None
    slot = port.items[0]
    return found._replace(port=slot.at) if isinstance(slot, Slot) else None
