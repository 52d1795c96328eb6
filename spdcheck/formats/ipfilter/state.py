"""``keep state`` and ``keep frags`` of a rule of ipf.conf, with their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.ipf_reading import RefusedError
from spdcheck.model.ipfilter import KeepFrags, KeepState
from spdcheck.model.protocols import TCP

if TYPE_CHECKING:
    from spdcheck.formats.ipf_reading import Node, Parsed

_GROUP_LENGTH = 15


def read_state(parsed: Parsed, node: Node, protocols: tuple[int, ...]) -> KeepState:
    """``keep state`` with its options. What is about TCP's sequence numbers needs ``proto tcp``."""
    state = KeepState()
    words: list[str] = []
    for option in node.nodes:
        kind = option.rule
        numbers = [int(parsed.text(number.slot)) for number in option.nodes if number.rule == "number"]
        if kind in ("state_strict", "state_loose", "newisn") and protocols != (TCP,):
            word = kind.removeprefix("state_")
            raise _refused(parsed, f"`{word}` is about TCP's sequence numbers, and the rule has no `proto tcp`")
        if kind == "limit":
            state = state._replace(limit=numbers[0])
        elif kind in ("state_strict", "state_loose"):
            tracking = kind.removeprefix("state_")
            if state.tracking and state.tracking != tracking:
                raise _refused(parsed, "a state is either `strict` or `loose`")
            state = state._replace(tracking=tracking)
        elif kind == "no_icmp_err":
            state = state._replace(icmp_errors=False)
        elif kind == "state_age":
            state = state._replace(age=(numbers[0], numbers[-1]))
        elif kind == "icmp_head":
            state = state._replace(icmp_head=group_name(parsed, option.nodes[0]))
        elif kind == "max_srcs":
            state = state._replace(max_sources=numbers[0])
        elif kind == "max_per_src":
            state = state._replace(max_per_source=(numbers[0], numbers[1] if len(numbers) == 2 else None))
        else:
            words.append(kind)
    return state._replace(words=tuple(words))


def read_frags(node: Node) -> KeepFrags:
    """``keep frags``."""
    return KeepFrags(strict=bool(node.nodes))


def group_name(parsed: Parsed, node: Node) -> str:
    """The name of a group, cut as ipf cuts it; numbers lose their leading zeros."""
    text = parsed.text(node.slot)
    return str(int(text)) if node.slot.name == "NUMBER" else text[:_GROUP_LENGTH]


def _refused(parsed: Parsed, message: str) -> RefusedError:
    return RefusedError(message, *parsed.region(0, len(parsed.tokens.kinds) - 1))
