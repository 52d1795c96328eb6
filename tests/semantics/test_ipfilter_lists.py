"""The decision lists of ipf.conf against a direct scan of the rules, as ``ipf_scanlist`` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.concrete import matches
from spdcheck.formats import ipfilter, ippool
from spdcheck.formats.base import Context
from spdcheck.model.ipfilter import IpfAction, IpfRule
from spdcheck.model.policy import Direction
from spdcheck.semantics.decision import Decide, DecisionList
from spdcheck.semantics.fields import name_number
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.packet import packet
from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
from spdcheck.semantics.rulesets.ipf_conditions import TRAIT_BITS, rule_condition
from spdcheck.semantics.rulesets.ipf_order import KernelLists
from spdcheck.semantics.rulesets.ipfilter import DEFAULT_BLOCK, IpfFate, StateRule, ipf_list, with_verdicts
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.semantics.packet import Packet

HOST = 0x0A000001


def rules_of(text: str) -> tuple[IpfRule, ...]:
    reading = ipfilter.read(SourceFile("ipf.conf", text), Context())
    assert not reading.unparsed, reading.facts.diagnostics
    (found,) = reading.facts.packet_filters
    return found.rules  # type: ignore[attr-defined,no-any-return]


def decide(rules: DecisionList, seen: Packet) -> Decide:
    for entry in rules.entries:
        if isinstance(entry.effect, Decide) and matches(entry.predicate, seen):
            return entry.effect
    return rules.default


def word(text: str, seen: Packet, direction: Direction = Direction.IN) -> str:
    fate = decide(ipf_list(rules_of(text), direction), seen).action
    assert isinstance(fate, IpfFate)
    return fate.word


def scanned(rules: tuple[IpfRule, ...], direction: Direction, seen: Packet) -> str:
    """The result of ``ipf_scanlist``: the word of the rule that decides."""
    lists = KernelLists(rules).filters

    def scan(group: str, result: str, depth: int) -> tuple[str, bool, bool]:
        """``(result, stop, a rule decided)``."""
        skip = 0
        decided = False
        for rule in lists.get((direction, group), []):
            if skip:
                skip -= 1
                continue
            if not matches(rule_condition(rule), seen):
                continue
            if rule.action is IpfAction.SKIP:
                skip = rule.skip
                continue
            if rule.action is IpfAction.LOG:
                continue
            now, stop = rule.action.value, rule.quick
            if rule.head is not None and depth < 16:
                inner, ends, found = scan(rule.head, now, depth + 1)
                if found:
                    now, stop = inner, ends
            result, decided = now, True
            if stop:
                return result, True, True
        return result, False, decided

    return scan("", "default", 0)[0]


conditions = st.sampled_from(
    ("all", "from 10.0.0.1 to any", "from any to 10.0.0.1", "from !10.0.0.0/8 to any", "proto tcp all",
     "proto udp from any to any port = 53", "proto tcp from any to any port > 1023", "proto tcp all flags S",
     "on em0 all")
)  # fmt: skip


@st.composite
def rulesets(draw: st.DrawFn) -> str:
    lines = []
    for _ in range(draw(st.integers(1, 9))):
        action = draw(st.sampled_from(("pass", "block", "pass", "block", "log", "skip 1", "skip 2", "auth")))
        quick = " quick" if draw(st.booleans()) and not action.startswith(("skip", "log")) else ""
        rest = draw(conditions)
        on = ""
        if rest.startswith("on "):
            on, rest = " on em0", "all"
        head = draw(st.sampled_from(("", "", "", " head 10", " head 20")))
        group = draw(st.sampled_from(("", "", "", " group 10", " group 20")))
        if head.split() and group.split() and head.split()[1] <= group.split()[1]:
            head = ""  # groups lead downwards only, or the kernel would go round in circles
        if action.startswith(("skip", "log")):
            head = ""
        lines.append(f"{action} in{quick}{on} {rest}{head}{group}")
    return "\n".join(lines) + "\n"


packets = st.builds(
    lambda source, destination, protocol, port, flags, interface: packet(
        4, source, destination, protocol=protocol, destination_port=port if protocol in (6, 17) else 0,
        tcp_flags=flags if protocol == 6 else 0, in_interface=name_number(interface),
    ),
    st.sampled_from((HOST, 0x0B000001)), st.sampled_from((HOST, 0x0C000001)), st.sampled_from((1, 6, 17)),
    st.sampled_from((53, 1023, 1024)), st.sampled_from((2, 16, 18)), st.sampled_from(("em0", "em1")),
)  # fmt: skip


@given(text=rulesets(), seen=packets)
def test_lists_decide_as_the_kernel_scans(text: str, seen: Packet) -> None:
    assert word(text, seen) == scanned(rules_of(text), Direction.IN, seen)


TCP_SYN = packet(4, HOST, HOST, protocol=6, destination_port=22, tcp_flags=2)


def test_a_quick_head_does_not_stop_if_its_group_decides_otherwise() -> None:
    text = "block in quick all head 10\npass in all group 10\nblock in proto tcp all\n"
    assert word(text, TCP_SYN) == "block"
    assert word("block in quick all head 10\npass in proto udp all group 10\npass in all\n", TCP_SYN) == "block"


def test_a_rule_said_twice_counts_once() -> None:
    assert word("pass in all\nblock in all\npass in all\n", TCP_SYN) == "block"
    refused = KernelLists(rules_of("pass in all\nblock in all\npass in all\n")).refused
    assert [(r.rule.origin.begin.line, r.known.origin.begin.line) for r in refused] == [(3, 1)]


def test_collections_and_insertion() -> None:
    text = "100 pass in all\nblock in all\n@0 pass in proto tcp all\n@0 100 block in proto udp all\n"
    order = KernelLists(rules_of(text)).filters[Direction.IN, ""]
    assert [(rule.collection, rule.protocols, rule.action.value) for rule in order] == [
        (0, (6,), "pass"), (0, (), "block"), (100, (17,), "block"), (100, (), "pass"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        ("port = 10", {10}), ("port != 10", set(range(21)) - {10}), ("port < 10", set(range(10))),
        ("port > 10", set(range(11, 21))), ("port <= 10", set(range(11))), ("port >= 10", set(range(10, 21))),
        ("port 5 >< 10", {6, 7, 8, 9}), ("port 5 <> 10", set(range(5)) | set(range(11, 21))),
        ("port 5:10", set(range(5, 11))), ("port 9 >< 10", set()),
    ],
)  # fmt: skip
def test_comparisons_of_ports(rule: str, taken: set[int]) -> None:
    (parsed,) = rules_of(f"pass in proto tcp from any to any {rule}\n")
    condition = rule_condition(parsed)
    seen = {port for port in range(21) if matches(condition, packet(4, 1, 2, protocol=6, destination_port=port))}
    assert seen == taken


def test_ports_without_a_protocol_are_those_of_tcp_and_udp() -> None:
    (rule,) = rules_of("pass in from any to any port = 53\n")
    taken = [
        p for p in (1, 6, 17, 132) if matches(rule_condition(rule), packet(4, 1, 2, protocol=p, destination_port=53))
    ]
    assert taken == [6, 17]
    later = packet(4, 1, 2, protocol=17, destination_port=53, fragment=2)
    assert not matches(rule_condition(rule), later)


def test_flags_without_a_mask_leave_out_the_two_newest() -> None:
    (rule,) = rules_of("pass in proto tcp all flags S\n")
    taken = {
        flags
        for flags in (2, 0x42, 0x82, 0xC2, 0x12)
        if matches(rule_condition(rule), packet(4, 1, 2, protocol=6, tcp_flags=flags))
    }
    assert taken == {2, 0x42, 0x82, 0xC2}


def test_keep_state_blocks_what_can_have_no_state() -> None:
    error = packet(4, 1, 2, protocol=1, icmp_type=3)
    echo = packet(4, 1, 2, protocol=1, icmp_type=8)
    plain = "pass in proto icmp all keep state\n"
    assert (word(plain, echo), word(plain, error)) == ("pass", "block")
    quick = "pass in quick proto icmp all keep state\npass in all\n"
    assert decide(ipf_list(rules_of(quick), Direction.IN), error).state is None
    short = packet(4, 1, 2, protocol=6, tcp_flags=2, traits=TRAIT_BITS["short"])
    assert word("pass in proto tcp all keep state\n", short) == "block"


def test_interfaces_of_a_state() -> None:
    (inward,) = rules_of("pass in on a,b out-via c,d all keep state\n")
    (outward,) = rules_of("pass out on c in-via a all keep state\n")
    states = [decide(ipf_list((rule,), rule.direction), seen).state for rule, seen in (
        (inward, packet(4, 1, 2, protocol=17, in_interface=name_number("a"))),
        (outward, packet(4, 1, 2, protocol=17, out_interface=name_number("c"))),
    )]  # fmt: skip
    assert all(isinstance(state, StateRule) for state in states)
    assert [state.interfaces for state in states if isinstance(state, StateRule)] == [
        ("a", "b", "c", "d"), ("a", "", "c", ""),
    ]  # fmt: skip


def test_the_longest_prefix_of_a_pool_decides() -> None:
    pools = ippool.read(
        SourceFile(
            "ippool.conf", "table role = ipf type = tree number = 5 { 10.0.0.0/8; !10.1.0.0/16; 10.1.2.0/24; };\n"
        ),
        Context(),
    ).facts.packet_filters[0]
    names = IpfNames(pools=pools.pools)  # type: ignore[attr-defined]
    (rule,) = rules_of("pass in from pool/5 to any\n")
    condition = rule_condition(rule, names)
    inside = [matches(condition, packet(4, address, 2)) for address in (0x0A020304, 0x0A010304, 0x0A010204, 0x0B000001)]
    assert inside == [True, False, True, False]
    assert matches(rule_condition(rule), packet(4, HOST, 2)) is None


def test_defaults_and_verdicts() -> None:
    rules = rules_of("block return-rst in proto tcp all\n")
    lists = with_verdicts(ipf_list(rules, Direction.IN, default=DEFAULT_BLOCK))
    assert decide(lists, TCP_SYN).action is Verdict.REJECT
    assert decide(lists, packet(4, 1, 2, protocol=17)).action is Verdict.BLOCK
    assert decide(with_verdicts(ipf_list(rules, Direction.OUT)), TCP_SYN).action is Verdict.PASS


def test_names_that_nobody_knows_are_unknown() -> None:
    (rule,) = rules_of("pass in on em0 from gateway.example.org to em0/broadcast\n")
    assert matches(rule_condition(rule), packet(4, 1, 2, in_interface=name_number("em0"))) is None
    assert matches(rule_condition(rule), packet(4, 1, 2, in_interface=name_number("em1"))) is False
