"""Addresses in rules: literal ones, names of interfaces and hosts, tables, and what may be written around them.

pfctl looks names of interfaces and hosts up while it reads. Which addresses they have is not written in pf.conf, so
they stay :class:`~spdcheck.model.pf.Named` here. Everything else is what ``host()`` and the ``host`` rule of pfctl do.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, number, text
from spdcheck.model.addresses import AddressRange, parse_value, prefix
from spdcheck.model.pf_conditions import Anywhere, Literal, Named, NoRoute, RouteLabel, TableName, UrpfFailed
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.parse import Item
    from spdcheck.model.pf_conditions import PfAddress

MODIFIERS = ("network", "broadcast", "peer")
MAX_INTERFACE = 15
MAX_TABLE = 31

_PARTIAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_NO_NAME = re.compile(r"[0-9.]+|0x[0-9a-fA-F]+")


class Host(NamedTuple):
    """One address of a list. ``family`` is None where it is not known: names, tables, ``any``.

    ``weight`` is 0 where none is given; ``interface`` is that of an old ``(em0 192.0.2.1)`` or of ``address@em0``.
    """

    address: PfAddress
    negated: bool = False
    family: int | None = None
    weight: int = 0
    interface: str = ""

    @property
    def scope(self) -> str:
        """The interface of a link-local address, or ``""``."""
        return self.address.scope if isinstance(self.address, Literal) else ""


ANY = Host(Anywhere())


def hosts(statement: Statement, items: Iterable[Item]) -> list[Host]:
    """The addresses of a peer, lists flattened. Empty for ``any``, which beats everything beside it in a list."""
    found: list[Host] = []
    for item in items:
        if isinstance(item, Slot):
            continue
        if item.rule == "any":
            return []
        if item.rule == "host_list":
            inner = hosts(statement, item.items)
            if not inner:
                return []
            found += inner
        else:
            found += one(statement, item)
    return found


def one(statement: Statement, node: Node) -> Iterator[Host]:
    """A single address, with what stands around it."""
    if node.rule == "not_host":
        for host in one(statement, _first(node)):
            yield host._replace(negated=True)
        return
    if node.rule == "weighted":
        weight = number(statement, _slot(node, 1))
        if not 1 <= weight <= 65535:
            raise Refused("weight out of range", _slot(node, 1).at)
        for host in one(statement, _first(node)):
            yield host._replace(weight=weight)
        return
    if node.rule == "via":
        name = interface_name(text(statement, node.items[0]), _slot(node, 0).at)
        for host in one(statement, _first(node, 1)):
            yield host._replace(interface=name)
        return
    yield _READERS[node.rule](statement, node)


def _first(node: Node, at: int = 0) -> Node:
    item = node.items[at]
    assert isinstance(item, Node)
    return item


def _slot(node: Node, at: int) -> Slot:
    item = node.items[at]
    assert isinstance(item, Slot)
    return item


def _host(statement: Statement, node: Node) -> Host:
    slot = _slot(node, 0)
    try:
        return named_or_literal(statement.texts[slot.at])
    except Refused as refused:
        raise Refused(refused.message, slot.at, refused.mend) from None


def _network(statement: Statement, node: Node) -> Host:
    slot = _slot(node, 0)
    try:
        return named_or_literal(f"{text(statement, slot)}/{number(statement, _slot(node, 1))}")
    except Refused as refused:
        raise Refused(refused.message, slot.at, refused.mend) from None


def _range(statement: Statement, node: Node) -> Host:
    first, last = (named_or_literal(text(statement, item)) for item in node.items)
    a, b = first.address, last.address
    if (
        not isinstance(a, Literal)
        or not isinstance(b, Literal)
        or first.family != last.family
        or not (a.addresses.is_host and b.addresses.is_host)
    ):
        raise Refused("invalid address range", _slot(node, 0).at)
    low, high = a.addresses.first, b.addresses.first
    return Host(Literal(AddressRange(a.addresses.family, low, high)), family=first.family)


def _dynamic(statement: Statement, node: Node) -> Host:
    slot = _slot(node, 0)
    word = text(statement, slot)
    if not word[:1].isalpha():
        raise Refused(f"invalid interface name '{word}'", slot.at)
    name, which, first_only, rest = _modifiers(word)
    if rest:
        raise Refused(f"interface {word} has bad modifier", slot.at)
    if which is None:
        raise Refused("illegal combination of interface modifiers", slot.at)
    length = None
    if len(node.items) > 1:
        length = number(statement, _slot(node, 1))
        if not 0 <= length <= 128:
            raise Refused("bit number too big", _slot(node, 1).at)
    return Host(Named(interface_name(name, slot.at), which, first_only, length, dynamic=True))


def _table(statement: Statement, node: Node) -> Host:
    slot = _slot(node, 0)
    name = text(statement, slot)
    if len(name) > MAX_TABLE:
        raise Refused(f"table name '{name}' too long", slot.at)
    return Host(TableName(name))


def _route_label(statement: Statement, node: Node) -> Host:
    slot = _slot(node, 0)
    label = text(statement, slot)
    if len(label) > 31:
        raise Refused("route label too long, max 31 chars", slot.at)
    return Host(RouteLabel(label))


_READERS: dict[str, Callable[[Statement, Node], Host]] = {
    "host": _host,
    "network": _network,
    "range": _range,
    "dynamic": _dynamic,
    "table_name": _table,
    "route_label": _route_label,
    "no_route": lambda *_: Host(NoRoute()),
    "urpf_failed": lambda *_: Host(UrpfFailed()),
}


def interface_name(name: str, at: int | None = None) -> str:
    """The name of an interface or group; kernels hold 15 characters."""
    if len(name) > MAX_INTERFACE:
        raise Refused("interface name too long", at)
    return name


@cache
def named_or_literal(word: str) -> Host:
    """An address, a prefix (``10/8`` too), or a name with its modifiers, as ``host()`` of pfctl takes it."""
    name, slash, mask = word.partition("/")
    length = None
    if slash:
        if not re.fullmatch(r"[0-9]+", mask) or int(mask) > 128:
            raise Refused("could not parse host specification", mend=f"/{mask} is no length of a prefix")
        length = int(mask)
    value = parse_value(name)
    if value is not None:
        zone = name.partition("%")[2]
        return _literal(*value, length, zone)
    if length is not None and _PARTIAL.fullmatch(name):
        parts = [int(part) for part in name.split(".")]
        if max(parts) > 255:
            raise Refused("could not parse host specification", mend=f"{name} is no IPv4 address")
        parts += [0] * (4 - len(parts))
        return _literal(4, int.from_bytes(bytes(parts), "big"), length, "")
    address, at, interface = name.partition("@")
    if at and (value := parse_value(address)) is not None:
        return _literal(*value, length, "")._replace(interface=interface_name(interface))
    bare, which, first_only, rest = _modifiers(name)
    if rest or which is None or not _NAME.fullmatch(bare) or _NO_NAME.fullmatch(bare):
        raise Refused("could not parse host specification", mend=f"no IP address found for {word}")
    if length is not None and which in ("network", "broadcast"):
        raise Refused("could not parse host specification", mend="network or broadcast lookup, but extra netmask given")
    return Host(Named(bare, which, first_only, length))


def _literal(family: int, value: int, length: int | None, zone: str) -> Host:
    bits = 32 if family == 4 else 128
    if length is not None and length > bits:
        raise Refused(f"netmask {length} invalid for IPv4 address")
    return Host(Literal(prefix(family, value, bits if length is None else length), zone), family=family)


def _modifiers(word: str) -> tuple[str, str | None, bool, str]:
    """``em0:network:0`` as name, which addresses (None: two of them), whether only the first, and what is wrong."""
    name, which, first_only = word, "", False
    while ":" in name:
        name, _, modifier = name.rpartition(":")
        if modifier == "0":
            first_only = True
        elif modifier in MODIFIERS:
            if which and which != modifier:
                return name, None, first_only, ""
            which = modifier
        else:
            return name, which, first_only, modifier
    return name, which, first_only, ""
