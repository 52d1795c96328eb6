"""Conditions made shorter by what stands beside them: they mean the same, and lists of translations stay small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from spdcheck.engine.concrete import matches
from spdcheck.formats.base import Context
from spdcheck.formats.pf import read
from spdcheck.model.host import Platform
from spdcheck.semantics.assuming import Weights, simplified
from spdcheck.semantics.decision import MOST_DEPTH, MOST_PARTS
from spdcheck.semantics.fields import DESTINATION_PORT, PROTOCOL, SOURCE
from spdcheck.semantics.predicate import FALSE, Predicate, Unknown, is_value, unknowns_of
from spdcheck.semantics.rulesets.pf import pf_list
from spdcheck.semantics.rulesets.pf_names import PfNames
from spdcheck.source import SourceFile
from tests.strategies import packets, predicates

if TYPE_CHECKING:
    from spdcheck.semantics.packet import Packet

TCP, WEB, MAIL = is_value(PROTOCOL, 6), is_value(DESTINATION_PORT, 80), is_value(DESTINATION_PORT, 25)
LUCK, MOOD = Unknown("luck"), Unknown("mood")


@given(predicates(unknown=True), packets())
def test_the_shorter_condition_means_the_same(predicate: Predicate, sample: Packet) -> None:
    shorter, plain = matches(simplified(predicate), sample), matches(predicate, sample)
    assert shorter is plain or plain is None


@given(predicates(unknown=True))
def test_nothing_grows_and_no_doubt_is_invented(predicate: Predicate) -> None:
    shorter = simplified(predicate)
    assert Weights().of(shorter)[0] <= max(Weights().of(predicate)[0], 1 + len(unknowns_of(predicate)))
    assert set(unknowns_of(shorter)) <= set(unknowns_of(predicate))


def test_a_neighbour_decides() -> None:
    assert simplified(TCP & WEB & ~(TCP & MAIL & LUCK)) == TCP & WEB
    assert simplified(TCP & (WEB | ~TCP)) == TCP & WEB
    assert simplified(WEB & (MAIL | (MAIL & LUCK) | ~is_value(SOURCE, 1) & MAIL)) == FALSE
    assert simplified(~(LUCK & MOOD) & ~LUCK) == LUCK & MOOD


RULES = {
    "redirections": "match in on em0 proto tcp to 192.0.2.1 port {n} rdr-to 10.0.0.{n} port 80",
    "sources": "match in on em0 proto tcp from 10.0.0.0/8 to any port {n} nat-to 192.0.2.{n}",
    "doubtful": "match in on em0 proto tcp from 10.0.0.0/8 to any port {n} user somebody{n} nat-to 192.0.2.{n}",
    "random": "match in on em0 proto tcp to 192.0.2.1 port {n} probability {n}% rdr-to 10.0.0.{n} port {m}",
    "routes": "match in on em0 from 10.0.0.0/8 to no-route probability {n}% nat-to 192.0.2.{n}",
    "names": "match in on em{n} from (em{n}:network) to any nat-to (em{m})",
    "tags": "match in on em0 from 10.0.{n}.0/24 tagged t{n} tag t{m}",
}


@pytest.mark.parametrize("kind", RULES)
def test_many_translations_stay_small(kind: str) -> None:
    text = "\n".join(RULES[kind].format(n=n, m=n + 1) for n in range(1, 61)) + "\npass in from 10.0.0.0/8\n"
    context = Context(platform=Platform.OPENBSD, release=(7, 6))
    ruleset = read(SourceFile("pf.conf", text), context).facts.packet_filters[0]
    weights = Weights()
    for condition in pf_list(ruleset, "in", PfNames(())).arriving():  # type: ignore[arg-type]
        size, depth = weights.of(condition)
        assert size <= MOST_PARTS
        assert depth <= MOST_DEPTH


def test_a_port_forward_is_not_hindered_by_the_others() -> None:
    text = "\n".join(RULES["redirections"].format(n=n, m=n) for n in range(1, 40))
    context = Context(platform=Platform.OPENBSD, release=(7, 6))
    ruleset = read(SourceFile("pf.conf", text), context).facts.packet_filters[0]
    last = pf_list(ruleset, "in", PfNames(())).arriving()[-1]  # type: ignore[arg-type]
    assert Weights().of(last)[0] < 10
