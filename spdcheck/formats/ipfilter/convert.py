"""Statements of ipf.conf to rules of the model; braces are written out in the order in which ipf(8) does it.

What ipf refuses is a :class:`~spdcheck.formats.ipf_reading.RefusedError`; what it takes for something else than it
looks like is said as CFG010.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipf_reading import own_slots
from spdcheck.formats.ipfilter.addresses import AddressReader
from spdcheck.formats.ipfilter.body import BodyReader
from spdcheck.formats.ipfilter.state import group_name, read_frags, read_state
from spdcheck.model.ipfilter import (
    Call,
    Expression,
    HostName,
    IpfAction,
    IpfRule,
    Log,
    NetworkAddress,
    Reply,
    Target,
)
from spdcheck.model.policy import Direction
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.ipf_reading import Node
    from spdcheck.source import Span

_TAG_LENGTH = 16


class RuleReader(BodyReader):
    """One rule of a statement: what stands before its body and behind it, and the rules that it makes."""

    def rules(self, origin: Span) -> list[IpfRule]:
        """The rules that the node stands for."""
        for part in self._node.nodes:
            _step(part.rule)(self, part)
        family = self._family if self.looks_at_headers else self._file_family
        if self.written_family and not (self.looks_at_headers or self._file_family):
            self._reading.accident(
                origin, f"with nothing behind it, `{self.written_family}` does not keep out the other family"
            )
        rule = IpfRule(
            origin=origin,
            family=family,
            protocols=self._protocols,
            interfaces=self._interfaces,
            **self._values,
        )
        rules = [rule]
        for name, items in self._lists:
            rules = [_set(rule, name, item) for item in items for rule in rules]
        return rules

    def _read_insert(self, node: Node) -> None:
        self._values["insert"] = self._number(node.nodes[0])

    def _read_collection(self, node: Node) -> None:
        self._values["collection"] = self._number(node.nodes[0])

    def _read_action(self, node: Node) -> None:
        self._values["action"] = IpfAction(node.rule)
        for answer in node.nodes:
            code = answer.child("code")
            kind = answer.rule.replace("_", "-")
            self._values["reply"] = Reply(kind, None if code is None else self._icmp_code(code))

    def _read_log_action(self, node: Node) -> None:
        self._values["action"] = IpfAction.LOG
        self._read_log(node)

    def _read_skip(self, node: Node) -> None:
        self._values.update(action=IpfAction.SKIP, skip=self._number(node.nodes[0]))

    def _read_call(self, node: Node) -> None:
        function = next(part for part in node.nodes if part.rule == "word")
        self._values["action"] = IpfAction.CALL
        number = next(part for part in node.nodes if part.rule == "number")
        self._values["call"] = Call(self._text(function), self._text(number), node.child("now") is not None)

    def _read_direction(self, node: Node) -> None:
        self._values["direction"] = Direction.IN if node.rule == "inward" else Direction.OUT

    def _read_log(self, node: Node) -> None:
        known: Log = self._values.get("log") or Log()
        words = list(known.words)
        level = known.level
        for option in node.nodes:
            if option.rule == "log_level":
                level = self._log_level(option)
            else:
                word = option.rule.removeprefix("log_").replace("_", "-")
                if word not in words:
                    words.append(word)
        self._values["log"] = Log(tuple(words), level)

    def _log_level(self, node: Node) -> str:
        text = self._text(node).lower()
        facility, dot, priority = text.rpartition(".")
        if priority not in names.PRIORITIES or (dot and facility not in names.FACILITIES):
            raise self._parsed.refuse(
                node.slot, f"`{text}` is no log level", "write FACILITY.PRIORITY, as in auth.info"
            )
        return text

    def _read_quick(self, _: Node) -> None:
        self._values["quick"] = True

    def _read_fastroute(self, _: Node) -> None:
        self._values["fastroute"] = True

    def _read_on(self, node: Node) -> None:
        interfaces, *via = node.nodes
        self._interfaces = tuple(self._interface(part) for part in interfaces.nodes)
        if via:
            self._values["via"] = tuple(self._interface(part) for part in via[0].nodes)

    def _read_on_list(self, node: Node) -> None:
        choices = [tuple(self._interface(part) for part in item.nodes) for item in node.nodes]
        self._interfaces = choices[0]
        if len(choices) > 1 or len(choices[0]) > 1:
            start, end = self._parsed.region(node.nodes[0].nodes[0].slot.at, node.nodes[-1].nodes[-1].slot.at)
            self._reading.accident(
                self._reading.file.span(start, end),
                "ipf accepts a list of interfaces, but only the first of them ever matches",
                mend="write one rule for each interface",
            )

    def _interface(self, node: Node) -> str:
        return next((self._parsed.text(slot) for slot in own_slots(node)), "-")

    def _read_target(self, node: Node) -> Target:
        name = self._parsed.text(node.slot)
        if node.rule == "target_list":
            return Target(name, list=True)
        host = node.child("host", "own_host")
        if host is None:
            return Target(name)
        gateway = AddressReader(self._parsed, self._reading, self._family, ()).host(host)
        if isinstance(gateway, NetworkAddress):
            self._family = self._family or gateway.family
            return Target(name, gateway)
        return Target(name, gateway if isinstance(gateway, HostName) else None)

    def _read_route_to(self, node: Node) -> None:
        self._values["route_to"] = self._read_target(node.nodes[0])

    def _read_dup_to(self, node: Node) -> None:
        self._values["dup_to"] = self._read_target(node.nodes[0])

    def _read_reply_to(self, node: Node) -> None:
        self._values["reply_to"] = self._read_target(node.nodes[0])

    def _read_body(self, node: Node) -> None:
        for part in node.nodes:
            _step(part.rule)(self, part)

    def _read_bpf(self, node: Node) -> None:
        self._values["expression"] = Expression("bpf", self._text(node))

    def _read_expression(self, node: Node) -> None:
        self._values["expression"] = Expression("exp", self._text(node))

    def _read_keep_state(self, node: Node) -> None:
        self._values["keep_state"] = read_state(self._parsed, node, self._protocols)

    def _read_keep_frags(self, node: Node) -> None:
        self._values["keep_frags"] = read_frags(node)

    def _read_head_group(self, node: Node) -> None:
        for name, part in zip(("head", "group"), node.nodes, strict=False):
            self._values[name] = group_name(self._parsed, part)

    def _read_group_head(self, node: Node) -> None:
        for name, part in zip(("group", "head"), node.nodes, strict=False):
            self._values[name] = group_name(self._parsed, part)

    def _read_tags(self, node: Node) -> None:
        verb = "set" if node.rule == "set_tag" else "match"
        for tag in node.nodes:
            if tag.rule == "log_tag":
                self._values[f"{verb}_log_tag"] = self._number(tag.nodes[0])
            else:
                self._values[f"{verb}_nat_tag"] = self._text(tag)[:_TAG_LENGTH]

    def _read_pps(self, node: Node) -> None:
        self._values["packets_per_second"] = self._number(node.nodes[0])

    def _read_rule_ttl(self, node: Node) -> None:
        self._values["rule_ttl"] = self._number(node.nodes[0])

    def _read_comment(self, node: Node) -> None:
        self._values["comment"] = self._text(node)

    def _read_group_below(self, node: Node) -> None:
        self.nested = node

    def _read_ignored(self, _: Node) -> None:
        """``age`` only times states out."""


def _set(rule: IpfRule, name: str, item: Any) -> IpfRule:
    end, _, field = name.partition(".")
    if not field:
        return replace(rule, **{name: item})
    return replace(rule, **{end: getattr(rule, end)._replace(**{field: item})})


_ACTIONS = ("pass", "block", "count", "nomatch", "auth", "preauth", "decapsulate")
_STEPS: dict[str, Callable[[RuleReader, Node], None]] = {
    **dict.fromkeys(_ACTIONS, RuleReader._read_action),
    "inward": RuleReader._read_direction, "outward": RuleReader._read_direction,
    "inet": RuleReader._read_family, "inet6": RuleReader._read_family,
    "no_flags": RuleReader._read_flags,
    "with": RuleReader._read_with,
    "set_tag": RuleReader._read_tags, "match_tag": RuleReader._read_tags,
    "age": RuleReader._read_ignored,
    "nested": RuleReader._read_group_below,
    "ttl": RuleReader._read_rule_ttl,
}  # fmt: skip


@cache
def _step(rule: str) -> Callable[[RuleReader, Node], None]:
    step: Callable[[RuleReader, Node], None] = _STEPS.get(rule) or getattr(RuleReader, f"_read_{rule}")
    return step
