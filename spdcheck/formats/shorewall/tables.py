"""Which files there are, and the names of their columns in order (5.x and 2.x; alternate names of pairs).

Sources: the manual pages of 5.2.8, section 5; the comments in the files of 2.3.0.
"""

from __future__ import annotations

RULES = (
    "action", "source", "dest", "proto", "dport", "sport", "origdest", "rate", "user", "mark", "connlimit", "time",
    "headers", "switch", "helper",
)  # fmt: skip
RULES_2 = RULES[:9]
ZONES = ("zone", "type", "options", "in_options", "out_options")
ZONES_2 = ("zone", "display", "comments")
INTERFACES = {1: ("zone", "interface", "broadcast", "options"), 2: ("zone", "interface", "options")}
HOSTS = ("zone", "hosts", "options")
TUNNELS = ("type", "zone", "gateways", "gateway_zones")
POLICY = ("source", "dest", "policy", "loglevel", "limit", "connlimit")
SNAT = {
    1: ("action", "source", "dest", "proto", "dport", "ipsec", "mark", "user", "switch", "origdest", "probability"),
    2: ("action", "source", "dest", "proto", "dport", "sport", "ipsec", "mark", "user", "switch", "origdest",
        "probability"),
}  # fmt: skip
MASQ = (
    "interface", "source", "address", "proto", "port", "ipsec", "mark", "user", "switch", "origdest", "probability",
)  # fmt: skip
NAT = ("external", "interface", "internal", "allints", "local")
NETMAP = ("type", "net1", "interface", "net2", "net3", "proto", "dport", "sport")
PROXYARP = ("address", "interface", "external", "haveroute", "persistent")
ROUTESTOPPED = ("interface", "hosts", "options", "proto", "dport", "sport")
STOPPEDRULES = ("target", "source", "dest", "proto", "dport", "sport")
BLACKLIST = ("networks", "proto", "port", "options")
CONNTRACK = {
    1: ("source", "dest", "proto", "dport", "sport", "user", "switch"),
    2: ("action", "source", "dest", "proto", "dport", "sport", "user", "switch"),
}  # fmt: skip
MANGLE = (
    "action", "source", "dest", "proto", "dport", "sport", "user", "test", "length", "tos", "connbytes", "helper",
    "probability", "dscp", "state", "time", "switch",
)  # fmt: skip
MANGLE_6 = (*MANGLE[:12], "headers", *MANGLE[12:])
TCRULES = (
    "mark", "source", "dest", "proto", "dport", "sport", "user", "test", "length", "tos", "connbytes", "helper",
    "headers", "probability", "dscp", "state",
)  # fmt: skip
MACLIST = ("disposition", "interface", "mac", "addresses")
ACTIONS = ("action", "options")
IPSEC_2 = ("zone", "ipsec", "options", "in_options", "out_options")

ALIASES = {
    "host": "hosts", "gateway": "gateways", "gateway_zone": "gateway_zones", "rate": "limit", "port": "dport",
    "mark": "action", "scp": "dscp",
}  # fmt: skip
"""Other names of columns in pairs; each file uses those that it has."""

KEPT = frozenset({
    "accounting", "arprules", "ecn", "providers", "routes", "rtrules", "route_rules", "secmarks", "tcclasses",
    "tcdevices", "tcfilters", "tcinterfaces", "tcpri", "tcrules6", "tos", "rfc1918", "bogons", "proxyndp",
})  # fmt: skip
"""Files whose lines change nothing about which packet passes (routing and shaping), or that only old releases had."""

SCRIPTS = frozenset({
    "init", "initdone", "start", "started", "stop", "stopped", "clear", "refresh", "refreshed", "restored", "tcclear",
    "tcstart", "isusable", "lib.private", "scfilter", "findgw", "continue", "postcompile", "compile", "savesets",
    "enabled", "disabled", "newnotsyn", "common", "common.def",
})  # fmt: skip
"""Scripts of the shell that Shorewall runs at some moment; what iptables commands in them do is not modelled."""

MODELLED = frozenset({
    "zones", "interfaces", "hosts", "tunnels", "policy", "rules", "blrules", "snat", "masq", "nat", "netmap",
    "proxyarp", "routestopped", "stoppedrules", "blacklist", "conntrack", "notrack", "mangle", "tcrules", "maclist",
    "actions", "params", "ipsec", "shorewall.conf", "shorewall6.conf",
})  # fmt: skip

CONVERTED = frozenset({"ipsec", "tcrules", "notrack", "routestopped", "blacklist", "tos"})
"""Files that 5.x does not read: `shorewall update` turns them into others."""

LATER = frozenset({"snat", "stoppedrules", "conntrack", "blrules", "mangle"})
"""Files that 2.x does not know."""

KNOWN = MODELLED | KEPT | SCRIPTS
