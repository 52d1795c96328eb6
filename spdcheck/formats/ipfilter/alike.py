"""Rules that differ from an earlier one in IPv4 addresses and ports only: made from that one, not read anew.

Rulesets of machines repeat a few rules with other addresses. Where the words of a rule, its numeric addresses and ports
left out, were read before without a remark, the new rule is the earlier one with the addresses and ports put in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats import ipf_names as names
from spdcheck.formats.shapes import MAX_SHAPES
from spdcheck.model.ipfilter import MAX_PORT, NetworkAddress
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace

if TYPE_CHECKING:
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.model.ipfilter import IpfRule
    from spdcheck.source import Span


class _Place(NamedTuple):
    """Where the words of one end stand; -1 for none."""

    side: str
    address: int = -1
    length: int = -1
    port: int = -1


class _Shape(NamedTuple):
    """The ends of a rule that may change, and where all its other words stand."""

    ends: tuple[_Place, ...]
    fixed: tuple[int, ...]


class AlikeRules:
    """The rules of a file so far, by the words that they have in common with others."""

    def __init__(self) -> None:
        self._shapes: dict[Node, _Shape | None] = {}
        self._rules: dict[tuple[Node, tuple[str, ...]], IpfRule] = {}

    def find(self, parsed: Parsed, node: Node, origin: Span) -> IpfRule | None:
        """The rule of a node, if one like it is known."""
        shape = self._shapes.get(node)
        return None if shape is None else self._made(parsed, node, shape, origin)

    def keep(self, parsed: Parsed, node: Node, rule: IpfRule) -> None:
        """Remembers the rule that a node stands for, if others can be made from it."""
        if node not in self._shapes:
            if len(self._shapes) >= MAX_SHAPES:
                self._shapes.clear()
                self._rules.clear()
            self._shapes[node] = _shape(node, len(parsed.tokens.texts)) if len(parsed.tree.nodes) == 1 else None
        shape = self._shapes[node]
        if shape is None or rule.expression is not None:
            return
        if len(self._rules) >= MAX_SHAPES:
            self._rules.clear()
        key = node, _fixed(parsed, shape)
        self._rules[key] = rule
        if self._made(parsed, node, shape, rule.origin) != rule:
            del self._rules[key]

    def _made(self, parsed: Parsed, node: Node, shape: _Shape, origin: Span) -> IpfRule | None:
        known = self._rules.get((node, _fixed(parsed, shape)))
        if known is None:
            return None
        texts = parsed.tokens.texts
        changes: dict[str, object] = {"origin": origin}
        for place in shape.ends:
            end = known.source if place.side == "source" else known.destination
            if place.address >= 0:
                network = _network(texts[place.address], texts[place.length] if place.length >= 0 else "32")
                if network is None:
                    return None
                end = end._replace(addresses=network)
            if place.port >= 0:
                port = int(texts[place.port])
                if port > MAX_PORT or end.ports is None:
                    return None
                end = end._replace(ports=end.ports._replace(first=port))
            changes[place.side] = end
        return replace(known, **changes)


def _fixed(parsed: Parsed, shape: _Shape) -> tuple[str, ...]:
    texts = parsed.tokens.texts
    return tuple([texts[at] for at in shape.fixed])


def _network(address: str, length: str) -> NetworkAddress | None:
    """A whole IPv4 address with a prefix length; None for what needs a remark."""
    if address.count(".") != 3:
        return None
    value, bits = names.dotted(address), names.mask_of_length(4, int(length))
    if isinstance(value, str) or bits is None:
        return None
    return names.network(4, value.value, bits)


def _shape(node: Node, words: int) -> _Shape | None:
    """The places of a rule; None if an end of it is no plain one."""
    ends = []
    for body in node.nodes:
        if body.rule != "body":
            continue
        for part in body.nodes:
            if part.rule not in ("from_to", "to"):
                continue
            sides = ("source", "destination") if part.rule == "from_to" else ("destination",)
            for side, end in zip(sides, part.nodes, strict=False):
                place = _place(side, end)
                if place is None:
                    return None
                ends.append(place)
    changing = {at for place in ends for at in place[1:]}
    return _Shape(tuple(ends), tuple(at for at in range(words) if at not in changing))


def _place(side: str, end: Node) -> _Place | None:
    """The places of one end; a negation and what stands for any address are fixed words."""
    found = _Place(side)
    for part in end.nodes:
        if part.rule == "host_address" and part.nodes[0].slot.name == "DOTTED":
            found = found._replace(address=part.nodes[0].slot.at)
        elif part.rule == "network" and part.nodes[0].slot.name == "DOTTED" and part.nodes[1].slot.name == "NUMBER":
            found = found._replace(address=part.nodes[0].slot.at, length=part.nodes[1].slot.at)
        elif part.rule == "port_compared":
            port = next(item for item in part.nodes if item.rule == "port")
            if port.slot.name == "NUMBER":
                found = found._replace(port=port.slot.at)
        elif part.rule not in ("not", "any"):
            return None
    return found
