"""Scripts of ``ip`` commands (iproute2): IPsec by ``ip xfrm``, tunnel devices, addresses, routes, and their sysctls.

Each logical line is one command. What is no ``ip`` command and no sysctl is shell code that we do not run: it is named
(CFG002), and leaves no gap unless it plainly has to do with the network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.iproute.commands import Machine
from spdcheck.formats.iproute.keys import mask_keys
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]

_IP = re.compile(r"(?:sudo\s+)?(?:/\S*/)?(ip(?=\s).*)", re.DOTALL)
_ECHO = re.compile(r"echo\s+[\"']?(\d+)[\"']?\s*>\s*/proc/sys/(\S+)$")
_SYSCTL = re.compile(r"(?:/\S*/)?sysctl\s+(?:-\w+\s+)*([\w./-]+)\s*=\s*[\"']?(\S+?)[\"']?$")
_NETWORK = re.compile(r"\b(?:ip|setkey|ip6?tables|nft|route|ifconfig|brctl|tc|vconfig|wg|iptables-restore)\b")
_INERT = re.compile(
    r"(?:set\b|exit\b|true$|:|modprobe\b|PATH=|export\b|echo\b|logger\b|sleep\b|case\b|esac$|;;|start\)|stop\)|\*\)|"
    r"conntrack\b|ethtool\b|function\b|\w+\s*\(\)|\}|\{)"
)


def read(file: SourceFile, context: Context) -> Reading:
    """Everything that the commands leave in the kernel, in their order. Never raises for any text."""
    masked, keys = mask_keys(file)
    reading = Reading(file=masked, format="iproute", dialect="iproute2")
    machine = Machine(reading, context, keys)
    for start, end in _lines(masked.text):
        reading.statements += 1
        text = masked.text[start:end]
        command = _IP.fullmatch(text)
        if command is not None:
            machine.ip(start + command.start(1), end)
        elif (setting := _ECHO.fullmatch(text)) is not None:
            machine.sysctl(setting[2].replace("/", "."), setting[1], masked.span(start, end))
        elif (setting := _SYSCTL.fullmatch(text)) is not None:
            machine.sysctl(setting[1].replace("/", "."), setting[2], masked.span(start, end))
        elif _INERT.match(text):
            reading.inert += 1
        elif _NETWORK.search(text):
            reading.not_modelled(
                masked.span(start, end), "this command changes the network, and it is not modelled",
                part=(Part.SPD, Part.FILTER, Part.NAT, Part.INTERFACES),
                mend="keep it in a file of its own format",
            )  # fmt: skip
        else:
            reading.unmodelled += 1
            reading.say("CFG002", masked.span(start, end), "this shell command is not modelled", warning=True)
    machine.finish()
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return mask_keys(file)[0]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """``(start, end)`` of each command: a line, or several joined by a backslash; without comments and blanks."""
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        while end < len(text) and text[position:end].rstrip("\r").endswith("\\"):
            following = text.find("\n", end + 1)
            end = len(text) if following < 0 else following
        line = text[position:end]
        start = position + len(line) - len(line.lstrip())
        comment = re.search(r"(?:^|\s)#", line)
        stop = position + (comment.start() if comment else len(line))
        stop = start + len(text[start:stop].rstrip().rstrip(";").rstrip()) if stop > start else start
        if stop > start:
            yield start, stop
        position = end + 1
