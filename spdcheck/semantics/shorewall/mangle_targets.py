"""What the lines of mangle do with a packet: marks, and what is seen elsewhere (TPROXY, DIVERT, TCPMSS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Match, Option, Target
from spdcheck.semantics.shorewall import matches as m

if TYPE_CHECKING:
    from spdcheck.model.shorewall import PlainEntry
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.source import Span

_FULL = (1 << 32) - 1
_UNSEEN = frozenset({"CLASSIFY", "COMMENT", "LOG", "NFLOG", "ULOG", "ECN", "TTL", "HL", "CHECKSUM"})
"""Targets that change nothing that decides what becomes of a packet."""


def target(making: Making, entry: PlainEntry) -> Target | Chain | str | None:
    """What a line does; for a range of marks see :func:`shares`."""
    name, text = mark_of(entry)
    origin = entry.action.origin
    if name in ("MARK", "CONNMARK"):
        return set_mark(name, text, origin)
    if name in ("SAVE", "RESTORE"):
        mask = _number(text.lstrip("/"), making.mark_mask)
        option = Option("save-mark" if name == "SAVE" else "restore-mark", None, False, origin)
        return Target("CONNMARK", (option, Option("mask", mask, False, origin)), origin)
    if name in ("CONTINUE", "ACCEPT", "DROP"):
        return "RETURN" if name == "CONTINUE" else name
    if name in _UNSEEN:
        return Target("CLASSIFY", (), origin)
    if name == "TOS":
        return Target("TOS", (Option("set-tos", service(text), False, origin),), origin)
    if name == "DSCP":
        number = class_of(text)
        return Target("DSCP", (Option("set-dscp", text if number is None else number, False, origin),), origin)
    if name in ("IPTABLES", "IP6TABLES") and text:
        return written(text, origin)
    if name in ("DIVERT", "DIVERTHA"):
        return _divert(making, origin)
    if name == "TPROXY":
        return _transparent(making, entry)
    if name == "TCPMSS":
        size = entry.action.parameters[0] if entry.action.parameters else ""
        if size.isdigit():
            return Target("TCPMSS", (Option("set-mss", int(size), False, origin),), origin)
        return Target("TCPMSS", (Option("clamp-mss-to-pmtu", None, False, origin),), origin)
    return Target(name, (Option("said", text, False, origin),), origin)


def mark_of(entry: PlainEntry) -> tuple[str, str]:
    """The action and its parameter; tcrules writes a mark without ``MARK(…)``."""
    name = entry.action.name
    if name[:1].isdigit() or name[:1] in "|&":
        return "MARK", name
    return name, entry.action.parameters[0] if entry.action.parameters else ""


def asked(making: Making, entry: PlainEntry) -> Matches:
    """What an action asks for by itself."""
    name, origin = entry.action.name, entry.action.origin
    if name == "DIVERT":
        flags = Option("tcp-flags", Bits(2, 23), True, origin)
        socket = Match("socket", (Option("transparent", None, False, origin),), origin)
        return (Match("tcp", (flags,), origin), socket)
    if name == "DIVERTHA":
        return (Match("socket", (), origin),)
    if name == "TCPMSS":
        found = m.tcp_flags(6, 2, origin)
        way = entry.action.parameters[1] if len(entry.action.parameters) > 1 else "all"
        return found if way == "all" else (*found, *m.policy("out", "ipsec" if way == "ipsec" else "none", origin))
    if name == "ECN" and entry.protocols is None:
        return m.protocol(m.TCP, origin)
    del making
    return ()


def shares(making: Making, entry: PlainEntry) -> list[tuple[Matches, Target]]:
    """A range of marks, ``MARK(1-3[/mask])``: each packet gets the next one."""
    name, text = mark_of(entry)
    first, dash, rest = text.partition("-")
    if name not in ("MARK", "CONNMARK") or not dash or not first[:1].isdigit():
        return []
    last, slash, given = rest.partition("/")
    try:
        low, high = int(first, 0), int(last, 0)
        mask = int(given, 0) if slash else making.mark_mask
    except ValueError:
        return []
    step = mask & -mask
    number = (high - low) // step + 1 if step else 0
    origin = entry.action.origin
    found: list[tuple[Matches, Target]] = []
    for packet in range(max(number, 0)):
        options = (Option("mode", "nth", False, origin), Option("every", number, False, origin),
                   Option("packet", packet, False, origin))  # fmt: skip
        bits = Option("set-mark", Bits(low + packet * step, mask), False, origin)
        found.append(((Match("statistic", options, origin),), Target(name, (bits,), origin)))
    return found


_CLASSES = {"BE": 0, "EF": 46} | {f"CS{n}": n << 3 for n in range(8)}
_CLASSES |= {f"AF{n}{k}": n << 3 | k << 1 for n in range(1, 5) for k in range(1, 4)}
"""Classes of RFC 2474, 2597 and 3246."""
_SERVICES = {"tos-minimize-delay": 16, "tos-maximize-throughput": 8, "tos-maximize-reliability": 4,
             "tos-minimize-cost": 2, "tos-normal-service": 0}  # fmt: skip


def class_of(text: str) -> int | None:
    """A class of DSCP by name or number."""
    if text in _CLASSES:
        return _CLASSES[text]
    return _number(text, 0) if text[:1].isdigit() else None


def service(text: str) -> Bits | str:
    """``value[/mask]`` of TOS, or a name."""
    value, slash, mask = text.partition("/")
    named = _SERVICES.get(text.lower())
    if named is not None:
        return Bits(named, 0x3F)
    try:
        return Bits(int(value, 0), int(mask, 0) if slash else 255)
    except ValueError:
        return text


def written(text: str, origin: Span) -> Target:
    """``IPTABLES(TARGET options)``: the targets that everybody writes are understood, the others keep their words."""
    name, *words = text.split()
    if name in ("MARK", "CONNMARK") and len(words) == 2 and words[0] in ("--set-mark", "--set-xmark"):
        made = set_mark(name, words[1], origin)
        option = made.options[0]
        return made._replace(options=(option._replace(name=words[0][2:]),))
    if name == "REJECT" and len(words) == 2 and words[0] == "--reject-with":
        return Target("REJECT", (Option("reject-with", words[1], False, origin),), origin)
    if name == "TCPMSS" and len(words) == 2 and words[0] == "--set-mss" and words[1].isdigit():
        return Target("TCPMSS", (Option("set-mss", int(words[1]), False, origin),), origin)
    if name == "TCPMSS" and words == ["--clamp-mss-to-pmtu"]:
        return Target("TCPMSS", (Option("clamp-mss-to-pmtu", None, False, origin),), origin)
    if not words:
        return Target(name, (), origin)
    return Target(name, (Option("said", " ".join(words), False, origin),), origin)


def _divert(making: Making, origin: Span) -> Chain:
    chain = making.tables.ensure("mangle", "divert")
    if not chain.rules:
        bits = Bits(making.transparent_mark, making.transparent_mark)
        chain.add((), Target("MARK", (Option("set-mark", bits, False, origin),), origin), origin)
        chain.jump((), "ACCEPT", origin)
    return chain


def _transparent(making: Making, entry: PlainEntry) -> Target:
    """TPROXY(port, address): a local socket gets what was meant for somebody else."""
    origin, given = entry.action.origin, (*entry.action.parameters, "", "")
    options = [Option("on-port", int(given[0]) if given[0].isdigit() else given[0] or 0, False, origin)]
    if given[1]:
        net = m.parse_network(given[1].strip("[]<>"))
        options.append(Option("on-ip", (net if net is not None else given[1],), False, origin))
    mark = making.transparent_mark
    options.append(Option("tproxy-mark", Bits(mark, mark), False, origin))
    return Target("TPROXY", tuple(options), origin)


def _number(text: str, default: int) -> int:
    try:
        return int(text, 0) if text else default
    except ValueError:
        return default


def set_mark(name: str, text: str, origin: Span) -> Target:
    """``value[/mask]``, ``|value``, ``&value``: without a mask all bits are set."""
    sign = text[:1] if text[:1] in ("|", "&") else ""
    value, slash, mask = text.removeprefix(sign).partition("/")
    try:
        bits = Bits(int(value, 0), int(mask, 0) if slash else _FULL)
    except ValueError:
        return Target(name, (Option("set-mark", text, False, origin),), origin)
    if sign:
        word = "or-mark" if sign == "|" else "and-mark"
        return Target(name, (Option(word, bits.value, False, origin),), origin)
    return Target(name, (Option("set-mark", bits, False, origin),), origin)
