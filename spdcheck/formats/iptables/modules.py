"""Which options each match and each target has, and how the word behind an option is read.

A module is a line of ``name: option=reader …``; options without a reader are flags, aliases are joined by ``|``. Names
and aliases are those of iptables-extensions(8). The readers are in :mod:`spdcheck.formats.iptables.values`.
"""

from __future__ import annotations

from spdcheck.named_tuples import NamedTuple


class Option(NamedTuple):
    """An option of a module: its usual name, and its reader (empty for a flag)."""

    name: str
    reader: str


def _modules(text: str) -> dict[str, dict[str, Option]]:
    found: dict[str, dict[str, Option]] = {}
    for line in text.strip().splitlines():
        name, _, options = line.partition(":")
        own = found.setdefault(name.strip(), {})
        for item in options.split():
            names, _, reader = item.partition("=")
            aliases = names.split("|")
            for alias in aliases:
                own[f"--{alias}"] = Option(aliases[0], reader)
    return found


_PORTS = "sport|source-port=ports dport|destination-port=ports"
_MARKS = "set-mark=mark set-xmark=mark and-mark=number or-mark=number xor-mark=number"

MATCHES = _modules(f"""
tcp: {_PORTS} tcp-flags=flags syn tcp-option=number
udp: {_PORTS}
udplite: {_PORTS}
sctp: {_PORTS} chunk-types=pair
dccp: {_PORTS} dccp-types=word dccp-option=number
icmp: icmp-type=icmp
icmp6: icmpv6-type|icmp6-type=icmp6
esp: espspi=numbers
ah: ahspi=numbers ahlen=numbers ahres
multiport: sports|source-ports=portlist dports|destination-ports=portlist ports=portlist
conntrack: ctstate=states ctproto=protocol ctdir=word ctstatus=words ctexpire=numbers
conntrack: ctorigsrc=addresses ctorigdst=addresses ctreplsrc=addresses ctrepldst=addresses
conntrack: ctorigsrcport=ports ctorigdstport=ports ctreplsrcport=ports ctrepldstport=ports
state: state=basic
policy: dir=word pol=word strict next reqid=number spi=number proto=protocol mode=word
policy: tunnel-src=addresses tunnel-dst=addresses
mark: mark=mark
connmark: mark=mark
addrtype: src-type=addrtypes dst-type=addrtypes limit-iface-in limit-iface-out
limit: limit=rate limit-burst=number
hashlimit: hashlimit-upto|hashlimit=word hashlimit-above=word hashlimit-burst=word hashlimit-mode=word
hashlimit: hashlimit-name=word
hashlimit: hashlimit-srcmask=number hashlimit-dstmask=number hashlimit-htable-size=number hashlimit-htable-max=number
hashlimit: hashlimit-htable-expire=number hashlimit-htable-gcinterval=number
hashlimit: hashlimit-rate-match hashlimit-rate-interval=word
comment: comment=text
iprange: src-range=range dst-range=range
mac: mac-source=mac
owner: uid-owner=word gid-owner=word socket-exists suppl-groups
set: match-set=pair return-nomatch
length: length=lengths
dscp: dscp=dscpnumber dscp-class=dscp
tos: tos=tos
ttl: ttl-eq=byte ttl-lt=byte ttl-gt=byte
hl: hl-eq=byte hl-lt=byte hl-gt=byte
tcpmss: mss=numbers
pkttype: pkt-type=pkttype
physdev: physdev-in=word physdev-out=word physdev-is-in physdev-is-out physdev-is-bridged
recent: set rcheck update remove rttl reap rsource rdest seconds=number hitcount=number name=word mask=word
statistic: mode=word probability=word every=number packet=number
time: timestart=word timestop=word datestart=word datestop=word monthdays=word weekdays=word kerneltz utc contiguous
string: algo=word from=number to=number string=text hex-string=text icase
helper: helper=word
realm: realm=word
quota: quota=number
connlimit: connlimit-upto=number connlimit-above=number connlimit-mask=number connlimit-saddr connlimit-daddr
connbytes: connbytes=word connbytes-dir=word connbytes-mode=word
u32: u32=text
rpfilter: loose validmark accept-local invert
socket: transparent nowildcard restore-skmark
cgroup: path=word cgroup=word
devgroup: src-group=word dst-group=word
frag: fragid=numbers fraglen=numbers fragres fragfirst fragmore fraglast
rt: rt-type=word rt-segsleft=numbers rt-len=numbers rt-0-res rt-0-addrs=word rt-0-not-strict
hbh: hbh-len=word hbh-opts=word
dst: dst-len=word dst-opts=word
mh: mh-type=word
ipv6header: header=word soft
eui64:
nfacct: nfacct-name=word
""")
"""Matches by name: options by spelling."""

TARGETS = _modules(f"""
ACCEPT:
DROP:
RETURN:
QUEUE:
REJECT: reject-with=reject
LOG: log-level=word log-prefix=text log-tcp-sequence log-tcp-options log-ip-options log-uid log-macdecode
NFLOG: nflog-group=number nflog-prefix=text nflog-range=number nflog-size=number nflog-threshold=number
ULOG: ulog-nlgroup=number ulog-prefix=text ulog-cprange=number ulog-qthreshold=number
MARK: {_MARKS}
CONNMARK: {_MARKS} save-mark restore-mark nfmask=number ctmask=number mask=number
CT: notrack helper=word ctevents=words expevents=words zone=word zone-orig=word zone-reply=word timeout=word
NOTRACK:
TCPMSS: set-mss=number clamp-mss-to-pmtu
DNAT: to-destination=translation random persistent
SNAT: to-source=translation random random-fully persistent
MASQUERADE: to-ports=newports random random-fully
REDIRECT: to-ports=newports random
NETMAP: to=addresses
TPROXY: on-port=number on-ip=addresses tproxy-mark=mark
AUDIT: type=word
TOS: set-tos=tos and-tos=number or-tos=number xor-tos=number
DSCP: set-dscp=number set-dscp-class=dscp
TTL: ttl-set=byte ttl-inc=step ttl-dec=step
HL: hl-set=byte hl-inc=step hl-dec=step
CLASSIFY: set-class=word
NFQUEUE: queue-num=number queue-balance=word queue-bypass queue-cpu-fanout
SET: add-set=pair del-set=pair map-set=pair exist timeout=number
TRACE:
CHECKSUM: checksum-fill
SECMARK: selctx=word
CONNSECMARK: save restore
TEE: gateway=addresses
ECN: ecn-tcp-remove
TCPOPTSTRIP: strip-options=words
SYNPROXY: sack-perm timestamp wscale=number mss=number
DNPT: src-pfx=addresses dst-pfx=addresses
SNPT: src-pfx=addresses dst-pfx=addresses
IDLETIMER: timeout=number label=word
LED: led-trigger-id=word led-delay=word led-always-blink
RATEEST: rateest-name=word rateest-interval=word rateest-ewmalog=word
HMARK: hmark-tuple=word hmark-mod=word hmark-offset=word hmark-rnd=word
MIRROR:
CLUSTERIP: new hashmode=word clustermac=word total-nodes=number local-node=number hash-init=number
""")
"""Targets by name: options by spelling."""

BUILT_IN = {
    "-s": Option("source", "addresses"), "--source": Option("source", "addresses"),
    "--src": Option("source", "addresses"),
    "-d": Option("destination", "addresses"), "--destination": Option("destination", "addresses"),
    "--dst": Option("destination", "addresses"), "-i": Option("in-interface", "interface"),
    "--in-interface": Option("in-interface", "interface"), "-o": Option("out-interface", "interface"),
    "--out-interface": Option("out-interface", "interface"), "-p": Option("protocol", "protocol"),
    "--protocol": Option("protocol", "protocol"), "--proto": Option("protocol", "protocol"),
    "-f": Option("fragment", ""), "--fragment": Option("fragment", ""), "-m": Option("match", ""),
    "--match": Option("match", ""), "-j": Option("jump", ""), "--jump": Option("jump", ""), "-g": Option("goto", ""),
    "--goto": Option("goto", ""), "-c": Option("set-counters", ""), "--set-counters": Option("set-counters", ""),
    "-4": Option("ipv4", ""), "--ipv4": Option("ipv4", ""), "-6": Option("ipv6", ""), "--ipv6": Option("ipv6", ""),
}  # fmt: skip
"""Options of iptables itself, by spelling."""

OF_PROTOCOL = {
    6: "tcp", 17: "udp", 136: "udplite", 132: "sctp", 33: "dccp", 1: "icmp", 58: "icmp6", 50: "esp", 51: "ah",
    135: "mh",
}  # fmt: skip
"""The match that ``-p`` brings with it, as soon as one of its options is used."""

ALIASES = {"icmpv6": "icmp6", "ipv6-icmp": "icmp6", "mobility-header": "mh"}
"""Other names of matches."""


def spellings(*, flags: bool, pairs: bool = False) -> tuple[str, ...]:
    """The options of all modules that take no word (``flags``), two words (``pairs``), or one word."""
    found = set()
    for module in (*MATCHES.values(), *TARGETS.values()):
        for name, option in module.items():
            two = option.reader in ("pair", "flags")
            if (not option.reader) == flags and two == pairs:
                found.add(name)
    return tuple(sorted(found))
