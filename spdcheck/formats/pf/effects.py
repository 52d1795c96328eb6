"""What a rule does: log, state, tag, queue, translation, route, scrub, and what is only kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf import names
from spdcheck.formats.pf.criteria import TESTS, priority, tag_name
from spdcheck.formats.pf.draft import MAX_LABEL, MAX_LABELS
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, number, text
from spdcheck.formats.pf.pools import PoolDraft, pool, port_range
from spdcheck.formats.pf.states import state_options
from spdcheck.model.pf_conditions import RouteLabel, TableName

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.pf.draft import Draft


def _quick(draft: Draft, _: Node) -> None:
    draft.quick = True


def _log(draft: Draft, node: Node) -> None:
    options: set[str] = set()
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
    parts: list[str] = [word for word in ("all", "matches", "user") if word in options]
    if interface:
        parts.append(f"to {interface}")
    draft.log = f"log ({', '.join(parts)})" if parts else "log"


def _log_all(draft: Draft, _: Node) -> None:
    draft.log = "log (all)"


def _state(draft: Draft, node: Node) -> None:
    options = state_options(draft.statement, node.items)
    draft.once_only("keep", "modulate or keep cannot be redefined")
    draft.keep = node.rule.removesuffix("_state")
    draft.state_options = options


def _allow_opts(draft: Draft, _: Node) -> None:
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
    draft.tag = tag_name(draft, node)


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
        (EFFECTS.get(rule) or TESTS[rule])(draft, node)
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
    if listed and isinstance(draft.hosts[0].address, (TableName, RouteLabel)):
        raise Refused("only addresses can be listed for redirection pools")
    return draft


def _route(draft: Draft, node: Node) -> None:
    if draft.route:
        raise Refused("cannot respecify route-to/reply-to/dup-to")
    draft.route = node.rule.replace("_", "-")
    if node.items:
        draft.route_pool = pool(draft.statement, node.items, next_hops=not draft.dialect.modern)


def _once(draft: Draft, _: Node) -> None:
    draft.once = True


def _set_prio(draft: Draft, node: Node) -> None:
    values = [priority(draft, item) for item in node.items]
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


EFFECTS: dict[str, Callable[[Draft, Node], None]] = {
    "quick": _quick,
    "log": _log,
    "log_all": _log_all,
    "no_state": _state,
    "keep_state": _state,
    "modulate_state": _state,
    "synproxy_state": _state,
    "allow_opts": _allow_opts,
    "label": _label,
    "queue_name": _queue,
    "tag": _tag,
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
    "once": _once,
    "set_prio": _set_prio,
    "set_queue": _set_queue,
    "set_tos": _set_tos,
    "set_delay": _set_delay,
    "ridentifier": _numbered,
    "dnpipe": _numbered,
    "dnqueue": _numbered,
}
"""What reads each effect."""


def take(draft: Draft, item: Node | Slot) -> bool:
    """Reads one part of a rule into its draft; False if it is none that rules share."""
    if isinstance(item, Slot):
        return False
    reader = TESTS.get(item.rule) or EFFECTS.get(item.rule)
    if reader is None:
        return False
    reader(draft, item)
    return True
