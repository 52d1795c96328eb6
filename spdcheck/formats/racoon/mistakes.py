"""A statement that does not fit, in words: what was found, what racoon expected there, and what to do about it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import in_words
from spdcheck.formats.racoon.rules import INSIDE, OPENING, starters
from spdcheck.formats.racoon.syntax import Mistake
from spdcheck.formats.racoon.words import BLOCKS, EVERYWHERE, WORDS, Section
from spdcheck.model.addresses import parse_address

if TYPE_CHECKING:
    from spdcheck.formats.racoon.rules import Attempt
    from spdcheck.formats.racoon.syntax import Token

_WORD = re.compile(r'"[^"\n]*"?|[^\s;{}"#,()]+|[;{},()]|$')
_LETTER = re.compile(r"\w")
_PLACEHOLDER = re.compile(r"%%\w+%%|<[^>]+>|@\w+@|\$\{?\w+\}?|\{\{|\[%")
_LONGEST_SHOWN = 48

_IN_WORDS = {
    "NUMBER": "a number",
    "QUOTEDSTRING": 'a "string"',
    "ADDRSTRING": "an address",
    "ADDRRANGE": "`-` and the last address",
    "PREFIX": "a prefix length (`/24`)",
    "PORT": "a port (`[500]`)",
    "PORTANY": "`[any]`",
    "ALGORITHMTYPE": "an algorithm",
    "UNITTYPE_BYTE": "`B`",
    "UNITTYPE_SEC": "`sec`",
    "UNITTYPE_MIN": "`min`",
    "UNITTYPE_HOUR": "`hour`",
    "BOC": "`{`",
    "EOC": "`}`",
    "EOS": "`;`",
    "COMMA": "`,`",
}
_ORDER = ("ANONYMOUS", "ADDRSTRING", "QUOTEDSTRING", "IDENTIFIERTYPE", "ALGORITHMTYPE", "NUMBER", "UNITTYPE_SEC",
          "UNITTYPE_MIN", "UNITTYPE_HOUR", "PREFIX", "PORT", "PORTANY", "COMMA", "BOC", "EOS")  # fmt: skip

_STRANGERS = {
    "auto_exit_delay": "only Apple's racoon knows it: remove it",
    "shared_secret": "only Apple's racoon knows it: put the key into the file that `path pre_shared_key` names",
    "verification_module": "only Apple's racoon knows it: remove it",
    "nat_traversal_multi_user": "only Apple's racoon knows it: remove it",
    "nat_traversal_keepalive": "only Apple's racoon knows it: set `natt_keepalive` in `timer`",
    "disconnect_on_idle": "only Apple's racoon knows it: remove it",
    "support_mip6": "racoon 0.8 took it out: write `support_proxy`",
    "identifier": "racoon 0.8 took it out: write `my_identifier` inside `remote`",
    "certname": "racoon 0.8 took it out: write `asn1dn`",
    "vendor_id": "racoon 0.8 took it out: remove it",
    "restrict_check": "only KAME's racoon knows it: write `strict_check`",
    "admin": "racoon has no rule for it any more: write `adminsock`",
    "keepalive": "racoon has no rule for it: use `dpd_delay`, or `natt_keepalive` in `timer`",
    "day": "racoon knows no days: write hours (`24 hour`)",
    "days": "racoon knows no days: write hours (`24 hour`)",
    "week": "racoon knows no weeks: write hours",
    "s": "write `sec`",
    "h": "write `hour`",
    "m": "write `min`",
}
"""Words of other programs and of other days."""


def explain(text: str, attempt: Attempt, token: Token, section: Section) -> tuple[Mistake, int]:
    """``(the mistake, where to look for the next statement)`` for a token that does not fit behind the others."""
    torn = next((t for t in (*attempt.tokens, token) if t.type == "QUOTEDSTRING" and "\n" in t.text), None)
    if torn is not None:
        return _torn_string(text, torn)
    index = len(attempt.tokens)
    start = _found_at(text, attempt, token)
    while index and attempt.tokens[index - 1].start >= start:
        index -= 1
    expected = attempt.expected(index)
    if start >= len(text):
        place = max(len(text.rstrip()) - 1, 0)
        mistake = Mistake(place, len(text), f"found the end of the file, expected {_words(expected, section, index)}")
        return mistake, len(text)
    found = _word(text, start)
    shown = "".join(c if c.isprintable() else "·" for c in found[:_LONGEST_SHOWN])
    shown += "…" if len(found) > _LONGEST_SHOWN else ""
    message = f"found `{shown}`, expected {_words(expected, section, index)}"
    return Mistake(start, start + len(found), message, _mend(text, start, found, expected, section, index)), start


def _torn_string(text: str, token: Token) -> tuple[Mistake, int]:
    line_end = text.index("\n", token.start)
    last = text.count("\n", token.start, token.end)
    message = f"found a string that goes on for {last} more line{'s' if last > 1 else ''}, expected its closing quote"
    return Mistake(token.start, line_end, message, 'close it with `"` on its own line'), line_end


def _found_at(text: str, attempt: Attempt, token: Token) -> int:
    """Where a person sees the mistake: at the whole word, even if racoon's lexer cuts it into pieces or drops it."""
    dropped = next((s for s in token.strays if not s.glued and re.search(r"[\w%•]", text[s.start : s.end])), None)
    start = dropped.start if dropped is not None else _start(token)
    for before in reversed(attempt.tokens):
        if before.end != start or not _is_torn(text, before):
            break
        start = _start(before)
    return start


def _is_torn(text: str, token: Token) -> bool:
    """The token is only a piece of a longer word: the address ``e`` of ``example``, the ``dpd`` of ``dpd_deley``."""
    if token.type == "ADDRSTRING":
        return parse_address(token.string) is None
    return token.text[-1].isalpha() and _LETTER.match(text, token.end) is not None


def _start(token: Token) -> int:
    """Where a token starts, with what is glued to it."""
    return token.strays[-1].start if token.strays and token.strays[-1].glued else token.start


def _word(text: str, start: int) -> str:
    found = _WORD.match(text, start)
    return found.group() if found and found.group() else text[start : start + 1]


def _words(expected: frozenset[str], section: Section, index: int) -> str:
    """The expected tokens as a person lists them."""
    if index == 0:
        return "a statement" if section is Section.TOP else f"a statement of `{section.value}` or `}}`"
    order = {kind: place for place, kind in enumerate(_ORDER)}
    names: list[str] = []
    for kind in sorted(expected, key=lambda kind: (order.get(kind, -1), kind)):
        if kind == "$END":
            continue
        names += [_IN_WORDS[kind]] if kind in _IN_WORDS else [f"`{word}`" for word in _spellings()[kind]]
    return in_words(names)


@cache
def _spellings() -> dict[str, list[str]]:
    spelled: dict[str, list[str]] = {}
    for words in (EVERYWHERE, *WORDS.values()):
        for word, kind in words.items():
            if word not in spelled.setdefault(kind, []):
                spelled[kind].append(word)
    return spelled


@cache
def _statement_words() -> dict[str, list[Section]]:
    """Which sections have a statement that starts with this word."""
    homes: dict[str, list[Section]] = {}
    for section in (Section.TOP, *BLOCKS.values()):
        wanted = starters(OPENING if section is Section.TOP else INSIDE[section])
        for word, kind in WORDS[section].items():
            if kind in wanted:
                homes.setdefault(word, []).append(section)
    return homes


def _mend(text: str, start: int, found: str, expected: frozenset[str], section: Section, index: int) -> str:
    if _PLACEHOLDER.search(found):
        return "this looks like the placeholder of a template: put the real value in"
    if found in _STRANGERS:
        return _STRANGERS[found]
    if found.startswith('"') and not found.endswith('"', 1):
        return 'this string is never closed: add `"`'
    if index == 0:
        return _misplaced(text, start, found, section)
    if "EOS" in expected and found in _statement_words():
        return "end the line before with `;`"
    if text[:start].rstrip(" \t").endswith("[") and found.isdigit():
        return f"write the port without blanks: `[{found.rstrip(']')}]`"
    if expected & {"UNITTYPE_SEC", "UNITTYPE_BYTE"} and found == ";":
        return "racoon wants a unit behind the number"
    if section is Section.SAINFO_NAME and found == "any":
        return "for every address write `anonymous` instead of `address … any`"
    if "ADDRSTRING" in expected and re.match(r"[\w.-]*[g-zG-Z][\w.-]*$", found):
        return "racoon takes no host names: write the numeric address"
    if section is Section.PROPOSAL and "," in text[max(start - 3, 0) : start]:
        return "a proposal takes one value each: write a second `proposal` block"
    if section is Section.PATH and "PATHTYPE" in expected:
        return _close(found, WORDS[section])
    return ""


def _misplaced(text: str, start: int, found: str, section: Section) -> str:
    """Help for a statement whose first word racoon does not know here."""
    if found == ";":
        before = text[:start].rstrip()[-1:]
        return "remove it: no `;` stands behind `}`" if before == "}" else "remove it"
    homes = _statement_words().get(found)
    if homes:
        where = in_words("the top of the file" if home is Section.TOP else f"`{home.value}`" for home in homes)
        return f"`{found}` belongs into {where}: is a `}}` missing or too many above?"
    home = {word: None for word, sections in _statement_words().items() if section in sections}
    return _close(found, home)


def _close(found: str, words: dict[str, str] | dict[str, None]) -> str:
    close = get_close_matches(found, list(words), n=1, cutoff=0.75)
    return f"did you mean `{close[0]}`?" if close else ""
