"""Chains of iptables that programs keep: container engines, virtual machines, firewall front ends.

Their rules are made for every case that may come, so that some never decide on a given host, and nobody removes them.
"""

from __future__ import annotations

import re

_CHAIN = re.compile(r"(?:\[\d+:\d+\]\s+)?-A\s+(\S+)")
_KEPT = re.compile(
    r"DOCKER(?!-USER$)|KUBE-|cali-|CILIUM_|FLANNEL-|CNI-|NETAVARK|WEAVE|LIBVIRT_|f2b-|fail2ban-|ts-(?:input|forward|postrouting)$"
    r"|ufw-(?!user-|before-|after-)|ufw-user-(?:limit|logging)|(?:PRE|POST|IN|FWD[IO])_\w+_(?:log|deny|pre|post)$"
)
_MARK = re.compile(r'--comment "?!fw3(?!: (?!Zone|Custom|Accept))')
"""OpenWrt's fw3 marks what it makes by itself; behind `!fw3: ` stands the name of a rule that somebody wrote."""


def is_kept_by_a_program(rule: str) -> bool:
    """The rule, as iptables-save writes it, is one that a program has made by itself."""
    chain = _CHAIN.match(rule)
    return chain is not None and (_KEPT.match(chain[1]) is not None or _MARK.search(rule) is not None)
