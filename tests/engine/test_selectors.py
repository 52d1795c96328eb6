from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.concrete import matches
from spdcheck.engine.selectors import mirror, overlapping, shadowed, some_packet, uncovered
from spdcheck.model.addresses import parse_prefix
from spdcheck.model.selector import ANY_PORT, PortRange, TrafficSelector
from spdcheck.semantics.selectors import predicate_of
from tests.strategies import grid, selectors


def net(source: str, destination: str, protocol: int = -1, port: int | None = None) -> TrafficSelector:
    one, other = parse_prefix(source), parse_prefix(destination)
    assert one is not None
    assert other is not None
    return TrafficSelector(one, other, protocol, ANY_PORT, ANY_PORT if port is None else PortRange(port, port))


@given(selectors(), st.lists(selectors(), max_size=3))
def test_what_is_uncovered_is_exact(selector: TrafficSelector, covers: list[TrafficSelector]) -> None:
    target, others = predicate_of(selector), [predicate_of(cover) for cover in covers]
    regions = uncovered(selector, covers)
    for sample in grid(target, *others):
        left = bool(matches(target, sample)) and not any(matches(other, sample) for other in others)
        assert left == any(region.takes(sample) for region in regions)


@given(st.lists(selectors(), max_size=6))
def test_shadowing_is_exact_and_its_culprits_minimal(chosen: list[TrafficSelector]) -> None:
    found = {shadow.number: shadow for shadow in shadowed(chosen)}
    for number, selector in enumerate(chosen):
        assert (number in found) == (uncovered(selector, chosen[:number]) == [])
    for number, shadow in found.items():
        culprits = [chosen[n] for n in shadow.culprits]
        assert uncovered(chosen[number], culprits) == []
        assert shadow.unknown == ""
        for n in range(len(culprits)):
            assert uncovered(chosen[number], culprits[:n] + culprits[n + 1 :])


@given(st.lists(selectors(), max_size=6))
def test_overlapping_pairs(chosen: list[TrafficSelector]) -> None:
    pairs = {(pair.first, pair.second) for pair in overlapping(chosen)}
    for second, later in enumerate(chosen):
        for first, earlier in enumerate(chosen[:second]):
            assert ((first, second) in pairs) == (some_packet(earlier, later) is not None)


def test_a_person_can_read_what_is_left() -> None:
    whole = net("10.1.0.0/16", "10.2.0.0/16")
    left = uncovered(whole, [net("10.1.3.0/24", "10.2.0.0/16", 6), net("10.1.0.0/16", "10.2.0.0/16", 17, 53)])
    assert [region.text for region in left] == [
        "10.1.0.0/16 but 10.1.3.0/24 → 10.2.0.0/16 any but udp",
        "10.1.0.0/16 → 10.2.0.0/16[any but 53] udp",
        "10.1.3.0/24 → 10.2.0.0/16 any but tcp, udp",
    ]
    assert str(left[1].packet) == "udp 10.1.0.1:40000 → 10.2.0.1:80"


def test_two_halves_shadow_the_whole() -> None:
    halves = [net("10.0.0.0/8", "0.0.0.0/1"), net("10.0.0.0/8", "128.0.0.0/1")]
    (shadow,) = shadowed([net("10.0.0.0/9", "10.0.0.0/8", 17), *halves, net("10.3.0.0/16", "0.0.0.0/0", 6, 80)])
    assert (shadow.number, shadow.culprits) == (3, (1, 2))


def test_ports_without_a_protocol_mean_protocols_with_ports() -> None:
    assert [r.text for r in uncovered(net("10.0.0.0/8", "10.0.0.0/8"), [net("10.0.0.0/8", "10.0.0.0/8", -1, 80)])] == [
        "10.0.0.0/8 → 10.0.0.0/8 any but tcp, udp, dccp, sctp, udplite",
        "10.0.0.0/8 → 10.0.0.0/8[any but 80] tcp, udp, dccp, sctp, udplite",
    ]


def test_mirrors_pair_equal_selectors() -> None:
    a, b, c = net("10.0.0.0/8", "10.0.0.0/8"), net("10.0.0.0/9", "10.0.0.0/8"), net("fd00::/8", "fd00::/8")
    found = mirror([a, b, a, a], [c, a, a])
    assert (found.pairs, found.only_sent, found.only_expected) == ([(0, 1), (2, 2)], [1, 3], [0])
