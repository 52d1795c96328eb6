"""The standard actions of Shorewall 2.x: lines of ports, and what the policies DROP and REJECT pass through first.

A line is ``verdict protocol ports source-ports``, as in the table of standard macros.
"""

from __future__ import annotations

from functools import cache

from spdcheck.semantics.shorewall.standard_macros import Part

_TABLE = """
AllowAuth: ACCEPT tcp 113
AllowDNS: ACCEPT udp 53; ACCEPT tcp 53
AllowFTP: ACCEPT tcp 21
AllowICMPs: ACCEPT icmp 3/4; ACCEPT icmp 11
AllowIMAP: ACCEPT tcp 143; ACCEPT tcp 993
AllowNNTP: ACCEPT tcp 119; ACCEPT tcp 563
AllowNTP: ACCEPT udp 123
AllowPCA: ACCEPT udp 5632; ACCEPT tcp 5631
AllowPing: ACCEPT icmp 8
AllowPOP3: ACCEPT tcp 110; ACCEPT tcp 995
AllowRdate: ACCEPT tcp 37
AllowSMB: ACCEPT udp 135,445; ACCEPT udp 137:139; ACCEPT udp 1024: 137; ACCEPT tcp 135,139,445
AllowSMTP: ACCEPT tcp 25
AllowSNMP: ACCEPT udp 161:162; ACCEPT tcp 161
AllowSSH: ACCEPT tcp 22
AllowTelnet: ACCEPT tcp 23
AllowTrcrt: ACCEPT udp 33434:33524; ACCEPT icmp 8
AllowVNC: ACCEPT tcp 5900:5909
AllowVNCL: ACCEPT tcp 5500
AllowWeb: ACCEPT tcp 80; ACCEPT tcp 443
DropDNSrep: DROP udp - 53
DropPing: DROP icmp 8
DropSMB: DROP udp 135; DROP udp 137:139; DROP udp 445; DROP tcp 135; DROP tcp 139; DROP tcp 445
DropUPnP: DROP udp 1900
RejectAuth: REJECT tcp 113
RejectSMB: REJECT udp 135; REJECT udp 137:139; REJECT udp 445; REJECT tcp 135; REJECT tcp 139; REJECT tcp 445
allowinUPnP: ACCEPT udp 1900; ACCEPT tcp 49152
"""

COMMON = {
    "Drop": ("RejectAuth", "dropBcast", "AllowICMPs", "dropInvalid", "DropSMB", "DropUPnP", "dropNotSyn", "DropDNSrep"),
    "Reject": (
        "RejectAuth", "dropBcast", "AllowICMPs", "dropInvalid", "RejectSMB", "DropUPnP", "dropNotSyn", "DropDNSrep",
    ),
}  # fmt: skip
"""What a packet passes before the policies DROP and REJECT take it."""


@cache
def standard_actions() -> dict[str, tuple[Part, ...]]:
    """Actions that are lines of ports."""
    found = {}
    for line in _TABLE.strip().splitlines():
        name, _, parts = line.partition(": ")
        found[name] = tuple(_part(text.split()) for text in parts.split(";"))
    return found


def _part(words: list[str]) -> Part:
    words = words + [""] * (4 - len(words))
    return Part(words[1], "" if words[2] == "-" else words[2], words[3], target=words[0])
