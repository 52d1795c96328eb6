"""A peer that is the mirror image has nothing to complain about; one change to it is always told."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.checks.run import run
from spdcheck.engine.selectors import uncovered
from spdcheck.model.addresses import AddressRange, prefix
from spdcheck.model.host import Host, Interface, InterfaceAddress, Platform, Site
from spdcheck.model.policy import Action, Direction, Level, Mode, Protocol, SecurityPolicy, Spd, Template
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector
from spdcheck.semantics.counterpart import mirrored
from spdcheck.source import SourceFile, Span

FILE = SourceFile("a/etc/ipsec.conf", "x" * 1000)
EAST, WEST = AddressRange(4, 0xC0000201, 0xC0000201), AddressRange(4, 0xC6336402, 0xC6336402)
MIRRORING = ("SPD001", "SPD002", "SPD004", "SPD005", "SPD011")


def place(number: int) -> Span:
    return FILE.span(number, number + 1)


@st.composite
def selectors(draw: st.DrawFn) -> TrafficSelector:
    """Networks of 10/8 on both sides, sometimes one protocol, sometimes a port."""
    source = prefix(4, (10 << 24) | (draw(st.integers(0, 7)) << 16), draw(st.integers(13, 18)))
    destination = prefix(4, (10 << 24) | (draw(st.integers(64, 71)) << 16), draw(st.integers(13, 18)))
    protocol = draw(st.sampled_from([ANY_PROTOCOL, ANY_PROTOCOL, 6, 17]))
    port = PortRange(80, 80) if protocol == 6 and draw(st.booleans()) else ANY_PORT
    return TrafficSelector(source, destination, protocol, ANY_PORT, port)


@st.composite
def spds(draw: st.DrawFn) -> list[SecurityPolicy]:
    """An SPD of the eastern gateway: each flow out and in, through tunnels to the western one."""
    flows = draw(st.lists(selectors(), min_size=1, max_size=5, unique=True))
    policies = []
    for number, selector in enumerate(flows):
        for direction, chosen, ends in (
            (Direction.OUT, selector, (EAST, WEST)),
            (Direction.IN, selector.reversed(), (WEST, EAST)),
        ):
            at = place(number * 2 + (direction is Direction.IN))
            template = Template(Protocol.ESP, Mode.TUNNEL, *ends, Level.REQUIRE, 0, at)
            policies.append(SecurityPolicy(direction, chosen, Action.PROTECT, (template,), at, at))
    return policies


def host(name: str, address: AddressRange, policies: list[SecurityPolicy]) -> Host:
    interface = Interface(name="em0", addresses=(InterfaceAddress(address, address, None, None),))
    return Host(name=name, platform=Platform.NETBSD, interfaces=(interface,), spd=Spd(tuple(policies)))


def told(east: list[SecurityPolicy], west: list[SecurityPolicy]) -> set[str]:
    site = Site("pair", (host("east", EAST, east), host("west", WEST, west)))
    report = run(site, MIRRORING)
    assert not report.undecided
    return {finding.code for finding in report.findings}


@given(spds())
def test_mirroring_twice_is_the_identity(policies: list[SecurityPolicy]) -> None:
    assert [mirrored(mirrored(policy)) for policy in policies] == policies


@given(spds())
def test_a_mirror_image_is_silent(policies: list[SecurityPolicy]) -> None:
    assert told(policies, [mirrored(policy) for policy in policies]) == set()


@given(spds(), st.data())
def test_a_policy_that_is_missing_at_the_peer_is_told(policies: list[SecurityPolicy], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(policies) // 2 - 1))
    rest = [mirrored(p) for n, p in enumerate(policies) if n // 2 != gone]
    lost = policies[gone * 2].selector
    if not any(other.selector.contains(lost) for n, other in enumerate(policies) if n // 2 != gone and n % 2 == 0):
        others = [p.selector for n, p in enumerate(policies) if n // 2 != gone and n % 2 == 0]
        if uncovered(lost, others):
            assert told(policies, rest) & {"SPD001", "SPD004"}


@given(spds(), st.data())
def test_another_mode_at_the_peer_is_told(policies: list[SecurityPolicy], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(policies) - 1))
    peer = [mirrored(policy) for policy in policies]
    template = replace(peer[number].templates[0], protocol=Protocol.AH)
    peer[number] = replace(peer[number], templates=(template,))
    assert "SPD005" in told(policies, peer)


@given(spds(), st.data())
def test_swapped_end_points_are_told(policies: list[SecurityPolicy], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(policies) - 1))
    peer = [mirrored(policy) for policy in policies]
    template = peer[number].templates[0]
    swapped = replace(template, source=template.destination, destination=template.source)
    peer[number] = replace(peer[number], templates=(swapped,))
    assert "SPD011" in told(policies, peer)
