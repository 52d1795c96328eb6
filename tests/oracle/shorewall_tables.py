"""Random lines of the other files: snat, masq, nat, netmap, conntrack, mangle, tunnels, maclist."""

# ruff: noqa: E501 (a line of Shorewall stands whole)
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from tests.oracle.shorewall_places import Places

_TUNNELS = (
    "ipsec", "ipsec", "ipsecnat", "ipsec:ah", "ipsec:noah", "IPSECNAT", "ipip", "gre", "6to4", "6in4", "pptpclient",
    "pptpserver", "openvpn", "openvpn:1195", "openvpn:tcp", "openvpn:tcp:443", "openvpnclient:7777", "openvpnserver",
    "l2tp", "tinc", "generic:udp:4000", "generic:esp", "generic:tcp:99",
)  # fmt: skip
_SNAT = (
    "MASQUERADE 192.168.1.0/24 eth0", "MASQUERADE 192.168.0.0/16!192.168.1.5 eth0:!10.0.0.0/8", "MASQUERADE - eth0",
    "MASQUERADE(1024-65535) 192.168.1.0/24 eth0 tcp", "MASQUERADE(random) 192.168.1.0/24 eth0", "MASQUERADE eth1 eth0",
    "MASQUERADE+ 192.168.2.0/24 eth0", "SNAT(198.51.100.3) 192.168.1.0/24 eth0 tcp 25", "SNAT(detect) - eth0",
    "SNAT(198.51.100.3-198.51.100.6:persistent) 192.168.2.0/24 eth0", "SNAT(198.51.100.3:5000-6000) - eth0 udp",
    "SNAT(198.51.100.3) 192.168.1.0/24 eth0 - - yes", "SNAT(198.51.100.3) 192.168.1.0/24 eth0 - - no",
    "SNAT(198.51.100.3) 192.168.1.0/24 eth0 - - mode=tunnel,reqid=4", "CONTINUE 192.168.1.0/24 eth0:10.0.0.0/8",
    "CONTINUE 192.168.1.0/24!192.168.1.7 eth0:10.0.0.0/8", "SNAT(192.168.1.1) 192.168.2.0/24 eth1:192.168.1.9",
    "SNAT(198.51.100.3) 192.168.1.0/24 eth0 - - - 1", "SNAT(198.51.100.3) - eth0 - - - - root",
    "SNAT(198.51.100.3) 192.168.1.0/24 eth0 { probability=0.25 }", "LOG:info 192.168.1.0/24 eth0",
    "SNAT(198.51.100.3) 192.168.1.0/24 eth0 { origdest=203.0.113.9 }", "SNAT(192.168.1.1) 192.168.1.5 $FW",
    "MASQUERADE 192.168.1.0/24,192.168.2.0/24 eth0:203.0.113.0/28,198.51.100.0/24", "MASQUERADE 10.0.0.0/8 eth0,eth1",
)  # fmt: skip
_MASQ = (
    "eth0 192.168.1.0/24", "eth0 192.168.1.0/24 198.51.100.3", "eth0 eth1", "eth0:!10.0.0.0/8 192.168.0.0/16",
    "+eth0 192.168.2.0/24", "eth0::203.0.113.0/28 192.168.1.0/24", "eth0 192.168.1.0/24 198.51.100.3-198.51.100.5",
    "eth0 192.168.1.0/24 :5000-6000 udp", "eth0 192.168.1.0/24 - tcp 25", "eth0 192.168.1.0/24 NONAT",
    "eth0 192.168.1.0/24 - - - yes", "eth0 192.168.1.0/24!192.168.1.9 198.51.100.4:random", "eth0 0.0.0.0/0 detect",
)  # fmt: skip
_NAT = ("198.51.100.20 eth0 192.168.1.20", "198.51.100.21 eth0 192.168.2.21 yes", "198.51.100.22 eth0:0 192.168.1.22 no yes",
        "198.51.100.23 eth0 192.168.1.23 Yes Yes")  # fmt: skip
_NETMAP = ("SNAT 192.168.1.0/24 eth0 10.9.1.0/24", "DNAT 10.9.1.0/24 eth0 192.168.1.0/24",
           "SNAT 192.168.1.0/24 eth0 10.9.1.0/24 203.0.113.0/28", "SNAT 192.168.2.0/24 eth0 10.9.2.0/24 - tcp 80")  # fmt: skip
_CONNTRACK = (
    "NOTRACK:P - - udp 514", "NOTRACK:PO 192.168.1.5 - udp 53", "NOTRACK:O - - udp - 53", "DROP:P - - udp 9",
    "CT:helper:ftp:PO - - tcp 21", "CT:helper:sip:P - - udp 5060", "NOTRACK:P eth1 - tcp 80", "NOTRACK - - 47",
    "NOTRACK:P 192.168.1.0/24!192.168.1.7 203.0.113.9 tcp 80", "CT:helper:tftp - - udp 69", "CT:notrack:P eth1 - tcp 81",
)  # fmt: skip
_MANGLE = (
    "MARK(1):P eth1 - tcp 80", "MARK(2):F eth1 eth0 udp", "MARK(3):T - eth0", "MARK(4):I eth1 - tcp 22", "MARK(5) $FW - udp 53",
    "MARK(6) - $FW tcp 25", "MARK(0x10/0xf0):P - -", "MARK(|0x20):P 192.168.1.0/24", "MARK(&0xf):F - -", "MARK(1-3):P eth1",
    "CONNMARK(7):P eth1 - tcp", "SAVE:P", "RESTORE:P eth1", "CONTINUE:P eth1 - tcp 22", "DROP:P 203.0.113.9", "DSCP(EF) eth1",
    "TOS(0x10):P - - tcp 22", "TTL(+1):F eth1", "TCPMSS(1400) eth1 eth0", "TCPMSS(pmtu,ipsec):F", "TPROXY(3128) eth1 - tcp 80",
    "DIVERT eth0 - tcp - 80", "CHECKSUM:T - eth1 udp - 67", "ECN - eth0", "MARK(1):P eth1 - tcp 22 1024: - !2/0xf 100:200",
    "MARK(1):P 192.168.1.0/24!192.168.1.9 203.0.113.9,198.51.100.7 udp", "MARK(1):P eth1 - - { state=NEW,RELATED }",
    "MARK(1):P - - - { scp=AF11 }", "MARK(2):P - - { probability=0.5 }", "MARK(2):P - - { connbytes=1000:2000:B:P }",
    "MARK(1):P - - { tos=0x10 }", "MARK(1):P - - { helper=ftp }", "MARK(1) $FW - { user=root }", "NFLOG(1):P eth1",
)  # fmt: skip


def tables(draw: random.Random, places: Places) -> dict[str, str]:
    """Some of the files, each with some lines."""
    files: dict[str, str] = {}
    if draw.random() < 0.5:
        files["tunnels"] = _lines(draw, [_tunnel(draw, places) for _ in range(3)])
    if places.family == 6:
        return files
    if draw.random() < 0.6:
        name, pool = ("masq", _MASQ) if draw.random() < 0.25 else ("snat", _SNAT)
        files[name] = _lines(draw, pool)
    drawn: tuple[tuple[str, tuple[str, ...], float], ...] = (
        ("nat", _NAT, 0.15), ("netmap", _NETMAP, 0.08), ("mangle", _MANGLE, 0.3),
    )  # fmt: skip
    for name, lines, chance in drawn:
        if draw.random() < chance:
            files[name] = _lines(draw, lines)
    if draw.random() < 0.25:
        files["conntrack"] = "?FORMAT 3\n" + _lines(draw, _CONNTRACK)
    elif draw.random() < 0.1:
        zone = places.inner(draw)
        files["conntrack"] = draw.choice((f"?FORMAT 2\nNOTRACK {zone} - udp 53\n", f"{zone} - udp 53\n",
                                          f"?FORMAT 2\nCT:helper:ftp {zone} - tcp 21\nNOTRACK all- - udp 9\n"))  # fmt: skip
    return files


def _lines(draw: random.Random, pool: tuple[str, ...] | list[str]) -> str:
    return "\n".join(draw.sample(pool, min(len(pool), draw.choice((1, 2, 3))))) + "\n"


def _tunnel(draw: random.Random, places: Places) -> str:
    kind = draw.choice(_TUNNELS)
    if places.family == 6 and kind in ("6to4", "6in4", "ipip"):
        kind = "ipsec"
    gateways = (
        ("203.0.113.9", "-", "0.0.0.0/0", "203.0.113.0/28,198.51.100.7")
        if places.family == 4
        else ("2001:db8:9::7", "-")
    )
    zones = f" {draw.choice(places.zones)}" if kind.lower().startswith("ipsec") and draw.random() < 0.3 else ""
    return f"{kind} {draw.choice(('net', 'net', places.inner(draw)))} {draw.choice(gateways)}{zones}"
