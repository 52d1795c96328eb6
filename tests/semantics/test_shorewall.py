"""Shorewall as netfilter rules: which line decides about a packet, and that a changed rule is found by the prover."""

from __future__ import annotations

import pytest

from spdcheck.engine.run import outcomes
from spdcheck.model.host import Host, Interface, Platform
from spdcheck.model.netfilter import NetfilterRuleset
from spdcheck.records import replace
from spdcheck.semantics.fields import name_number
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.filters_linux import netfilter
from spdcheck.semantics.packet import TUNNEL, Packet, packet
from spdcheck.semantics.shorewall import compiled
from tests.conformance.nf_equal import Difference, compare
from tests.formats.shorewall_folder import read_text, shorewall_of

FIVE = """=== zones
fw firewall
vpn ipsec
net ipv4
loc ipv4
=== interfaces
net eth0 - tcpflags
loc eth1
=== hosts
vpn eth0:10.0.0.0/8
=== tunnels
ipsec net 198.51.100.2
=== policy
loc net ACCEPT
loc vpn ACCEPT
net all DROP
all all REJECT
=== rules
?SECTION NEW
SSH(ACCEPT) net fw
DNAT net loc:192.168.1.3 tcp 80
"""
TWO = """=== zones
vpn VPN remote
net Net internet
loc Local local
=== interfaces
net eth0 detect
loc eth1 detect
=== hosts
vpn eth0:10.0.0.0/8 ipsec
=== tunnels
ipsec net 198.51.100.2
=== policy
all all REJECT info
loc vpn ACCEPT
"""
LAN, PEER, FAR, OWN = 0xC0A80105, 0xC6336402, 0x0A010203, 0xC0000201


def _ruleset(text: str) -> tuple[Host, NetfilterRuleset]:
    source = shorewall_of(read_text(text, (5, 2, 8) if "fw firewall" in text else (2, 2, 4)))
    host = Host(
        name="gw", platform=Platform.LINUX, interfaces=(Interface("eth0"), Interface("eth1")), packet_filters=(source,)
    )
    return host, compiled(source, host)


def _decision(text: str, hook: str, asked: Packet) -> tuple[object, str]:
    """What the filter table says, and the line that says so."""
    host, _ = _ruleset(text)
    (point,) = [point for point in netfilter(host, hook) if point.name == "filter"]
    found = outcomes(point.rules, asked)[0]
    assert found.entry is not None
    return found.decide.action, getattr(point.rules.entries[found.entry].origin, "where", "")


def _sent(source: int, destination: int, protocol: int, port: int = 0, **ways: str) -> Packet:
    """A packet; ``came`` and ``goes`` are interfaces, ``out`` says that it goes into a tunnel."""
    return packet(
        4, source, destination, protocol=protocol, destination_port=port, source_port=500 if port else 0,
        tcp_flags=2 if protocol == 6 else 0, in_interface=name_number(ways.get("came", "")),
        out_interface=name_number(ways.get("goes", "")), ipsec_out=TUNNEL if "tunnel" in ways else 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hook", "asked", "verdict", "line"),
    [
        (FIVE, "INPUT", _sent(PEER, OWN, 50, came="eth0"), Verdict.PASS, "tunnels:1"),
        (FIVE, "INPUT", _sent(PEER, OWN, 17, 500, came="eth0"), Verdict.PASS, "tunnels:1"),
        (FIVE, "INPUT", _sent(PEER, OWN, 6, 22, came="eth0"), Verdict.PASS, "rules:2"),
        (FIVE, "INPUT", _sent(PEER, OWN, 6, 23, came="eth0"), Verdict.BLOCK, "policy:3"),
        (FIVE, "FORWARD", _sent(LAN, PEER, 47, came="eth1", goes="eth0"), Verdict.PASS, "policy:1"),
        (FIVE, "FORWARD", _sent(LAN, FAR, 47, came="eth1", goes="eth0", tunnel="yes"), Verdict.PASS, "policy:2"),
        (FIVE, "OUTPUT", _sent(OWN, FAR, 47, goes="eth0", tunnel="yes"), Verdict.REJECT, "policy:4"),
        (TWO, "FORWARD", _sent(LAN, FAR, 47, came="eth1", goes="eth0", tunnel="yes"), Verdict.PASS, "policy:2"),
        (TWO, "OUTPUT", _sent(OWN, FAR, 47, goes="eth0", tunnel="yes"), Verdict.REJECT, "policy:1"),
        (TWO, "OUTPUT", _sent(OWN, PEER, 50, goes="eth0"), Verdict.PASS, "tunnels:1"),
    ],
)
def test_the_line_that_decides(text: str, hook: str, asked: Packet, verdict: Verdict, line: str) -> None:
    assert _decision(text, hook, asked) == (verdict, line)


def test_compiled_twice_is_the_same() -> None:
    compare(_ruleset(FIVE)[1], _ruleset(FIVE)[1])
    compare(_ruleset(TWO)[1], _ruleset(TWO)[1])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SSH(ACCEPT)", "SSH(DROP)"),
        ("tcp 80", "tcp 81"),
        ("192.168.1.3", "192.168.1.4"),
        ("loc net ACCEPT", "loc net DROP"),
        ("vpn eth0:10.0.0.0/8", "vpn eth0:10.0.0.0/9"),
        ("ipsec net 198.51.100.2", "ipsec:ah net 198.51.100.2"),
        ("- tcpflags", "- routeback,tcpflags"),
        ("- tcpflags", "- tcpflags=0"),
        ("all all REJECT", "all all DROP"),
    ],
)
def test_the_prover_finds_another_configuration(old: str, new: str) -> None:
    with pytest.raises(Difference):
        compare(_ruleset(FIVE)[1], _ruleset(FIVE.replace(old, new))[1])


def test_the_prover_finds_rules_that_are_left_out() -> None:
    """Every rule of the chains of pairs matters, but for those that repeat what an earlier one said."""
    ruleset = _ruleset(FIVE)[1]
    table = next(t for t in ruleset.tables if t.name == "filter")
    chain = next(c for c in table.chains if c.name == "net-fw")
    found = 0
    for number in range(len(chain.rules)):
        shorter = replace(chain, rules=(*chain.rules[:number], *chain.rules[number + 1 :]))
        chains = tuple(shorter if c is chain else c for c in table.chains)
        tables = tuple(replace(t, chains=chains) if t is table else t for t in ruleset.tables)
        try:
            compare(ruleset, NetfilterRuleset(origin=ruleset.origin, family=4, tables=tables))
        except Difference:
            found += 1
    assert found >= len(chain.rules) - 3


def test_a_refused_directory_is_unknown() -> None:
    """Nothing is said about a packet where the real compiler would load nothing."""
    reading = read_text(FIVE.replace("loc net ACCEPT", "loc nowhere ACCEPT"), (5, 2, 8))
    assert shorewall_of(reading).refused is not None
    host = Host(
        name="gw", platform=Platform.LINUX, packet_filters=(shorewall_of(reading),), gaps=tuple(reading.facts.gaps)
    )
    for hook in ("INPUT", "FORWARD", "OUTPUT"):
        (point,) = [point for point in netfilter(host, hook) if point.name == "filter"]
        assert len(point.rules.entries) == 1
        assert "could not be read" in str(point.rules.entries[0].predicate)
