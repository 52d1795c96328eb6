"""Reads ipnat.conf, the translation rules of IP Filter."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.grammar import automaton
from spdcheck.formats.ipf_lexer import Vocabulary
from spdcheck.formats.ipf_reading import RefusedError, Statements
from spdcheck.formats.ipnat.convert import NatRuleReader
from spdcheck.model.diagnostic import Part
from spdcheck.model.ipnat import NatKind, NatRuleset

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.model.ipnat import NatRule
    from spdcheck.source import SourceFile

_BEGINS = re.compile(
    r"(?:no|map|map-block|bimap|rdr|rewrite|divert|encap|proxy)(?![\w-])|\$|[a-z][\w-]*\s*=", re.IGNORECASE
)

_WORDS = {
    "WORD": "a name", "NUMBER": "a number", "HEX": "a number", "DOTTED": "an address", "IPV6": "an address",
    "STRING": "a quoted text",
}  # fmt: skip
_GROUPS = ((frozenset({"NO", "MAP", "BIMAP", "RDR", "REWRITE", "DIVERT", "ENCAP"}), "the next rule"),)


@cache
def _statements() -> Statements:
    grammar = automaton("ipnat", "statement")
    vocabulary = Vocabulary(grammar)
    return Statements(grammar, vocabulary, begins=_BEGINS, words=_WORDS, what="the rule", part=Part.NAT, groups=_GROUPS)


def read(file: SourceFile, context: Context) -> Reading:
    """Reads one file."""
    del context
    reading = Reading(file=file, format="ipnat")
    rules: list[NatRule] = []
    statements = _statements()
    for parsed in statements.read(reading):
        if parsed.tree.rule == "proxy_config":
            span = file.span(parsed.start, parsed.end)
            reading.not_modelled(span, "the settings of a proxy inside the kernel", part=Part.NAT)
            continue
        nodes = parsed.tree.nodes
        reading.statements += len(nodes) - 1
        for node in nodes:
            origin = file.span(parsed.start, parsed.end)
            try:
                rule = NatRuleReader(parsed, node, reading).rule(origin)
            except RefusedError as refused:
                statements.refuse(reading, refused)
                continue
            rules.append(rule)
            _report_unmodelled(rule, reading)
    reading.facts.packet_filters.append(NatRuleset(origin=file.span(), rules=tuple(rules)))
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file itself: translation rules hold no secrets."""
    return file


def _report_unmodelled(rule: NatRule, reading: Reading) -> None:
    """What changes packets beyond addresses and ports."""
    if rule.proxy is not None:
        reading.not_modelled(rule.origin, f"the proxy `{rule.proxy.name}` opens connections of its own", part=Part.NAT)
    elif rule.kind in (NatKind.DIVERT, NatKind.ENCAP):
        reading.not_modelled(rule.origin, f"`{rule.kind.value}` puts packets into other packets", part=Part.NAT)
