"""What stands behind ``->``, ``nat-to``, ``rdr-to``, ``af-to`` and ``route-to``: addresses, ports, and the choice."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.hosts import Host, interface_name, named_or_literal, one
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.names import port_number, unsigned
from spdcheck.formats.pf.parse import Node, text
from spdcheck.model.pf import Pool
from spdcheck.model.pf_conditions import Anywhere, Literal, Named, TableName
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.parse import Item
    from spdcheck.model.pf_conditions import NumberTest

PROXY_PORTS = 50001, 65535
"""The source ports that ``nat`` chooses from where the rule does not say."""

_TYPES = {
    "bitmask": "bitmask",
    "random": "random",
    "round_robin": "round-robin",
    "least_states": "least-states",
}


class PoolDraft(NamedTuple):
    """A pool as written. ``port`` is (first, last, kind): kind ``""`` single, ``":"`` range, ``"*"`` same distance."""

    hosts: list[Host]
    port: tuple[int, int, str] | None = None
    how: str = ""
    sticky: bool = False
    static: bool = False
    mape: str = ""
    independent: bool = False
    over_ipv6: bool = False
    """IPv4 packets may be sent to a next hop of IPv6."""


def pool(statement: Statement, items: Iterable[Item], *, next_hops: bool = False) -> PoolDraft:
    """Reads a pool. The ``next_hops`` of old routes may be bare names of interfaces."""
    draft = PoolDraft([])
    for node in items:
        assert isinstance(node, Node)
        rule = node.rule
        if rule in ("pool_list", "route_list"):
            for item in node.items:
                assert isinstance(item, Node)
                draft.hosts.extend(_next_hop(statement, item) if next_hops else one(statement, item))
        elif rule == "pool_port":
            draft = draft._replace(port=_port(statement, node))
        elif rule in _TYPES or rule == "source_hash":
            if draft.how:
                raise Refused("pool type cannot be redefined")
            draft = draft._replace(how=_TYPES.get(rule) or f"source-hash{_key(statement, node)}")
        elif rule == "static_port":
            if draft.static:
                raise Refused("static-port cannot be redefined")
            draft = draft._replace(static=True)
        elif rule == "sticky_address":
            if draft.sticky:
                raise Refused("sticky-address cannot be redefined")
            draft = draft._replace(sticky=True)
        elif rule == "map_e_portset":
            draft = draft._replace(mape=_mape(statement, node, draft))
        elif rule == "endpoint_independent":
            draft = draft._replace(independent=True)
        elif rule == "prefer_ipv6_nexthop":
            draft = draft._replace(over_ipv6=True)
        else:
            draft.hosts.extend(_next_hop(statement, node) if next_hops else one(statement, node))
    return draft


def _next_hop(statement: Statement, node: Node) -> Iterable[Host]:
    """``em0`` or, in pf of OpenBSD 3.0 to 3.2, ``em0:192.0.2.1``; anything else is an address."""
    if node.rule != "host":
        return one(statement, node)
    name, colon, address = text(statement, node.items[0]).partition(":")
    if not colon:
        return (Host(Anywhere(), interface=interface_name(name)),)
    return (named_or_literal(address)._replace(interface=interface_name(name)),)


def _port(statement: Statement, node: Node) -> tuple[int, int, str]:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    try:
        return port_range(text(statement, slot), star=True)
    except Refused as refused:
        raise Refused(refused.message, slot.at) from None


def port_range(word: str, *, star: bool = False) -> tuple[int, int, str]:
    """``80``, ``a:b`` or (with ``star``) ``a:*`` as first, last and kind."""
    first, colon, last = word.partition(":")
    a = port_number(first)
    if not colon:
        return a, 0, ""
    if star and last == "*":
        return a, 0, "*"
    b = port_number(last)
    return (a, 0, "") if a == b else (a, b, ":")


def _key(statement: Statement, node: Node) -> str:
    """The key of a hash: hexadecimal, or the MD5 of any other text; nothing stands for one drawn at load time."""
    if not node.items:
        return ""
    word = " ".join(text(statement, item) for item in node.items)
    if word.startswith("0x"):
        if len(word) != 34:
            raise Refused("hex key must be 128 bits (32 hex digits) long")
        if not re.fullmatch(r"0x[0-9a-fA-F]{32}", word):
            raise Refused("invalid hex key")
        return f" {word.lower()}"
    return f" 0x{hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()}"


def _mape(statement: Statement, node: Node, draft: PoolDraft) -> str:
    offset, length, psid = (_number(text(statement, item)) for item in node.items)
    if draft.mape:
        raise Refused("map-e-portset cannot be redefined")
    if draft.how:
        raise Refused("map-e-portset cannot be used with address pools")
    if not 0 < offset < 16:
        raise Refused("MAP-E PSID offset must be 1-15")
    if length >= 16 or offset + length > 16:
        raise Refused("Invalid MAP-E PSID length")
    if not length:
        raise Refused("PSID Length = 0: this means you do not need MAP-E")
    if psid > 65535:
        raise Refused("Invalid MAP-E PSID")
    return f"map-e-portset {offset}/{length}/{psid}"


def _number(word: str) -> int:
    value = unsigned(word)
    if value is None:
        raise Refused(f"{word} is not a number")
    return value


def may_be_many(address: object) -> bool:
    """A name in parentheses that may stand for several addresses, so that one must be chosen."""
    return isinstance(address, Named) and address.dynamic and not (address.first_only and address.name[-1:].isdigit())


def finished(
    draft: PoolDraft, hosts: list[Host], kind: str, destination_port: NumberTest | None, *, modern: bool
) -> Pool:
    """The pool of a rule: ``kind`` is ``nat``, ``rdr``, ``binat`` or ``route``; ``hosts`` are those of its family."""
    how = draft.how
    if (
        kind != "binat"
        and not how
        and (
            len(hosts) > 1
            or isinstance(hosts[0].address, TableName)
            or any(may_be_many(host.address) for host in hosts)
        )
    ):
        how = "round-robin"
    if how != "round-robin" and (not modern or how in ("", "bitmask")):
        for host in hosts:
            if isinstance(host.address, TableName):
                raise Refused("tables are not supported by pool type")
            if may_be_many(host.address) and kind != "binat":
                assert isinstance(host.address, Named)
                raise Refused(f"interface ({host.address.name}) is not supported by pool type")
        if len(hosts) > 1:
            raise Refused("pool type is not valid for multiple translation or routing addresses")
    first, last = _ports(draft, kind, destination_port)
    options = [word for word, given in (("sticky-address", draft.sticky), (draft.mape, draft.mape)) if given]
    if draft.independent:
        options.append("endpoint-independent")
    if draft.over_ipv6:
        options.append("prefer-ipv6-nexthop")
    if kind == "nat" and draft.static:
        options.append("static-port")
    return Pool(
        tuple(host.address for host in hosts),
        first,
        last,
        how,
        tuple(options),
        tuple(host.weight for host in hosts) if any(host.weight for host in hosts) else (),
        tuple(host.interface for host in hosts) if any(host.interface for host in hosts) else (),
    )


def _ports(draft: PoolDraft, kind: str, destination_port: NumberTest | None) -> tuple[int, int]:
    """First and last port: 0 and 0 where the port stays as it is."""
    first, last, word = draft.port or (0, 0, "")
    if kind == "rdr":
        if draft.static:
            raise Refused("the 'static-port' option is only valid with nat rules")
        if draft.mape:
            raise Refused("the 'map-e-portset' option is only valid with nat rules")
        if word == "*":
            width = 0
            if destination_port is not None and isinstance(destination_port.first, int):
                width = destination_port.last - destination_port.first
            last = first + max(width, 0)
        elif word == ":" and last < first:
            raise Refused("invalid rdr-to port range")
        return first, last or first
    if kind != "nat":
        return 0, 0
    chosen = PROXY_PORTS if not first and not last else (first, last or first)
    if draft.static:
        if draft.mape:
            raise Refused("the 'map-e-portset' option can't be used 'static-port'")
        if chosen != PROXY_PORTS:
            raise Refused("the 'static-port' option can't be used when specifying a port range")
        return 0, 0
    if draft.mape and chosen != PROXY_PORTS:
        raise Refused("the 'map-e-portset' option can't be used when specifying a port range")
    return chosen


def of_family(draft: PoolDraft, family: int | None) -> list[Host]:
    """The addresses that a rule of this family can use; names may be of either."""
    return [host for host in draft.hosts if not (family and host.family and host.family != family)]


def only_addresses(draft: PoolDraft) -> bool:
    """The first of a list in braces is an address or a name, as modern pfctl wants it."""
    return isinstance(draft.hosts[0].address, (Literal, Named))
