"""Names that stand for numbers in pf.conf: ICMP types and codes, services, protocols, timeouts, TOS values, users.

ICMP names, timeouts and TOS values are pf's own (``pfctl_parser.c``, ``parse.y``). Users and groups are those of the
base systems; other names stay names, because only the host knows them.
"""

from __future__ import annotations

import re
from functools import cache

from spdcheck.formats.pf.lexer import Refused
from spdcheck.model.protocols import PROTOCOL_NUMBERS
from spdcheck.model.services import bsd_service_port

ICMP_TYPES: dict[int, dict[str, int]] = {
    4: {
        "echoreq": 8, "echorep": 0, "unreach": 3, "squench": 4, "redir": 5, "althost": 6, "routeradv": 9,
        "routersol": 10, "timex": 11, "paramprob": 12, "timereq": 13, "timerep": 14, "inforeq": 15, "inforep": 16,
        "maskreq": 17, "maskrep": 18, "trace": 30, "dataconv": 31, "mobredir": 32, "ipv6-where": 33, "ipv6-here": 34,
        "mobregreq": 35, "mobregrep": 36, "skip": 39, "photuris": 40,
    },
    6: {
        "unreach": 1, "toobig": 2, "timex": 3, "paramprob": 4, "echoreq": 128, "echorep": 129, "groupqry": 130,
        "listqry": 130, "grouprep": 131, "listenrep": 131, "groupterm": 132, "listendone": 132, "routersol": 133,
        "routeradv": 134, "neighbrsol": 135, "neighbradv": 136, "redir": 137, "routrrenum": 138, "wrureq": 139,
        "wrurep": 140, "fqdnreq": 139, "fqdnrep": 140, "niqry": 139, "nirep": 140, "mtraceresp": 200, "mtrace": 201,
        "listenrepv2": 143,
    },
}  # fmt: skip
"""ICMP types by family and name."""

ICMP_CODES: dict[int, dict[int, dict[str, int]]] = {
    4: {
        3: {
            "net-unr": 0, "host-unr": 1, "proto-unr": 2, "port-unr": 3, "needfrag": 4, "srcfail": 5, "net-unk": 6,
            "host-unk": 7, "isolate": 8, "net-prohib": 9, "host-prohib": 10, "net-tos": 11, "host-tos": 12,
            "filter-prohib": 13, "host-preced": 14, "cutoff-preced": 15,
        },
        5: {"redir-net": 0, "redir-host": 1, "redir-tos-net": 2, "redir-tos-host": 3},
        9: {"normal-adv": 0, "common-adv": 16},
        11: {"transit": 0, "reassemb": 1},
        12: {"badhead": 0, "optmiss": 1, "badlen": 2},
        40: {"unknown-ind": 1, "auth-fail": 2, "decrypt-fail": 3},
    },
    6: {
        1: {
            "admin-unr": 1, "noroute-unr": 0, "notnbr-unr": 2, "beyond-unr": 2, "addr-unr": 3, "port-unr": 4,
        },
        3: {"transit": 0, "reassemb": 1},
        4: {"badhead": 0, "nxthdr": 1},
        137: {"redironlink": 0, "redirrouter": 1},
    },
}  # fmt: skip
"""ICMP codes by family, type and name."""

TIMEOUTS = (
    "tcp.first", "tcp.opening", "tcp.established", "tcp.closing", "tcp.finwait", "tcp.closed", "tcp.tsdiff",
    "sctp.first", "sctp.opening", "sctp.established", "sctp.closing", "sctp.closed", "udp.first", "udp.single",
    "udp.multiple", "icmp.first", "icmp.error", "other.first", "other.single", "other.multiple", "frag", "interval",
    "adaptive.start", "adaptive.end", "src.track",
)  # fmt: skip
"""The timeouts, in the order in which pf prints them."""

LIMITS = frozenset(
    ("states", "src-nodes", "frags", "tables", "table-entries", "pktdelay-pkts", "anchors", "eth-anchors")
)

OPTIMIZATIONS = frozenset(("normal", "default", "satellite", "high-latency", "aggressive", "conservative"))

DEBUG_LEVELS = frozenset(
    [
        "none",
        "urgent",
        "misc",
        "loud",
        "debug",
        "info",
        "notice",
        "warning",
        "warn",
        "error",
        "err",
        "crit",
        "alert",
        "emerg",
        "panic",
    ]
)

TOS = {
    "af11": 0x28, "af12": 0x30, "af13": 0x38, "af21": 0x48, "af22": 0x50, "af23": 0x58, "af31": 0x68, "af32": 0x70,
    "af33": 0x78, "af41": 0x88, "af42": 0x90, "af43": 0x98, "critical": 0xA0, "cs0": 0x00, "cs1": 0x20, "cs2": 0x40,
    "cs3": 0x60, "cs4": 0x80, "cs5": 0xA0, "cs6": 0xC0, "cs7": 0xE0, "ef": 0xB8, "inetcontrol": 0xC0,
    "lowdelay": 0x10, "netcontrol": 0xE0, "reliability": 0x04, "throughput": 0x08, "va": 0xB0,
}  # fmt: skip

_OPENBSD_USERS = {
    "root": 0, "daemon": 1, "operator": 2, "bin": 3, "build": 21, "sshd": 27, "www": 67, "nobody": 32767, "proxy": 71,
    "_pflogd": 74, "_dhcp": 77, "_isakmpd": 68, "_iked": 96, "_ntp": 83, "_unbound": 53, "_ftp_proxy": 78,
    "_tftp_proxy": 97, "named": 70, "_nsd": 97, "_relayd": 89, "_smtpd": 95, "_spamd": 62, "uucp": 66,
}  # fmt: skip
_OPENBSD_GROUPS = {
    "wheel": 0, "daemon": 1, "kmem": 2, "sys": 3, "tty": 4, "operator": 5, "bin": 7, "wsrc": 9, "users": 10,
    "auth": 11, "games": 13, "staff": 20, "wobj": 21, "sshd": 27, "guest": 31, "utmp": 45, "uucp": 66, "crontab": 66,
    "www": 67, "network": 69, "authpf": 72, "dialer": 117, "nogroup": 32766, "nobody": 32767, "proxy": 71,
}  # fmt: skip
_FREEBSD_USERS = {
    "root": 0, "toor": 0, "daemon": 1, "operator": 2, "bin": 3, "tty": 4, "kmem": 5, "games": 7, "news": 8, "man": 9,
    "sshd": 22, "smmsp": 25, "mailnull": 26, "bind": 53, "unbound": 59, "proxy": 62, "_pflogd": 64, "_dhcp": 65,
    "uucp": 66, "pop": 68, "www": 80, "nobody": 65534,
}  # fmt: skip
_FREEBSD_GROUPS = {
    "wheel": 0, "daemon": 1, "kmem": 2, "sys": 3, "tty": 4, "operator": 5, "mail": 6, "bin": 7, "news": 8, "man": 9,
    "games": 13, "ftp": 14, "staff": 20, "sshd": 22, "smmsp": 25, "mailnull": 26, "guest": 31, "video": 44,
    "bind": 53, "unbound": 59, "proxy": 62, "authpf": 63, "_pflogd": 64, "_dhcp": 65, "uucp": 66, "dialer": 68,
    "network": 69, "www": 80, "nogroup": 65533, "nobody": 65534,
}  # fmt: skip

_UNSIGNED = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")


def unsigned(text: str) -> int | None:
    """A number as C's ``strtoul`` with base 0 reads it: hexadecimal with ``0x``, octal with a leading zero."""
    if _UNSIGNED.fullmatch(text) is None:
        return None
    try:
        return int(text, 16 if text[:2] in ("0x", "0X") else 8 if len(text) > 1 and text[0] == "0" else 10)
    except ValueError:
        return None


@cache
def port_number(text: str) -> int:
    """A port by number or by service name, TCP's names first."""
    value = unsigned(text)
    if value is None:
        value = bsd_service_port(text, "tcp")
        if value is None:
            value = bsd_service_port(text, "udp")
        if value is None:
            raise Refused(f"unknown port {text}")
    if value > 65535:
        raise Refused(f"illegal port value {value}")
    return value


@cache
def protocol_number(text: str, numeric: bool) -> int:
    """A protocol by number or by its name in ``/etc/protocols``."""
    if numeric:
        value = int(text)
        if not 0 <= value <= 255:
            raise Refused("protocol outside range")
    else:
        found = PROTOCOL_NUMBERS.get(text)
        if found is None:
            raise Refused(f"unknown protocol {text}")
        value = found
    if not value:
        raise Refused("proto 0 cannot be used")
    return value


def tos_value(text: str, numeric: bool) -> int:
    """A TOS byte by name, as ``0x…`` or as a decimal number."""
    value = int(text) if numeric else TOS.get(text.lower())
    if value is None and re.fullmatch(r"0x[0-9a-fA-F]+", text):
        value = int(text, 16)
    if value is None or not 0 <= value <= 255:
        raise Refused(f"illegal tos value {text}")
    return value


def identity(text: str, numeric: bool, *, group: bool, freebsd: bool) -> int | str | None:
    """A user or group id: a number, a name that only the host knows, or None for ``unknown``."""
    if numeric:
        value = int(text)
        if not 0 <= value < 0xFFFFFFFF:
            raise Refused(f"illegal {'gid' if group else 'uid'} value {text}")
        return value
    if text == "unknown":
        return None
    if freebsd:
        return (_FREEBSD_GROUPS if group else _FREEBSD_USERS).get(text, text)
    return (_OPENBSD_GROUPS if group else _OPENBSD_USERS).get(text, text)


def tcp_flags(text: str) -> int:
    """``SA`` as bits; no letter at all stands for every flag, as in pfctl."""
    value = 0
    for letter in text:
        bit = "FSRPAUEW".find(letter)
        if bit < 0:
            raise Refused(f"bad flags {text}")
        value |= 1 << bit
    return value or 0xFF


def icmp_type(text: str, numeric: bool, family: int) -> int:
    """An ICMP type of IPv4 (4) or IPv6 (6)."""
    word = "icmp-type" if family == 4 else "icmp6-type"
    value = int(text) if numeric else ICMP_TYPES[family].get(text)
    if value is None:
        raise Refused(f"unknown {word} {text}")
    if not 0 <= value <= 255:
        raise Refused(f"illegal {word} {text}")
    return value


def icmp_code(text: str, numeric: bool, kind: int, family: int) -> int:
    """An ICMP code of a type."""
    word = "icmp-code" if family == 4 else "icmp6-code"
    value = int(text) if numeric else ICMP_CODES[family].get(kind, {}).get(text)
    if value is None:
        raise Refused(f"unknown {word} {text}")
    if not 0 <= value <= 255:
        raise Refused(f"illegal {word} {text}")
    return value


def return_code(text: str, numeric: bool, family: int) -> int:
    """The code of a ``return-icmp``: always one of the type "unreachable"."""
    value = int(text) if numeric else unsigned(text)
    if value is None:
        value = ICMP_CODES[family][3 if family == 4 else 1].get(text)
    if value is None:
        raise Refused(f"unknown icmp code {text}")
    if not 0 <= value <= 255:
        raise Refused(f"invalid icmp code {text}")
    return value
