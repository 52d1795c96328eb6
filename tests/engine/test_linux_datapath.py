"""Linux's order of hooks where it surprises: what a real kernel was seen to do, one set-up a fact."""

from __future__ import annotations

from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import trace
from spdcheck.semantics.packet import Packet, packet
from tests.semantics.hosts import site

KEYS = "enc cbc(aes) 0x" + "11" * 16 + " auth hmac(sha1) 0x" + "22" * 20
SAS = "".join(
    f"ip xfrm state add src {near} dst {far} proto esp spi {spi} reqid 1 mode tunnel {KEYS}\n"
    for near, far, spi in (("192.0.2.1", "192.0.2.2", "0x1001"), ("192.0.2.2", "192.0.2.1", "0x2002"))
)
TOML = """=== spdcheck.toml
[host.a]
platform = "linux"
[host.a.interface.wan0]
addresses = ["192.0.2.1/24"]
[host.a.interface.lan0]
addresses = ["10.0.1.1/24"]
[host.b]
platform = "linux"
[host.b.interface.wan0]
addresses = ["192.0.2.2/24"]
[host.b.interface.lan0]
addresses = ["10.0.2.1/24"]
"""


def policy(direction: str, source: str, target: str, near: str, far: str) -> str:
    return (
        f"ip xfrm policy add src {source} dst {target} dir {direction} "
        f"tmpl src {near} dst {far} proto esp reqid 1 mode tunnel\n"
    )


A, B = "192.0.2.1", "192.0.2.2"
ONE, TWO = "10.0.1.0/24", "10.0.2.0/24"
SIDE_A = SAS + policy("out", ONE, TWO, A, B) + policy("in", TWO, ONE, B, A) + policy("fwd", TWO, ONE, B, A)
SIDE_B = SAS + policy("out", TWO, ONE, B, A) + policy("in", ONE, TWO, A, B) + policy("fwd", ONE, TWO, A, B)


def fate(asked: Packet, a: str = "", b: str = "", side_a: str = SIDE_A, start: str = "") -> Disposition:
    """What becomes of a packet with these iptables rules at both ends."""
    text = TOML + f"=== a/xfrm.sh\n{side_a}=== b/xfrm.sh\n{SIDE_B}"
    text += f"=== a/etc/iptables/rules.v4\n{a}" if a else ""
    text += f"=== b/etc/iptables/rules.v4\n{b}" if b else ""
    found = site(text)
    host = next((host for host in found.hosts if host.name == start), None)
    return trace(Simulator(found), asked, host, reply=False).disposition


def number(text: str) -> int:
    return int.from_bytes(bytes(map(int, text.split("."))), "big")


def udp(source: str = "10.0.1.10", target: str = "10.0.2.10") -> Packet:
    return packet(4, number(source), number(target), protocol=17, source_port=40000, destination_port=53)


def test_what_is_to_be_wrapped_leaves_by_the_interface_of_the_carrier() -> None:
    # The policy takes what the gateway sends to its own network; its route says lan0, the packet around it wan0.
    wide = SAS + policy("out", ONE, "10.0.0.0/16", A, B)
    asked = udp("10.0.1.1", "10.0.1.10")
    for interface, dropped in (("wan0", True), ("lan0", False)):
        rules = f"*filter\n-A OUTPUT -p udp -o {interface} -j DROP\nCOMMIT\n"
        assert (fate(asked, rules, side_a=wide) is Disposition.DENIED_OUT) is dropped, interface


def test_an_sa_that_is_missing_counts_before_output_decides() -> None:
    without = policy("out", ONE, TWO, A, B)
    rules = "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n"
    assert fate(udp("10.0.1.1"), rules, side_a=without) is Disposition.NO_SA


def test_the_in_check_sees_the_source_before_input_has_translated_it() -> None:
    rules = f"*nat\n-A INPUT -s {ONE} -j SNAT --to-source 10.9.9.9\nCOMMIT\n"
    assert fate(udp(target="10.0.2.1"), b=rules) is Disposition.DELIVERED


def test_decrypted_packets_meet_the_filter_as_ipsec_and_the_carrier_as_none() -> None:
    for direction, hook, policy_word, passes in (
        ("in", "FORWARD", "ipsec", False), ("in", "FORWARD", "none", True), ("in", "INPUT", "none", False),
        ("in", "INPUT", "ipsec", True),
    ):  # fmt: skip
        rules = f"*filter\n-A {hook} -m policy --dir {direction} --pol {policy_word} -j DROP\nCOMMIT\n"
        assert (fate(udp(), b=rules) is Disposition.DELIVERED) is passes, (hook, policy_word)


def test_what_no_out_policy_names_stays_where_the_default_is_block() -> None:
    blocking = SIDE_A + "ip xfrm policy setdefault out block\n"
    assert fate(udp(), side_a=blocking) is Disposition.DELIVERED
    assert fate(udp(target="203.0.113.5"), side_a=blocking) is Disposition.DISCARDED_BY_SPD
    assert fate(udp("10.0.1.1", "192.0.2.1"), side_a=blocking) is Disposition.DELIVERED


def test_the_mark_of_a_tunnel_device_s_packet_stays_with_what_was_inside() -> None:
    ends = ((A, B, "10.0.2.0/24", "a"), (B, A, "10.0.1.0/24", "b"))
    devices = {
        name: f"ip tunnel add gre1 mode gre local {near} remote {far}\nip addr add 172.31.0.{number}/30 dev gre1\n"
        f"ip route add {network} dev gre1\n"
        for number, (near, far, network, name) in enumerate(ends, 1)
    }
    rules = (
        "*mangle\n-A PREROUTING -p gre -j MARK --set-mark 7\n-A PREROUTING -p udp -m mark --mark 7 -j DROP\nCOMMIT\n"
    )
    text = (
        TOML + f"=== a/ip-xfrm.sh\n{devices['a']}=== b/ip-xfrm.sh\n{devices['b']}=== b/etc/iptables/rules.v4\n{rules}"
    )
    found = trace(Simulator(site(text)), udp(), reply=False)
    assert (found.disposition, found.where) == (Disposition.DENIED_IN, "b"), found.sentence
