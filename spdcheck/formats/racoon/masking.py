"""Where a racoon.conf holds secrets: RADIUS secrets, the LDAP password, and keys that people put where none belong.

This runs before anything else and on broken text too, so it leans to the safe side: what may be a secret is masked, in
comments as well. A statement that looks as it should keeps everything but the secret itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

_TELLTALES = ("auth", "acct", "cfg", "bind_pw", "secret", "passw", "pre_shared_key")
_WHOLE = re.compile(
    r"""(?: \b(?:auth|acct)\b \s* "[^"\n]*" \s* (?:[0-9]+\s*)? | \b(?:bind_pw|shared_secret\s+\w+)\b \s* )
        "(?P<secret>[^"]*)" (?=[ \t\r]* (?: ; | $ | \n | \#))""",
    re.VERBOSE,
)
_KEYWORD = re.compile(r"\b(?:auth|acct|bind_pw|shared_secret|secret|passw(?:or)?d)\b")
_SPOKEN_OF = re.compile(r'(?![ \t]+"[^",;\n])')
_MISPLACED_KEY = re.compile(r'\bpre_shared_key\b[ \t]*(?P<secret>"[^"\n]*"?|[^\s;"#{}][^;\n#}]*)')
_PATH_BEFORE = re.compile(r"\bpath\s*$")
_BLOCKS = re.compile(r"\b(?P<name>radiuscfg|ldapcfg)\b[^{}\n]*(?:\n[^{}\n]*)?\{(?P<inside>[^}]*)")
_NO_SECRET_BEHIND = {
    "radiuscfg": re.compile(r"\b(?:auth|acct)\s*$"),
    "ldapcfg": re.compile(r"\b(?:uri|host|base|bind_dn|attr_\w+)\s*$"),
}
_STRING = re.compile(r'"(?P<secret>[^"\n]*)"?')


def mask(file: SourceFile) -> SourceFile:
    """The same file with every secret replaced by bullets."""
    text = file.text
    if not any(word in text for word in _TELLTALES):
        return file
    return file.masked([*_statements(text), *_misplaced_keys(text), *_blocks(text)])


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
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if text.find('"', found.end(), end) >= 0:
            done = end
            yield found.end(), end


def _misplaced_keys(text: str) -> Iterator[tuple[int, int]]:
    """``pre_shared_key`` names a file behind ``path`` and a method in a proposal; a key behind it is a mistake."""
    for found in _MISPLACED_KEY.finditer(text):
        if not _PATH_BEFORE.search(text[max(found.start() - 40, 0) : found.start()]):
            yield found.span("secret")


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Every string of ``radiuscfg`` and ``ldapcfg`` that does not stand behind a word that takes none."""
    for block in _BLOCKS.finditer(text):
        harmless = _NO_SECRET_BEHIND[block["name"]]
        for string in _STRING.finditer(text, *block.span("inside")):
            before = text[max(string.start() - 40, block.start("inside")) : string.start()]
            if not harmless.search(before):
                yield string.span("secret")
