from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.concrete import compile_matcher, matches
from spdcheck.model.addresses import prefix
from spdcheck.semantics import conditions as rule
from spdcheck.semantics.fields import DESTINATION_PORT, SOURCE, TCP_FLAGS, name_number
from spdcheck.semantics.packet import Packet, packet
from spdcheck.semantics.predicate import (
    FALSE,
    TRUE,
    And,
    Not,
    Or,
    Predicate,
    Unknown,
    all_of,
    any_of,
    fields_of,
    in_set,
    masked,
    unknowns_of,
)
from spdcheck.semantics.words import predicate_text
from tests.strategies import packets, predicates

NET = prefix(4, 0x0A010000, 16)


@given(st.lists(predicates(unknown=True), max_size=4), packets())
def test_the_normal_form_means_the_same(parts: list[Predicate], sample: Packet) -> None:
    assert_refines(matches(all_of(parts), sample), matches(And(tuple(parts)), sample))
    assert_refines(matches(any_of(parts), sample), matches(Or(tuple(parts)), sample))
    for part in parts:
        assert matches(~part, sample) is matches(Not(part), sample)


def assert_refines(normal: bool | None, plain: bool | None) -> None:
    """Equal; the normal form may only know more (``limit or not limit`` stays unknown in both)."""
    assert normal is plain or plain is None


@given(predicates(unknown=True), packets())
def test_the_compiled_matcher_agrees(predicate: Predicate, sample: Packet) -> None:
    assert compile_matcher(predicate)(sample) is matches(predicate, sample)


@given(predicates(unknown=True))
def test_values(predicate: Predicate) -> None:
    assert pickle.loads(pickle.dumps(predicate)) == predicate
    assert hash(pickle.loads(pickle.dumps(predicate))) == hash(predicate)
    assert ~~predicate == predicate
    assert predicate & TRUE == predicate == predicate | FALSE
    assert predicate & FALSE == FALSE
    assert predicate | TRUE == TRUE
    assert fields_of(~predicate) == fields_of(predicate)
    assert predicate_text(predicate)


def test_kleene() -> None:
    limit, port = Unknown("limit"), in_set(DESTINATION_PORT, (80, 80))
    web = packet(4, 1, 2, destination_port=80)
    assert matches(limit & port, web) is None
    assert matches(limit & ~port, web) is False
    assert matches(limit | port, web) is True
    assert matches(limit | ~limit, web) is None
    assert unknowns_of(~(limit & port) | limit) == ("limit",)


def test_masks_that_are_prefixes_become_sets() -> None:
    assert masked(TCP_FLAGS, 0, 0) == TRUE
    assert masked(TCP_FLAGS, 1, 2) == FALSE
    assert masked(TCP_FLAGS, 0xF0, 0x10) == in_set(TCP_FLAGS, (0x10, 0x1F))
    assert rule.address_mask(SOURCE, 4, 0xFFFF0000, 10 << 24) == in_set(SOURCE, (10 << 24, (10 << 24) + 0xFFFF))


def test_conditions_ask_for_the_protocol() -> None:
    web = rule.destination_port((80, 80), protocols=(6,))
    assert matches(web, packet(4, 1, 2, protocol=6, destination_port=80))
    assert not matches(web, packet(4, 1, 2, protocol=1))
    assert not matches(
        ~rule.destination_port((80, 80)) & rule.destination_port((0, 65535)), packet(4, 1, 2, protocol=1)
    )
    assert matches(rule.tcp_flags(0x12, 2), packet(4, 1, 2, protocol=6, tcp_flags=0x42))
    assert matches(rule.icmp(6, 128), packet(6, 1, 2, protocol=58, icmp_type=128))
    assert not matches(rule.family(6), packet(4, 1, 2))


def test_names_are_numbers_with_wildcards() -> None:
    assert matches(rule.arrives_on("ppp+"), packet(4, 1, 2, in_interface=name_number("ppp12")))
    assert not matches(rule.arrives_on("ppp+"), packet(4, 1, 2, in_interface=name_number("pp")))
    assert matches(rule.leaves_by("em0", "em1"), packet(4, 1, 2, out_interface=name_number("em1")))
    assert not matches(rule.leaves_by("em0"), packet(4, 1, 2, out_interface=name_number("em01")))


def test_in_words() -> None:
    condition = rule.source(NET) & rule.protocol(6) & ~in_set(DESTINATION_PORT, (80, 80))
    assert predicate_text(condition) == "source 10.1.0.0/16 and protocol tcp and destination port any but 80"
    assert predicate_text(~(rule.tcp_flags(0x12, 2) & Unknown("a limit"))) == (
        "not (protocol tcp and TCP flags S/SA and unknown (a limit))"
    )
    assert predicate_text(rule.arrives_on("ppp+", "em0")) == "in on em0, ppp*"
    assert (predicate_text(TRUE), predicate_text(FALSE)) == ("anything", "nothing")


def test_a_packet_reads_like_a_flow() -> None:
    sample = packet(4, 0x0A010007, 0x0A020009, protocol=6, source_port=40000, destination_port=443, tcp_flags=2, df=1)
    assert str(sample) == "tcp 10.1.0.7:40000 → 10.2.0.9:443 [S] DF"
    assert str(packet(6, 1, 2, protocol=58, icmp_type=128)) == "icmp6 ::1 → ::2 echo-request"
