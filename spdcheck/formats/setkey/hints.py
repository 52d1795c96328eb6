"""Says what is wrong with a statement that does not parse: what was found, what was expected, and what to do."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.lexicon import MAX_TOKENS
from spdcheck.formats.setkey.language import lexicon
from spdcheck.formats.setkey.words import mask_hint, number
from spdcheck.formats.shapes import expectation
from spdcheck.model.algorithms import CIPHERS, INTEGRITY
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import MASK

if TYPE_CHECKING:
    from collections.abc import Collection

    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shapes import Unexpected

COMMANDS = frozenset(
    [
        "add",
        "delete",
        "deleteall",
        "get",
        "getspi",
        "flush",
        "dump",
        "exit",
        "quit",
        "bye",
        "spdadd",
        "spdupdate",
        "spddelete",
        "spddump",
        "spdflush",
    ]
)

_REMOVED = frozenset({"rc5-cbc", "idea-cbc", "3idea-cbc", "rc4", "skipjack", "aes-ctr-old", "des-mac", "kpdk-md5"})

_WORDS = {
    "STRING": "an address",
    "NUMBER": "a number",
    "HEX": "a 0x… number",
    "QUOTED": "a text in double quotes",
    "FAMILY": "an option (`-4`, `-6`, `-n`)",
    "P_ADDRESS": "an address",
    "P_NUMBER": "a number",
    "P_PORT": "a port in brackets",
    "P_UNIQUE_ID": "`unique:N`",
    "$END": "the end of the statement",
}

_GROUPS = (
    ("_ADD DELETE _DELETEALL GET GETSPI FLUSH DUMP EXIT QUIT BYE SPDADD SPDUPDATE SPDDELETE SPDDUMP SPDFLUSH",
     "a command such as `spdadd`, `add` or `flush`"),
    ("NUMBER ANY TCP ESP ESP_OLD STRING", "an upper layer protocol (`any`, `tcp`, `udp`, a number …)"),
    ("ESP ESP_OLD AH AH_OLD IPCOMP TCP ESP_UDP", "a protocol (`esp`, `ah`, `ipcomp` …)"),
    ("NUMBER HEX", "an SPI"),
    ("ANY NUMBER STRING", "a port"),
    ("QUOTED HEX", "a key in double quotes or as 0x… digits"),
    ("_MODE _REQID _FLAG _REPLAY HARD_SECONDS SOFT_SECONDS HARD_BYTES SOFT_BYTES CONTEXT FRAGMENT",
     "an option (`-m`, `-u`, `-r` …)"),
    ("P_PRIORITY P_PRIO", "`prio`"),
    ("CONTEXT STRING _POLICY", "`-P`"),
    ("CONTEXT _POLICY", "`-P`"),
    ("P_ADDRESS P_ME P_ANY", "the end points `A-B`"),
    ("P_ESP P_AH P_IPCOMP", "a rule like `esp/transport//require`"),
)  # fmt: skip

_CHARACTERS = {
    "\\": ("a backslash", "setkey has no line continuation: a statement goes on to its `;` anyway, leave the `\\` out"),
    "_": ("`_`", "an address or name has letters, digits, `.`, `:`, `-` and `%` only"),
    "-": ("an option that setkey does not know", "setkey(8) lists the options of each command"),
    "+": ("`+`", "if this is left from a diff, take the `+` at the start of each line away"),
    "$": ("`$`", "setkey knows no variables; a shell must put the value in before"),
    "'": ("`'`", "setkey knows double quotes only"),
    "“": ("`“`", 'this is a typographic quote; setkey knows `"` only'),
    "”": ("`”`", 'this is a typographic quote; setkey knows `"` only'),
    '"': ("a quote that nothing closes", 'write the closing `"`'),
    "<": ("`<`", "if this is a placeholder, put the value in"),
    "#": ("a comment", "no comment can stand between `-P` and `;`: put it before the statement or behind the `;`"),
    "\ufeff": ("a byte order mark", "save the file without it"),
    "\u00a0": ("a no-break space", "write a plain blank"),
    MASK: ("a key without quotes", "write the key in double quotes, or as 0x… digits"),
}


class Explanation(NamedTuple):
    """``start`` and ``end`` are offsets in the file."""

    start: int
    end: int
    message: str
    mend: str


@cache
def _vocabulary() -> tuple[dict[str, str], list[tuple[frozenset[str], str]]]:
    known = lexicon()
    words = {name: f"`{text}`" for name, text in known.spellings.items()} | _WORDS
    groups = [(frozenset(names.split()), phrase) for names, phrase in _GROUPS]
    for prefix, phrase in (("C_", "a cipher such as `aes-cbc`"), ("A_", "an integrity algorithm such as `hmac-sha1`")):
        groups.append((frozenset(n for n in known.spellings if n.startswith(prefix)), phrase))
    return words, groups


def explain(unexpected: Unexpected, tokens: Tokens, lacks: Collection[str] = ()) -> Explanation:
    """What is wrong with a statement; the terminals that this build of setkey ``lacks`` are not proposed."""
    texts, at = tokens.texts, unexpected.at
    words, groups = _vocabulary()
    wanted = frozenset(unexpected.expected)
    # The key behind `null` is a peculiarity of few builds, nothing to propose.
    unusual = {"QUOTED", "HEX"} if "_END" in wanted else ()
    known = [name for name in unexpected.expected if name not in lacks and name not in unusual]
    expected = expectation(known, words, [(members.difference(lacks), phrase) for members, phrase in groups])
    if at >= len(texts):
        last = len(texts) - 1
        if len(texts) >= MAX_TOKENS:
            message, mend = f"the statement has more than {MAX_TOKENS} words, {expected}", "a `;` is missing somewhere"
        else:
            message, mend = f"the file ends inside a statement, {expected}", "end it with `;`"
        return Explanation(tokens.start(last), tokens.end(last), message, mend)
    start, end, word = tokens.start(at), tokens.end(at), texts[at]
    if not unexpected.found:
        found, mend = _character(word)
        return Explanation(start, end, f"found {found}, {expected}", mend)
    found = f"`{_short(word)}`"
    return Explanation(start, end, f"found {found}, {expected}", _mend(word, at, tokens, wanted))


def _character(word: str) -> tuple[str, str]:
    if word in _CHARACTERS:
        return _CHARACTERS[word]
    if word.isprintable():
        return f"`{word}`", "setkey's lexer knows no such character"
    return f"the character U+{ord(word):04X}", "setkey's lexer knows no such character"


def _mend(word: str, at: int, tokens: Tokens, wanted: frozenset[str]) -> str:
    """What to do about a word at the wrong place; the mistakes that people make."""
    before = tokens.texts[at - 1] if at else ""
    numbers = {"esp": 50, "ah": 51, "ipcomp": 108}
    if word in COMMANDS and {"_END", "_P_END"} & wanted:
        return "end the statement before it with `;`"
    if {"TCP", "ANY"} <= wanted and word in numbers:
        return f"`{word}` is a keyword of setkey; write the number: {numbers[word]}"
    if "_POLICY" in wanted and "STRING" in wanted and word.isdigit():
        return _detail(before, word)
    if "C_AES" in wanted or "A_SHA1" in wanted:
        return f"{word} was removed from setkey" if word in _REMOVED else "check how setkey(8) spells the algorithm"
    if {"QUOTED", "HEX"} <= wanted and "_END" not in wanted:
        return "write the key in double quotes, or as 0x… digits"
    if before == "/" and "NUMBER" in wanted:
        return mask_hint(word)
    if word == "/" and before == "]":
        return "the prefix length comes before the port: `10.0.0.0/8[80]`"
    if word in ("-m", "-u", "-r", "-f", "-lh", "-ls", "-bh", "-bs") and "_END" in wanted:
        return "options stand before `-E`, `-A` and `-C`"
    if "_CIPHER" in wanted and (word in CIPHERS or word in INTEGRITY):
        return f"write `{'-E' if word in CIPHERS else '-A'}` before it"
    if {"NUMBER", "HEX"} <= wanted and word in ("-E", "-A", "-C", ";"):
        return "give the SPI behind the protocol: `esp 0x1000`"
    if word == "-E" and "_END" in wanted:
        return "`-E` comes before `-A`"
    if word == "-" and "_P_SLASH" in wanted:
        return "ports stand at both end points or at none"
    if word == ";" and "_P_SLASH" in wanted and before in ("esp", "ah", "ipcomp"):
        return f"write the mode: `{before}/transport//require`"
    if word == ";" and not at:
        return "take the `;` away"
    return ""


def _detail(protocol: str, word: str) -> str:
    """The manual shows ``icmp 8`` and ``gre 1234``; setkey's own lexer makes numbers of them that no rule takes."""
    if protocol.lower() == "gre":
        key = number(word) & 0xFFFF_FFFF
        quad = ".".join(str(key >> shift & 255) for shift in (24, 16, 8, 0))
        return f"write the key as a dotted quad: `gre {quad}` (the manual's form does not work)"
    if "icmp" in protocol.lower():
        return f"write type and code: `{protocol} {word},0` (the manual's form does not work)"
    return ""


def _short(word: str) -> str:
    word = word.replace("\n", " ")
    return word if len(word) <= 40 else f"{word[:37]}…"
