"""The decision lists of ipnat.conf: the order by prefixes, and what becomes of addresses and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.formats import ipnat
from spdcheck.formats.base import Context
from spdcheck.model.policy import Direction
from spdcheck.semantics.changes import Assign, Choose, Shift
from spdcheck.semantics.decision import Decide, Undecided
from spdcheck.semantics.fields import DESTINATION, DESTINATION_PORT, SOURCE, SOURCE_PORT, name_number
from spdcheck.semantics.packet import packet
from spdcheck.semantics.rulesets.ipnat import asked, nat_condition, nat_list
from spdcheck.source import SourceFile
from tests.semantics.test_ipfilter_lists import decide

if TYPE_CHECKING:
    from spdcheck.model.ipnat import NatRule


def rules_of(text: str) -> tuple[NatRule, ...]:
    reading = ipnat.read(SourceFile("ipnat.conf", text), Context())
    assert not reading.unparsed, reading.facts.diagnostics
    (found,) = reading.facts.packet_filters
    return found.rules  # type: ignore[attr-defined,no-any-return]


def lines(text: str, direction: Direction) -> list[int]:
    return [rule.origin.begin.line for rule in asked(rules_of(text), direction)]


def test_the_longest_prefix_is_asked_first() -> None:
    text = (
        "map em0 0/0 -> 192.0.2.1/32\n"
        "map em0 10.0.0.0/8 -> 192.0.2.2/32\n"
        "map em0 from any to 198.51.100.1/32 -> 192.0.2.3/32\n"
        "no map em0 10.1.0.0/16;\n"
        "map em0 10.0.0.0/8 -> 192.0.2.2/32\n"
        "rdr em0 198.51.100.1/32 port 80 -> 10.0.0.1 port 80 tcp\n"
        "bimap em0 10.2.0.0/24 -> 192.0.2.0/24\n"
    )
    assert lines(text, Direction.OUT) == [7, 4, 2, 1, 3]
    assert lines(text, Direction.IN) == [6, 7]


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("map em0 10.0.0.0/8 -> 192.0.2.1/32", (Assign(SOURCE, 0xC0000201),)),
        ("map em0 10.0.0.0/8 -> 192.0.2.0/30", (Choose(SOURCE, ((0xC0000200, 0xC0000203),)),)),
        ("map em0 10.0.0.0/8 -> 0/0", ()),
        (
            "map em0 10.0.0.0/8 -> 192.0.2.1/32 portmap tcp/udp 10:20",
            (Assign(SOURCE, 0xC0000201), Choose(SOURCE_PORT, ((10, 20),))),
        ),
        ("bimap em0 10.0.0.0/24 -> 192.0.2.0/24", (Shift(SOURCE, 0x0A000000, 0x0A0000FF, 0xC0000200),)),
    ],
)
def test_translations_of_what_leaves(rule: str, changes: tuple[object, ...]) -> None:
    seen = packet(4, 0x0A000005, 0x01020304, protocol=6, source_port=99, out_interface=name_number("em0"))
    assert decide(nat_list(rules_of(rule + "\n"), Direction.OUT), seen).changes == changes


def test_redirections() -> None:
    text = "rdr em0 192.0.2.1/32 port 80:90 -> 10.0.0.1 port 8080 tcp\n"
    seen = packet(4, 1, 0xC0000201, protocol=6, destination_port=81, in_interface=name_number("em0"))
    found = decide(nat_list(rules_of(text), Direction.IN), seen)
    assert found.changes == (Assign(DESTINATION, 0x0A000001), Shift(DESTINATION_PORT, 80, 90, 8080))
    assert [change.apply(81) for change in found.changes[1:]] == [8081]


def test_a_rule_about_ports_is_about_tcp_and_udp() -> None:
    (plain,) = rules_of("rdr em0 0/0 -> 10.0.0.1\n")
    (ports,) = rules_of("rdr em0 0/0 port 80 -> 10.0.0.1 port 80\n")
    (other,) = rules_of("rdr em0 0/0 port 0 -> 10.0.0.1 port 0 ip\n")
    assert (plain.protocols, ports.protocols, other.protocols) == ((), (6, 17), ())


def test_the_two_interfaces_of_a_rule() -> None:
    (mapped,) = rules_of("map a,b 10.0.0.0/8 -> 192.0.2.1/32\n")
    text = str(nat_condition(mapped))
    assert str(name_number("b")) in text
    assert str(name_number("a")) not in text


def test_what_is_not_modelled_is_undecided() -> None:
    text = "map em0 0/0 -> 0/32\ndivert in on em0 from any to any -> src 127.0.0.1,1 dst 127.0.0.1,2 udp;\n"
    out = nat_list(rules_of(text), Direction.OUT).entries[0].effect
    inward = nat_list(rules_of(text), Direction.IN).entries[0].effect
    for effect in (out, inward):
        assert isinstance(effect, Decide)
        assert isinstance(effect.action, Undecided)
