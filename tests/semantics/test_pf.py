"""What pf does with packets: last match, quick, translation before or inside the filter, tables, states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.engine.run import outcomes
from spdcheck.formats.base import Context
from spdcheck.formats.pf import read
from spdcheck.model.addresses import parse_address, parse_prefix, parse_value
from spdcheck.model.host import Interface, InterfaceAddress, Platform
from spdcheck.semantics.fields import DESTINATION, SOURCE, name_number, value_text
from spdcheck.semantics.packet import Packet, packet
from spdcheck.semantics.rulesets.pf import PfFate, pf_list, pf_translations
from spdcheck.semantics.rulesets.pf_names import PfNames
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.model.pf import PfRuleset
    from spdcheck.semantics.decision import DecisionList

OLD = Context(platform=Platform.OPENBSD, release=(4, 4))
MODERN = Context(platform=Platform.OPENBSD, release=(7, 6))
SYN, ACK = 2, 16


def ruleset(text: str, context: Context = MODERN) -> PfRuleset:
    found: PfRuleset = read(SourceFile("pf.conf", text), context).facts.packet_filters[0]  # type: ignore[assignment]
    assert found.refusals == ()
    return found


def interface(name: str, *texts: str) -> Interface:
    found = []
    for text in texts:
        address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
        assert address is not None
        assert prefix is not None
        found.append(InterfaceAddress(address, prefix, None, None))
    return Interface(name, tuple(found))


NAMES = PfNames(
    (
        interface("lo0", "127.0.0.1/8"),
        interface("em0", "192.0.2.1/24", "2001:db8::1/64"),
        interface("em1", "10.1.0.1/24"),
    )
)


def tcp(source: str, destination: str, port: int = 80, flags: int = SYN, **values: int) -> Packet:
    one, other = parse_value(source), parse_value(destination)
    assert one is not None
    assert other is not None
    common = {"protocol": 6, "source_port": 40000, "destination_port": port, "tcp_flags": flags}
    return packet(one[0], one[1], other[1], **(common | values))


def fate(rules: DecisionList, probe: Packet) -> tuple[str, Packet]:
    (outcome,) = outcomes(rules, probe)
    action = outcome.decide.action
    assert isinstance(action, PfFate)
    return action.word, outcome.packet


def on(name: str) -> dict[str, int]:
    return {"in_interface": name_number(name)}


def verdict(text: str, probe: Packet, direction: str = "in", context: Context = MODERN) -> str:
    return fate(pf_list(ruleset(text, context), direction, NAMES), probe)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "default"),
        ("block\npass in proto tcp to port 80\n", "pass"),
        ("pass in proto tcp to port 80\nblock\n", "block"),
        ("pass in quick proto tcp to port 80\nblock\n", "pass"),
        ("block out\n", "default"),
        ("block on em1\n", "default"),
        ("set skip on em0\nblock\n", "skip"),
        ("block from { !10.0.0.1, !10.0.0.2 }\n", "block"),
        ("block from em1:network\n", "default"),
        ("block to em0\n", "block"),
        ("block to ! (em0)\n", "default"),
        ("table <t> { 10.0.0.0/8, !10.0.0.0/24 }\nblock from <t>\n", "default"),
        ("table <t> { 10.0.0.0/8, !10.0.1.0/24 }\nblock from <t>\n", "block"),
        ("block from <empty>\n", "default"),
        ("block from ! <empty>\n", "block"),
        ('block\nanchor "a" proto tcp {\npass quick proto tcp to port 80\n}\nblock\n', "pass"),
        ('block\nanchor "a" quick proto tcp {\npass proto tcp to port 80\n}\nblock\n', "pass"),
        ('pass\nanchor "a" proto udp {\nblock quick\n}\n', "pass"),
        ("match in tag T\nblock\npass tagged T\n", "pass"),
        ("block in tag T\npass in\nblock in tagged T\n", "block"),
    ],
)
def test_verdicts(text: str, expected: str) -> None:
    assert verdict(text, tcp("10.0.0.1", "192.0.2.1", **on("em0"))) == expected


def test_a_packet_in_the_middle_of_a_connection_makes_no_state() -> None:
    probe = tcp("10.0.0.1", "192.0.2.1", flags=ACK, **on("em0"))
    assert verdict("block\npass in proto tcp\n", probe) == "block"
    assert verdict("pass in proto tcp\n", probe) == "default"
    assert verdict("block\npass in proto tcp flags any\n", probe) == "pass"


def test_match_translates_for_the_rules_behind_it() -> None:
    text = "match in to 192.0.2.1 rdr-to 10.1.0.9\nblock\npass in to 10.1.0.9\n"
    word, after = fate(pf_list(ruleset(text), "in", NAMES), tcp("203.0.113.5", "192.0.2.1", **on("em0")))
    assert word == "pass"
    assert value_text_of(after) == "10.1.0.9"


def value_text_of(after: Packet) -> str:
    return value_text(DESTINATION, after.destination)


def test_old_pf_asks_rdr_before_binat() -> None:
    text = "binat on em0 from 10.1.0.8 to any -> 192.0.2.1\nrdr on em0 proto tcp to 192.0.2.1 port 80 -> 10.1.0.9\n"
    rules = pf_translations(ruleset(text, OLD), "in", NAMES)
    assert value_text_of(fate(rules, tcp("203.0.113.5", "192.0.2.1", **on("em0")))[1]) == "10.1.0.9"
    assert value_text_of(fate(rules, tcp("203.0.113.5", "192.0.2.1", 22, **on("em0")))[1]) == "10.1.0.8"


def test_no_nat_stops_the_search() -> None:
    text = "no nat on em0 from 10.1.0.0/24 to 10.9.0.0/16\nnat on em0 from 10.1.0.0/24 to any -> 192.0.2.1\n"
    rules = pf_translations(ruleset(text, OLD), "out", NAMES)
    leaving = {"out_interface": name_number("em0")}
    kept = fate(rules, tcp("10.1.0.7", "10.9.0.1", **leaving))[1]
    changed = fate(rules, tcp("10.1.0.7", "203.0.113.5", **leaving))[1]
    assert [value_text(SOURCE, after.source) for after in (kept, changed)] == ["10.1.0.7", "192.0.2.1"]


def test_binat_keeps_the_host_part() -> None:
    rules = pf_translations(ruleset("binat on em0 from 10.1.0.16/28 to any -> 192.0.2.32/28\n", OLD), "in", NAMES)
    assert value_text_of(fate(rules, tcp("203.0.113.5", "192.0.2.37", **on("em0")))[1]) == "10.1.0.21"
