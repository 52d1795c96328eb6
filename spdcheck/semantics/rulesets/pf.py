"""A ruleset of pf as decision lists: the filter of each direction, and old pf's translation before it.

Modern pf translates in the filter list, at ``match`` and ``pass`` rules. Old pf asks its translation rules first (the
first match counts): out binat, then nat; in **rdr, then binat**, whatever the manual says (``pf_get_translation``).
Packets of a known connection meet none of this: an entry's ``state`` says which connections become known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.pf import AnchorCall, PfRule, Translation
from spdcheck.records import dataclass, replace
from spdcheck.semantics.changes import Assign
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.fields import (
    IN_INTERFACE,
    OUT_INTERFACE,
    TAG,
    name_number,
)
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.predicate import FALSE, Unknown, any_of, in_set
from spdcheck.semantics.rulesets.last_match import Anchor, Match, Rule, last_match
from spdcheck.semantics.rulesets.pf_conditions import rule_condition
from spdcheck.semantics.rulesets.pf_names import PfNames
from spdcheck.semantics.rulesets.pf_pools import pool_changes, split
from spdcheck.semantics.rulesets.pf_resolve import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.pf import FilterEntry, PfRoute, PfRuleset, StateKeeping
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.filters import Detour
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.last_match import Node


@dataclass(frozen=True, slots=True)
class PfFate:
    """What becomes of a packet. ``word`` is ``pass``, ``block``, ``default`` or ``skip`` (``set skip``).

    ``answer`` is how a block answers. ``options`` says that packets with IP options pass too. ``route`` sends the
    packet another way, ``detour`` says which; ``divert`` hands it to a local program; ``af_to`` makes it one of the
    other family.
    """

    word: str
    answer: str = ""
    log: str = ""
    options: bool = False
    route: PfRoute | None = None
    divert: str = ""
    af_to: object = None
    filtered: bool = True
    detour: Detour | None = None

    @property
    def passes(self) -> bool:
        """The packet goes on."""
        return self.word != "block"

    @property
    def verdict(self) -> Verdict:
        """The fate in the words that all filters share."""
        if self.passes:
            return Verdict.PASS
        return Verdict.BLOCK if self.answer == "drop" else Verdict.REJECT


DEFAULT = PfFate("default", options=True)
"""pf's own rule behind all others: everything passes, without a state."""

SKIPPED = PfFate("skip", options=True)

UNTRANSLATED = PfFate("default", options=True)


def pf_list(ruleset: PfRuleset, direction: str, names: PfNames | None = None) -> DecisionList:
    """The filter rules for packets of a direction (``in`` or ``out``); actions are :class:`PfFate`."""
    compiler = _Compiler(ruleset, direction, names or PfNames())
    return last_match([*compiler.skipped(), *compiler.block(compiler.ruleset.rules, "")], Decide(DEFAULT))


def pf_translations(ruleset: PfRuleset, direction: str, names: PfNames | None = None) -> DecisionList:
    """Old pf's translation of packets of a direction, asked before the filter rules.

    An action with ``filtered`` False (``rdr pass``) lets the packet past the filter rules.
    """
    compiler = _Compiler(ruleset, direction, names or PfNames())
    return DecisionList(tuple(compiler.translations()), Decide(UNTRANSLATED))


class _Compiler:
    """The ruleset of one host, for one direction."""

    def __init__(self, ruleset: PfRuleset, direction: str, names: PfNames) -> None:
        self.names = names.with_tables(ruleset)
        self.ruleset = resolved(ruleset, self.names)
        self.direction = direction
        self.loaded = dict(self.ruleset.loaded)

    def skipped(self) -> Iterator[Rule]:
        """``set skip on``: pf does not see these packets at all."""
        where = IN_INTERFACE if self.direction == "in" else OUT_INTERFACE
        parts: list[Predicate] = []
        for name in self.ruleset.skip:
            members = self.names.on(name, where)
            unknown = Unknown(f"which interfaces are in group {name}")
            parts.append(unknown if members is None else in_set(where, *members))
        if parts:
            yield Rule(any_of(parts), Decide(SKIPPED), quick=True, origin=self.ruleset.origin)

    # Filter rules

    def block(self, entries: Iterable[FilterEntry], path: str) -> list[Node]:
        """The rules of a list in the form of :mod:`.last_match`."""
        nodes: list[Node] = []
        for entry in entries:
            if isinstance(entry, AnchorCall):
                nodes += self._anchor(entry, path)
            else:
                nodes += self._rule(entry)
        return nodes

    def _anchor(self, call: AnchorCall, path: str) -> Iterator[Node]:
        condition = rule_condition(call.condition, self.direction, self.names)
        if condition == FALSE:
            return
        for inner in self._bodies(call, path):
            yield Anchor(condition, tuple(inner), call.quick, call.origin)

    def _bodies(self, call: AnchorCall, path: str) -> Iterator[list[Node]]:
        """The rules of an anchor; of every child, alphabetically, where the name ends with ``/*``."""
        if call.body is not None:
            yield self.block(call.body, f"{path}/{call.name}".strip("/"))
            return
        for name in self._loaded_names(call.name, path):
            own = _Compiler(self.loaded[name], self.direction, self.names)
            own.loaded = self.loaded
            yield own.block(own.ruleset.rules, name)

    def _loaded_names(self, name: str, path: str) -> list[str]:
        full = name.strip("/") if name.startswith("/") or not path else f"{path}/{name}"
        if not full.endswith("/*"):
            return [full] if full in self.loaded else []
        above = full[:-1]
        return sorted(n for n in self.loaded if n.startswith(above) and "/" not in n[len(above) :])

    def _rule(self, rule: PfRule) -> Iterator[Node]:
        condition = rule_condition(rule.condition, self.direction, self.names)
        if condition == FALSE:
            return
        tag: tuple[Change, ...] = (Assign(TAG, name_number(rule.tag, TAG)),) if rule.tag else ()
        for part, changes in self._translated(rule, condition):
            if rule.action == "match":
                if tag or changes:
                    yield Match(part, tag + changes, rule.origin)
                continue
            fate = PfFate(rule.action, rule.answer, rule.log, rule.allow_opts, rule.route, rule.divert, rule.af_to)
            yield Rule(part, Decide(fate, changes, _state(rule.state)), rule.quick, tag, rule.origin)

    def _translated(self, rule: PfRule, condition: Predicate) -> Iterator[tuple[Predicate, tuple[Change, ...]]]:
        """The changes of the rule's translations; packets without ports have none to change."""
        if rule.nat is None and rule.rdr is None:
            yield condition, ()
            return
        addresses, ports = pool_changes(self.names, rule.nat, rule.rdr, rule.condition)
        yield from split(condition, rule.condition.protocol, addresses, ports)

    # Old translation

    def translations(self) -> Iterator[Entry]:
        """The rules in the order in which they are asked."""
        for kind in ("binat", "nat") if self.direction == "out" else ("rdr", "binat"):
            yield from self._translations_of(kind, self.ruleset, "")

    def _translations_of(self, kind: str, ruleset: PfRuleset, path: str) -> Iterator[Entry]:
        """The rules of one kind; an anchor is asked where it stands, about the packets of its condition."""
        for entry in {"binat": ruleset.binat, "nat": ruleset.nat, "rdr": ruleset.rdr}[kind]:
            if isinstance(entry, Translation):
                yield from self._translation(entry)
                continue
            guard = rule_condition(entry.condition, self.direction, self.names)
            for name in () if guard == FALSE else self._loaded_names(entry.name, path):
                own = _Compiler(self.loaded[name], self.direction, self.names)
                own.loaded = self.loaded
                for inner in own._translations_of(kind, own.ruleset, name):
                    yield replace(inner, predicate=guard & inner.predicate)

    def _translation(self, rule: Translation) -> Iterator[Entry]:
        backwards = rule.kind == "binat" and self.direction == "in"
        asked = rule.condition
        if backwards:
            target = rule.pool.addresses[0] if rule.pool else asked.source.address
            asked = replace(asked, source=asked.destination, destination=asked.source._replace(address=target))
        condition = rule_condition(asked, self.direction, self.names)
        if condition == FALSE:
            return
        fate = PfFate("default", log=rule.log, options=True, filtered=not rule.passes)
        tag: tuple[Change, ...] = (Assign(TAG, name_number(rule.tag, TAG)),) if rule.tag else ()
        if rule.pool is None:
            yield Entry(condition, Decide(PfFate("default", options=True), tag), rule.origin)
            return
        if backwards:
            back = rule.pool._replace(addresses=(rule.condition.source.address,), first_port=0, last_port=0)
            addresses, ports = pool_changes(self.names, None, back, asked)
        elif rule.kind == "rdr":
            addresses, ports = pool_changes(self.names, None, rule.pool, asked)
        else:
            addresses, ports = pool_changes(self.names, rule.pool, None, asked)
        for part, changes in split(condition, asked.protocol, addresses, ports):
            yield Entry(part, Decide(fate, tag + changes, rule.kind), rule.origin)


def _state(state: StateKeeping | None) -> object:
    return None if state is None else state._replace(implied=False)


def verdicts(rules: DecisionList) -> DecisionList:
    """The same list with the actions that the stages of a datapath understand."""

    def plain(decide: Decide) -> Decide:
        assert isinstance(decide.action, PfFate)
        return replace(decide, action=decide.action.verdict)

    entries = tuple(
        replace(entry, effect=plain(entry.effect)) if isinstance(entry.effect, Decide) else entry
        for entry in rules.entries
    )
    return DecisionList(entries, plain(rules.default))
