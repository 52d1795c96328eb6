"""The standard macros of 5.2.8: which protocols and ports each name stands for.

A line is ``NAME: part; part …``. A part is a protocol with its destination and source ports (``udp 500 500``, ``-`` for
any, ``icmp 8``, ``47``), or the name of another macro; ``<`` stands before it where it goes the other way round.
``to ADDRESS`` and ``from ADDRESS`` name hosts; ACCEPT or DROP at the beginning is the verdict where it is not the
caller's. The ports are those that IANA, or the programs themselves, give to the services.
"""

from __future__ import annotations

from functools import cache

from spdcheck.named_tuples import NamedTuple


class Part(NamedTuple):
    """One line of a macro. ``target`` is empty for the caller's."""

    protocol: str
    dports: str
    sports: str
    backwards: bool = False
    macro: str = ""
    target: str = ""
    to: str = ""
    origin: str = ""
    original: str = ""


_PRIVATE = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"

_TABLE = f"""
A_AllowICMPs: ACCEPT icmp 3/4; ACCEPT icmp 11
A_DropDNSrep: DROP udp - 53
A_DropUPnP: DROP udp 1900
ActiveDir: tcp 389; udp 389; tcp 636; tcp 3268; tcp 3269; tcp 88; udp 88; tcp 445; udp 445; tcp 135; tcp 5722; udp 123; tcp 464; udp 464; udp 138; tcp 9389; tcp 2535; udp 2535; udp 137; tcp 139
Amanda: udp 10080; tcp 10080
AMQP: tcp 5672; udp 5672
Apcupsd: tcp 3551
Auth: tcp 113
BGP: tcp 179
Bitcoin: tcp 8333
BitcoinRegtest: tcp 18444
BitcoinRPC: tcp 8332
BitcoinTestnet: tcp 18333
BitcoinTestnetRPC: tcp 18332
BitcoinZMQ: tcp 28332
BitTorrent: tcp 6881:6889; udp 6881
BitTorrent32: tcp 6881:6999; udp 6881
Citrix: tcp 1494; udp 1604; tcp 2598
Cockpit: tcp 9090
CVS: tcp 2401
DAAP: tcp 3689; udp 3689
DCC: udp 6277
DHCPfwd: udp 67:68 67:68; < udp 67:68 67:68
Distcc: tcp 3632
DNS: udp 53; tcp 53
DropUPnP: udp 1900
Edonkey: tcp 4662; udp 4665
Finger: tcp 79
FreeIPA: DNS; HTTP; HTTPS; Kerberos; Kpasswd; LDAP; LDAPS; NTP
FTP: tcp 21
Git: tcp 9418
GNUnet: tcp 2086; udp 2086; tcp 1080; udp 1080
Gnutella: tcp 6346; udp 6346
Goto-Meeting: tcp 8200; HTTP; HTTPS
GRE: 47; < 47
HKP: tcp 11371
HTTP: tcp 80
HTTPS: tcp 443
ICPV2: udp 3130
ICQ: tcp 5190
ILO: tcp 3002; tcp 9300; tcp 17988; tcp 17990; HTTP; HTTPS; RDP; SSH; Telnet
IMAP: tcp 143
IMAPS: tcp 993
IPFS-API: tcp 5001
IPFS-gateway: tcp 8080
IPFS-swarm: tcp 4001
IPIP: 94; < 94
IPMI: tcp 623; udp 623; tcp 3668,3669; tcp 5120,5122,5123; tcp 5900,5901; tcp 7578; tcp 8889; HTTP; Telnet; SNMP; tcp 3520; tcp 3669; tcp 5124,5126,5127; tcp 7582; HTTPS; SSH
IPP: tcp 631
IPPbrd: udp 631
IPPserver: tcp 631; < udp 631
IPsec: udp 500 500; 50; < udp 500 500; < 50
IPsecah: udp 500 500; 51; < udp 500 500; < 51
IPsecnat: udp 500; udp 4500; 50; < udp 500; < udp 4500; < 50
IRC: tcp 6667
Jabber: tcp 5222
Jabberd: tcp 5269
JabberPlain: Jabber
JabberSecure: tcp 5223
JAP: tcp 8080; tcp 6544; tcp 6543; HTTPS; SSH
Jetdirect: tcp 9100
Kerberos: tcp 88; udp 88
Kpasswd: tcp 464; udp 464
L2TP: udp 1701; < udp 1701
LDAP: tcp 389
LDAPS: tcp 636
Mail: SMTP; SMTPS; MSA
mDNS: udp 5353 to 224.0.0.251; udp 1024: 5353; 2 to 224.0.0.251; < udp 5353 to 224.0.0.251; < 2 to 224.0.0.251
mDNSbi: udp 5353 to 224.0.0.251; udp 1024: 5353; 2 to 224.0.0.251; < udp 5353 to 224.0.0.251; < udp 1024: 5353; < 2 to 224.0.0.251
MongoDB: tcp 27017
MSA: tcp 587
MSNP: tcp 1863
MSSQL: tcp 1433; udp 1434
Munin: tcp 4949
MySQL: tcp 3306
NFS: tcp 111; tcp 2049; tcp 20048
NNTP: tcp 119
NNTPS: tcp 563
NTP: udp 123
NTPbi: NTP; < NTP
NTPbrd: udp 123; udp 1024: 123
ONCRPC: tcp 111; udp 111
OpenVPN: udp 1194
OSPF: 89
PCA: udp 5632; tcp 5631
Ping: icmp 8
POP3: tcp 110
POP3S: tcp 995
PostgreSQL: tcp 5432
PPtP: GRE; tcp 1723
Printer: tcp 515
Puppet: tcp 8140
QUIC: udp 80,443
Razor: ACCEPT tcp 2703
Rdate: tcp 37
RDP: udp 3389; tcp 3389
Redis: tcp 6379
RedisCluster: tcp 16379
RedisSecure: tcp 6380
RedisSentinel: tcp 26379
Rfc1918: from {_PRIVATE}; original {_PRIVATE}
RIPbi: udp 520; < udp 520
RNDC: tcp 953
Rsync: tcp 873
Rwhois: tcp 4321
SANE: tcp 6566
Sieve: tcp 4190
SIP: udp 5060
SixXS: tcp 3874; udp 3740; 41; udp 5072,8374
SMB: udp 135,445; udp 137:139; udp 1024: 137; tcp 135,139,445
SMBBI: SMB; < SMB
SMBswat: tcp 901
SMTP: tcp 25
SMTPS: tcp 465
SNMP: udp 161
SNMPtrap: udp 162
SPAMD: tcp 783
Squid: tcp 3128
SSDP: udp 1900
SSDPserver: udp 1900; < udp - 1900
SSH: tcp 22
Submission: MSA
SVN: tcp 3690
Syslog: udp 514; tcp 514
Telnet: tcp 23
Telnets: tcp 992
Teredo: udp 3544
TFTP: udp 69
Time: tcp 37
Tinc: udp 655; tcp 655
Tor: tcp 9001
TorBrowserBundle: tcp 9150
TorControl: tcp 9051
TorDirectory: tcp 9030
TorSocks: tcp 9050
Trcrt: udp 33434:33524; icmp 8
VNC: tcp 5900:5909
VNCL: tcp 5500
VRRP: 112 to 224.0.0.18
Web: HTTP; HTTPS
Webcache: tcp 8080
Webmin: tcp 10000
Whois: tcp 43
WUDO: tcp 7680
Xymon: tcp 1984
Zabbix: tcp 10050; < tcp 10051
"""  # noqa: E501

_TABLE_6 = """
mDNS: udp 5353 to ff02::fb; udp 32768:65535 5353; 2 to ff02::fb; < udp 5353 to ff02::fb; < 2 to ff02::fb
mDNSbi: udp 5353 to ff02::fb; udp 1024:65535 5353; 2 to ff02::fb; < udp 5353 to ff02::fb; < udp 1024:65535 5353; < 2 to ff02::fb
"""  # noqa: E501
"""Where IPv6 has other addresses."""

DEFAULT_TARGETS = {"DropUPnP": "DROP"}
"""The verdict of a macro that is called without one."""

HELPERS = {
    ("Amanda", "udp 10080"): "amanda", ("FTP", "tcp 21"): "ftp", ("IRC", "tcp 6667"): "irc",
    ("PPtP", "tcp 1723"): "pptp", ("SANE", "tcp 6566"): "sane", ("SIP", "udp 5060"): "sip",
    ("SNMP", "udp 161"): "snmp", ("TFTP", "udp 69"): "tftp",
}  # fmt: skip
"""Helpers of connection tracking that a macro asks for where AUTOHELPERS is off. (SMB splits its ports for it.)"""

ONLY_4 = frozenset({"irc", "netbios-ns", "pptp", "snmp"})
"""Helpers that the kernel has for IPv4 only."""


@cache
def standard_macros(family: int = 4) -> dict[str, tuple[Part, ...]]:
    """Every macro by name."""
    found = {}
    for line in (_TABLE.rstrip() + (_TABLE_6 if family == 6 else "")).strip().splitlines():
        name, _, parts = line.partition(": ")
        found[name] = tuple(_part(text.strip()) for text in parts.split(";"))
    return found


def _part(text: str) -> Part:
    words = text.split()
    backwards = words[0] == "<"
    words = words[1:] if backwards else words
    target = words.pop(0) if words[0] in ("ACCEPT", "DROP") else ""
    named = {"to": "", "from": "", "original": ""}
    for word in named:
        if word in words:
            at = words.index(word)
            named[word] = words[at + 1]
            words = words[:at] + words[at + 2 :]
    if words and words[0] not in ("tcp", "udp", "icmp") and not words[0].isdigit():
        return Part("", "", "", backwards, macro=words[0])
    words += [""] * (3 - len(words))
    dports, sports = (word if word != "-" else "" for word in words[1:3])
    return Part(words[0], dports, sports, backwards, "", target, named["to"], named["from"], named["original"])
