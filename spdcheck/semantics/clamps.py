"""Where a host lowers the maximum segment size of TCP connections that go through it, as decision lists.

Old pf asks its ``scrub`` rules in their order, the first match counts; modern pf takes the last ``match`` with
``max-mss``; ipnat clamps what its rule translates; netfilter has TCPMSS in its mangle table. None of them sees what is
inside an ESP packet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.ipnat import NatRuleset
from spdcheck.model.pf import AnchorCall, PfRuleset
from spdcheck.model.policy import Direction
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.fields import IN_INTERFACE, OUT_INTERFACE
from spdcheck.semantics.filters_linux import netfilter_rulesets
from spdcheck.semantics.pf_host import names_of
from spdcheck.semantics.predicate import Unknown, in_set
from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
from spdcheck.semantics.rulesets.ipnat import asked, nat_condition
from spdcheck.semantics.rulesets.netfilter import Compiler
from spdcheck.semantics.rulesets.pf_conditions import rule_condition
from spdcheck.semantics.rulesets.pf_resolve import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import NetfilterRuleset, Target
    from spdcheck.semantics.rulesets.pf_names import PfNames
    from spdcheck.source import Span


class Clamp(NamedTuple):
    """A rule that lowers the MSS to so many bytes; 0 for what fits into the route, tunnel included."""

    mss: int
    origin: Span


NO_CLAMP = Decide(None)
WAYS = ("in", "out", "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
"""Directions of the BSDs' filters, hooks of Linux."""


def clamp_lists(host: Host, direction: str) -> Iterator[DecisionList]:
    """The lists for packets of a direction or at a hook (:data:`WAYS`); actions are :class:`Clamp`, or None."""
    for tables in netfilter_rulesets(host):
        yield from _netfilter(host, tables, direction)
    for ruleset in host.packet_filters:
        if direction not in ("in", "out"):
            continue
        if isinstance(ruleset, NatRuleset):
            own = {i.name: tuple((a.address, a.prefix, a.peer) for a in i.addresses) for i in host.interfaces}
            names = IpfNames(interfaces=own)
            rules = asked(ruleset.rules, Direction.IN if direction == "in" else Direction.OUT)
            entries = [
                Entry(nat_condition(rule, names), _of(rule.mssclamp or 0, rule.origin), rule.origin) for rule in rules
            ]
            yield DecisionList(tuple(entries), NO_CLAMP)
        elif isinstance(ruleset, PfRuleset):
            yield from _pf(ruleset, direction, names_of(host))


class _Clamping(Compiler):
    """The tables with TCPMSS as what decides. Of several that a packet meets the first counts."""

    def verdict(self, name: str) -> Decide:
        """No verdict clamps."""
        del name
        return NO_CLAMP

    def noted(self, target: Target) -> Decide | None:
        """TCPMSS, to a size or to what the route lets through."""
        if target.name != "TCPMSS":
            return None
        size = next((option.value for option in target.options if option.name == "set-mss"), 0)
        return Decide(Clamp(size if isinstance(size, int) else 0, target.origin))


def _netfilter(host: Host, ruleset: NetfilterRuleset, hook: str) -> Iterator[DecisionList]:
    for table in ruleset.tables:
        if not any(rule.target is not None and rule.target.name == "TCPMSS" for c in table.chains for rule in c.rules):
            continue
        found = _Clamping(host, ruleset).hook(table, hook)
        if found is not None:
            yield DecisionList(found.entries, NO_CLAMP)


def _pf(ruleset: PfRuleset, direction: str, names: PfNames) -> Iterator[DecisionList]:
    names = names.with_tables(ruleset)
    ruleset = resolved(ruleset, names)
    where = IN_INTERFACE if direction == "in" else OUT_INTERFACE
    unseen = [(name, names.on(name, where)) for name in ruleset.skip]
    skipped = [
        Entry(Unknown(f"which interfaces are in group {name}") if found is None else in_set(where, *found), NO_CLAMP)
        for name, found in unseen
    ]
    scrubs: list[Entry] = []
    for scrub in ruleset.scrub:
        condition = rule_condition(scrub.condition, direction, names)
        if isinstance(scrub, AnchorCall):
            condition &= Unknown(f"{scrub.origin.where}: what the anchor {scrub.name} holds")
            scrubs.append(Entry(condition, NO_CLAMP, scrub.origin))
        else:
            mss = 0 if scrub.exempts else _mss(scrub.options)
            scrubs.append(Entry(condition, _of(mss, scrub.origin), scrub.origin))
    yield DecisionList((*skipped, *scrubs), NO_CLAMP)
    rules = [
        Entry(rule_condition(rule.condition, direction, names), _of(_mss(rule.scrub), rule.origin), rule.origin)
        for rule in reversed(ruleset.rules)
        if not isinstance(rule, AnchorCall) and _mss(rule.scrub)
    ]
    yield DecisionList((*skipped, *rules), NO_CLAMP)


def _mss(options: tuple[str, ...]) -> int:
    found = (re.fullmatch(r"max-mss (\d+)", option) for option in options)
    return next((int(match[1]) for match in found if match is not None), 0)


def _of(mss: int, origin: Span) -> Decide:
    return Decide(Clamp(mss, origin)) if mss else NO_CLAMP


def clamps(lists: Iterator[DecisionList]) -> Iterator[Clamp]:
    """Every clamp of some lists, whatever it is about."""
    for rules in lists:
        for entry in rules.entries:
            if isinstance(entry.effect, Decide) and isinstance(entry.effect.action, Clamp):
                yield entry.effect.action
