"""What a change does to packets: the regions against single packets run through both sites, and small known changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from spdcheck.engine.differences import Fate, Kind, differences, kind_of_packet
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.tracing import trace
from spdcheck.engine.traffic import One
from spdcheck.errors import UsageError
from spdcheck.model.host import Site
from spdcheck.model.policy import Direction, Spd
from spdcheck.model.protocols import ICMP, TCP, UDP
from spdcheck.semantics.affected import traffic_touched
from spdcheck.semantics.alterations import alteration
from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.flow import SYN, USUAL_LENGTH
from spdcheck.semantics.packet import packet
from tests.engine.test_simulate_agreement import BETWEEN, POINTS, PORTS, flows, gateways, network, sites

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.semantics.packet import Packet


@st.composite
def beginnings(draw: st.DrawFn) -> Packet:
    ends = [network(draw(st.sampled_from(POINTS))).first for _ in range(2)]
    number = draw(st.sampled_from((ICMP, TCP, UDP)))
    fields = {"length": USUAL_LENGTH[number]}
    if number == ICMP:
        fields["icmp_type"] = 8
    else:
        fields |= {"source_port": draw(st.sampled_from(PORTS)), "destination_port": draw(st.sampled_from(PORTS))}
    if number == TCP:
        fields["tcp_flags"] = SYN
    return packet(4, *ends, protocol=number, **fields)


@st.composite
def changed(draw: st.DrawFn) -> tuple[Site, Site]:
    old = draw(sites())
    number = draw(st.integers(0, 1))
    other = draw(gateways("ab"[number], number, BETWEEN))
    if draw(st.booleans()):
        was = old.hosts[number]
        other = (
            replace(was, spd=other.spd) if draw(st.booleans()) else replace(was, packet_filters=other.packet_filters)
        )
    hosts = list(old.hosts)
    hosts[number] = other
    return old, replace(old, hosts=tuple(hosts))


@given(pair=changed(), senders=flows, receivers=flows, data=st.data())
def test_every_packet_is_in_the_region_of_its_change(
    pair: tuple[Site, Site], senders: AddressRange, receivers: AddressRange, data: st.DataObject
) -> None:
    old, new = (Simulator(site) for site in pair)
    condition = source(senders) & destination(receivers)
    found = differences(old, new, condition)
    for item in found.found:
        assert kind_of_packet(old, new, item.before, item.after) is item.kind
        assert any(One(item.before.packet).within(part) for part in item.packets)
    for _ in range(6):
        one = data.draw(beginnings())
        if not (senders.first <= one.source <= senders.last and receivers.first <= one.destination <= receivers.last):
            continue
        try:
            kind = kind_of_packet(old, new, trace(old, one), trace(new, one))
        except UsageError:
            continue
        said = {item.kind for item in found.found if any(One(one).within(part) for part in item.packets)}
        doubtful = any(not d.packets or any(One(one).within(p) for p in d.packets) for d in found.doubts)
        event(f"packet {kind.value if kind is not None else 'as before'}")
        if kind is not None and not doubtful:
            assert kind in said, (str(one), kind, said)
        if kind is None and said:
            answers = {Kind.ANSWERED, Kind.UNANSWERED, Kind.DECIDED, Kind.UNDECIDED}
            assert said <= answers, (str(one), said)  # NAT may mix answers up beyond telling


@given(pair=changed(), data=st.data())
def test_no_packet_beyond_the_touched_traffic_fares_differently(pair: tuple[Site, Site], data: st.DataObject) -> None:
    old, new = (Simulator(site) for site in pair)
    both = zip(pair[0].hosts, pair[1].hosts, strict=True)
    altered = [found for was, now in both if (found := alteration(was, now)) is not None]
    event("only policies" if all(item.selectors is not None for item in altered) else "anyhow")
    touched = traffic_touched(old.topology, altered) | traffic_touched(new.topology, altered)
    for _ in range(6):
        one = data.draw(beginnings())
        if next(One(one).split([touched])).number == 0:
            continue
        try:
            assert kind_of_packet(old, new, trace(old, one), trace(new, one)) is None, str(one)
        except UsageError:
            continue


def _plain() -> Site:
    from spdcheck.model.association import Sad
    from spdcheck.model.host import Flag, Host, Interface, Platform, Route
    from spdcheck.model.policy import Action, Level, Mode, Protocol, SecurityPolicy, Template
    from spdcheck.model.selector import TrafficSelector
    from tests.engine.test_simulate_agreement import ENDS, SPAN, address

    hosts = []
    for number, name in enumerate("ab"):
        wan, far = ENDS[number], ENDS[1 - number]
        inner = (f"10.{number + 1}.0.0/24", f"10.{2 - number}.0.0/24")
        policies = []
        for direction, ends, nets in ((Direction.OUT, (wan, far), inner), (Direction.IN, (far, wan), inner[::-1])):
            rule = Template(Protocol.ESP, Mode.TUNNEL, network(ends[0]), network(ends[1]), Level.REQUIRE, 0, SPAN)
            selector = TrafficSelector(network(nets[0]), network(nets[1]))
            policies.append(SecurityPolicy(direction, selector, Action.PROTECT, (rule,), SPAN, SPAN))
        way = Route(network("0.0.0.0/0"), network("192.0.2.254"), None, None)
        interfaces = (
            Interface("em0", (address(f"{wan}/24"),)),
            Interface("em1", (address(f"10.{number + 1}.0.1/24"),)),
        )
        hosts.append(
            Host(name=name, platform=Platform.FREEBSD, release=(9, 3), interfaces=interfaces, routes=(way,),
                 spd=Spd(tuple(policies)), sad=Sad(BETWEEN), forwarding={4: Flag(True, None)})
        )  # fmt: skip
    return Site("plain", tuple(hosts))


def _without_out(site: Site) -> Site:
    first, second = site.hosts
    kept = tuple(policy for policy in first.spd.policies if policy.direction is not Direction.OUT)
    return replace(site, hosts=(replace(first, spd=Spd(kept)), second))


def test_a_policy_that_goes_exposes_its_traffic_and_its_return_protects_it() -> None:
    site = _plain()
    condition = source(network("10.1.0.0/24")) & destination(network("10.2.0.0/24"))
    found = differences(Simulator(site), Simulator(_without_out(site)), condition).found
    assert [(item.kind, item.old, item.new) for item in found] == [(Kind.EXPOSED, Fate.PROTECTED, Fate.LEAKED)]
    back = differences(Simulator(_without_out(site)), Simulator(site), condition).found
    assert [item.kind for item in back] == [Kind.PROTECTED]


def test_nothing_changes_between_a_site_and_itself() -> None:
    site = _plain()
    found = differences(Simulator(site), Simulator(site), source(network("0.0.0.0/0")))
    assert not found.found
    assert not found.doubts
    assert found.followed > 4
