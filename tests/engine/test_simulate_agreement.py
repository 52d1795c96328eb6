"""One packet and all packets go the same way: two runs of one simulator on random small sites agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.exploration import explore
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.tracing import begin
from spdcheck.engine.traffic import Many, One
from spdcheck.formats.base import Context
from spdcheck.formats.ipfilter import read as read_ipf
from spdcheck.formats.ipnat import read as read_ipnat
from spdcheck.formats.iptables import read as read_iptables
from spdcheck.formats.pf import read as read_pf
from spdcheck.model.addresses import parse_address, parse_prefix
from spdcheck.model.association import Sad, SecurityAssociation
from spdcheck.model.host import Flag, Host, Interface, InterfaceAddress, Platform, Route, Service, Site, Tunnel
from spdcheck.model.policy import Action, Direction, Level, Mode, Protocol, SecurityPolicy, Spd, Template
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector
from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.fields import DESTINATION_PORT, FIELDS, LENGTH, PROTOCOL, SOURCE_PORT, TTL
from spdcheck.semantics.packet import packet
from spdcheck.semantics.predicate import in_set, is_value
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.rulesets import RuleSet
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

SPAN = SourceFile("made", "line\n").span(0, 4)
NETWORKS = ("10.1.0.0/24", "10.1.0.0/25", "10.2.0.0/24", "10.0.0.0/8", "0.0.0.0/0", "10.1.0.10", "10.2.0.10",
            "192.0.2.1", "198.51.100.1", "10.9.0.1", "10.9.0.2", "10.3.0.0/24", "192.0.2.0/24")  # fmt: skip
POINTS = ("10.1.0.1", "10.1.0.10", "10.1.0.11", "10.1.0.200", "10.2.0.1", "10.2.0.10", "10.2.0.77", "192.0.2.1",
          "198.51.100.1", "10.9.0.1", "10.9.0.2", "10.3.0.5", "8.8.8.8", "224.0.0.5")  # fmt: skip
PORTS = (0, 22, 80, 443, 40000)
ENDS = ("192.0.2.1", "198.51.100.1")
SYSTEMS = ((Platform.FREEBSD, (5, 3)), (Platform.FREEBSD, (13, 0)), (Platform.NETBSD, (9,)), (Platform.OPENBSD, (7, 0)),
           (Platform.LINUX, (6, 1)), (Platform.LINUX, ()), (None, ()))  # fmt: skip


def network(text: str) -> AddressRange:
    found = parse_prefix(text)
    assert found is not None
    return found


def address(text: str) -> InterfaceAddress:
    own = parse_address(text.partition("/")[0])
    assert own is not None
    return InterfaceAddress(own, network(text), None, None)


networks = st.sampled_from(NETWORKS).map(network)
flows = st.sampled_from((*NETWORKS, "10.1.0.0/24", "10.2.0.0/24", "10.1.0.0/24", "10.2.0.0/24")).map(network)


@st.composite
def templates(draw: st.DrawFn) -> Template:
    mode = draw(st.sampled_from((Mode.TUNNEL, Mode.TUNNEL, Mode.TRANSPORT)))
    near, far = draw(st.sampled_from((ENDS, ENDS, ENDS[::-1], ENDS[::-1], (ENDS[0], ENDS[0]))))
    near, far = network(near), network(far)
    if mode is Mode.TRANSPORT:
        near = far = None
    protocol = draw(st.sampled_from((Protocol.ESP, Protocol.ESP, Protocol.AH)))
    level = draw(st.sampled_from((Level.REQUIRE, Level.REQUIRE, Level.USE, Level.UNIQUE)))
    return Template(protocol, mode, near, far, level, 0, SPAN)


@st.composite
def policies(draw: st.DrawFn) -> SecurityPolicy:
    protocol = draw(st.sampled_from((ANY_PROTOCOL, ANY_PROTOCOL, 6, 17, 4, 47)))
    ports = draw(st.sampled_from((ANY_PORT, PortRange(80, 80), PortRange(0, 443)))) if protocol in (6, 17) else ANY_PORT
    selector = TrafficSelector(draw(networks), draw(networks), protocol, ANY_PORT, ports)
    action = draw(st.sampled_from((Action.PROTECT, Action.PROTECT, Action.PROTECT, Action.BYPASS, Action.DISCARD)))
    rules = tuple(draw(st.lists(templates(), min_size=1, max_size=2))) if action is Action.PROTECT else ()
    return SecurityPolicy(
        draw(st.sampled_from(Direction)), selector, action, rules, SPAN, SPAN, draw(st.sampled_from((0, 0, 0, 5)))
    )


@st.composite
def associations(draw: st.DrawFn) -> SecurityAssociation:
    protocol = draw(st.sampled_from(("esp", "esp", "ah")))
    mode = draw(st.sampled_from((Mode.TUNNEL, Mode.TRANSPORT, Mode.ANY)))
    near = draw(st.sampled_from((*ENDS, "10.1.0.10", "10.2.0.10"))), draw(st.sampled_from((*ENDS, "10.1.0.10")))
    return SecurityAssociation(
        network(near[0]), network(near[1]), protocol, draw(st.sampled_from((1, 2))), mode, None, None, None, SPAN
    )


PF_TRANSLATIONS = (
    "nat on em0 inet from 10.0.0.0/8 to any -> (em0)",
    "no nat on em0 inet from 10.0.0.0/8 to 10.2.0.0/16",
    "nat on em0 inet proto tcp from any to any -> 192.0.2.9",
    "rdr on em1 inet proto tcp from any to any port 80 -> 10.1.0.10 port 8080",
    "binat on em0 inet from 10.1.0.10 to any -> 192.0.2.8",
)
PF_RULES = (
    "block all",
    "pass",
    "pass on em0 proto esp",
    "pass in quick on em1 from 10.1.0.0/24 to any",
    "pass on enc0",
    "block in quick on em0 from 10.0.0.0/8 to any",
    "pass out on em0 proto { tcp udp } keep state",
    "pass out quick on em0 proto tcp from 10.1.0.0/25 to any port 80 flags S/SA",
    "block return on em1 proto udp",
    "pass out on em0 no state",
    "pass proto { icmp gre ipencap }",
    "pass in quick on em1 route-to (em0 192.0.2.254) from 10.1.0.0/25 to any keep state",
    "pass out quick on em0 route-to (em1 10.1.0.10) proto udp from any to any keep state",
    "pass in on em0 reply-to (em0 192.0.2.254) proto tcp from any to any keep state",
    "pass in quick on em0 fragment",
)
IPF_RULES = (
    "block in all",
    "block out quick on em0 proto udp from any to any",
    "pass in quick on em0 proto esp from any to any",
    "pass out quick on em0 proto tcp from any to any port = 80 keep state",
    "pass in on em1 from 10.1.0.0/24 to any",
    "pass out quick all",
    "block out quick on em0 from 10.0.0.0/8 to 192.0.2.0/24",
    "pass in quick on em1 to em0:192.0.2.254 proto udp from any to any",
    "pass in quick on em1 fastroute proto tcp from any to any port = 22",
    "block in quick all with frag",
)
IPNAT_RULES = (
    "map em0 10.1.0.0/24 -> 192.0.2.9/32",
    "map em0 from 10.0.0.0/8 ! to 10.2.0.0/16 -> 0/32",
    "map em0 10.1.0.0/24 -> 192.0.2.9/32 portmap tcp/udp 10000:20000",
    "rdr em1 0/0 port 80 -> 10.1.0.10 port 8080 tcp",
    "bimap em0 10.1.0.10/32 -> 192.0.2.8/32",
)
NETFILTER_NAT = ("-A POSTROUTING -o em0 -j MASQUERADE", "-A POSTROUTING -o em0 -d 10.2.0.0/16 -j ACCEPT",
                 "-A POSTROUTING -o em0 -m policy --dir out --pol ipsec -j ACCEPT",
                 "-A PREROUTING -i em1 -p tcp --dport 80 -j DNAT --to-destination 10.1.0.10:8080",
                 "-A POSTROUTING -s 10.1.0.0/24 -j SNAT --to-source 192.0.2.9")  # fmt: skip
NETFILTER_FILTER = (":FORWARD DROP", ":INPUT DROP", "-A FORWARD -m policy --dir in --pol ipsec -j ACCEPT",
                    "-A INPUT -p esp -j ACCEPT", "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                    "-A FORWARD -i em1 -j ACCEPT", "-A OUTPUT -p udp -j REJECT")  # fmt: skip


def rulesets(draw: st.DrawFn, platform: Platform | None) -> tuple[RuleSet, ...]:
    """The packet filter of a host: a few lines of the languages that its platform knows."""

    def some(lines: tuple[str, ...]) -> list[str]:
        return draw(st.lists(st.sampled_from(lines), max_size=3))

    texts: dict[str, list[str]] = {}
    if platform is Platform.LINUX:
        texts["rules.v4"] = ["*nat", *some(NETFILTER_NAT), "COMMIT", "*filter", *some(NETFILTER_FILTER), "COMMIT"]
    elif platform is not None and draw(st.booleans()):
        texts["pf.conf"] = [*some(PF_TRANSLATIONS), *some(PF_RULES)] if platform is Platform.FREEBSD else some(PF_RULES)
    elif platform is not None:
        texts |= {"ipf.conf": some(IPF_RULES), "ipnat.conf": some(IPNAT_RULES)}
    found: list[RuleSet] = []
    for name, lines in texts.items():
        if lines:
            reading = READERS[name](SourceFile(name, "\n".join(lines) + "\n"), Context(platform=platform))
            found += reading.facts.packet_filters
    return tuple(found)


READERS = {"pf.conf": read_pf, "ipf.conf": read_ipf, "ipnat.conf": read_ipnat, "rules.v4": read_iptables}

BETWEEN = tuple(
    SecurityAssociation(network(near), network(far), protocol, 7, mode, None, None, None, SPAN)
    for near, far in (ENDS, ENDS[::-1])
    for protocol, mode in (("esp", Mode.TUNNEL), ("ah", Mode.TUNNEL), ("esp", Mode.TRANSPORT))
)
"""Gateways that can really talk to each other; the second and third SA of a direction have the SPI of the first."""


@st.composite
def usual(draw: st.DrawFn, number: int) -> list[SecurityPolicy]:
    """The policies of a tunnel, or of a device's carrier, some of which somebody forgot."""
    near, far = ENDS[number], ENDS[1 - number]
    mode = draw(st.sampled_from((Mode.TUNNEL, Mode.TUNNEL, Mode.TRANSPORT)))
    wide = mode is Mode.TUNNEL
    inner = (f"10.{number + 1}.0.0/24", f"10.{2 - number}.0.0/24") if wide else (near, far)
    found = []
    for direction in Direction:
        local, remote = inner if direction is Direction.OUT else inner[::-1]
        this, other = (near, far) if direction is Direction.OUT else (far, near)
        if draw(st.integers(0, 5)):
            rule = Template(Protocol.ESP, mode, network(this) if wide else None, network(other) if wide else None,
                            draw(st.sampled_from((Level.REQUIRE, Level.REQUIRE, Level.USE))), 0, SPAN)  # fmt: skip
            selector = TrafficSelector(network(local), network(remote))
            found.append(SecurityPolicy(direction, selector, Action.PROTECT, (rule,), SPAN, SPAN))
    return found


@st.composite
def gateways(draw: st.DrawFn, name: str, number: int, shared: tuple[SecurityAssociation, ...]) -> Host:
    wan, far = ENDS[number], ENDS[1 - number]
    interfaces = [
        Interface("em0", (address(f"{wan}/24"),)),
        Interface("em1", (address(f"10.{number + 1}.0.1/24"),), mtu=draw(st.sampled_from((None, 100)))),
    ]
    routes = [
        Route(
            network("0.0.0.0/0"),
            network(wan)._replace(first=network(wan).first + 253, last=network(wan).first + 253),
            None,
            None,
        )
    ]
    if draw(st.booleans()):
        own, peer = f"10.9.0.{number + 1}", f"10.9.0.{2 - number}"
        kind = draw(st.sampled_from(("gif", "gre")))
        carried = InterfaceAddress(network(own), network(own), network(peer), None)
        interfaces.append(Interface("gif0", (carried,), tunnel=Tunnel(kind, network(wan), network(far), None)))
        if draw(st.booleans()):
            routes.append(Route(network(f"10.{2 - number}.0.0/24"), None, "gif0", None))
    if draw(st.integers(0, 3)) == 0:
        routes.append(Route(network("10.3.0.0/24"), None, None, None, blackhole=True))
    if draw(st.booleans()):
        routes.append(Route(network("10.3.0.0/24"), network(f"10.{number + 1}.0.10"), None, None))
    services = []
    if draw(st.booleans()):
        kind = draw(st.sampled_from(("open", "open", "closed", "/etc/own.rules")))
        services.append(Service("ipfw", True, None, SPAN, options=(("type", kind),)))
        services.append(Service("natd", draw(st.booleans()), None, SPAN, options=(("interface", "em0"),)))
    platform, release = draw(st.sampled_from(SYSTEMS))
    return Host(
        name=name,
        platform=platform,
        release=release,
        interfaces=tuple(interfaces),
        routes=tuple(routes),
        spd=Spd(
            (*draw(st.lists(policies(), max_size=2)), *draw(usual(number)), *draw(st.lists(policies(), max_size=2)))
        ),
        sad=Sad(shared if draw(st.integers(0, 4)) else shared[1:]),
        services=tuple(services),
        packet_filters=rulesets(draw, platform) if draw(st.booleans()) else (),
        forwarding={4: Flag(draw(st.integers(0, 5)) > 0, None)},
        settings=draw(
            st.sampled_from(
                (
                    {},
                    {},
                    {"net.ipv4.conf.all.rp_filter": ("1", SPAN)},
                    {"net.ipv4.conf.em0.disable_policy": ("1", SPAN)},
                    {"net.inet.ipsec.filtertunnel": ("1", SPAN)},
                )
            )
        ),
    )


@st.composite
def sites(draw: st.DrawFn) -> Site:
    shared = (*draw(st.sampled_from((BETWEEN, BETWEEN, ()))), *draw(st.lists(associations(), max_size=4)))
    hosts = [draw(gateways("a", 0, shared)), draw(gateways("b", 1, shared))]
    if draw(st.booleans()):
        platform, release = draw(st.sampled_from(SYSTEMS))
        inner = Interface("eth0", (address("10.1.0.10/24"),))
        way = Route(network("0.0.0.0/0"), network("10.1.0.1"), None, None)
        own = Spd(tuple(draw(st.lists(policies(), max_size=2))))
        hosts.append(
            Host(name="c", platform=platform, release=release, interfaces=(inner,), routes=(way,), spd=own,
                 sad=Sad(shared), forwarding={4: Flag(True, None)})
        )  # fmt: skip
    return Site("made", tuple(hosts))


def flow(senders: AddressRange, receivers: AddressRange, length: int) -> Predicate:
    """All packets between two ranges of addresses, with nothing unusual about them."""
    condition = source(senders) & destination(receivers) & is_value(LENGTH, length) & is_value(TTL, 64)
    condition &= in_set(PROTOCOL, (1, 1), (6, 6), (17, 17), (47, 47))
    asked = {"source", "destination", "protocol", "length", "ttl", "source_port", "destination_port", "df"}
    for name, field in FIELDS.items():
        if name not in asked:
            condition &= is_value(field, 0)
    return condition & is_value(FIELDS["df"], 0)


@st.composite
def packets(draw: st.DrawFn, length: int) -> Packet:
    ends = [network(draw(st.sampled_from(POINTS))).first for _ in range(2)]
    number = draw(st.sampled_from((1, 6, 17, 47)))
    values = {SOURCE_PORT.name: draw(st.sampled_from(PORTS)), DESTINATION_PORT.name: draw(st.sampled_from(PORTS))}
    return packet(4, *ends, protocol=number, length=length, **values)


def holds(traffic: Traffic, one: Packet) -> bool:
    return One(one).within(traffic)


@given(site=sites(), senders=flows, receivers=flows, length=st.sampled_from((60, 60, 1480)))
def test_every_end_has_an_example_that_ends_there(
    site: Site, senders: AddressRange, receivers: AddressRange, length: int
) -> None:
    simulator = Simulator(site)
    for ending in explore(simulator, flow(senders, receivers, length)):
        one = ending.began.example()
        leaf = next(begin(simulator, One(one)))
        assert leaf.end.disposition is ending.disposition, (str(one), leaf.end, ending.leaf.end)
        assert leaf.situation.host is ending.situation.host
        assert leaf.situation.wires_clear == ending.situation.wires_clear
        assert leaf.end.counter == ending.leaf.end.counter
        assert ending.replayed() is not None


@given(
    site=sites(), senders=flows, receivers=flows, length=st.sampled_from((60, 60, 1480)),
    data=st.data(),
)  # fmt: skip
def test_every_packet_is_in_one_end(
    site: Site, senders: AddressRange, receivers: AddressRange, length: int, data: st.DataObject
) -> None:
    simulator = Simulator(site)
    flow_of = flow(senders, receivers, length)
    (whole,) = Many.of(flow_of)
    endings = list(explore(simulator, flow_of))
    for _ in range(6):
        one = data.draw(packets(length))
        if not holds(whole, one):
            continue
        taken = [ending for ending in endings if holds(ending.began, one)]
        place = simulator.topology.place(network("0.0.0.0/0")._replace(first=one.source, last=one.source))
        target = simulator.topology.place(network("0.0.0.0/0")._replace(first=one.destination, last=one.destination))
        if place.host is None and target.host is None:
            assert not taken, "nobody of this site sees it"
            continue
        assert len(taken) == 1, (str(one), [(str(e.began.example()), e.leaf.end) for e in taken])
        leaf = next(begin(simulator, One(one)))
        assert leaf.end.disposition is taken[0].disposition, (str(one), leaf.end, taken[0].leaf.end)
        assert leaf.situation.wires_clear == taken[0].situation.wires_clear
