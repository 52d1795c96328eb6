"""The compilers against interpreters written the way the manuals tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.concrete import matches
from spdcheck.engine.run import decided
from spdcheck.semantics.changes import Assign, SetBits
from spdcheck.semantics.decision import Continue, Decide, Undecided
from spdcheck.semantics.fields import DESTINATION_PORT, MARK, PROTOCOL, TAG, name_number
from spdcheck.semantics.packet import Packet, packet
from spdcheck.semantics.predicate import TRUE, in_set, is_value, masked
from spdcheck.semantics.rulesets.chains import ChainRule, Goto, Jump, Return, chains
from spdcheck.semantics.rulesets.groups import GroupRule, groups
from spdcheck.semantics.rulesets.last_match import Anchor, Match, Rule, last_match
from tests.strategies import packets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.rulesets.last_match import Node

TAGS = [name_number(tag, TAG) for tag in ("one", "two")]

asks = st.sampled_from(
    (
        TRUE,
        is_value(PROTOCOL, 6),
        in_set(DESTINATION_PORT, (0, 80)),
        in_set(DESTINATION_PORT, (80, 443)),
        is_value(TAG, TAGS[0]),
        ~is_value(TAG, TAGS[1]),
        masked(MARK, 1, 1),
        ~masked(MARK, 1, 1) & is_value(PROTOCOL, 6, 17),
        masked(MARK, 2, 2),
    )
)
changes: st.SearchStrategy[tuple[Change, ...]] = st.sampled_from(
    (
        (Assign(TAG, TAGS[0]),),
        (Assign(TAG, TAGS[1]),),
        (SetBits(MARK, 1, 1),),
        (SetBits(MARK, 3, 2),),
        (Assign(DESTINATION_PORT, 80), SetBits(MARK, 2, 2)),
    )
)
decides = st.builds(Decide, st.sampled_from(("pass", "block", "reject")), st.one_of(st.just(()), changes))
DEFAULT = Decide("default")


def change(sample: Packet, made: Sequence[Change]) -> Packet:
    for one in made:
        sample = sample.with_values({one.field: one.apply(sample[one.field])})
    return sample


def agree(rules: DecisionList, sample: Packet, decide: Decide, changed: Packet) -> None:
    found = decided(rules, sample)
    assert not isinstance(found, Undecided)
    assert (found.decide.action, found.packet) == (decide.action, change(changed, decide.changes))
    arriving = rules.arriving()
    deciding = [
        number
        for number, entry in enumerate(rules.entries)
        if isinstance(entry.effect, Decide) and matches(arriving[number], sample)
    ]
    assert found.entry == (deciding[0] if deciding else None)


# pf ------------------------------------------------------------------------------------------------------------------

nodes: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.builds(Rule, asks, decides, st.booleans(), st.one_of(st.just(()), changes)),
        st.builds(Match, asks, changes),
    ),
    lambda inner: st.builds(Anchor, asks, st.lists(inner, max_size=4).map(tuple), st.booleans()),
    max_leaves=8,
)


@dataclass
class Pf:
    """``pf_test_rule`` as pf.conf(5) tells it: go through all rules, remember the last match, stop at quick."""

    packet: Packet
    last: Decide | None = None

    def scan(self, rules: Sequence[Node]) -> tuple[bool, bool]:
        """Whether evaluation is over, and whether a deciding rule matched in here."""
        any_matched = False
        for rule in rules:
            if not matches(rule.condition, self.packet):
                continue
            if isinstance(rule, Match):
                self.packet = change(self.packet, rule.changes)
            elif isinstance(rule, Anchor):
                over, matched = self.scan(rule.rules)
                any_matched |= matched
                if over or (rule.quick and matched):
                    return True, True
            else:
                any_matched = True
                self.packet = change(self.packet, rule.at_once)
                self.last = rule.decide
                if rule.quick:
                    return True, True
        return False, any_matched


@given(st.lists(nodes, max_size=6), packets())
def test_last_match_quick_and_anchors(rules: list[Node], sample: Packet) -> None:
    direct = Pf(sample)
    direct.scan(rules)
    agree(last_match(rules, DEFAULT), sample, direct.last or DEFAULT, direct.packet)


# ipfilter ------------------------------------------------------------------------------------------------------------

NAMES = ("0", "1", "2", "3")


def group_rules(number: int) -> st.SearchStrategy[list[GroupRule]]:
    heads = st.sampled_from((None, None, *NAMES[number + 1 :]))
    rule = st.builds(
        GroupRule, asks, st.one_of(st.none(), decides), st.booleans(), heads, st.sampled_from((0, 0, 0, 1, 2))
    ).map(lambda made: made if made.skip == 0 else GroupRule(made.condition, None, skip=made.skip))
    return st.lists(rule, max_size=4)


lists = st.fixed_dictionaries({name: group_rules(number) for number, name in enumerate(NAMES)})


def scan_list(
    given_lists: Mapping[str, Sequence[GroupRule]], name: str, sample: Packet, result: tuple[Decide, bool] | None
) -> tuple[tuple[Decide, bool] | None, bool]:
    """``ipf_scanlist``: the result (with its quick flag) and whether a rule of this list set it."""
    hit = False
    skip = 0
    for rule in given_lists[name]:
        if skip:
            skip -= 1
            continue
        if not matches(rule.condition, sample):
            continue
        if rule.skip:
            skip = rule.skip
            continue
        if rule.decide is None:
            continue
        hit = True
        result = (rule.decide, rule.quick)
        if rule.head is not None:
            result, _ = scan_list(given_lists, rule.head, sample, result)
        assert result is not None
        if result[1]:
            break
    return result, hit


@given(lists, packets())
def test_groups_heads_and_skip(made: dict[str, list[GroupRule]], sample: Packet) -> None:
    result, _ = scan_list(made, "0", sample, None)
    agree(groups(made, "0", DEFAULT), sample, DEFAULT if result is None else result[0], sample)


# netfilter -----------------------------------------------------------------------------------------------------------


def chain_rules(number: int) -> st.SearchStrategy[list[ChainRule]]:
    onwards = NAMES[number + 1 :]
    targets: list[st.SearchStrategy[object]] = [decides, st.builds(Continue, changes), st.just(Return())]
    if onwards:
        targets += [st.builds(Jump, st.sampled_from(onwards)), st.builds(Goto, st.sampled_from(onwards))]
    return st.lists(st.builds(ChainRule, asks, st.one_of(targets)), max_size=4)


tables = st.fixed_dictionaries({name: chain_rules(number) for number, name in enumerate(NAMES)})


def do_table(table: Mapping[str, Sequence[ChainRule]], sample: Packet) -> tuple[Decide, Packet]:
    """``ipt_do_table`` with its stack of places to come back to."""
    stack: list[tuple[str, int]] = []
    name, place = NAMES[0], 0
    while True:
        rule = table[name][place] if place < len(table[name]) else None
        if rule is None or (isinstance(rule.target, Return) and matches(rule.condition, sample)):
            if not stack:
                return DEFAULT, sample
            name, place = stack.pop()
            continue
        place += 1
        target = rule.target
        if not matches(rule.condition, sample):
            continue
        if isinstance(target, Decide):
            return target, sample
        if isinstance(target, Continue):
            sample = change(sample, target.changes)
        elif isinstance(target, Jump):
            stack.append((name, place))
            name, place = target.chain, 0
        elif isinstance(target, Goto):
            name, place = target.chain, 0


@given(tables, packets())
def test_chains(table: dict[str, list[ChainRule]], sample: Packet) -> None:
    decide, changed = do_table(table, sample)
    agree(chains(table, "0", DEFAULT), sample, decide, changed)


def test_a_jump_is_asked_once() -> None:
    """The rules behind the jump change what the jump asked about."""
    seen = (SetBits(MARK, 1, 1),)
    table = {
        "INPUT": [ChainRule(~masked(MARK, 1, 1), Jump("first"))],
        "first": [ChainRule(TRUE, Continue(seen)), ChainRule(is_value(PROTOCOL, 6), Decide("pass"))],
    }
    found = decided(chains(table, "INPUT", DEFAULT), packet(4, 1, 2, protocol=6))
    assert not isinstance(found, Undecided)
    assert (found.decide.action, found.packet.mark) == ("pass", 1)


def test_circles_and_missing_chains_are_undecided() -> None:
    table = {"a": [ChainRule(TRUE, Jump("b"))], "b": [ChainRule(TRUE, Jump("a"))], "c": [ChainRule(TRUE, Goto("d"))]}
    for start in ("a", "c"):
        assert isinstance(decided(chains(table, start, DEFAULT), packet(4, 1, 2)), Undecided)


def test_no_helper_entries_where_nothing_can_turn() -> None:
    rules: list[Node] = [
        Rule(TRUE, Decide("block")),
        Match(is_value(PROTOCOL, 17), (Assign(TAG, TAGS[0]),)),
        Rule(is_value(PROTOCOL, 6), Decide("pass")),
    ]
    assert [entry.effect for entry in last_match(rules, DEFAULT).entries] == [
        Continue((Assign(TAG, TAGS[0]),)),
        Decide("pass"),
        Decide("block"),
    ]
