"""Readers of the words behind options: each gives a value of the model or says why iptables would refuse the word."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_address, parse_value, prefix_length_of_mask
from spdcheck.model.netfilter import Bits, Icmp, Interval, Network, Translation
from spdcheck.model.protocols import protocol_number
from spdcheck.model.services import service_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spdcheck.model.netfilter import Value


class BadWord(ValueError):  # noqa: N818 (it never leaves this format)
    """A word that iptables refuses; the message is for people."""


STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT")
_WIDTH = {4: 32, 6: 128}
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
_MOST_VALUES = 1 << 16
_OCTET = r"(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])"
_USUAL = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?:/([12]?\d|3[0-2]))?").fullmatch
"""An IPv4 address, with a length or without: most of what stands in a file, read without a detour."""
_MASKS = tuple((1 << 32) - (1 << (32 - length)) for length in range(33))
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


def _number(text: str, most: int = (1 << 32) - 1) -> int:
    if not re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", text):
        raise BadWord(f"`{text}` is no number")
    value = int(text, 16) if text[:2] in ("0x", "0X") else int(text, 8 if text[0] == "0" and text.isdigit() else 10)
    if value > most:
        raise BadWord(f"`{text}` is more than {most}")
    return value


def number(text: str, _: int) -> Value:
    """A number, decimal or 0x…; options that take other words keep them as they are."""
    return _number(text, (1 << 64) - 1) if text[:1].isdigit() and ":" not in text else text


def numbers(text: str, _: int) -> Value:
    """``N`` or ``N:M``, either end left out."""
    first, colon, last = text.partition(":")
    low = _number(first) if first else 0
    return _ordered(low, (_number(last) if last else (1 << 32) - 1) if colon else low, text)


def lengths(text: str, _: int) -> Value:
    """``N`` or ``N:M``; what runs backwards is accepted, and never matches."""
    first, colon, last = text.partition(":")
    low = _number(first, 65535) if first else 0
    return Interval(low, (_number(last, 65535) if last else 65535) if colon else low)


def _ordered(first: int, last: int, text: str) -> Interval:
    if first > last:
        raise BadWord(f"`{text}` runs from a higher to a lower number")
    return Interval(first, last)


def _port(text: str) -> int:
    if text.isdigit():
        return _number(text, 65535)
    port = service_port(text)
    if port is None:
        raise BadWord(f"`{text}` is no port and no service that /etc/services usually names")
    return port


def ports(text: str, _: int) -> Value:
    """``PORT`` or ``PORT:PORT``, either end left out."""
    first, colon, last = text.partition(":")
    low = _port(first) if first else 0
    return _ordered(low, (_port(last) if last else 65535) if colon else low, text)


def portlist(text: str, family: int) -> Value:
    """Up to 15 ports, where a range counts for two (xt_multiport)."""
    items = text.split(",")
    if sum(1 + (":" in item) for item in items) > 15:
        raise BadWord("more than 15 ports (a range counts for two)")
    found = tuple(ports(item, family) for item in items)
    assert all(isinstance(item, Interval) for item in found)
    return found  # type: ignore[return-value]


def addresses(text: str, family: int) -> Value:
    """``ADDRESS[/LENGTH|/MASK]``, several with commas; the name of a host stays text."""
    usual = _USUAL(text)
    if usual is not None and family == 4:
        a, b, c, d, length = usual.groups()
        value = int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
        mask = _MASKS[32 if length is None else int(length)]
        return (Network(4, value & mask, mask),)
    return tuple(_network(item, family) for item in text.split(","))


def _network(text: str, family: int) -> Network | str:
    address, slash, length = text.partition("/")
    parsed = parse_value(address)
    if parsed is None:
        dotted = address.split(".")
        if family == 4 and slash and 1 <= len(dotted) < 4 and all(part.isdigit() for part in dotted):
            parsed = parse_value(".".join((*dotted, *("0",) * (4 - len(dotted)))))
        if parsed is None:
            if re.fullmatch(r"(?=[\w.-]*[A-Za-z])[\w.-]+", address) and not re.fullmatch(r"[\d.]+", address):
                return text
            raise BadWord(f"host or network `{text}` not found")
    if parsed[0] != family:
        raise BadWord(f"`{text}` is an IPv{parsed[0]} address in rules for IPv{family}")
    width = _WIDTH[family]
    everything = (1 << width) - 1
    mask = everything
    if slash and length.isdigit():
        if int(length) > width:
            raise BadWord(f"`/{length}` is longer than an IPv{family} address")
        mask = everything & ~((1 << (width - int(length))) - 1)
    elif slash:
        given = parse_value(length)
        if given is None or given[0] != family:
            raise BadWord(f"`{length}` is no prefix length and no netmask")
        mask = given[1]
        assert prefix_length_of_mask(length) is None or mask.bit_count() == prefix_length_of_mask(length)
    return Network(family, parsed[1] & mask, mask)


def address_range(text: str, family: int) -> Value:
    """``FIRST-LAST`` of addresses, or one."""
    first, dash, last = text.partition("-")
    ends = [parse_address(item) for item in ((first, last) if dash else (first, first))]
    low, high = ends
    if low is None or high is None or {low.family, high.family} != {family}:
        raise BadWord(f"`{text}` is no range of IPv{family} addresses")
    # A range that runs backwards is accepted, and never matches.
    return Interval(low.first, high.first, family)


def protocol(text: str, _: int) -> Value:
    """A protocol by number or name; 0 and ``all`` are any."""
    if text in ("all", "ip"):
        return 0
    known = protocol_number(text)
    if known is None:
        raise BadWord(f"unknown protocol `{text}`")
    return known


def interface(text: str, _: int) -> Value:
    """A name of at most 15 characters, a trailing ``+`` for any ending."""
    if len(text) > 15:
        raise BadWord(f"interface name `{text}` is longer than 15 characters")
    return text


def mark(text: str, _: int) -> Value:
    """``VALUE[/MASK]``."""
    value, slash, mask = text.partition("/")
    return Bits(_number(value), _number(mask) if slash else (1 << 32) - 1)


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
    number_ = _number(type_text, 255)
    if not slash:
        return Icmp(None if number_ == any_number else number_)
    first, dash, last = code_text.partition("-")
    low = _number(first, 255)
    return Icmp(number_, _ordered(low, _number(last, 255) if dash else low, text))


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
            raise BadWord(f"bad address type `{item}`")
    return found


def rate(text: str, _: int) -> Value:
    """``NUMBER[/UNIT]``, at most 10,000 a second."""
    first, slash, unit = text.partition("/")
    seconds = next((value for name, value in _UNITS.items() if unit and name.startswith(unit.lower())), 0)
    seconds = seconds if slash else 1
    if not first.isdigit() or not seconds or int(first) == 0:
        raise BadWord(f"bad rate `{text}`")
    if int(first) > 10_000 * seconds:
        raise BadWord(f"rate `{text}` is too fast")
    return text


def mac(text: str, _: int) -> Value:
    """A hardware address."""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}", text):
        raise BadWord(f"`{text}` is no hardware address")
    return text


def dscp_number(text: str, _: int) -> Value:
    """0 to 63."""
    return _number(text, 63)


def byte(text: str, _: int) -> Value:
    """0 to 255."""
    return _number(text, 255)


def step(text: str, _: int) -> Value:
    """1 to 255."""
    found = _number(text, 255)
    if not found:
        raise BadWord("0 changes nothing: expected 1 to 255")
    return found


def packet_type(text: str, _: int) -> Value:
    """How a packet came over the link."""
    if text.lower() not in ("unicast", "broadcast", "multicast", "host", "bcast", "mcast", "otherhost", "outgoing"):
        raise BadWord(f"bad packet type `{text}`")
    return text


def reject(text: str, family: int) -> Value:
    """What a REJECT answers; beginnings of names will do."""
    if not any(name.startswith(text) for name in _REJECTS[family]):
        raise BadWord(f"unknown reject type `{text}`")
    return text


def words(text: str, _: int) -> Value:
    """Words with commas."""
    return tuple(text.split(","))


def word(text: str, _: int) -> Value:
    """Any word."""
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
    return Bits(_number(value, 255), _number(mask, 255) if slash else 255)


def newports(text: str, _: int) -> Value:
    """``PORT[-PORT]``."""
    first, dash, last = text.partition("-")
    low = _port(first)
    return _ordered(low, _port(last) if dash else low, text)


def translation(text: str, family: int) -> Value:
    """``[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]``; IPv6 addresses with ports stand in brackets."""
    bracket = re.fullmatch(r"\[([^\]]+)\](?:-\[([^\]]+)\])?(?::(.*))?", text)
    if family == 6:
        parts = (
            (bracket[1] + (f"-{bracket[2]}" if bracket[2] else ""), bracket[3]) if bracket is not None else (text, None)
        )
    else:
        address, colon, rest = text.partition(":")
        parts = (address, rest if colon else None)
    where = address_range(parts[0], family) if parts[0] else None
    assert where is None or isinstance(where, Interval)
    if where is not None and where.first > where.last:
        raise BadWord(f"`{parts[0]}` runs from a higher to a lower address")
    if parts[1] is None:
        return Translation(where)
    port_text, slash, base = parts[1].partition("/")
    found = newports(port_text, family)
    assert isinstance(found, Interval)
    return Translation(where, found, _port(base) if slash else None)


READERS: dict[str, Callable[[str, int], Value]] = {
    "number": number, "numbers": numbers, "ports": ports, "portlist": portlist, "addresses": addresses,
    "range": address_range, "protocol": protocol, "interface": interface, "mark": mark, "flags": flags, "icmp": icmp,
    "icmp6": icmp6, "states": states, "words": words, "word": word, "text": word, "pair": word, "dscp": dscp,
    "tos": tos, "newports": newports, "translation": translation, "basic": basic_states, "addrtypes": addrtypes,
    "rate": rate, "lengths": lengths, "mac": mac, "dscpnumber": dscp_number, "byte": byte, "step": step,
    "pkttype": packet_type, "reject": reject,
}  # fmt: skip
"""The reader of each kind of word; the second argument is the family (4 or 6) of the rules."""


class Values(dict[str, "Value"]):
    """The values of one kind of words for one family, each worked out once. Raises :class:`BadWord`."""

    __slots__ = ("_family", "_read")

    def __init__(self, read: Callable[[str, int], Value], family: int) -> None:
        super().__init__()
        self._read, self._family = read, family

    def __missing__(self, text: str) -> Value:
        value = self._read(text, self._family)
        if len(self) >= _MOST_VALUES:
            self.clear()
        self[text] = value
        return value


@cache
def values_of(reader: str, family: int) -> Values:
    """The values of the words that a reader reads."""
    return Values(READERS[reader], family)


RAW = Values(word, 0)
"""The words behind an option that we do not know, as they stand."""
