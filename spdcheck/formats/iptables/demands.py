"""What a module demands of its options: which must be there, which exclude each other, which can't be negated.

iptables refuses a rule that does not meet it, and with the rule the table. Names and demands are those of iptables 1.8
(its extensions' option tables and final checks); a test compares them with iptables-restore where it is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.protocols import DCCP, ICMP, SCTP, TCP, UDP, UDPLITE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.formats.iptables.planned import OptionPlan

PORTED = frozenset({TCP, UDP, UDPLITE, SCTP, DCCP})
TRANSLATED_PORTS = frozenset({TCP, UDP, SCTP, DCCP, ICMP})
"""Protocols whose ports (or identifiers) NAT can choose."""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        name, _, options = line.partition(":")
        found[name] = (*found.get(name, ()), *options.split())
    return found


_ONE_OF = _table("""
icmp: icmp-type
icmp6: icmpv6-type
multiport: sports dports ports
conntrack: ctstate ctproto ctdir ctstatus ctexpire ctorigsrc ctorigdst ctreplsrc ctrepldst
conntrack: ctorigsrcport ctorigdstport ctreplsrcport ctrepldstport
state: state
policy: dir
mark: mark
connmark: mark
addrtype: src-type dst-type
hashlimit: hashlimit-upto hashlimit-above
comment: comment
iprange: src-range dst-range
mac: mac-source
owner: uid-owner gid-owner socket-exists
set: match-set
length: length
dscp: dscp dscp-class
tos: tos
ttl: ttl-eq ttl-lt ttl-gt
hl: hl-eq hl-lt hl-gt
tcpmss: mss
pkttype: pkt-type
physdev: physdev-in physdev-out physdev-is-in physdev-is-out physdev-is-bridged
recent: set rcheck update remove
string: string hex-string
helper: helper
realm: realm
quota: quota
connlimit: connlimit-upto connlimit-above
connbytes: connbytes
u32: u32
devgroup: src-group dst-group
nfacct: nfacct-name
-MARK: set-mark set-xmark and-mark or-mark xor-mark
-CONNMARK: set-mark set-xmark and-mark or-mark xor-mark save-mark restore-mark
-TCPMSS: set-mss clamp-mss-to-pmtu
-DNAT: to-destination
-SNAT: to-source
-NETMAP: to
-TPROXY: on-port
-AUDIT: type
-TOS: set-tos and-tos or-tos xor-tos
-DSCP: set-dscp set-dscp-class
-TTL: ttl-set ttl-inc ttl-dec
-HL: hl-set hl-inc hl-dec
-CLASSIFY: set-class
-SET: add-set del-set map-set
-CHECKSUM: checksum-fill
-SECMARK: selctx
-CONNSECMARK: save restore
-TEE: gateway
-ECN: ecn-tcp-remove
-IDLETIMER: timeout
""")
"""One of these must be given; targets have a ``-`` before their name."""

_EXCLUSIVE = _table("""
recent: set rcheck update remove
multiport: sports dports ports
ttl: ttl-eq ttl-lt ttl-gt
hl: hl-eq hl-lt hl-gt
connlimit: connlimit-upto connlimit-above
hashlimit: hashlimit-upto hashlimit-above
-TTL: ttl-set ttl-inc ttl-dec
-TCPMSS: set-mss clamp-mss-to-pmtu
""")
"""Only one of these can be given."""

_UPRIGHT = _table("""
conntrack: ctdir
policy: dir pol strict next
addrtype: limit-iface-in limit-iface-out
limit: limit limit-burst
hashlimit: hashlimit-burst hashlimit-mode hashlimit-name hashlimit-srcmask hashlimit-dstmask hashlimit-htable-size
hashlimit: hashlimit-htable-max hashlimit-htable-expire hashlimit-htable-gcinterval hashlimit-rate-match
hashlimit: hashlimit-rate-interval
comment: comment
owner: suppl-groups
set: return-nomatch
ttl: ttl-lt ttl-gt
hl: hl-lt hl-gt
recent: rttl reap rsource rdest seconds hitcount name mask
statistic: mode packet
time: timestart timestop datestart datestop kerneltz utc contiguous
string: algo from to icase
connlimit: connlimit-mask connlimit-saddr connlimit-daddr
connbytes: connbytes-dir connbytes-mode
rpfilter: loose validmark accept-local invert
socket: transparent nowildcard restore-skmark
""")
"""Options before which no ``!`` can stand."""

_REPEATED = ("policy", "set")
"""Matches whose options may come more than once."""


def broken(name: str, options: Sequence[OptionPlan], protocol: int | None) -> Iterator[tuple[OptionPlan | None, str]]:
    """What a module refuses: at an option, or (None) as a whole. ``name`` of a target begins with ``-``."""
    title = name.removeprefix("-")
    given = [option.name for option in options]
    wanted = _ONE_OF.get(name)
    if wanted and not any(option in wanted for option in given):
        listed = f"`--{wanted[0]}`" if len(wanted) == 1 else "one of " + ", ".join(f"`--{word}`" for word in wanted[:5])
        yield None, f"{title} needs {listed}"
    exclusive = _EXCLUSIVE.get(name, ())
    first = next((option for option in given if option in exclusive), None)
    upright = _UPRIGHT.get(name, ())
    seen: set[str] = set()
    for option in options:
        if option.name in exclusive and option.name != first:
            yield option, f"`--{option.name}` can't be used together with `--{first}`"
        if option.name in seen and title not in _REPEATED:
            yield option, f"only one `--{option.name}` is allowed"
        seen.add(option.name)
        if option.negated and (name.startswith("-") or option.name in upright):
            yield option, f"`!` is not allowed with `--{option.name}`"
    if name == "multiport" and protocol not in PORTED:
        yield None, "multiport needs `-p tcp`, `-p udp`, `-p udplite`, `-p sctp` or `-p dccp`"
    if name in ("-MASQUERADE", "-REDIRECT") and "to-ports" in given and protocol not in TRANSLATED_PORTS:
        yield None, f"{title} with ports needs `-p tcp`, `-p udp`, `-p sctp` or `-p dccp`"
    if name == "policy" and "next" in given and "strict" not in given:
        yield None, "`--next` needs `--strict`"
