"""Which packets a rule asks for: interface, family, protocol, addresses, ports, and the options that test something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf import names
from spdcheck.formats.pf.draft import MAX_TAG
from spdcheck.formats.pf.hosts import hosts, interface_name
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, number, text
from spdcheck.formats.pf.pools import port_range
from spdcheck.model.pf_conditions import FlagTest, NumberTest, OnInterface, TagTest
from spdcheck.model.protocols import ICMP, ICMP6

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.pf.draft import Draft
    from spdcheck.formats.pf.hosts import Host
    from spdcheck.formats.pf.parse import Item


def _direction(draft: Draft, node: Node) -> None:
    draft.direction = "in" if node.rule == "in_" else "out"


def interface(draft: Draft, node: Node) -> OnInterface:
    """An interface, maybe negated."""
    if node.rule == "not_interface":
        inner = node.items[0]
        assert isinstance(inner, Node)
        return interface(draft, inner)._replace(negated=True)
    if node.rule == "rdomain":
        slot = node.items[0]
        assert isinstance(slot, Slot)
        value = number(draft.statement, slot)
        if not 0 <= value <= 255:
            raise Refused(f"rdomain {value} outside range", slot.at)
        return OnInterface("", rdomain=value)
    item = node.items[0]
    if isinstance(item, Node):
        return OnInterface("any")
    return OnInterface(interface_name(text(draft.statement, item), item.at))


def _on(draft: Draft, node: Node) -> None:
    draft.interfaces = [interface(draft, item) for item in node.items if isinstance(item, Node)]


def _family(draft: Draft, node: Node) -> None:
    draft.family = 4 if node.rule == "inet" else 6


def _protocols(draft: Draft, node: Node) -> None:
    for slot in node.items:
        assert isinstance(slot, Slot)
        try:
            draft.protocols.append(names.protocol_number(text(draft.statement, slot), slot.name == "NUMBER"))
        except Refused as refused:
            raise Refused(refused.message, slot.at) from None


def _source(draft: Draft, node: Node) -> None:
    draft.source, draft.source_ports = _peer(draft, node)


def _destination(draft: Draft, node: Node) -> None:
    draft.destination, draft.destination_ports = _peer(draft, node)
    if any(item.rule == "urpf_failed" for item in _nodes(node)):
        raise Refused('"urpf-failed" is not permitted in a destination address')


def _nodes(node: Node) -> list[Node]:
    found = []
    for item in node.items:
        if isinstance(item, Node):
            found.append(item)
            found += _nodes(item)
    return found


def _peer(draft: Draft, node: Node) -> tuple[list[Host], list[NumberTest]]:
    items = list(node.items)
    last = items[-1]
    ports: list[NumberTest] = []
    if isinstance(last, Node) and last.rule == "ports":
        items.pop()
        ports = [_port(draft, item) for item in last.items if isinstance(item, Node)]
    return hosts(draft.statement, items), ports


def _port(draft: Draft, node: Node) -> NumberTest:
    """``22``, ``> 1023``, ``1:10``, ``1 >< 10``."""
    ends = []
    operator = "="
    for item in node.items:
        if isinstance(item, Node):
            operator = "!="
        elif item.name in ("STRING", "NUMBER"):
            try:
                ends.append(port_range(text(draft.statement, item)))
            except Refused as refused:
                raise Refused(refused.message, item.at) from None
        else:
            operator = draft.statement.texts[item.at]
    (first, last, kind), *more = ends
    if node.rule == "port":
        if kind and last < first and draft.dialect.modern:
            raise Refused("invalid port range")
        return NumberTest(":" if kind else "=", first, last)
    if kind or any(end[2] for end in more):
        raise Refused("':' cannot be used with an other port operator")
    if not more:
        return NumberTest(operator, first)
    last = more[0][0]
    if draft.dialect.modern and (first > last or (operator == "><" and first == last)):
        raise Refused("invalid port range")
    return NumberTest(operator, first, last)


def _os(draft: Draft, node: Node) -> None:
    draft.oses = [text(draft.statement, item) for item in node.items]


def _user(draft: Draft, node: Node) -> None:
    tests = [_identity(draft, item, group=False) for item in node.items if isinstance(item, Node)]
    draft.users = tests + draft.users


def _group(draft: Draft, node: Node) -> None:
    tests = [_identity(draft, item, group=True) for item in node.items if isinstance(item, Node)]
    draft.groups = tests + draft.groups


def _identity(draft: Draft, node: Node, *, group: bool) -> NumberTest:
    operator = "="
    ids = []
    for item in node.items:
        if isinstance(item, Node):
            operator = "!="
        elif item.name in ("STRING", "NUMBER"):
            word = text(draft.statement, item)
            freebsd = draft.dialect.vocabulary == "freebsd"
            ids.append(names.identity(word, item.name == "NUMBER", group=group, freebsd=freebsd))
        else:
            operator = draft.statement.texts[item.at]
    if None in ids and (len(ids) > 1 or operator not in ("=", "!=")):
        raise Refused(f"{'group' if group else 'user'} unknown requires operator = or !=")
    first, *rest = ids
    if len(rest) == 1 and isinstance(rest[0], int):
        return NumberTest(operator, first, rest[0])
    return NumberTest(operator, first)


def _flags(draft: Draft, node: Node) -> None:
    values = [names.tcp_flags(text(draft.statement, item)) for item in node.items]
    value, mask = values if len(values) == 2 else (0, values[0])
    if node.rule == "flags" and node.items and not text(draft.statement, node.items[0]):
        value = 0xFF
    draft.once_only("flags", "flags cannot be redefined")
    if value & mask != value:
        raise Refused("flags always false")
    draft.flags = FlagTest(value, mask)


def _flags_any(draft: Draft, _: Node) -> None:
    draft.once_only("flags", "flags cannot be redefined")


def _icmp_types(draft: Draft, node: Node) -> None:
    family = 4 if node.rule == "icmp_type" else 6
    protocol = ICMP if family == 4 else ICMP6
    for item in node.items:
        assert isinstance(item, Node)
        slots = [slot for slot in item.items if isinstance(slot, Slot)]
        words = [(text(draft.statement, slot), slot.name == "NUMBER") for slot in slots]
        try:
            kind = names.icmp_type(*words[0], family)
            code = names.icmp_code(*words[1], kind, family) if len(words) > 1 else None
        except Refused as refused:
            raise Refused(refused.message, slots[-1].at) from None
        draft.icmp.append((protocol, kind, code))
    draft.once_only("icmp", "icmp-type cannot be redefined")


def _tos(draft: Draft, node: Node) -> None:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    value = names.tos_value(text(draft.statement, slot), slot.name == "NUMBER")
    draft.once_only("tos", "tos cannot be redefined")
    draft.tos = value or None


def _prio(draft: Draft, node: Node) -> None:
    draft.once_only("prio", "prio cannot be redefined")
    draft.prio = priority(draft, node.items[0])


def priority(draft: Draft, item: Item) -> int:
    """A priority of a frame."""
    assert isinstance(item, Slot)
    value = number(draft.statement, item)
    if not 0 <= value <= 7:
        raise Refused("prio must be 0 - 7", item.at)
    return value


def _fragment(draft: Draft, _: Node) -> None:
    draft.fragment = True


def _tagged(draft: Draft, node: Node) -> None:
    draft.tagged = TagTest(tag_name(draft, node), node.rule == "not_tagged")


def tag_name(draft: Draft, node: Node) -> str:
    """The name of a tag: its words joined by blanks."""
    slot = node.items[0]
    assert isinstance(slot, Slot)
    word = " ".join(text(draft.statement, item) for item in node.items)
    if len(word) > MAX_TAG:
        raise Refused(f"tag too long, max {MAX_TAG} chars", slot.at)
    return word


def _probability(draft: Draft, node: Node) -> None:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    word = text(draft.statement, slot)
    match = re.fullmatch(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.)(%?)", word)
    if match is None:
        raise Refused(f"invalid probability: {word}", slot.at)
    value = float(match[1]) * (0.01 if match[2] else 1)
    if value > 1:
        raise Refused(f"invalid probability: {value * 100:g}%", slot.at)
    chance = max(int(value * 0xFFFFFFFF + 0.5), 1)
    shown = f"{chance * 100.0 / 4294967296.0:f}".rstrip("0").rstrip(".")
    draft.probability = f"probability {shown}%"


def _received_on(draft: Draft, node: Node) -> None:
    if draft.received_on is not None:
        raise Refused("cannot respecify received-on")
    item = node.items[0]
    assert isinstance(item, Node)
    draft.received_on = interface(draft, item)._replace(negated=node.rule.startswith("not_"))


def _max_pkt_rate(draft: Draft, node: Node) -> None:
    limit, seconds = (int(text(draft.statement, item)) for item in node.items)
    if not (0 <= limit <= 0xFFFFFFFF and 0 <= seconds <= 0xFFFFFFFF):
        raise Refused("only positive values permitted")
    if draft.max_pkt_rate:
        raise Refused("cannot respecify max-pkt-rate")
    draft.max_pkt_rate = f"max-pkt-rate {limit}/{seconds}"


def _max_pkt_size(draft: Draft, node: Node) -> None:
    size = int(text(draft.statement, node.items[0]))
    if not 0 < size <= 0xFFFF:
        raise Refused("invalid max-pkt-size")
    if draft.max_pkt_size:
        raise Refused("cannot respecify max-pkt-size")
    draft.max_pkt_size = f"max-pkt-size {size}"


def _nothing(draft: Draft, _: Node) -> None:
    """``all`` asks nothing."""


TESTS: dict[str, Callable[[Draft, Node], None]] = {
    "in_": _direction,
    "out": _direction,
    "on": _on,
    "inet": _family,
    "inet6": _family,
    "protocols": _protocols,
    "all": _nothing,
    "source": _source,
    "destination": _destination,
    "os": _os,
    "user": _user,
    "group": _group,
    "flags": _flags,
    "flags_mask": _flags,
    "flags_any": _flags_any,
    "icmp_type": _icmp_types,
    "icmp6_type": _icmp_types,
    "prio": _prio,
    "tos": _tos,
    "fragment": _fragment,
    "tagged": _tagged,
    "not_tagged": _tagged,
    "probability": _probability,
    "received_on": _received_on,
    "not_received_on": _received_on,
    "max_pkt_rate": _max_pkt_rate,
    "max_pkt_size": _max_pkt_size,
}
"""What reads each part of the condition."""
