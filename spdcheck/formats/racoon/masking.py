"""Where a racoon.conf holds secrets: RADIUS secrets, the LDAP password, and keys that people put where none belong.

This runs before anything else and on broken text too, so it leans to the safe side: what may be a secret is masked, in
comments as well. A statement that looks as it should keeps everything but the secret itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.words import WORDS, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

_WHOLE = re.compile(
    r"""(?: \b(?:auth|acct)\b \s* "[^"\n]*" \s* (?:[0-9]+\s*)? | \b(?:bind_pw|shared_secret\s+\w+)\b \s* )
        "(?P<secret>[^"]*)" (?=[ \t\r]* (?: ; | $ | \n | \#))""",
    re.VERBOSE,
)
_KEYWORD = re.compile(r"\b(?P<certain>auth|acct|bind_pw|shared_secret)\b|\b(?:secret|passw(?:or)?d)\b")
_SOMETHING = re.compile(r"[^\n]*\w")
_SPOKEN_OF = re.compile(r'(?![ \t]+"[^",;\n])')
_MISPLACED_KEY = re.compile(r'\bpre_shared_key\b[ \t]*(?:"(?P<quoted>[^"\n]*)"?|(?P<bare>[^\s;"#{}\w]*\w[^;\n#}]*))')
_PATH_BEFORE = re.compile(r"\bpath\s*$")
_PAIR = re.compile(r'"[^"\n]*"\s*(?:[0-9]+\s*)?"(?P<secret>[^"\n]*)"?')
_PAIR_OF_NAMES = re.compile(r"\b(?:x509|adminsock)\s*$")
_TORN_LINE = re.compile(r'^[^"\n]*(?P<secret>"[^"\n]*"[^"\n]*"[^"\n]*(?:"[^"\n]*"[^"\n]*)*)$', re.MULTILINE)
_NAMES_ONLY = re.compile(r"\b(?:x509|adminsock)\b")
_TOP_WORDS = "|".join(WORDS[Section.TOP])
_BLOCKS = re.compile(
    r"\b(?P<name>radiuscfg|ldapcfg)\b[^{}\n]*(?:\n[^{}\n]*)?\{"
    rf"(?P<inside>(?:[^}}]++|\}}(?![ \t\r]*(?:$|\n|\#|(?:{_TOP_WORDS})\b)))*+)"
)
_NO_SECRET_BEHIND = {
    "radiuscfg": re.compile(r"\b(?:auth|acct)\s*$"),
    "ldapcfg": re.compile(r"\b(?:uri|host|base|bind_dn|attr_\w+)\s*$"),
}
_LINE = re.compile(r"[^\s][^\n]*")
_STRING = re.compile(r'"(?P<secret>[^"\n]*)"?')


def mask(file: SourceFile) -> SourceFile:
    """The same file with every secret replaced by bullets."""
    text = file.text
    return file.masked([*_statements(text), *_misplaced_keys(text), *_pairs(text), *_blocks(text)])


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """The secret of a whole statement; everything behind the word of one that is broken."""
    whole = set()
    for found in _WHOLE.finditer(text):
        whole.add(found.start())
        yield found.span("secret")
    done = seen = 0
    inside_string = False
    for found in _KEYWORD.finditer(text):
        start = found.start()
        line = text.rfind("\n", seen, start)
        inside_string = (inside_string if line < 0 else False) ^ bool(text.count('"', max(line, seen), start) % 2)
        seen = start
        if start < done or start in whole or (inside_string and _SPOKEN_OF.match(text, found.end())):
            continue
        end = _line_end(text, start)
        told = _SOMETHING.match(text, found.end(), end) if found["certain"] else text.find('"', found.end(), end) >= 0
        if told:
            # without its `;` the statement may go on
            done = end if ";" in text[found.end() : end] else _line_end(text, end + 1)
            yield found.end(), done


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _misplaced_keys(text: str) -> Iterator[tuple[int, int]]:
    """``pre_shared_key`` names a file behind ``path`` and a method in a proposal; a key behind it is a mistake."""
    for found in _MISPLACED_KEY.finditer(text):
        if not _PATH_BEFORE.search(text[max(found.start() - 40, 0) : found.start()]):
            yield found.span("quoted" if found["quoted"] is not None else "bare")


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """The second of two strings side by side, as in ``auth "HOST" "SECRET"``, whatever the words around them are.

    Where a line has lost one of its quotes, nobody knows any more which part is a string: it is masked from the first.
    """
    for found in _PAIR.finditer(text):
        if not _PAIR_OF_NAMES.search(text[max(found.start() - 20, 0) : found.start()]):
            yield found.span("secret")
    for found in _TORN_LINE.finditer(text):
        if not _NAMES_ONLY.search(found.group()):
            yield found.span("secret")


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """In ``radiuscfg`` and ``ldapcfg``: every string but those behind words that take none, and every torn line."""
    for block in _BLOCKS.finditer(text):
        harmless = _NO_SECRET_BEHIND[block["name"]]
        start, end = block.span("inside")
        for string in _STRING.finditer(text, start, end):
            before = text[max(string.start() - 40, start) : string.start()]
            if not harmless.search(before):
                yield string.span("secret")
        sound = [found.span() for found in _WHOLE.finditer(text, start, end)][::-1]
        for line in _LINE.finditer(text, start, end):
            while sound and sound[-1][1] <= line.start():
                sound.pop()
            within = bool(sound) and sound[-1][0] < line.end()
            if line.group().count('"') % 2 and not within:
                yield line.span()
