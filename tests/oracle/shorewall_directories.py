"""Whole random directories of Shorewall, each from a seed: zones, interfaces, policies, settings, rules, translations.

About a quarter has one mistake on purpose. Capabilities that only some machines have (ipsets, GeoIP, switches) are not
drawn, nor what both sides leave open (raw matches, scripts).
"""

# ruff: noqa: E501 (a line of Shorewall stands whole)
from __future__ import annotations

import random
from typing import NamedTuple

from tests.oracle.shorewall_places import Places
from tests.oracle.shorewall_rules import rules
from tests.oracle.shorewall_tables import tables

SETTINGS = (
    "FASTACCEPT=Yes", "CLAMPMSS=Yes", "CLAMPMSS=1400", "IMPLICIT_CONTINUE=Yes", "EXPAND_POLICIES=No", "MULTICAST=Yes",
    "AUTOHELPERS=Yes", "BLACKLIST=ALL", 'BLACKLIST="NEW,ESTABLISHED"', "BLACKLIST_DISPOSITION=REJECT", "COMPLETE=Yes",
    "RELATED_DISPOSITION=DROP", "RELATED_DISPOSITION=CONTINUE", "INVALID_DISPOSITION=DROP", "INVALID_DISPOSITION=REJECT",
    "UNTRACKED_DISPOSITION=ACCEPT", "RELATED_LOG_LEVEL=info", "INVALID_LOG_LEVEL=info", "DETECT_DNAT_IPADDRS=Yes",
    "TCP_FLAGS_DISPOSITION=REJECT", "TCP_FLAGS_DISPOSITION=ACCEPT", "SFILTER_DISPOSITION=REJECT", "ROUTE_FILTER=No",
    "MARK_IN_FORWARD_CHAIN=Yes", "FORWARD_CLEAR_MARK=No", "DYNAMIC_BLACKLIST=No", "ZONE_BITS=4", "PROVIDER_OFFSET=16",
    "MACLIST_DISPOSITION=DROP", "MACLIST_DISPOSITION=ACCEPT", "MACLIST_TTL=60", "MASK_BITS=12", "TC_BITS=14",
    'DROP_DEFAULT="dropInvalid,dropNotSyn,Broadcast(DROP)"', "DROP_DEFAULT=none", 'REJECT_DEFAULT="AllowICMPs,DropDNSrep"',
    'ACCEPT_DEFAULT="Broadcast(DROP)"', "ZONE2ZONE=2", "HELPERS=none", "HELPERS=ftp,irc", "IP_FORWARDING=On",
    "MACLIST_TABLE=mangle\nMACLIST_DISPOSITION=DROP", "LOGLIMIT=10/min", "ADMINISABSENTMINDED=No", "LOGALLNEW=info",
)  # fmt: skip
_ONLY_4 = ("MULTICAST", "HELPERS=ftp", "DETECT_DNAT", "ROUTE_FILTER")
_OPTIONS = (
    "dhcp", "nosmurfs", "tcpflags=0", "routeback", "mss=1400", "sfilter=(192.168.9.0/24)", "rpfilter", "routefilter",
    "logmartians=1", "upnp", "maclist", "optional", "blacklist", "bridge", "ignore=1", "nodbl", "destonly",
    "arp_filter", "sourceroute=0", "nets=(192.168.1.0/24,192.168.5.0/24)", "physical=eth9", "wait=5", "required",
)  # fmt: skip
_ZONE_OPTIONS = ("", "mode=tunnel", "reqid=10", "mode=tunnel,proto=esp", "mss=1400", "strict,mode=transport", "proto!=ah",
                 "- mss=1300", "- - reqid=7", "mode=tunnel tunnel-src=203.0.113.9 tunnel-dst=203.0.113.9")  # fmt: skip


class Directory(NamedTuple):
    """The files by name. ``mistake`` is the line that was spoilt, empty where none was."""

    family: int
    files: dict[str, str]
    mistake: str


def directory(seed: int) -> Directory:
    """The directory of a seed."""
    draw = random.Random(seed)
    family = 6 if draw.random() < 0.15 else 4
    places = Places(family)
    files = _topology(draw, places)
    files["policy"] = _policies(draw, places)
    files |= rules(draw, places) | tables(draw, places)
    name = "shorewall6.conf" if family == 6 else "shorewall.conf"
    files[name] = _settings(draw, family, files)
    if "maclist" in files["interfaces"]:
        files["maclist"] = (
            "ACCEPT eth1 02:00:08:E3:FA:55 192.168.1.3\n" if "eth1 maclist" in files["interfaces"] else ""
        )
    if draw.random() < 0.5:
        files["params"] = "HOME_NET=192.168.1.0/24\nLOG=info\nexport PORTS=22,80\n"
    mistake = _spoil(draw, files) if draw.random() < 0.25 else ""
    return Directory(family, {name: text for name, text in files.items() if text}, mistake)


def _topology(draw: random.Random, places: Places) -> dict[str, str]:
    kind = "ipv4" if places.family == 4 else "ipv6"
    inner = {"loc": "eth1", "dmz": "eth2", "gst": "eth3"}
    names = ["loc", *draw.sample(("dmz", "gst"), draw.choice((0, 1, 1, 2)))]
    draw.shuffle(names)
    zones = [f"fw {'firewall'}", f"net {kind}", *(f"{name} {draw.choice((kind, '-', 'ip'))}" for name in names)]
    interfaces = [_interface(draw, "net", "eth0", places)]
    interfaces += [_interface(draw, name, inner[name], places) for name in names]
    hosts = []
    places.zones, places.devices = ["net", *names], {"net": "eth0"} | {name: inner[name] for name in names}
    far = "10.0.0.0/8" if places.family == 4 else "2001:db8:f::/48"
    if draw.random() < 0.5:
        options = draw.choice(_ZONE_OPTIONS) if places.family == 4 else ""
        plain = draw.random() < 0.3
        line = (
            f"vpn {kind}"
            if plain
            else f"vpn {draw.choice(('ipsec', 'ipsec4' if places.family == 4 else 'ipsec'))} {options}"
        )
        zones.insert(draw.randrange(1, len(zones) + 1), line.rstrip())
        rest = draw.choice(("", "", "routeback", "tcpflags", "mss=1300"))
        if plain:
            rest = f"ipsec,{rest}".rstrip(",")
        hosts.append(
            f"vpn eth0:{draw.choice((far, far, f'{far}!10.7.0.0/16' if places.family == 4 else far))} {rest}".rstrip()
        )
        places.zones.append("vpn")
    if draw.random() < 0.4 and places.family == 4:
        parent = draw.choice(names)
        zones.append(f"sub:{parent} {draw.choice((kind, kind, 'ipsec'))}")
        net = {"loc": "192.168.1.128/25", "dmz": "192.168.2.128/25", "gst": "192.168.3.128/25"}[parent]
        hosts.append(
            f"sub {inner[parent]}:{net} {draw.choice(('', 'routeback', 'nosmurfs', 'broadcast', 'destonly', 'sourceonly'))}".rstrip()
        )
        places.zones.append("sub")
    if draw.random() < 0.2:
        zones.append(f"ppp {kind}")
        interfaces.append(f"ppp ppp+ {draw.choice(('', 'routeback', 'mss=1300'))}".rstrip())
        places.zones.append("ppp")
    head = "?FORMAT 2\n"
    if draw.random() < 0.15:
        head = ""
        interfaces = [
            f"{z} {i} {draw.choice(('-', 'detect'))} {o}".rstrip()
            for z, i, o in ((*line.split(), "")[:3] for line in interfaces)
        ]
    return {
        "zones": "\n".join(zones) + "\n",
        "interfaces": head + "\n".join(interfaces) + "\n",
        "hosts": "".join(f"{h}\n" for h in hosts),
    }


def _interface(draw: random.Random, zone: str, name: str, places: Places) -> str:
    if places.family == 6:
        return f"{zone} {name} {draw.choice(('', 'tcpflags', 'routeback', 'forward=1', 'nodbl'))}".rstrip()
    options = [
        o
        for o in draw.sample(_OPTIONS, draw.choice((0, 1, 2, 3)))
        if name == "eth1" or not o.startswith(("nets", "maclist"))
    ]
    if "maclist" in options:
        options = ["maclist"]
    if name == "eth0":
        options = [o for o in options if not o.startswith(("physical", "destonly"))]
        if draw.random() < 0.05:
            options.append("upnpclient")
    if "optional" in options and "required" in options:
        options.remove("required")
    if "routefilter" in options and "rpfilter" in options:
        options.remove("rpfilter")
    if "bridge" in options:
        options = [o for o in options if not o.startswith("nets")]
    return f"{zone} {name} {','.join(options)}".rstrip()


def _policies(draw: random.Random, places: Places) -> str:
    made: dict[tuple[str, str], str] = {}
    tails = ("", "", "info", "- 10/sec:20", "info - 5", "NFLOG(1)")
    for _ in range(draw.choice((1, 3, 5))):
        source, dest = places.zone(draw), places.zone(draw)
        policy = draw.choice(("ACCEPT", "ACCEPT", "DROP", "REJECT", "CONTINUE", "NFQUEUE(2)", "DROP:none", "QUEUE",
                              "REJECT:Broadcast(DROP)", "DROP:+dropInvalid", "NONE"))  # fmt: skip
        if policy == "NONE" and "$FW" in (source, dest):
            policy = "DROP"
        made.setdefault(
            (source, dest), f"{source} {dest} {policy} {draw.choice(tails) if policy != 'NONE' else ''}".rstrip()
        )
    for source, dest, chance in (
        ("$FW", "all", 0.6),
        ("net", "all", 0.6),
        ("sub" if "sub" in places.zones else "loc", "all", 0.2),
    ):
        if draw.random() < chance and source in (*places.zones, "$FW"):
            made[source, dest] = f"{source} {dest} {draw.choice(('ACCEPT', 'DROP info', 'REJECT', 'CONTINUE'))}"
    last = draw.choice(
        ("all all REJECT info", "all all DROP", "all all REJECT", "all+ all REJECT", "all all+ DROP info")
    )
    return "\n".join((*made.values(), last)) + "\n"


def _settings(draw: random.Random, family: int, files: dict[str, str]) -> str:
    chosen = draw.sample(SETTINGS, draw.choice((0, 1, 2, 3, 4)))
    if family == 6:
        chosen = [line for line in chosen if not line.startswith(_ONLY_4)]
    if (
        "?SECTION ESTABLISHED" in files["rules"]
        or "?SECTION RELATED" in files["rules"]
        or "?SECTION ALL" in files["rules"]
    ):
        chosen = [line for line in chosen if not line.startswith("FASTACCEPT")]
    return "".join(f"{line}\n" for line in chosen)


_WRONG = {
    "rules": ("ACCEPT nett $FW", "ACCEPT net $FW tcp 99999", "ACCEPT net $FW - 22", "Foo net $FW", "SSH net $FW", "DNAT net loc tcp 80",
              "ACCEPT net:1.2.3.400 $FW", "ACCEPT net $FW tcp 22 { foo=1 }", "ACCEPT net:eth7 $FW", "ACCEPT net $FW icmp 300",
              "ACCEPT net $FW tcp 22 - - 10/year", "LOG net $FW", "DROP net $FW tcp - - - 5/min", "ACCEPT net $NOBODY", "?ENDIF",
              "?IF 1", "ACCEPT net $FW tcp 22 - - - root", "REJECT(foo) net $FW", "DNAT net loc:192.168.1.0/24 tcp 80", "SECTION NEW",
              "Invalid(FOO) net $FW", "MARK(x) net $FW", "ACCEPT net $FW tcp 21 { helper=foo }", "ACCEPT:foo net $FW", "WHITELIST net $FW",
              "ACCEPT net $FW tcp 20:10", "ACCEPT net $FW foo", "TCPFlags(DROP) net $FW", "?SECTION NEWER", "IfEvent net $FW", "ACCEPT net"),
    "policy": ("foo net ACCEPT", "net foo DROP", "net $FW FOO", "net $FW ACCEPT foo", "net $FW ACCEPT - x", "net $FW DROP:Foo"),
    "zones": ("net ipv4", "abc foo", "abc:foo ipv4", "all ipv4", "abc ipv4 mode=tunnel", "abc firewall"),
    "interfaces": ("net eth0", "foo eth7", "net eth7 foo", "net eth7 dhcp=2", "fw eth7", "net lo"),
    "hosts": ("net eth7:1.2.3.4", "foo eth0:1.2.3.4", "net eth0:1.2.3.4 foo", "net eth0:1.2.3.400"),
    "tunnels": ("foo net", "ipsec foo", "ipsecnat:ah net", "ipsec net 1.2.3.4 foo"),
    "snat": ("SNAT(foo) - eth0", "MASQUERADE - eth7", "FOO - eth0", "SNAT(1.2.3.4:50) - eth0", "SNAT() - eth0"),
}  # fmt: skip


def _spoil(draw: random.Random, files: dict[str, str]) -> str:
    """Puts one wrong line somewhere into a file."""
    name = draw.choices(tuple(_WRONG), (8, 2, 1, 2, 2, 2, 2))[0]
    wrong = draw.choice(_WRONG[name])
    if name == "snat" and "masq" in files:
        del files["masq"]
    lines = files.get(name, "").splitlines()
    # Between directives and continued lines anything would be another mistake.
    places = [n for n in range(len(lines) + 1) if not (n and lines[n - 1].endswith("\\"))]
    at = draw.choice(places)
    if name == "interfaces" and at == 0 and lines and lines[0].startswith("?FORMAT"):
        at = 1
    lines.insert(at, wrong)
    files[name] = "\n".join(lines) + "\n"
    return f"{name}: {wrong}"
