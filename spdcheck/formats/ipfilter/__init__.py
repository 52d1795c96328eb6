"""Reads ipf.conf and ipf6.conf, the packet filter rules of IP Filter."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.grammar import automaton
from spdcheck.formats.ipf_lexer import Vocabulary
from spdcheck.formats.ipf_reading import RefusedError, Statements
from spdcheck.formats.ipfilter.alike import AlikeRules
from spdcheck.formats.ipfilter.convert import RuleReader
from spdcheck.model.diagnostic import Part
from spdcheck.model.ipfilter import IpfAction, IpfRuleset
from spdcheck.records import replace

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.model.ipfilter import IpfRule
    from spdcheck.source import SourceFile, Span

_BEGINS = re.compile(
    r"(?:@\s*\d+\s+)?(?:\d+\s+)?(?:pass|block|log|count|nomatch|auth|preauth|skip|call|decapsulate|set)(?![\w-])"
    r"|\$|[a-z][\w-]*\s*=",
    re.IGNORECASE,
)

_WORDS = {
    "WORD": "a name", "NUMBER": "a number", "HEX": "a number", "DOTTED": "an address", "IPV6": "an address",
    "THIS_HOST": "an address",
    "STRING": "a quoted text",
}  # fmt: skip
_GROUPS = (
    (
        frozenset({"PASS", "BLOCK", "LOG", "COUNT", "NOMATCH", "AUTH", "PREAUTH", "SKIP", "CALL", "DECAPSULATE"}),
        "a rule",
    ),
    (frozenset({"QUICK", "ON", "FASTROUTE"}), "an option such as `quick` or `on`"),
    (frozenset({"FAMILY", "INET", "INET6", "TOS", "TTL", "PROTO", "ALL", "FROM"}), "`from`, `all` or `proto`"),
    (frozenset({"KEEP", "GROUP", "HEAD", "PPS", "AGE", "COMMENT"}), "`keep`, `head` or `group`"),
)

_PLAIN = frozenset(
    ("proto", "icmp-type", "level", "=", "eq", "!=", "ne", "<", "lt", ">", "gt", "<=", "le", ">=", "ge", "><", "<>")
)
"""Behind these a word is a name whatever it is."""


@cache
def _statements() -> Statements:
    grammar = automaton("ipfilter", "statement")
    vocabulary = Vocabulary(grammar, plain=_PLAIN, transparent=frozenset("{"))
    return Statements(
        grammar, vocabulary, begins=_BEGINS, words=_WORDS, what="the rule", part=Part.FILTER, groups=_GROUPS
    )


def read(file: SourceFile, context: Context) -> Reading:
    """Reads one file; a name with ``ipf6`` in it says that all rules are about IPv6."""
    del context
    reading = Reading(file=file, format="ipfilter")
    family = 6 if "ipf6" in file.path.rsplit("/", 1)[-1] else None
    reading.dialect = "ipf6" if family else "ipf"
    found = _File(reading, family)
    statements = _statements()
    for parsed in statements.read(reading):
        if parsed.tree.rule == "setting":
            found.settings.append(_setting(parsed, reading))
            continue
        nodes = parsed.tree.nodes
        reading.statements += len(nodes) - 1
        for node, origin in zip(nodes, _origins(parsed, nodes), strict=True):
            try:
                found.rules += found.read(parsed, node, origin)
            except RefusedError as refused:
                statements.refuse(reading, refused)
    ruleset = IpfRuleset(origin=file.span(), rules=tuple(found.rules), settings=tuple(found.settings), family=family)
    reading.facts.packet_filters.append(ruleset)
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file itself: filter rules hold no secrets."""
    return file


class _File:
    """The rules of a file so far, and the heads of groups among them."""

    def __init__(self, reading: Reading, family: int | None) -> None:
        self._reading = reading
        self._family = family
        self._alike = AlikeRules()
        self._heads: dict[str, tuple[IpfRule, bool]] = {}
        self.rules: list[IpfRule] = []
        self.settings: list[tuple[str, str]] = []

    def read(self, parsed: Parsed, node: Node, origin: Span) -> list[IpfRule]:
        """The rules that a node of the syntax stands for."""
        known = self._alike.find(parsed, node, origin)
        if known is not None:
            return [known]
        remarks = len(self._reading.facts.diagnostics)
        reader = RuleReader(parsed, node, self._reading, self._family)
        rules = [self._under_head(rule, reader.looks_at_headers) for rule in reader.rules(origin)]
        for rule in rules:
            if rule.head is not None:
                self._heads[rule.head] = rule, reader.looks_at_headers
        _report_unmodelled(rules[0], self._reading)
        if reader.nested is None:
            alone = len(rules) == 1 and rules[0].group is None and rules[0].head is None
            if alone and len(self._reading.facts.diagnostics) == remarks:
                self._alike.keep(parsed, node, rules[0])
            return rules
        what = "rules in braces behind a rule: releases differ in the group that they put them in"
        self._reading.not_modelled(origin, what, part=Part.FILTER, mend="write `head` and `group`")
        inner = [rule for child in reader.nested.nodes for rule in self.read(parsed, child, origin)]
        return rules + [replace(rule, group=rules[0].head) if rule.group is None else rule for rule in inner]

    def _under_head(self, rule: IpfRule, looks_at_headers: bool) -> IpfRule:
        """A member of a group gets the protocol and family of its head, if that stands above it (``fillgroup``)."""
        head, also = self._heads.get(rule.group or "", (rule, False))
        if rule.group is None or not (looks_at_headers and also):
            return rule
        return replace(rule, family=rule.family or head.family, protocols=rule.protocols or head.protocols)


def _report_unmodelled(rule: IpfRule, reading: Reading) -> None:
    """What we read but can't decide packets by."""
    if rule.expression is not None:
        kind = "a BPF program" if rule.expression.kind == "bpf" else None
        if kind is not None:
            reading.not_modelled(rule.origin, f"{kind} decides which packets match", part=Part.FILTER)
    if rule.action is IpfAction.DECAPSULATE:
        reading.not_modelled(rule.origin, "`decapsulate` filters the packet inside, in no kernel that we know",
                             part=Part.FILTER)  # fmt: skip
    if rule.call is not None and rule.call.function.lower() not in ("srcgrpmap", "dstgrpmap"):
        reading.not_modelled(rule.origin, f"`{rule.call.function}` is a function of the kernel", part=Part.FILTER)


def _origins(parsed: Parsed, nodes: tuple[Node, ...]) -> list[Span]:
    """The text of each rule: from its first word to that of the next rule."""
    if len(nodes) == 1:
        return [parsed.file.span(parsed.start, parsed.end)]
    firsts = [_first_token(parsed, node) for node in nodes]
    lasts = [at - 1 for at in firsts[1:]] + [len(parsed.tokens.kinds) - 1]
    return [parsed.file.span(*parsed.region(a, b)) for a, b in zip(firsts, lasts, strict=True)]


def _first_token(parsed: Parsed, node: Node) -> int:
    at = min(part.slot.at if part.rule not in ("insert", "collection") else part.nodes[0].slot.at
             for part in node.nodes[:3] if part.rule in ("insert", "collection") or _has_slot(part))  # fmt: skip
    return at - 1 if at and parsed.tokens.texts[at - 1] == "@" else at


def _has_slot(node: Node) -> bool:
    return any(not hasattr(part, "rule") for part in node.parts)


_DECIDING = frozenset({"default_pass", "ipf_active", "fr_active", "ipf_flags", "fr_flags"})
"""Settings that change what happens to packets."""


def _setting(parsed: Parsed, reading: Reading) -> tuple[str, str]:
    name, value = (parsed.text(node.slot) for node in parsed.tree.nodes)
    if name.lower() in _DECIDING:
        span = parsed.file.span(parsed.start, parsed.end)
        reading.not_modelled(span, f"`{name}` changes what the kernel does with all packets", part=Part.FILTER)
    else:
        reading.inert += 1
    return name, value
