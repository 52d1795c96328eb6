"""The keys that decide about packets, by their names with dots."""

from __future__ import annotations

import re

FORWARDING = {
    "net.ipv4.ip_forward": 4, "net.ipv4.conf.all.forwarding": 4, "net.ipv6.conf.all.forwarding": 6,
    "net.inet.ip.forwarding": 4, "net.inet6.ip6.forwarding": 6,
}  # fmt: skip
"""Keys that switch forwarding, and the family that they switch it for."""

ONLY_DECRYPTED = 2
"""The value of OpenBSD's switches for which nothing is forwarded but what came out of IPsec (sysctl(2))."""

SWITCHES = ("rp_filter", "accept_local", "disable_policy", "disable_xfrm", "forwarding", "xfrm_larval_drop",
            "filtertunnel", "ipsec_filter_mask")  # fmt: skip
"""The last words of keys whose values are numbers and mean something to the datapath."""

_OURS = re.compile(
    r"net\.ipv[46]\.conf\.(?:.+)\.(?:rp_filter|accept_local|disable_policy|disable_xfrm|forwarding)"
    r"|net\.core\.xfrm_larval_drop|net\.inet6?\.ipsec6?\.\w+|net\.enc\.(?:in|out)\.ipsec_(?:filter|bpf)_mask"
)


def canonical(key: str) -> str:
    """A key with dots between its parts: it may be written with slashes (``net/ipv4/conf/eth0.100/rp_filter``)."""
    return key.replace("/", ".")


def is_ours(key: str) -> bool:
    """The key decides about packets."""
    return _OURS.fullmatch(key) is not None
