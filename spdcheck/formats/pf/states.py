"""``keep state (…)``: which options there are, which contradict each other, and what pf adds to them by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.names import TIMEOUTS
from spdcheck.formats.pf.parse import Node, number, text
from spdcheck.model.pf import StateKeeping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.parse import Item

_NUMBERS = {
    "state_max": "max",
    "max_src_states": "max-src-states",
    "max_src_conn": "max-src-conn",
    "max_src_nodes": "max-src-nodes",
}
_FLAGS = {"state_no_sync": "no-sync", "sloppy": "sloppy", "pflow": "pflow", "allow_related": "allow-related"}
MAX_RATE = 4294967295 // 1000


class StateOptions:
    """The options of one rule, checked one by one as pfctl does."""

    __slots__ = ("lock", "numbers", "overload", "present", "rate", "timeouts", "track")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.present: set[str] = set()
        self.rate: tuple[int, int] | None = None
        self.overload: tuple[str, str] | None = None
        self.track: str | None = None
        self.lock: str | None = None
        self.timeouts: dict[str, int] = {}

    def keeping(self, kind: str, *, if_bound: bool, implied: bool) -> StateKeeping:
        """The options as pf prints them. ``if_bound`` is the policy for rules that do not say."""
        numbers, timeouts = dict(self.numbers), dict(self.timeouts)
        limit = numbers.get("max", 0)
        if limit and not timeouts.keys() & {"adaptive.start", "adaptive.end"}:
            timeouts["adaptive.start"] = limit // 10 * 6
            timeouts["adaptive.end"] = limit // 10 * 12
        per_rule = (
            self.track == "rule" or self.rate is not None or bool(numbers.keys() & {"max-src-conn", "max-src-nodes"})
        )
        tracked = per_rule or self.track is not None or "max-src-states" in numbers
        if self.rate is not None and timeouts.get("src.track", 0) < self.rate[1]:
            timeouts["src.track"] = self.rate[1]
        parts = [f"max {limit}"] if limit else []
        if "no-sync" in self.present:
            parts.append("no-sync")
        if tracked:
            parts.append(f"source-track {'rule' if per_rule else 'global'}")
        parts += [f"{name} {numbers[name]}" for name in ("max-src-states", "max-src-conn") if name in numbers]
        if self.rate is not None:
            parts.append(f"max-src-conn-rate {self.rate[0]}/{self.rate[1]}")
        if "max-src-nodes" in numbers:
            parts.append(f"max-src-nodes {numbers['max-src-nodes']}")
        if self.overload is not None:
            parts.append(f"overload <{self.overload[0]}>{self.overload[1]}")
        parts += [flag for flag in ("sloppy", "pflow", "allow-related") if flag in self.present]
        parts += [f"{name} {timeouts[name]}" for name in TIMEOUTS if timeouts.get(name)]
        bound = self.lock == "if-bound" if self.lock is not None else if_bound
        return StateKeeping(kind, bound, tuple(parts), implied)

    def check(self, kind: str) -> None:
        """What pfctl refuses about the options together."""
        if self.track == "global":
            for name, given in (
                ("max-src-nodes", "max-src-nodes" in self.numbers),
                ("max-src-conn", "max-src-conn" in self.numbers),
                ("max-src-conn-rate", self.rate is not None),
            ):
                if given:
                    raise Refused(f"'{name}' is incompatible with 'source-track global'")
        if self.overload is not None and self.rate is None and "max-src-conn" not in self.numbers:
            raise Refused("'overload' requires 'max-src-conn' or 'max-src-conn-rate'")
        if "sloppy" in self.present and kind in ("modulate", "synproxy"):
            raise Refused("sloppy state matching cannot be used with synproxy state or modulate state")


def state_options(statement: Statement, items: Iterable[Item]) -> StateOptions:
    """Reads a list of options."""
    options = StateOptions()
    for node in items:
        assert isinstance(node, Node)
        _READERS[node.rule](options, statement, node)
    return options


def _value(statement: Statement, node: Node, at: int = 0) -> int:
    slot = node.items[at]
    assert isinstance(slot, Slot)
    value = number(statement, slot)
    if not 0 <= value <= 0xFFFFFFFF:
        raise Refused("only positive values permitted", slot.at)
    return value


def _number(options: StateOptions, statement: Statement, node: Node) -> None:
    name, value = _NUMBERS[node.rule], _value(statement, node)
    if name in options.numbers:
        raise Refused(f"state option '{name}' multiple definitions")
    if name == "max":
        if value:
            options.numbers[name] = value
        return
    if not value:
        raise Refused(f"'{name}' must be > 0")
    options.numbers[name] = value


def _flag(options: StateOptions, _: Statement, node: Node) -> None:
    name = _FLAGS[node.rule]
    if name in options.present:
        raise Refused(f"state option '{name}' multiple definitions")
    options.present.add(name)


def _rate(options: StateOptions, statement: Statement, node: Node) -> None:
    limit, seconds = _value(statement, node), _value(statement, node, 1)
    if options.rate is not None:
        raise Refused("state option 'max-src-conn-rate' multiple definitions")
    if not limit or not seconds:
        raise Refused("'max-src-conn-rate' values must be > 0")
    if limit > MAX_RATE:
        raise Refused(f"'max-src-conn-rate' maximum rate must be < {MAX_RATE}")
    options.rate = limit, seconds


def _overload(options: StateOptions, statement: Statement, node: Node) -> None:
    if options.overload is not None:
        raise Refused("multiple 'overload' table definitions")
    name = text(statement, node.items[0])
    if len(name) > 31:
        raise Refused(f"table name '{name}' too long")
    words = [item.rule for item in node.items[1:] if isinstance(item, Node)]
    options.overload = name, "".join(f" {word}" for word in words)


def _track(options: StateOptions, _: Statement, node: Node) -> None:
    if options.track is not None:
        raise Refused("state option 'source-track' multiple definitions")
    options.track = node.items[0].rule if node.items and isinstance(node.items[0], Node) else ""


def _lock(options: StateOptions, _: Statement, node: Node) -> None:
    if options.lock is not None:
        raise Refused("state locking option: multiple definitions")
    options.lock = "if-bound" if node.rule == "if_bound" else "floating"


def _timeout(options: StateOptions, statement: Statement, node: Node) -> None:
    name, value = text(statement, node.items[0]), _value(statement, node, 1)
    if name not in TIMEOUTS:
        raise Refused(f"illegal timeout name {name}")
    if "." not in name:
        raise Refused(f"illegal state timeout {name}")
    if options.timeouts.get(name):
        raise Refused(f"state timeout {name} multiple definitions")
    options.timeouts[name] = value


_READERS = {
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_FLAGS, _flag),
    "max_src_conn_rate": _rate,
    "overload": _overload,
    "source_track": _track,
    "if_bound": _lock,
    "floating": _lock,
    "state_timeout": _timeout,
}
