"""Scripts of ``ip`` commands (iproute2): IPsec by ``ip xfrm``, tunnel devices, addresses, routes, and their sysctls.

A script is followed as far as its text goes (``formats/shell_script.py``): variables, loops over words, functions. What
is no ``ip`` command and no sysctl is shell code that we do not run: it is named (CFG002), and leaves no gap unless it
plainly has to do with the network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.iproute.commands import Machine
from spdcheck.formats.iproute.keys import mask_keys, secret_assignments
from spdcheck.formats.shell_script import Script
from spdcheck.formats.shell_text import hidden
from spdcheck.model.diagnostic import Part
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.shell_script import Command
    from spdcheck.formats.shell_text import Woven
    from spdcheck.model.secret import Secret
    from spdcheck.source import SourceFile, Span

__all__ = ["mask", "read"]

_ECHO = re.compile(r"echo\s+(\d+)$")
_PROC = re.compile(r"[\"']?[ \t]*>[ \t]*[\"']?/proc/sys/([\w./-]+)")
_SETTING = re.compile(r"([\w./-]+)=(\S+)$")
_NETWORK = frozenset({
    "ip", "setkey", "iptables", "ip6tables", "iptables-restore", "ip6tables-restore", "nft", "route", "ifconfig",
    "brctl", "tc", "vconfig", "wg", "ipsec", "racoonctl",
})  # fmt: skip
_INERT = frozenset({
    "set", "exit", "return", "true", "false", ":", "modprobe", "insmod", "echo", "printf", "logger", "sleep",
    "conntrack", "ethtool", "export", "cat", ".", "source", "[", "[[", "test", "shift", "usage", "trap", "umask",
    "read", "break", "continue", "wait", "mkdir", "rm", "touch", "chmod", "unset", "local", "shopt",
})  # fmt: skip
_EVERYTHING = (Part.SPD, Part.SAD, Part.INTERFACES)
_FILTERS = (Part.FILTER, Part.NAT)


class _Line(NamedTuple):
    """A command with its keys hidden."""

    command: Command
    text: Woven
    keys: dict[int, Secret]


def read(file: SourceFile, context: Context) -> Reading:
    """Everything that the commands leave in the kernel, in their order. Never raises for any text."""
    masked, lines, script = _prepared(file)
    reading = Reading(file=masked, format="iproute", dialect="iproute2")
    machine = Machine(reading, context)
    told: set[tuple[int, int]] = set()
    for line in lines:
        reading.statements += 1
        _run(machine, reading, line, told)
    _tell_what_is_left(reading, script)
    machine.finish()
    return reading


def _tell_what_is_left(reading: Reading, script: Script) -> None:
    """A quote without end, and more commands than anybody follows."""
    text = reading.file.text
    if script.broken is not None:
        reading.statements += 1
        end = text.find("\n", script.broken)
        reading.unreadable(
            reading.file.span(script.broken, len(text) if end < 0 else end),
            "a quote begins here and never ends: the shell runs nothing from here on",
            part=(*_EVERYTHING, *_FILTERS), mend="close it",
        )  # fmt: skip
    if script.cut:
        reading.statements += 1
        reading.not_modelled(
            reading.file.span(0, min(len(text), text.find("\n") % (len(text) + 1))),
            "the script runs so many commands, or calls so deep, that it is not followed to its end",
            part=(*_EVERYTHING, *_FILTERS), mend="write down what it leaves: ip xfrm policy, ip xfrm state",
        )  # fmt: skip


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return _prepared(file)[0]


def _prepared(file: SourceFile) -> tuple[SourceFile, list[_Line], Script]:
    """The script with its keys hidden wherever they are written, and its commands."""
    script = Script(file)
    regions = secret_assignments(file.text) + hidden(mask_keys(file)[0].text)
    lines = []
    for command in script.commands():
        text, keys = mask_keys(command.text)
        lines.append(_Line(command, text, keys))
        for start, end in hidden(text.text) if text is not command.text else ():
            regions += command.text.regions(start, end)
    masked = file.masked(regions)
    return masked, [line._replace(text=line.text.shown_in(masked)) for line in lines], script


def _run(machine: Machine, reading: Reading, line: _Line, told: set[tuple[int, int]]) -> None:
    command, text = line.command, line.text
    span = text.span()
    name = command.name
    place = (span.start, span.end)
    if name == "ip":
        start = len(command.words[0].text.text) - 2
        if command.doubtful and place not in told and _changes(text.text):
            told.add(place)
            reading.not_modelled(
                span, "whether this runs is decided when the script runs; it is taken to run", part=_EVERYTHING,
                mend="keep what a host has in a script without branches",
            )  # fmt: skip
        if command.unknown and _changes(text.text):
            which = ", ".join(f"`{item}`" for item in dict.fromkeys(command.unknown))
            reading.not_modelled(span, f"the value of {which} is known only when the script runs", part=_EVERYTHING,
                                 mend="write it into the script")  # fmt: skip
        elif "-b" in text.text.split() or "-batch" in text.text.split():
            reading.not_modelled(span, "commands that ip takes from a file are not modelled", part=_EVERYTHING)
        else:
            machine.ip(text, line.keys, start)
        return
    setting, span = _setting(command, reading, span)
    if setting:
        for key, value in setting:
            machine.sysctl(key.replace("/", "."), value, span)
    elif name in _INERT or not command.words[0].text.text:
        reading.inert += 1
    elif name == "ssh":
        reading.unmodelled += 1
        reading.say("CFG002", span, "this runs on another host", warning=True)
    elif command.words[0].unknown or name in _NETWORK or name == "eval":
        if place not in told:
            told.add(place)
            reading.not_modelled(
                span, "this command changes the network, and it is not modelled" if name in _NETWORK
                else "what this runs is known only when the script runs",
                part=(Part.SPD, Part.FILTER, Part.NAT, Part.INTERFACES), mend="keep it in a file of its own format",
            )  # fmt: skip
    else:
        reading.unmodelled += 1
        reading.say("CFG002", span, "this shell command is not modelled", warning=True)


def _changes(text: str) -> bool:
    """The command may change what the host does (``ip xfrm state`` alone prints it)."""
    return (
        re.search(r"\b(?:add|update|del|delete|change|replace|append|flush|deleteall|set|setdefault)\b", text)
        is not None
    )


def _setting(command: Command, reading: Reading, span: Span) -> tuple[list[tuple[str, str]], Span]:
    """The switches that ``sysctl`` or ``echo … > /proc/sys/…`` sets, and where the whole stands."""
    if command.name == "sysctl":
        words = [text for text in command.texts()[1:] if not text.startswith("-") or "=" in text]
        joined = re.sub(r"\s*=\s*", "=", " ".join(words))
        return [(m[1], m[2]) for word in joined.split() if (m := _SETTING.fullmatch(word))], span
    value = _ECHO.fullmatch(command.text.text)
    target = _PROC.match(reading.file.text, span.end) if value is not None else None
    if value is None or target is None:
        return [], span
    return [(target[1], value[1])], span._replace(end=target.end())
