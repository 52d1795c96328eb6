"""A rule as written, before its lists are multiplied out: what every kind of rule collects from its tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.pf import names
from spdcheck.formats.pf.hosts import Host, hosts, interface_name
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, number, text
from spdcheck.formats.pf.pools import PoolDraft, pool, port_range
from spdcheck.formats.pf.states import StateOptions, state_options
from spdcheck.formats.shapes import Slot
from spdcheck.model.pf import FlagTest, NumberTest, OnInterface, TagTest
from spdcheck.model.protocols import ICMP, ICMP6

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.pf.dialect import Dialect
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.parse import Item

MAX_LABEL = MAX_TAG = 63
MAX_LABELS = 5


class Draft:
    """What a rule says. Lists are empty where nothing is asked; ``given`` are the options that may stand only once."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        self.statement = statement
        self.dialect = dialect
        self.given: set[str] = set()
        self.direction = ""
        self.quick = False
        self.log = ""
        self.interfaces: list[OnInterface] = []
        self.family: int | None = None
        self.protocols: list[int] = []
        self.source: list[Host] = []
        self.source_ports: list[NumberTest] = []
        self.oses: list[str] = []
        self.destination: list[Host] = []
        self.destination_ports: list[NumberTest] = []
        self.users: list[NumberTest] = []
        self.groups: list[NumberTest] = []
        self.icmp: list[tuple[int, int, int | None]] = []
        self.flags: FlagTest | None = None
        self.tos: int | None = None
        self.prio: int | None = None
        self.fragment = False
        self.tagged: TagTest | None = None
        self.probability = ""
        self.max_pkt_rate = ""
        self.received_on: OnInterface | None = None
        self.keep = ""
        self.state_options: StateOptions | None = None
        self.nat: PoolDraft | None = None
        self.rdr: PoolDraft | None = None
        self.binat = False
        self.af_to: tuple[int, PoolDraft, PoolDraft | None] | None = None
        self.route = ""
        self.route_pool: PoolDraft | None = None
        self.divert: tuple[str, str, int] | None = None
        self.scrub: dict[str, str] = {}
        self.tag = ""
        self.labels: list[str] = []
        self.allow_opts = False
        self.once = False
        self.rtable: int | None = None
        self.queue = ""
        self.sets: dict[str, str] = {}
        self.kept: list[str] = []

    def take(self, item: Item) -> bool:
        """Reads one part of the rule; False if it is none that rules share."""
        if isinstance(item, Slot):
            return False
        reader = _READERS.get(item.rule)
        if reader is None:
            return False
        reader(self, item)
        return True

    def once_only(self, name: str, message: str) -> None:
        """Refuses the second of an option that may stand only once."""
        if name in self.given:
            raise Refused(message)
        self.given.add(name)


def _direction(draft: Draft, node: Node) -> None:
    draft.direction = "in" if node.rule == "in_" else "out"


def _quick(draft: Draft, node: Node) -> None:
    draft.quick = True


def _log(draft: Draft, node: Node) -> None:
    options = set()
    interface = ""
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule == "log_to":
            word = " ".join(text(draft.statement, part) for part in item.items)
            if not word.startswith("pflog"):
                raise Refused(f"{word}: should be a pflog interface")
            if not re.fullmatch(r"[0-9]{1,3}", word[5:]) or int(word[5:]) > 255:
                raise Refused(f"{word}: invalid")
            interface = word if int(word[5:]) else interface
        else:
            options.add({"all": "all", "log_matches": "matches", "log_user": "user"}[item.rule])
    parts = [word for word in ("all", "matches", "user") if word in options]
    if interface:
        parts.append(f"to {interface}")
    draft.log = f"log ({', '.join(parts)})" if parts else "log"


def _log_all(draft: Draft, node: Node) -> None:
    draft.log = "log (all)"


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


def _flags_any(draft: Draft, node: Node) -> None:
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
    draft.prio = _priority(draft, node.items[0])


def _priority(draft: Draft, item: Item) -> int:
    assert isinstance(item, Slot)
    value = number(draft.statement, item)
    if not 0 <= value <= 7:
        raise Refused("prio must be 0 - 7", item.at)
    return value


def _state(draft: Draft, node: Node) -> None:
    options = state_options(draft.statement, node.items)
    draft.once_only("keep", "modulate or keep cannot be redefined")
    draft.keep = node.rule.removesuffix("_state")
    draft.state_options = options


def _fragment(draft: Draft, node: Node) -> None:
    draft.fragment = True


def _allow_opts(draft: Draft, node: Node) -> None:
    draft.allow_opts = True


def _label(draft: Draft, node: Node) -> None:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    word = text(draft.statement, slot)
    if draft.dialect.vocabulary == "freebsd":
        if len(draft.labels) >= MAX_LABELS:
            raise Refused(f"label can only be used {MAX_LABELS} times", slot.at)
    elif draft.labels:
        raise Refused("label cannot be redefined", slot.at)
    if len(word) > MAX_LABEL:
        raise Refused(f"rule label too long (max {MAX_LABEL} chars)", slot.at)
    draft.labels.append(word)


def _queue(draft: Draft, node: Node) -> None:
    if draft.queue:
        raise Refused("queue cannot be redefined")
    words = [text(draft.statement, item) for item in node.items]
    draft.queue = f"queue ({', '.join(words)})" if len(words) > 1 else f"queue {words[0]}"


def _tag(draft: Draft, node: Node) -> None:
    draft.tag = _tag_name(draft, node)


def _tagged(draft: Draft, node: Node) -> None:
    draft.tagged = TagTest(_tag_name(draft, node), node.rule == "not_tagged")


def _tag_name(draft: Draft, node: Node) -> str:
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


def _rtable(draft: Draft, node: Node) -> None:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    value = number(draft.statement, slot)
    if not 0 <= value <= 255:
        raise Refused("invalid rtable id", slot.at)
    draft.rtable = value


def _divert(draft: Draft, node: Node) -> None:
    if draft.divert is not None:
        raise Refused("more than one divert option")
    words = [text(draft.statement, item) for item in node.items]
    port = port_range(words[-1])[0] if words else 0
    if words and not port:
        raise Refused(f"invalid divert port: {port}")
    draft.divert = node.rule.replace("_", "-"), words[0] if len(words) > 1 else "", port


def _scrub_options(draft: Draft, node: Node) -> None:
    for item in node.items:
        if isinstance(item, Node):
            scrub_option(draft, item)


def scrub_option(draft: Draft, node: Node) -> None:
    """An option of ``scrub (…)`` or of an old scrub rule."""
    rule = node.rule
    if rule in ("rtable", "tagged", "not_tagged"):
        draft.take(node)
        return
    name = _SCRUB[rule]
    value = ""
    if rule in ("min_ttl", "max_mss"):
        limit = 255 if rule == "min_ttl" else 65535
        slot = node.items[0]
        assert isinstance(slot, Slot)
        given = number(draft.statement, slot)
        if not 0 <= given <= limit:
            raise Refused(f"illegal {name} value {given}", slot.at)
        value = str(given)
    elif rule == "scrub_tos":
        slot = node.items[0]
        assert isinstance(slot, Slot)
        value = f"0x{names.tos_value(text(draft.statement, slot), slot.name == 'NUMBER'):02x}"
    elif rule == "reassemble":
        word = text(draft.statement, node.items[0])
        if word.lower() != "tcp":
            raise Refused(f"scrub reassemble supports only tcp, not '{word}'")
        value = "tcp"
    elif name == "fragment":
        value = {
            "fragment_reassemble": "reassemble",
            "fragment_no_reassemble": "no reassemble",
            "fragment_crop": "crop",
            "fragment_drop_overlap": "drop-ovl",
        }[rule]
    if name in draft.scrub:
        raise Refused(f"{'fragcache' if name == 'fragment' else name} cannot be respecified")
    draft.scrub[name] = value


_SCRUB = {
    "no_df": "no-df",
    "random_id": "random-id",
    "min_ttl": "min-ttl",
    "max_mss": "max-mss",
    "scrub_tos": "set-tos",
    "reassemble": "reassemble",
    "fragment_reassemble": "fragment",
    "fragment_no_reassemble": "fragment",
    "fragment_crop": "fragment",
    "fragment_drop_overlap": "fragment",
}


def _nat_to(draft: Draft, node: Node) -> None:
    if draft.nat is not None or draft.af_to is not None:
        raise Refused("cannot respecify nat-to/binat-to")
    draft.nat = _checked(pool(draft.statement, node.items), node)
    if node.rule == "binat_to":
        draft.binat = True
        draft.nat = draft.nat._replace(static=True)


def _rdr_to(draft: Draft, node: Node) -> None:
    if draft.rdr is not None:
        raise Refused("cannot respecify rdr-to")
    draft.rdr = _checked(pool(draft.statement, node.items), node)


def _af_to(draft: Draft, node: Node) -> None:
    if draft.nat is not None or draft.af_to is not None:
        raise Refused("cannot respecify af-to")
    pools = []
    family = 0
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule == "pool":
            pools.append(_checked(pool(draft.statement, item.items), item))
        else:
            family = 4 if item.rule == "inet" else 6
    if not family:
        raise Refused("no target address family specified")
    for part in pools:
        if part.hosts[0].family and part.hosts[0].family != family:
            if len(pools) > 1:
                raise Refused("af-to addresses must be in the target address family")
            raise Refused("translation spec contains addresses that don't match target address family")
    draft.af_to = family, pools[0], pools[1] if len(pools) > 1 else None


def _checked(draft: PoolDraft, node: Node) -> PoolDraft:
    listed = any(isinstance(item, Node) and item.rule == "pool_list" for item in node.items)
    if listed and any(host.address.__class__.__name__ in ("TableName", "RouteLabel") for host in draft.hosts[:1]):
        raise Refused("only addresses can be listed for redirection pools")
    return draft


def _route(draft: Draft, node: Node) -> None:
    if draft.route:
        raise Refused("cannot respecify route-to/reply-to/dup-to")
    draft.route = node.rule.replace("_", "-")
    if node.items:
        draft.route_pool = pool(draft.statement, node.items, next_hops=not draft.dialect.modern)


def _received_on(draft: Draft, node: Node) -> None:
    if draft.received_on is not None:
        raise Refused("cannot respecify received-on")
    item = node.items[0]
    assert isinstance(item, Node)
    draft.received_on = interface(draft, item)._replace(negated=node.rule.startswith("not_"))


def _once(draft: Draft, node: Node) -> None:
    draft.once = True


def _max_pkt_rate(draft: Draft, node: Node) -> None:
    limit, seconds = (int(text(draft.statement, item)) for item in node.items)
    if not (0 <= limit <= 0xFFFFFFFF and 0 <= seconds <= 0xFFFFFFFF):
        raise Refused("only positive values permitted")
    if draft.max_pkt_rate:
        raise Refused("cannot respecify max-pkt-rate")
    draft.max_pkt_rate = f"max-pkt-rate {limit}/{seconds}"


def _set_prio(draft: Draft, node: Node) -> None:
    values = [_priority(draft, item) for item in node.items]
    draft.once_only("set prio", "prio cannot be redefined")
    draft.sets["prio"] = f"prio {values[0]}" if len(set(values)) == 1 else f"prio({values[0]}, {values[1]})"


def _set_queue(draft: Draft, node: Node) -> None:
    _queue(draft, node)
    words = [text(draft.statement, item) for item in node.items]
    draft.sets["queue"] = f"queue({', '.join(words)})" if len(words) > 1 else f"queue {words[0]}"


def _set_tos(draft: Draft, node: Node) -> None:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    value = names.tos_value(text(draft.statement, slot), slot.name == "NUMBER")
    draft.once_only("set tos", "tos cannot be respecified")
    draft.sets["tos"] = f"tos 0x{value:02x}"


def _set_delay(draft: Draft, node: Node) -> None:
    slot = node.items[0]
    assert isinstance(slot, Slot)
    value = number(draft.statement, slot)
    if not 0 <= value <= 0xFFFF:
        raise Refused(f"illegal delay value {value} (0-65535)", slot.at)
    draft.once_only("set delay", "delay cannot be respecified")
    draft.sets["delay"] = f"delay {value}"


def _numbered(draft: Draft, node: Node) -> None:
    values = []
    for item in node.items:
        value = names.unsigned(text(draft.statement, item))
        if value is None:
            raise Refused(f"{text(draft.statement, item)} is not a number")
        values.append(str(value))
    draft.kept.append(f"{node.rule} ({', '.join(values)})" if len(values) > 1 else f"{node.rule} {values[0]}")


def _nothing(draft: Draft, node: Node) -> None:
    """``all`` asks nothing."""


_READERS: dict[str, Callable[[Draft, Node], None]] = {
    "in_": _direction,
    "out": _direction,
    "quick": _quick,
    "log": _log,
    "log_all": _log_all,
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
    "no_state": _state,
    "keep_state": _state,
    "modulate_state": _state,
    "synproxy_state": _state,
    "fragment": _fragment,
    "allow_opts": _allow_opts,
    "label": _label,
    "queue_name": _queue,
    "tag": _tag,
    "tagged": _tagged,
    "not_tagged": _tagged,
    "probability": _probability,
    "rtable": _rtable,
    "divert_to": _divert,
    "divert_reply": _divert,
    "divert_packet": _divert,
    "scrub_options": _scrub_options,
    "nat_to": _nat_to,
    "binat_to": _nat_to,
    "rdr_to": _rdr_to,
    "af_to": _af_to,
    "fastroute": _route,
    "route_to": _route,
    "reply_to": _route,
    "dup_to": _route,
    "received_on": _received_on,
    "not_received_on": _received_on,
    "once": _once,
    "max_pkt_rate": _max_pkt_rate,
    "set_prio": _set_prio,
    "set_queue": _set_queue,
    "set_tos": _set_tos,
    "set_delay": _set_delay,
    "ridentifier": _numbered,
    "dnpipe": _numbered,
    "dnqueue": _numbered,
}
