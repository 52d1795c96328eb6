"""Netfilter's tables as decision lists: matches, chains, marks, NAT, and what nobody can know."""

from __future__ import annotations

from dataclasses import replace

from spdcheck.engine.concrete import matches
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import trace
from spdcheck.engine.traffic import One
from spdcheck.formats.base import Context
from spdcheck.formats.iptables import read
from spdcheck.model.addresses import parse_address, parse_prefix
from spdcheck.model.host import Flag, Host, Interface, InterfaceAddress, Platform, Route, Site
from spdcheck.model.netfilter import NetfilterRuleset
from spdcheck.semantics.fields import name_number
from spdcheck.semantics.filters_linux import netfilter, netfilter_lists
from spdcheck.semantics.packet import Packet, packet
from spdcheck.semantics.rulesets.netfilter_matches import Conditions
from spdcheck.source import SourceFile


def interface(name: str, text: str) -> Interface:
    address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
    assert address is not None
    assert prefix is not None
    return Interface(name=name, addresses=(InterfaceAddress(address, prefix, None, None),))


def gateway(rules: str) -> Host:
    reading = read(SourceFile("rules.v4", rules), Context())
    assert reading.facts.diagnostics == []
    everything = parse_prefix("0.0.0.0/0")
    assert everything is not None
    return Host(
        name="gw",
        platform=Platform.LINUX,
        interfaces=(interface("eth0", "192.0.2.1/24"), interface("eth1", "10.1.0.1/24")),
        routes=(Route(everything, parse_address("192.0.2.254"), None, None),),
        forwarding={4: Flag(True, None)},
        packet_filters=tuple(reading.facts.packet_filters),
    )


def number(text: str) -> int:
    address = parse_address(text)
    assert address is not None
    return address.first


def made(source: str = "10.1.0.7", target: str = "198.51.100.9", **values: int) -> Packet:
    usual = {"protocol": 6, "source_port": 40000, "destination_port": 80, "tcp_flags": 2, "length": 60}
    return packet(4, number(source), number(target), **usual | values)


def holds(rule: str, asked: Packet) -> bool | None:
    """What a rule's condition says of a packet."""
    host = gateway(f"*filter\n-A FORWARD {rule}\nCOMMIT\n")
    ruleset = host.packet_filters[0]
    assert isinstance(ruleset, NetfilterRuleset)
    (found,) = ruleset.rules()
    return matches(Conditions(host, 4).of(found), asked)


def fate(rules: str, asked: Packet) -> Disposition:
    host = gateway(rules)
    return trace(Simulator(Site("one", (host,))), asked, host).disposition


def test_matches() -> None:
    assert holds("-s 10.1.0.0/24 ! -d 10.0.0.0/8 -p tcp --dport 80:90", made())
    assert not holds("-s 10.1.0.0/24 -p tcp ! --dport 80", made())
    assert not holds("-p udp --dport 80", made())
    assert holds("-p tcp -m multiport --dports 22,80", made())
    assert not holds("-p tcp -m multiport ! --dports 22,80", made())
    assert not holds("-p tcp -m multiport ! --dports 22", made(protocol=1, source_port=0, destination_port=0))
    assert holds("-p tcp --syn", made())
    assert not holds("-p tcp ! --syn", made())
    assert holds("-i eth+", made(in_interface=name_number("eth1")))
    assert holds("-m mark --mark 0x10/0xf0", made(mark=0x13))
    assert holds("-m iprange --src-range 10.1.0.5-10.1.0.9", made())
    assert holds("-p icmp --icmp-type 3/4", made(protocol=1, icmp_type=3, icmp_code=4))
    assert not holds("-p icmp ! --icmp-type 8", made(protocol=6))
    assert holds("-f", made(fragment=2))
    assert not holds("-p tcp --dport 80", made(fragment=2))
    assert holds("-m addrtype --dst-type LOCAL", made(target="192.0.2.1"))
    assert holds("-m addrtype --dst-type UNICAST", made())
    assert holds("-m conntrack --ctstate RELATED,ESTABLISHED", made(connection=1))
    assert holds("-m policy --dir in --pol ipsec --mode tunnel --reqid 7", made(ipsec_in=2, reqid_in=7))
    assert holds("-m policy --dir out --pol none", made())


def test_where_a_connection_began() -> None:
    there = number("203.0.113.5")
    moved = made(translated=2, original_destination=there, original_destination_port=8080)
    asked = "-m conntrack --ctorigdst 203.0.113.5 --ctorigdstport 8080"
    assert holds(asked, made(target="203.0.113.5", destination_port=8080))
    assert not holds(asked, made())
    assert holds(asked, moved)
    assert not holds(asked, replace(moved, original_destination_port=80))
    assert holds(asked, replace(moved, connection=1, translated=0))
    assert holds("-m conntrack ! --ctorigdst 198.51.100.9", moved)
    assert not holds("-m conntrack ! --ctorigdst 203.0.113.0/24", moved)
    assert holds("-m conntrack --ctorigsrc 10.1.0.7 --ctorigsrcport 40000", moved)
    assert holds("-m conntrack --ctreplsrc 198.51.100.9 --ctrepldst 10.1.0.7 --ctdir ORIGINAL", moved)
    assert holds(asked, made(connection=1)) is None


def test_a_packet_without_connection_matches_only_where_a_state_is_asked_for() -> None:
    for connection in (3, 4):
        packet = made(connection=connection)
        assert holds("-m conntrack ! --ctorigdst 192.0.2.7", packet) is False
        assert holds("-m conntrack --ctstate INVALID,UNTRACKED --ctorigdst 192.0.2.7", packet)


def test_before_connection_tracking_every_packet_is_invalid() -> None:
    raw = "*raw\n-A PREROUTING -i eth1 -m conntrack --ctstate {} -j DROP\nCOMMIT\n"
    asked = made(in_interface=name_number("eth1"))
    assert fate(raw.format("NEW"), asked) is Disposition.DELIVERED
    assert fate(raw.format("INVALID"), asked) is Disposition.DENIED_IN
    assert fate(raw.format("NEW").replace("--ct", "! --ct"), asked) is Disposition.DENIED_IN


def test_a_redirected_connection_remembers_where_it_went() -> None:
    rules = """*nat
-A PREROUTING -i eth1 -p tcp --dport 80 ! -d 10.9.9.9 -j REDIRECT --to-ports 3128
COMMIT
*filter
:INPUT DROP [0:0]
-A INPUT -p tcp --dport 3128 -m conntrack --ctorigdstport 80 -m conntrack ! --ctorigdst 198.51.100.66 -j ACCEPT
COMMIT
"""
    assert fate(rules, made(in_interface=name_number("eth1"))) is Disposition.DELIVERED
    assert fate(rules, made(target="198.51.100.66", in_interface=name_number("eth1"))) is Disposition.DENIED_IN
    assert fate(rules, made(target="10.1.0.1", destination_port=3128)) is Disposition.DENIED_IN


def test_what_nobody_knows_is_unknown() -> None:
    for rule in ("-m limit --limit 5/sec", "-m set --match-set friends src", "-m owner --uid-owner 0"):
        assert holds(rule, made()) is None
        assert holds(f"{rule} -p udp", made()) is False


def test_tables_are_asked_in_the_order_of_their_priorities() -> None:
    every = "-A {} -m conntrack --ctstate NEW -s 10.9.9.9 -j DROP\n"
    rules = "".join(
        f"*{table}\n{''.join(every.format(hook) for hook in hooks)}COMMIT\n"
        for table, hooks in {"raw": ("PREROUTING",), "mangle": ("PREROUTING", "INPUT"), "filter": ("INPUT",)}.items()
    )
    host = gateway(rules)
    assert [point.name for point in netfilter(host, "PREROUTING")] == ["raw", "conntrack", "mangle", "nat"]
    assert [point.name for point in netfilter(host, "INPUT")] == ["mangle", "filter", "nat", "conntrack"]


def test_chains_jump_return_and_fall_back_on_the_policy() -> None:
    rules = """*filter
:FORWARD DROP [0:0]
:web - [0:0]
:never - [0:0]
-A FORWARD -p tcp -j web
-A FORWARD -p udp -g never
-A FORWARD -p udp -j ACCEPT
-A web --source 10.1.0.66 -j RETURN
-A web -p tcp --dport 80 -j ACCEPT
-A web -p tcp --dport 22 -j REJECT
COMMIT
"""
    assert fate(rules, made()) is Disposition.DELIVERED
    assert fate(rules, made("10.1.0.66")) is Disposition.DENIED_OUT
    assert fate(rules, made(destination_port=22)) is Disposition.DENIED_OUT
    assert fate(rules, made(protocol=17, tcp_flags=0)) is Disposition.DENIED_OUT


def test_marks_are_seen_by_later_tables() -> None:
    rules = """*mangle
-A PREROUTING -i eth1 -j MARK --set-mark 5
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m mark --mark 5 -j ACCEPT
COMMIT
"""
    assert fate(rules, made()) is Disposition.DELIVERED


def test_answers_pass_by_their_state_and_are_translated_back() -> None:
    rules = """*nat
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i eth1 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""
    host = gateway(rules)
    asked = made()
    found = trace(Simulator(Site("one", (host,))), asked, host)
    assert found.disposition is Disposition.DELIVERED
    assert found.wires[-1].packet.source == number("192.0.2.1")
    assert found.reply is not None
    assert found.reply.disposition is Disposition.DELIVERED
    assert found.reply.wires[-1].packet.destination == asked.source


def test_untracked_packets_are_not_translated() -> None:
    rules = """*raw
-A PREROUTING -p tcp -j CT --notrack
COMMIT
*nat
-A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.77
COMMIT
"""
    host = gateway(rules)
    simulator = Simulator(Site("one", (host,)))
    assert trace(simulator, made(), host).wires[-1].packet.source == number("10.1.0.7")
    other = made(protocol=17, tcp_flags=0)
    assert trace(simulator, other, host).wires[-1].packet.source == number("192.0.2.77")


def test_a_limited_rule_makes_the_fate_unknown_only_where_it_decides() -> None:
    rules = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p icmp -m limit --limit 1/s -j ACCEPT\n"
    rules += "-A FORWARD -m limit --limit 1/s -j LOG\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n"
    assert fate(rules, made()) is Disposition.DELIVERED
    ping = made(protocol=1, source_port=0, destination_port=0, tcp_flags=0, icmp_type=8)
    assert fate(rules, ping) is Disposition.UNKNOWN


def test_what_a_host_sends_to_itself_comes_in_by_lo() -> None:
    rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
    assert fate(rules, made("10.1.0.1", "192.0.2.1")) is Disposition.DELIVERED
    assert fate(rules, made("10.1.0.7", "192.0.2.1")) is Disposition.DENIED_IN


def test_what_a_host_sends_to_itself_meets_the_hooks_of_both_ways() -> None:
    own = made("10.1.0.1", "192.0.2.1")
    for hook in ("OUTPUT", "INPUT"):
        assert fate(f"*filter\n-A {hook} -p tcp -j DROP\nCOMMIT\n", own) is not Disposition.DELIVERED
    for hook in ("OUTPUT", "POSTROUTING", "PREROUTING"):
        assert fate(f"*mangle\n-A {hook} -p tcp -j DROP\nCOMMIT\n", own) is not Disposition.DELIVERED
    assert fate("*filter\n-A FORWARD -j DROP\nCOMMIT\n", own) is Disposition.DELIVERED
    # Its connection is known from the way out: PREROUTING does not take it for an answer, and nat is asked once.
    rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n"
    rules += "*nat\n-A PREROUTING -p tcp -j DNAT --to-destination 10.1.0.9\nCOMMIT\n"
    assert fate(rules, own) is Disposition.DELIVERED


def test_a_redirected_packet_of_this_host_comes_in_by_lo() -> None:
    rules = "*nat\n-A OUTPUT -p tcp -d 198.51.100.9 -j REDIRECT --to-ports 3128\nCOMMIT\n"
    rules += "*filter\n-A INPUT ! -i lo -j DROP\nCOMMIT\n"
    assert fate(rules, made("192.0.2.1")) is Disposition.DELIVERED


def test_nobody_can_send_with_an_address_of_this_host_or_a_loopback_one() -> None:
    rules = "*filter\nCOMMIT\n"
    for source in ("192.0.2.1", "10.1.0.1", "127.0.0.1", "224.0.0.5"):
        found = trace(Simulator(Site("one", (host := gateway(rules),))), made("10.1.0.7"), host)
        assert found.disposition is Disposition.DELIVERED
        leaf = next(Simulator(Site("one", (host,))).arrive(host, "eth1", One(made(source))))
        assert leaf.end.disposition is Disposition.DENIED_IN, source
    leaf = next(Simulator(Site("one", (host,))).arrive(host, "eth1", One(made(target="127.0.0.1"))))
    assert leaf.end.disposition is Disposition.DENIED_IN


def test_a_host_may_accept_its_own_addresses() -> None:
    reading = gateway("*filter\nCOMMIT\n")
    host = replace(reading, settings={"net.ipv4.conf.eth1.accept_local": ("1", SourceFile("x", "").span())})
    leaf = next(Simulator(Site("one", (host,))).arrive(host, "eth1", One(made("192.0.2.1"))))
    assert leaf.end.disposition is Disposition.DELIVERED


def test_chains_without_end_are_not_followed() -> None:
    def names(count: int) -> str:
        return "*filter\n" + "".join(f":c{number} - [0:0]\n" for number in range(count)) + "-A FORWARD -j c0\n"

    deep = names(2000) + "".join(f"-A c{number} -j c{number + 1}\n" for number in range(1999))
    wide = names(18) + "".join(
        f"-A c{number} -p {word} -j c{number + 1}\n" for number in range(17) for word in ("tcp", "udp", "icmp")
    )
    for text, last, why in ((deep, 1999, "jumps are nested"), (wide, 17, "write out to more than")):
        rules = f"{text}-A c{last} -j DROP\nCOMMIT\n"
        assert fate(rules, made()) is Disposition.UNKNOWN
        (found,) = netfilter_lists(gateway(rules))
        assert why in found.unknown
