"""``set`` options: what each accepts, which change the model, and which are only kept as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf import names
from spdcheck.formats.pf.criteria import interface
from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, number, text
from spdcheck.formats.pf.states import state_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder


def _words(statement: Statement, node: Node) -> list[str]:
    return [text(statement, item) if isinstance(item, Slot) else item.rule.rstrip("_") for item in node.items]


def _yes_no(statement: Statement, node: Node) -> bool:
    item = node.items[0]
    if isinstance(item, Node):
        return False
    word = text(statement, item)
    if word != "yes":
        raise Refused(f"invalid value '{word}', expected 'yes' or 'no'", item.at)
    return True


def _reassemble(builder: Builder, statement: Statement, node: Node) -> None:
    builder.enter("option")
    builder.reassemble = _yes_no(statement, node)
    no_df = " no-df" if len(node.items) > 1 else ""
    builder.setting(statement, f"set reassemble {'yes' if builder.reassemble else 'no'}{no_df}")


def _optimization(builder: Builder, statement: Statement, node: Node) -> None:
    builder.enter("option")
    word = text(statement, node.items[0])
    if word not in names.OPTIMIZATIONS:
        raise Refused(f"unknown optimization {word}", _at(node))
    builder.setting(statement, f"set optimization {word}")


def _ruleset_optimization(_: Builder, statement: Statement, node: Node) -> None:
    word = " ".join(_words(statement, node))
    if word not in ("none", "basic", "profile"):
        raise Refused(f"unknown ruleset-optimization {word}", _at(node))


def _at(node: Node, index: int = 0) -> int | None:
    item = node.items[index]
    return item.at if isinstance(item, Slot) else None


def _timeout(builder: Builder, statement: Statement, node: Node) -> None:
    for item in node.items:
        assert isinstance(item, Node)
        builder.enter("option")
        name = _words(statement, item)[0]
        value = _counted(statement, item)
        if name not in names.TIMEOUTS:
            raise Refused(f"unknown timeout {name}", _at(item))
        builder.setting(statement, f"set timeout {name} {value}")


def _limit(builder: Builder, statement: Statement, node: Node) -> None:
    for item in node.items:
        assert isinstance(item, Node)
        builder.enter("option")
        name, value = text(statement, item.items[0]), _counted(statement, item)
        if name not in names.LIMITS:
            raise Refused(f"unable to set limit {name} {value}", _at(item))
        builder.setting(statement, f"set limit {name} {value}")


def _counted(statement: Statement, node: Node) -> int:
    slot = node.items[-1]
    assert isinstance(slot, Slot)
    value = number(statement, slot)
    if not 0 <= value <= 0xFFFFFFFF:
        raise Refused("only positive values permitted", slot.at)
    return value


def _loginterface(builder: Builder, statement: Statement, node: Node) -> None:
    builder.enter("option")
    builder.setting(statement, f"set loginterface {_words(statement, node)[0]}")


def _hostid(builder: Builder, statement: Statement, node: Node) -> None:
    word = text(statement, node.items[0])
    value = names.unsigned(word)
    if value is None:
        raise Refused(f"{word} is not a number", _at(node))
    if not 0 < value <= 0xFFFFFFFF:
        raise Refused("hostid must be non-zero", _at(node))
    builder.setting(statement, f"set hostid 0x{value:08x}")


def _policy(builder: Builder, statement: Statement, node: Node) -> None:
    word = _words(statement, node)[0]
    if node.rule == "set_fail_policy":
        builder.enter("option")
        builder.setting(statement, f"set fail-policy {word}")
        return
    builder.enter("option")
    builder.block_policy = word
    builder.setting(statement, f"set block-policy {word}")


def _require_order(builder: Builder, statement: Statement, node: Node) -> None:
    builder.require_order = _yes_no(statement, node)
    builder.setting(statement, f"set require-order {'yes' if builder.require_order else 'no'}")


def _fingerprints(builder: Builder, statement: Statement, node: Node) -> None:
    builder.enter("option")
    builder.setting(statement, f'set fingerprints "{text(statement, node.items[0])}"')


def _state_policy(builder: Builder, statement: Statement, node: Node) -> None:
    word = node.items[0]
    assert isinstance(word, Node)
    builder.if_bound = word.rule == "if_bound"
    builder.setting(statement, f"set state-policy {'if-bound' if builder.if_bound else 'floating'}")


def _debug(builder: Builder, statement: Statement, node: Node) -> None:
    builder.enter("option")
    word = _words(statement, node)[0]
    if word.lower() not in names.DEBUG_LEVELS and not word.isdigit():
        raise Refused(f"error setting debuglevel {word}", _at(node))
    builder.setting(statement, f"set debug {word}")


def _skip(builder: Builder, statement: Statement, node: Node) -> None:
    draft = Draft(statement, builder.dialect)
    interfaces = []
    for item in node.items:
        assert isinstance(item, Node)
        interfaces += [interface(draft, part) for part in item.items if isinstance(part, Node)]
    if not interfaces or (len(interfaces) == 1 and interfaces[0].name == "none"):
        builder.skip.clear()
        builder.setting(statement, "set skip on none")
        return
    for on in interfaces:
        if on.negated:
            raise Refused("skip on ! <interface> is not supported")
        if on.rdomain is not None:
            raise Refused("skip on rdomain <num> is not supported")
    builder.skip += [on.name for on in interfaces if on.name not in builder.skip]
    builder.setting(statement, f"set skip on {{ {' '.join(on.name for on in interfaces)} }}")


def _state_defaults(builder: Builder, statement: Statement, node: Node) -> None:
    options = state_options(statement, node.items)
    if builder.state_defaults is not None:
        raise Refused("cannot redefine state-defaults")
    builder.state_defaults = options
    shown = options.keeping("keep", if_bound=False, implied=False)
    builder.setting(statement, f"set state-defaults {', '.join(shown.options)}".rstrip())


def _keepcounters(builder: Builder, statement: Statement, _: Node) -> None:
    builder.setting(statement, "set keepcounters")


def _syncookies(builder: Builder, statement: Statement, node: Node) -> None:
    word = text(statement, node.items[0])
    if word not in ("never", "always", "adaptive"):
        raise Refused("illegal value for syncookies", _at(node))
    for item in node.items[1:]:
        assert isinstance(item, Node)
        name, value = (text(statement, part) for part in item.items)
        if not value.endswith("%") or not value[:-1].replace(".", "", 1).isdigit():
            raise Refused("syntax error", _at(item, 1))
        if not 0 < float(value[:-1]) <= 100:
            raise Refused("illegal percentage value", _at(item, 1))
        if name not in ("start", "end"):
            raise Refused("illegal syncookie option", _at(item))
    builder.setting(statement, f"set syncookies {word}")


SETTINGS: dict[str, Callable[[Builder, Statement, Node], None]] = {
    "set_reassemble": _reassemble,
    "set_optimization": _optimization,
    "set_ruleset_optimization": _ruleset_optimization,
    "set_timeout": _timeout,
    "set_limit": _limit,
    "set_loginterface": _loginterface,
    "set_hostid": _hostid,
    "set_block_policy": _policy,
    "set_fail_policy": _policy,
    "set_require_order": _require_order,
    "set_fingerprints": _fingerprints,
    "set_state_policy": _state_policy,
    "set_debug": _debug,
    "set_skip": _skip,
    "set_state_defaults": _state_defaults,
    "set_keepcounters": _keepcounters,
    "set_syncookies": _syncookies,
}
"""What reads each option."""
