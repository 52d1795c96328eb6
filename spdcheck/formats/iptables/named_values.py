"""Readers of the words that have names: states, kinds of addresses and of ICMP, TOS classes, rates, flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.iptables.numbers import BadWord, ordered, plain_number
from spdcheck.model.netfilter import Bits, Icmp, Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.model.netfilter import Value

STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT")
_ADDRTYPES = (
    "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
    "THROW", "NAT", "XRESOLVE",
)  # fmt: skip
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_REJECTS = {
    4: (
        "icmp-net-unreachable", "net-unreach", "icmp-host-unreachable", "host-unreach", "icmp-proto-unreachable",
        "proto-unreach", "icmp-port-unreachable", "port-unreach", "icmp-net-prohibited", "net-prohib",
        "icmp-host-prohibited", "host-prohib", "icmp-admin-prohibited", "admin-prohib", "tcp-reset", "tcp-rst",
    ),
    6: (
        "icmp6-no-route", "no-route", "icmp6-adm-prohibited", "adm-prohibited", "icmp6-addr-unreachable",
        "addr-unreach", "icmp6-port-unreachable", "port-unreach", "icmp6-policy-fail", "policy-fail",
        "icmp6-reject-route", "reject-route", "tcp-reset",
    ),
}  # fmt: skip
_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128, "ALL": 255, "NONE": 0}
_DSCP = {"BE": 0, "EF": 46} | {f"CS{n}": n << 3 for n in range(8)}
_DSCP |= {f"AF{c}{d}": c << 3 | d << 1 for c in range(1, 5) for d in range(1, 4)}
_TOS = {
    "Minimize-Delay": 16, "Maximize-Throughput": 8, "Maximize-Reliability": 4, "Minimize-Cost": 2, "Normal-Service": 0,
}  # fmt: skip
_ICMP = {
    "any": (None, None), "echo-reply": (0, None), "pong": (0, None), "destination-unreachable": (3, None),
    "network-unreachable": (3, 0), "host-unreachable": (3, 1), "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3), "fragmentation-needed": (3, 4), "source-route-failed": (3, 5),
    "network-unknown": (3, 6), "host-unknown": (3, 7), "network-prohibited": (3, 9), "host-prohibited": (3, 10),
    "TOS-network-unreachable": (3, 11), "TOS-host-unreachable": (3, 12), "communication-prohibited": (3, 13),
    "host-precedence-violation": (3, 14), "precedence-cutoff": (3, 15), "source-quench": (4, None),
    "redirect": (5, None), "network-redirect": (5, 0), "host-redirect": (5, 1), "TOS-network-redirect": (5, 2),
    "TOS-host-redirect": (5, 3), "echo-request": (8, None), "ping": (8, None), "router-advertisement": (9, None),
    "router-solicitation": (10, None), "time-exceeded": (11, None), "ttl-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0), "ttl-zero-during-reassembly": (11, 1), "parameter-problem": (12, None),
    "ip-header-bad": (12, 0), "required-option-missing": (12, 1), "timestamp-request": (13, None),
    "timestamp-reply": (14, None), "address-mask-request": (17, None), "address-mask-reply": (18, None),
}  # fmt: skip
_ICMP6 = {
    "destination-unreachable": (1, None), "no-route": (1, 0), "communication-prohibited": (1, 1),
    "beyond-scope": (1, 2), "address-unreachable": (1, 3), "port-unreachable": (1, 4), "failed-policy": (1, 5),
    "reject-route": (1, 6), "packet-too-big": (2, None), "time-exceeded": (3, None), "ttl-exceeded": (3, None),
    "ttl-zero-during-transit": (3, 0), "ttl-zero-during-reassembly": (3, 1), "parameter-problem": (4, None),
    "bad-header": (4, 0), "unknown-header-type": (4, 1), "unknown-option": (4, 2), "echo-request": (128, None),
    "ping": (128, None), "echo-reply": (129, None), "pong": (129, None), "mld-listener-query": (130, None),
    "mld-listener-report": (131, None), "mld-listener-done": (132, None), "mld-listener-reduction": (132, None),
    "router-solicitation": (133, None), "router-advertisement": (134, None), "neighbour-solicitation": (135, None),
    "neighbor-solicitation": (135, None), "neighbour-advertisement": (136, None),
    "neighbor-advertisement": (136, None), "redirect": (137, None),
}  # fmt: skip


def flags(text: str, _: int) -> Value:
    """The mask and the flags of ``--tcp-flags``, joined by a blank."""
    words_ = text.split(" ")
    return Bits(_flags(words_[-1]), _flags(words_[0]))


def _flags(text: str) -> int:
    bits = 0
    for item in text.split(","):
        if item.upper() not in _FLAGS:
            raise BadWord(f"unknown TCP flag `{item}`")
        bits |= _FLAGS[item.upper()]
    return bits


def icmp(text: str, _: int) -> Value:
    """A type by name or ``TYPE[/CODE]``."""
    return _icmp(text, _ICMP, any_number=255)


def icmp6(text: str, _: int) -> Value:
    """A type by name or ``TYPE[/CODE]``."""
    return _icmp(text, _ICMP6, any_number=-1)


def _icmp(text: str, names: Mapping[str, tuple[int | None, int | None]], any_number: int) -> Icmp:
    if text.lower() in {name.lower() for name in names}:
        kind, code = next(value for name, value in names.items() if name.lower() == text.lower())
        return Icmp(kind, None if code is None else Interval(code, code))
    type_text, slash, code_text = text.partition("/")
    if not type_text.isdigit():
        found = [value for name, value in names.items() if name.startswith(text.lower())]
        if len(found) == 1:
            return Icmp(found[0][0], None if found[0][1] is None else Interval(found[0][1], found[0][1]))
        raise BadWord(f"unknown ICMP type `{text}`")
    number_ = plain_number(type_text, 255)
    if not slash:
        return Icmp(None if number_ == any_number else number_)
    first, dash, last = code_text.partition("-")
    low = plain_number(first, 255)
    return Icmp(number_, ordered(low, plain_number(last, 255) if dash else low, text))


def states(text: str, _: int) -> Value:
    """States of a connection, with commas."""
    found = tuple(item.upper() for item in text.split(","))
    for item in found:
        if item not in STATES:
            raise BadWord(f"bad ctstate `{item}`")
    return found


def basic_states(text: str, family: int) -> Value:
    """States of the match ``state``, which knows nothing of NAT."""
    found = states(text, family)
    for item in ("SNAT", "DNAT"):
        if item in text.upper().split(","):
            raise BadWord(f"bad state `{item}`: only `-m conntrack --ctstate` knows it")
    return found


def addrtypes(text: str, _: int) -> Value:
    """Kinds of addresses, with commas."""
    found = tuple(text.upper().split(","))
    for item in found:
        if item not in _ADDRTYPES:
            raise BadWord(f"bad address type `{item}`, expected LOCAL, UNICAST, BROADCAST, MULTICAST …")
    return found


def rate(text: str, _: int) -> Value:
    """``NUMBER[/UNIT]``, at most 10,000 a second."""
    first, slash, unit = text.partition("/")
    seconds = next((value for name, value in _UNITS.items() if unit and name.startswith(unit.lower())), 0)
    seconds = seconds if slash else 1
    if not first.isdigit() or not seconds or int(first) == 0:
        raise BadWord(f"bad rate `{text}`, expected NUMBER/second, /minute, /hour or /day")
    if int(first) > 10_000 * seconds:
        raise BadWord(f"rate `{text}` is too fast, at most 10000/second")
    return text


def mac(text: str, _: int) -> Value:
    """A hardware address."""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}", text):
        raise BadWord(f"`{text}` is no hardware address")
    return text


def dscp_number(text: str, _: int) -> Value:
    """0 to 63."""
    return plain_number(text, 63)


def byte(text: str, _: int) -> Value:
    """0 to 255."""
    return plain_number(text, 255)


def step(text: str, _: int) -> Value:
    """1 to 255."""
    found = plain_number(text, 255)
    if not found:
        raise BadWord("0 changes nothing: expected 1 to 255")
    return found


def packet_type(text: str, _: int) -> Value:
    """How a packet came over the link."""
    if text.lower() not in ("unicast", "broadcast", "multicast", "host", "bcast", "mcast", "otherhost", "outgoing"):
        raise BadWord(f"bad packet type `{text}`, expected unicast, broadcast or multicast")
    return text


def reject(text: str, family: int) -> Value:
    """What a REJECT answers; beginnings of names will do."""
    if not any(name.startswith(text) for name in _REJECTS[family]):
        raise BadWord(
            f"unknown reject type `{text}`, expected {_REJECTS[family][0]} or another one of ICMP, or tcp-reset"
        )
    return text


def dscp(text: str, _: int) -> Value:
    """A DiffServ class (``EF``, ``AF11``, ``CS6`` …)."""
    if text.upper() not in _DSCP:
        raise BadWord(f"unknown DSCP class `{text}`")
    return _DSCP[text.upper()]


def tos(text: str, _: int) -> Value:
    """``VALUE[/MASK]`` or a name of RFC 1349."""
    if text in _TOS:
        return Bits(_TOS[text], 0x3F)
    value, slash, mask = text.partition("/")
    return Bits(plain_number(value, 255), plain_number(mask, 255) if slash else 255)
