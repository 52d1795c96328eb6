"""Shell scripts that feed setkey: here-documents, and what ``echo`` pipes into it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.setkey.secrets import mask_keys
from spdcheck.formats.shell_script import Script
from spdcheck.formats.shell_text import Weaver, Woven, hidden
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.setkey.secrets import Keys
    from spdcheck.formats.shell_script import Command
    from spdcheck.source import SourceFile, Span

_SHELL = re.compile(
    r"\A#![ \t]*(?:/\S*/)?(?:env[ \t]+)?(?:ba|da|k|z|a)?sh\b"
    r"|^[^#\n]*\bsetkey[ \t]+(?:-\w+[ \t]+)*-\w*[cf]\w*(?:[ \t]+-)?[ \t]*<<"
    r"|^[^#\n]*\|[ \t]*(?:sudo[ \t]+)?(?:/\S*/)?setkey[ \t]+-",
    re.MULTILINE,
)
_SECRET = re.compile(
    r"(?im)^[ \t]*(?:(?:export|local|readonly)[ \t]+)?\w*(?:key|secret|psk|passw)\w*="
    r"(?P<value>\"[^\"\n]*\"?|'[^'\n]*'?|[^\s;]+)"
)
_LONG_HEX = re.compile(r"0[xX][0-9A-Fa-f]{16,}|(?<![0-9A-Za-z:.])[0-9A-Fa-f]{24,}(?![0-9A-Za-z:.])")
_FLUSHES = {"F": "flush;", "FP": "spdflush;", "PF": "spdflush;"}
_CHANGING = frozenset({
    "ip", "iptables", "ip6tables", "iptables-restore", "ip6tables-restore", "nft", "route", "ifconfig", "gifconfig",
    "pfctl", "ipfw", "ipf", "ipnat", "greconfig", "racoonctl",
})  # fmt: skip


class Feed(NamedTuple):
    """A text that setkey gets, with its keys hidden, and the keys."""

    text: Woven
    keys: Keys


class Fed(NamedTuple):
    """A shell script: itself with its keys hidden, what setkey gets, and what changes the network otherwise."""

    script: SourceFile
    feeds: list[Feed]
    others: list[Span]
    programs: int
    cut: bool


def is_shell(text: str) -> bool:
    """The file is a shell script, and setkey's language only stands in it."""
    return _SHELL.search(text) is not None


def fed(file: SourceFile) -> Fed:
    """What a shell script feeds to setkey, one text for each time that it runs."""
    feeds: list[Feed] = []
    others: list[Woven] = []
    regions = [m.span("value") for m in _SECRET.finditer(file.text) if "$" not in m["value"]]
    regions += [match.span() for match in _LONG_HEX.finditer(file.text)]
    count = 0
    script = Script(file)
    for command in script.commands():
        count += 1
        text = _text(command)
        if text is None:
            if command.name in _CHANGING or command.name == "eval" or command.words[0].unknown:
                others.append(command.text)
            continue
        masked_text, keys = mask_keys(text)
        woven = masked_text if isinstance(masked_text, Woven) else text
        for start, end in hidden(woven.text):
            regions += text.regions(start, end)
        feeds.append(Feed(woven, keys))
    masked = file.masked(regions)
    return Fed(
        masked, [feed._replace(text=feed.text.shown_in(masked)) for feed in feeds],
        [text.shown_in(masked).span() for text in others], count, script.cut or script.broken is not None,
    )  # fmt: skip


def _text(command: Command) -> Woven | None:
    """What the command gives to setkey; None where it is another program, or reads a file."""
    if command.name != "setkey":
        return None
    options = "".join(text[1:] for text in command.texts()[1:] if text.startswith("-"))
    flush = _FLUSHES.get(options)
    if flush is not None:
        span = command.text.span()
        weaver = Weaver()
        weaver.put(flush, span.start, span.end)
        return weaver.woven(command.text.script)
    if command.fed is not None and ("c" in options or "f" in options):
        return command.fed.text
    return None
