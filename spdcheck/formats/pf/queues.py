"""``altq`` and ``queue``: kept as text. Only what makes pfctl refuse them is looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, text

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder

_FLAGS = {
    "cbq": frozenset(("default", "borrow", "red", "ecn", "rio", "codel", "root", "wrr")),
    "priq": frozenset(("default", "red", "ecn", "rio", "codel")),
    "hfsc": frozenset(("default", "red", "ecn", "rio", "codel")),
    "fairq": frozenset(("default", "red", "ecn", "rio", "codel")),
    "codelq": frozenset(("ecn",)),
}
_PRIORITIES = {"cbq": 7, "priq": 15, "hfsc": 7, "fairq": 7}
_RANGES = {"qlimit": (0, 65535), "flows": (1, 32767), "quantum": (1, 65535), "priority": (0, 255)}
_BANDWIDTH = re.compile(r"([0-9]*\.?[0-9]+)(b|[KMG](?:b|B|bit|Bit)?|b(?:b|B|bit|Bit)|%)?")


class _Options:
    """The options of one definition."""

    def __init__(self, statement: Statement, node: Node) -> None:
        self.scheduler = ""
        self.bandwidth = ""
        self.priority: int | None = None
        self.parent = ""
        self.given: set[str] = set()
        for item in node.items:
            if isinstance(item, Node) and item.rule not in ("on", "child_queues"):
                self._take(statement, item)

    def _take(self, statement: Statement, node: Node) -> None:
        rule = node.rule
        if rule in self.given:
            raise Refused(f"{'number of flows' if rule == 'flows' else rule} cannot be respecified")
        self.given.add(rule)
        if rule == "bandwidth":
            curve = node.items[0]
            assert isinstance(curve, Node)
            self.bandwidth = bandwidth(statement, curve.items[0])
        elif rule == "parent":
            self.parent = text(statement, node.items[0])
        elif rule == "scheduler":
            self._scheduler(statement, node)
        elif rule in _RANGES:
            value = int(text(statement, node.items[0]))
            low, high = _RANGES[rule]
            if not low <= value <= high:
                raise Refused(f"{'number of flows' if rule == 'flows' else rule} out of range: max {high}")
            if rule == "priority":
                self.priority = value

    def _scheduler(self, statement: Statement, node: Node) -> None:
        kind, *options = (item for item in node.items if isinstance(item, Node))
        self.scheduler = kind.rule
        seen: set[str] = set()
        for option in options:
            if option.rule == "scheduler_flag":
                word = text(statement, option.items[0])
                if word not in _FLAGS[kind.rule]:
                    raise Refused(f'unknown {kind.rule} flag "{word}"')
            elif option.rule in seen:
                raise Refused(f"{option.rule.removeprefix('codel_')} already specified")
            seen.add(option.rule)


def bandwidth(statement: Statement, item: Node | Slot) -> str:
    """A bandwidth: a number of bits with ``K``, ``M`` or ``G``, or a share in percent."""
    assert isinstance(item, Slot)
    word = text(statement, item)
    match = _BANDWIDTH.fullmatch(word)
    if match is None:
        raise Refused(f'unknown unit "{word.lstrip("0123456789.")}"', item.at)
    if match[2] == "%" and float(match[1]) > 100:
        raise Refused("bandwidth spec out of range", item.at)
    return word


def _children(statement: Statement, node: Node) -> list[str] | None:
    """The queues listed at the end."""
    last = node.items[-1] if node.items else None
    if isinstance(last, Node) and last.rule == "child_queues":
        return [text(statement, item) for item in last.items]
    if isinstance(last, Slot) and len([item for item in node.items if isinstance(item, Slot)]) > (node.rule == "queue"):
        return [text(statement, last)]
    return None


def altq(builder: Builder, statement: Statement, node: Node) -> None:
    """``altq on em0 cbq … queue { … }``: the root of the queues of an interface."""
    builder.enter("queue")
    options, children = _Options(statement, node), _children(statement, node)
    if not options.scheduler:
        raise Refused("no scheduler specified!")
    if children is None and options.scheduler != "codelq":
        raise Refused("no child queues specified")
    for item in node.items:
        negated = isinstance(item, Node) and any(getattr(part, "rule", "") == "not_interface" for part in item.items)
        if negated:
            raise Refused("altq on ! <interface> is not supported")
    for child in children or ():
        builder.queue_names.setdefault(child, options.scheduler)
    builder.queue(statement)


def queue(builder: Builder, statement: Statement, node: Node) -> None:
    """A queue, of either kind."""
    if builder.dialect.modern:
        _modern(builder, statement, node)
    else:
        _old(builder, statement, node)
    builder.queue(statement)


def _old(builder: Builder, statement: Statement, node: Node) -> None:
    builder.enter("queue")
    name = text(statement, node.items[0])
    if len(name) > 63:
        raise Refused("queue name too long (max 63 chars)")
    options, children = _Options(statement, node), _children(statement, node) or []
    if "tbrsize" in options.given:
        raise Refused("cannot specify tbrsize for queue")
    scheduler = builder.queue_names.get(name)
    if scheduler is None:
        raise Refused(f"queue {name} has no parent")
    if options.scheduler and options.scheduler != scheduler:
        raise Refused("exactly one scheduler type per interface allowed")
    if scheduler == "priq":
        if children:
            raise Refused("priq queues cannot have child queues")
        if options.bandwidth:
            raise Refused("priq doesn't take bandwidth")
    if options.priority is not None and options.priority > _PRIORITIES.get(scheduler, 255):
        raise Refused(f"priority out of range: max {_PRIORITIES[scheduler]}")
    if name in children:
        raise Refused("queue cannot have itself as child")
    for child in children:
        builder.queue_names.setdefault(child, scheduler)


def _modern(builder: Builder, statement: Statement, node: Node) -> None:
    name = text(statement, node.items[0])
    on = any(isinstance(item, Node) and item.rule == "on" for item in node.items)
    options = _Options(statement, node)
    if not on and not options.parent:
        raise Refused("root queue without interface")
    if options.bandwidth.endswith("%"):
        raise Refused("no bandwidth in % yet")
    if not options.bandwidth and "flows" not in options.given:
        raise Refused("no bandwidth or flow specification")
    if len(name) > 63:
        raise Refused("queuename too long")
    builder.modern_queues.append((name, options.parent, "flows" in options.given, bool(options.bandwidth), statement))
    builder.queue_names.setdefault(name, "")


def check_queues(builder: Builder) -> None:
    """What pfctl finds out about modern queues when all are known: it says so without a line."""
    parents = {parent for _, parent, *_ in builder.modern_queues if parent}
    for name, parent, flows, has_bandwidth, statement in builder.modern_queues:
        if flows and name in parents:
            builder.refuse_queue(statement, Refused(f"flow queue {name} is not a leaf queue"))
        elif parent and not has_bandwidth:
            builder.refuse_queue(statement, Refused(f"queue {name}: no bandwidth was specified"))
