from __future__ import annotations

import json
from dataclasses import replace

from spdcheck.model.addresses import AddressRange, parse_address, parse_prefix
from spdcheck.model.association import KeyedAlgorithm, Sad, SecurityAssociation
from spdcheck.model.diagnostic import Gap, Part
from spdcheck.model.host import Flag, Host, Intent, Interface, InterfaceAddress, Route, Service, Site, Tunnel
from spdcheck.model.ike import (
    Algorithm,
    AuthMethod,
    Credential,
    ExchangeMode,
    Identity,
    IdentityType,
    IkeListener,
    IkePeer,
    KeyDaemon,
    Lifetime,
    PathReference,
    Phase1Proposal,
    Phase2Id,
    Phase2Proposal,
)
from spdcheck.model.policy import Action, Direction, Level, Mode, Protocol, SecurityPolicy, Spd, Template
from spdcheck.model.secret import Secret
from spdcheck.model.selector import TrafficSelector
from spdcheck.output import show_json, show_text
from spdcheck.output.terminal import Look
from tests.output.sample import EAST, place, site

HERE = place(EAST, "spdadd")


def address(text: str) -> AddressRange:
    found = parse_prefix(text)
    assert found is not None
    return found


def policy(direction: Direction, priority: int, action: Action = Action.PROTECT, implied: str = "") -> SecurityPolicy:
    template = Template(
        Protocol.ESP, Mode.TUNNEL, parse_address("192.0.2.1"), parse_address("198.51.100.2"), Level.REQUIRE, 0, HERE
    )
    return SecurityPolicy(
        direction,
        TrafficSelector(address("10.1.0.0/16"), address("10.2.0.0/16")),
        action,
        (template,) if action is Action.PROTECT else (),
        HERE,
        HERE,
        priority,
        implied,
    )


def full_host() -> Host:
    host = site().hosts[0]
    lan = InterfaceAddress(address("10.1.0.1"), address("10.1.0.0/16"), None, HERE)
    second = InterfaceAddress(address("10.9.0.1"), address("10.9.0.1"), address("10.9.0.2"), place(EAST, "add 192"))
    outside = InterfaceAddress(address("192.0.2.1"), address("192.0.2.1"), None, None)
    identity = Identity(IdentityType.FQDN, "east.example", HERE)
    aes = Algorithm("aes-cbc", 256, HERE)
    lifetime = Lifetime(28800, None, HERE)
    proposal = Phase1Proposal(
        encryption=aes,
        hash=Algorithm("sha2-256", None, HERE),
        auth=AuthMethod.PSK,
        group=14,
        lifetime=lifetime,
        origin=HERE,
        group_origin=HERE,
        auth_origin=HERE,
    )
    peer = IkePeer(
        address=address("198.51.100.2"),
        port=500,
        name="west",
        modes=(ExchangeMode.MAIN, ExchangeMode.AGGRESSIVE),
        proposals=(proposal,),
        origin=HERE,
        heading=HERE,
        my_identity=identity,
        peer_identities=(Identity(IdentityType.ADDRESS, None, HERE),),
        certificate="east.pem",
        passive=True,
        nat_traversal="on",
        nat_traversal_origin=HERE,
    )
    phase2 = Phase2Proposal(
        local=Phase2Id(address("10.1.0.0/16"), 6, None, HERE),
        remote=None,
        encryption=(aes,),
        integrity=(Algorithm("hmac-sha1", None, HERE),),
        compression=("deflate",),
        pfs_group=14,
        lifetime=Lifetime(3600, 1000, HERE),
        origin=HERE,
        heading=HERE,
        peer=identity,
    )
    return replace(
        host,
        release=(5, 3),
        tools={"ipsec-tools": (0, 8)},
        public_address=address("203.0.113.9"),
        interfaces=(
            Interface("em1", (lan, second), mtu=1400, origin=HERE),
            Interface("gif0", tunnel=Tunnel("gif", address("192.0.2.1"), address("198.51.100.2"), HERE), origin=HERE),
            Interface("(outside)", (outside,), dynamic=True, inferred="its tunnels end there"),
        ),
        routes=(
            Route(address("0.0.0.0/0"), address("192.0.2.254"), None, HERE),
            Route(address("10.7.0.0/16"), None, "em1", HERE),
            Route(address("10.8.0.0/16"), address("127.0.0.1"), None, HERE, blackhole=True),
        ),
        forwarding={4: Flag(True, HERE), 6: Flag(False, None, "nothing switches it on")},
        spd=Spd(
            (
                policy(Direction.OUT, 20, Action.DISCARD),
                policy(Direction.OUT, 10),
                policy(Direction.IN, 0),
                policy(Direction.FWD, 0, implied="setkey adds it"),
            )
        ),
        sad=Sad(
            (
                SecurityAssociation(
                    address("192.0.2.1"),
                    address("198.51.100.2"),
                    "esp",
                    0x1000,
                    Mode.TUNNEL,
                    KeyedAlgorithm("aes-cbc", Secret(b"0123456789abcdef"), HERE),
                    KeyedAlgorithm("hmac-sha1", None, HERE),
                    None,
                    HERE,
                    reqid=7,
                    replay_window=32,
                ),
            )
        ),
        daemons=(
            KeyDaemon(
                "racoon",
                HERE,
                (peer,),
                (phase2,),
                (IkeListener(address("192.0.2.1"), 4500, True, HERE),),
                paths=(PathReference("pre_shared_key", "/etc/racoon/psk.txt", HERE),),
            ),
        ),
        credentials=(Credential("198.51.100.2", address("198.51.100.2"), Secret(b"correct horse battery"), HERE),),
        services=(Service("ipsec", True, "/etc/ipsec.conf", HERE), Service("racoon", None, None, HERE)),
        settings={"net.inet.ip.forwarding": ("1", HERE)},
        gaps=(Gap(Part.FILTER, HERE, "pf.conf could not be read"),),
        inferences=("platform freebsd: its files say so",),
        folder="sites/east",
    )


def full_site() -> Site:
    return Site("branch", (full_host(),), intents=(Intent("icmp a b", ("delivered",), HERE),))


def test_text() -> None:
    assert (
        "".join(show_text.render([full_site()], Look()))
        == """\
site branch: 1 host, 1 file

── east · freebsd 5.3 ipsec-tools 0.8 behind NAT as 203.0.113.9 · sites/east ───────────────────────
  ~ platform freebsd: its files say so
  files
    east/etc/ipsec.conf  setkey  4 statements
  interfaces
      em1        10.1.0.1 in 10.1.0.0/16  mtu 1400                      east/etc/ipsec.conf:2
                 10.9.0.1 → 10.9.0.2                                    east/etc/ipsec.conf:6
      gif0       -                        gif 192.0.2.1 → 198.51.100.2  east/etc/ipsec.conf:2
    ~ (outside)  192.0.2.1                address given by the network  ~ its tunnels end there
  routes
    default      via 192.0.2.254        east/etc/ipsec.conf:2
    10.7.0.0/16  on em1                 east/etc/ipsec.conf:2
    10.8.0.0/16  via 127.0.0.1 dropped  east/etc/ipsec.conf:2
  forwarding
    IPv4  yes  east/etc/ipsec.conf:2
    IPv6  no   ~ nothing switches it on
  SPD out, as the kernel asks it
      1  10.1.0.0/16 → 10.2.0.0/16 any  esp/tunnel 192.0.2.1→198.51.100.2 require (priority 10)  \
east/etc/ipsec.conf:2
      2  10.1.0.0/16 → 10.2.0.0/16 any  discard (priority 20)                                    \
east/etc/ipsec.conf:2
  SPD in, as the kernel asks it
      1  10.1.0.0/16 → 10.2.0.0/16 any  esp/tunnel 192.0.2.1→198.51.100.2 require  east/etc/ipsec.conf:2
  SPD fwd, as the kernel asks it
    ~ 1  10.1.0.0/16 → 10.2.0.0/16 any  esp/tunnel 192.0.2.1→198.51.100.2 require  \
east/etc/ipsec.conf:2 ~ setkey adds it
  SAD
    esp 192.0.2.1 → 198.51.100.2  spi 0x1000  tunnel mode, aes-cbc with a key of 128 bits, hmac-sha1, reqid 7, \
replay window 32  east/etc/ipsec.conf:2
  IKE by racoon
    listens on      192.0.2.1[4500] for NAT-T  east/etc/ipsec.conf:2
    pre_shared_key  /etc/racoon/psk.txt        east/etc/ipsec.conf:2
  IKE peer west (198.51.100.2)
    exchange       main, aggressive mode, port 500                           east/etc/ipsec.conf:2
    we are         fqdn east.example                                         east/etc/ipsec.conf:2
    peer is        address, not verified                                     east/etc/ipsec.conf:2
    certificate    east.pem
    proposal       aes-cbc-256, sha2-256, pre-shared key, group 14, 28800 s  east/etc/ipsec.conf:2
    NAT traversal  on                                                        east/etc/ipsec.conf:2
    passive        only answers                                              east/etc/ipsec.conf:2
  IKE phase 2
    10.1.0.0/16 tcp ↔ anything with fqdn east.example  \
aes-cbc-256, hmac-sha1, deflate, PFS group 14, 3600 s or 1000 kB  east/etc/ipsec.conf:2
  credentials
    for 198.51.100.2  pre-shared key of 168 bits  east/etc/ipsec.conf:2
  services
    ipsec   started   /etc/ipsec.conf  east/etc/ipsec.conf:2
    racoon  not said                   east/etc/ipsec.conf:2
  settings
    net.inet.ip.forwarding  1  east/etc/ipsec.conf:2
  not known
    packet filter:  pf.conf could not be read

intent: icmp a b: delivered  east/etc/ipsec.conf:2
"""
    )


def test_json() -> None:
    text = show_json.render([full_site()])
    assert "correct horse" not in text
    host = json.loads(text)["sites"][0]["hosts"][0]
    assert [entry["priority"] for entry in host["spd"]["out"]] == [10, 20]
    assert host["spd"]["out"][0]["templates"][0]["mode"] == "tunnel"
    assert host["spd"]["out"][0]["selector"]["source"] == "10.1.0.0/16"
    assert host["credentials"][0]["secret"] == {"bits": 168}
    assert host["interfaces"][2]["inferred"] == "its tunnels end there"
    assert host["files"][0]["file"] == "east/etc/ipsec.conf"
    assert host["forwarding"]["4"]["value"] is True
    assert host["routes"][0]["origin"] == {"path": "east/etc/ipsec.conf", "line": 2, "column": 1}


def test_ascii() -> None:
    assert "".join(show_text.render([full_site()], Look(ascii_only=True))).isascii()


def test_an_unknown_host() -> None:
    assert "── gw · platform unknown external: its files are not ours ──" in "".join(
        show_text.render([Site("s", (Host(name="gw", platform=None, external=True),))], Look())
    )
