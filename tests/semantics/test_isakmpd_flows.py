"""What isakmpd installs at the initiator and at the responder, and what can't be known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Direction, Level, Mode, Protocol
from spdcheck.semantics.spd_order import asked_order
from tests.semantics.hosts import site

if TYPE_CHECKING:
    from spdcheck.model.host import Host, Site
    from spdcheck.model.policy import SecurityPolicy

EAST, WEST = "192.0.2.1", "198.51.100.2"
ONE, TWO = ("10.1.0.0", "255.255.0.0"), ("10.2.0.0", "255.255.0.0")
Network = tuple[str, str]


def toml(east: str = "openbsd", west: str = "openbsd", release: str = "7.4", more: str = "") -> str:
    return (
        f'=== spdcheck.toml\n[host.east]\nplatform = "{east}"\nrelease = "{release}"\n{more}'
        f'[host.east.interface.em0]\naddresses = ["{EAST}/24"]\n'
        f'[host.west]\nplatform = "{west}"\nrelease = "{release}"\n'
        f'[host.west.interface.em0]\naddresses = ["{WEST}/24"]\n'
    )


def identity(name: str, network: Network | None, more: str = "") -> str:
    if network is None:
        return ""
    return f"[{name}]\nID-type= IPV4_ADDR_SUBNET\nNetwork= {network[0]}\nNetmask= {network[1]}\n{more}"


def conf(
    host: str, peer: str, local: Network | None, remote: Network | None, how: str = "Connections",
    suite: str = "QM-ESP-AES-SHA-SUITE", general: str = "", ids: str = "",
) -> str:  # fmt: skip
    lines = [f"=== {host}/etc/isakmpd/isakmpd.conf", "[General]", general + "Retransmits= 3", "[Phase 1]"]
    lines += [f"{peer}= peer" if peer else "Default= peer", "[Phase 2]", f"{how}= tunnel", "[peer]", "Phase= 1"]
    lines += [f"Address= {peer}"] if peer else []
    lines += ["[tunnel]", "Phase= 2", "ISAKMP-peer= peer", "Configuration= quick"]
    lines += ["Local-ID= here"] if local else []
    lines += ["Remote-ID= there"] if remote else []
    lines += ["[quick]", "EXCHANGE_TYPE= QUICK_MODE", f"Suites= {suite}", ""]
    return "\n".join(lines) + identity("here", local, ids) + identity("there", remote, ids)


def host_of(found: Site, name: str) -> Host:
    return next(host for host in found.hosts if host.name == name)


def spd(found: Site, name: str) -> dict[Direction, list[str]]:
    host = host_of(found, name)
    return {way: [str(policy.selector) for policy in host.spd.of(way)] for way in (Direction.OUT, Direction.IN)}


def only(host: Host, direction: Direction) -> SecurityPolicy:
    (policy,) = host.spd.of(direction)
    return policy


def test_the_responder_installs_what_the_initiator_proposes() -> None:
    found = site(
        toml() + conf("east", WEST, ONE, TWO) + conf("west", "", TWO, ("0.0.0.0", "0.0.0.0"), "Passive-connections")
    )
    there, back = "10.1.0.0/16 → 10.2.0.0/16 any", "10.2.0.0/16 → 10.1.0.0/16 any"
    assert spd(found, "east") == {Direction.OUT: [there], Direction.IN: [back]}
    assert spd(found, "west") == {Direction.OUT: [back], Direction.IN: [there]}
    policy = only(host_of(found, "west"), Direction.OUT)
    assert policy.by_ike is not None
    assert (policy.by_ike.initiator, policy.by_ike.responder) == ("east", "west")
    assert policy.origin.where.startswith("west/")
    assert str(policy.templates[0].destination) == EAST


def test_both_begin_with_the_same_networks() -> None:
    found = site(toml() + conf("east", WEST, ONE, TWO) + conf("west", EAST, TWO, ONE))
    for name in ("east", "west"):
        assert [len(list(policies)) for policies in spd(found, name).values()] == [1, 1]
        assert host_of(found, name).spd.policies[0].by_ike is not None


@pytest.mark.parametrize(
    ("platform", "release", "level"),
    [
        ("openbsd", "5.4", Level.USE), ("openbsd", "5.5", Level.REQUIRE), ("openbsd", "3.2", Level.USE),
        ("freebsd", "4.7", Level.USE), ("freebsd", "12.1", Level.USE), ("netbsd", "2.0", Level.USE),
    ],
)  # fmt: skip
def test_what_arrives_is_optional_by_release(platform: str, release: str, level: Level) -> None:
    found = site(toml(platform, release=release) + conf("east", WEST, ONE, TWO) + conf("west", EAST, TWO, ONE))
    east = host_of(found, "east")
    assert only(east, Direction.IN).templates[0].level is level
    assert only(east, Direction.OUT).templates[0].level is Level.REQUIRE


def test_a_racoon_begins() -> None:
    policies = (
        "=== west/etc/ipsec.conf\nflush; spdflush;\n"
        f"spdadd 10.2.0.0/16 10.1.0.0/16[80] tcp -P out ipsec esp/tunnel/{WEST}-{EAST}/require;\n"
        f"spdadd 10.1.0.0/16[80] 10.2.0.0/16 tcp -P in ipsec esp/tunnel/{EAST}-{WEST}/require;\n"
        f"=== west/etc/racoon.conf\nremote {EAST} {{ exchange_mode main; }}\n"
    )
    found = site(toml(west="freebsd") + conf("east", "", ONE, TWO, "Passive-connections") + policies)
    assert spd(found, "east")[Direction.IN] == ["10.2.0.0/16 → 10.1.0.0/16[80] tcp"]
    assert spd(found, "east")[Direction.OUT] == ["10.1.0.0/16[80] → 10.2.0.0/16 tcp"]
    assert only(host_of(found, "west"), Direction.OUT).by_ike is None


def test_policies_without_a_key_daemon_negotiate_nothing() -> None:
    policies = (
        f"=== west/etc/ipsec.conf\nspdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/{WEST}-{EAST}/require;\n"
    )
    found = site(toml(west="freebsd") + conf("east", "", ONE, TWO, "Passive-connections") + policies)
    assert spd(found, "east") == {Direction.OUT: [], Direction.IN: []}


def test_acquire_only_installs_nothing() -> None:
    found = site(toml() + conf("east", WEST, ONE, TWO, general="Acquire-Only= no\n") + conf("west", EAST, TWO, ONE))
    assert spd(found, "east") == {Direction.OUT: [], Direction.IN: []}


@pytest.mark.parametrize(
    ("local", "remote", "selector"),
    [
        (None, None, f"{EAST} → {WEST} any"),
        (ONE, None, f"{EAST} → {WEST} any"),
        (None, TWO, f"{EAST} → 10.2.0.0/16 any"),
    ],
)
def test_missing_identities(local: Network | None, remote: Network | None, selector: str) -> None:
    """Without its own side isakmpd offers no identities; with the remote one alone, its own address."""
    found = site(toml() + conf("east", WEST, local, remote) + conf("west", EAST, TWO, ONE, "Passive-connections"))
    assert spd(found, "east")[Direction.OUT] == [selector]


def test_protocols_modes_and_ports() -> None:
    ids = "Protocol= tcp\nPort= 80\n"
    east = conf("east", WEST, ONE, TWO, suite="QM-AH-TRP-SHA-SUITE", ids=ids)
    policy = only(
        host_of(site(toml() + east + conf("west", "", TWO, ONE, "Passive-connections")), "east"), Direction.OUT
    )
    assert str(policy.selector) == "10.1.0.0/16[80] → 10.2.0.0/16[80] tcp"
    assert [(t.protocol, t.mode, t.source) for t in policy.templates] == [(Protocol.AH, Mode.TRANSPORT, None)]


def test_behind_nat_the_responder_sees_the_public_address() -> None:
    more = 'public-address = "203.0.113.9"\n'
    found = site(toml(more=more) + conf("east", WEST, ONE, TWO) + conf("west", "", TWO, ONE, "Passive-connections"))
    assert str(only(host_of(found, "east"), Direction.OUT).templates[0].source) == EAST
    assert str(only(host_of(found, "west"), Direction.OUT).templates[0].destination) == "203.0.113.9"


def test_what_is_not_known_is_a_gap() -> None:
    unread = conf("east", WEST, ONE, TWO).replace("Network= 10.2.0.0", "Network= @@THERE@@")
    nobody = conf("east", "@@PEER@@", ONE, TWO)
    for text in (toml() + unread, toml() + nobody, toml("linux") + conf("east", WEST, ONE, TWO)):
        found = host_of(site(text + conf("west", EAST, TWO, ONE, "Passive-connections")), "east")
        assert found.gap_in(Part.SPD) is not None
    found = host_of(site(toml() + conf("east", WEST, ONE, TWO) + conf("west", EAST, TWO, ONE)), "east")
    assert found.gap_in(Part.SPD) is None


def test_openbsd_takes_the_most_specific_flow() -> None:
    second = "Connections= wide, narrow, tunnel\n[wide]\nPhase= 2\nISAKMP-peer= peer\nLocal-ID= here\nRemote-ID= all\n"
    second += "[narrow]\nPhase= 2\nISAKMP-peer= peer\nLocal-ID= few\nRemote-ID= all\n"
    ids = identity("all", ("10.0.0.0", "255.0.0.0")) + identity("few", ("10.1.2.0", "255.255.255.0"))
    east = conf("east", WEST, ONE, TWO).replace("Connections= tunnel\n", second) + ids
    found = site(toml() + east + conf("west", "", TWO, ONE, "Passive-connections"))
    order = [str(policy.selector) for policy in asked_order(host_of(found, "east"), Direction.OUT)]
    assert order == [
        "10.1.2.0/24 → 10.0.0.0/8 any", "10.1.0.0/16 → 10.2.0.0/16 any", "10.1.0.0/16 → 10.0.0.0/8 any",
    ]  # fmt: skip


prefixes = st.tuples(st.sampled_from(["10.0.0.0", "10.2.0.0"]), st.sampled_from(["255.254.0.0", "255.255.0.0"]))


@given(prefixes, prefixes, st.sampled_from(["openbsd", "freebsd"]), st.booleans())
def test_both_sides_mirror_each_other(one: Network, two: Network, west: str, active: bool) -> None:
    """Whatever the connections say: what one side sends, the other expects."""
    how = "Connections" if active else "Passive-connections"
    found = site(toml(west=west) + conf("east", WEST, one, two) + conf("west", EAST, TWO, ONE, how))
    east, west_spd = spd(found, "east"), spd(found, "west")
    assert sorted(east[Direction.OUT]) == sorted(west_spd[Direction.IN])
    assert sorted(east[Direction.IN]) == sorted(west_spd[Direction.OUT])
