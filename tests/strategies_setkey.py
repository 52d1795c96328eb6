"""Hypothesis strategies for setkey scripts: statements as people and programs write them.

Statements are made as lists of words first, so that blanks and comments can be put wherever the language allows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Words = tuple[list[str], list[str]]
"""A statement before ``-P`` and behind it; the second part is empty where there is no policy."""

_BLANKS = st.sampled_from((" ", " ", " ", "  ", "\t", "\n", "\n\t", " # not; read\n"))
_BLANKS_IN_POLICY = st.sampled_from((" ", " ", " ", "  ", "\t", "\n", "\n\t"))
_NO_BLANK_BEFORE = frozenset("/[]-;")


@st.composite
def addresses(draw: st.DrawFn, family: int) -> str:
    """A numeric address out of a small pool, so that statements meet."""
    if family == 4:
        return f"10.{draw(st.integers(0, 2))}.{draw(st.integers(0, 255))}.{draw(st.sampled_from((0, 1, 255)))}"
    return f"2001:db8:{draw(st.integers(0, 2))}::{draw(st.sampled_from(('', '1', 'ffff')))}"


@st.composite
def sides(draw: st.DrawFn, family: int, *, ports: bool) -> list[str]:
    """One side of a selector."""
    words = [draw(addresses(family))]
    if draw(st.booleans()):
        words += ["/", str(draw(st.sampled_from((0, 8, 16, 24, 31, 32) if family == 4 else (0, 32, 64, 128))))]
    if ports and draw(st.booleans()):
        words += ["[", draw(st.sampled_from(("any", "0", "80", "65535", "domain"))), "]"]
    return words


@st.composite
def templates(draw: st.DrawFn, direction: str) -> list[str]:
    """One rule of a policy."""
    words = [draw(st.sampled_from(("esp", "ah", "ipcomp"))), "/"]
    level = draw(st.sampled_from(("default", "use", "require", "unique", f"unique:{draw(st.integers(0, 16383))}")))
    if draw(st.booleans()):
        family = draw(st.sampled_from((4, 6)))
        words += ["tunnel", "/", draw(addresses(family)), "-", draw(addresses(family))]
        return words + draw(st.sampled_from(([], ["/"], ["/", level])))
    ends = {"out": [["me", "-", "any"]], "in": [["any", "-", "me"]]}.get(direction, [])
    tails: list[list[str]] = [[], ["/"], ["/", "/", level], *(["/", *end, "/", level] for end in ends)]
    return [*words, "transport", *draw(st.sampled_from(tails))]


@st.composite
def policies(draw: st.DrawFn, *, linux: bool) -> list[str]:
    """What stands behind ``-P``."""
    direction = draw(st.sampled_from(("in", "out", "fwd") if linux else ("in", "out")))
    words = [direction]
    if linux and draw(st.booleans()):
        amount = str(draw(st.integers(0, 0x3FFF_FFFF)))
        bases = (["low", "+", amount], ["def", "-", amount], ["high"], [amount], ["-", amount])
        words += [draw(st.sampled_from(("prio", "priority"))), *draw(st.sampled_from(bases))]
    action = draw(st.sampled_from(("ipsec", "ipsec", "none", "discard")))
    words.append(action)
    if action == "ipsec":
        for _ in range(draw(st.integers(1, 3))):
            words += draw(templates(direction))
    return words


@st.composite
def entries(draw: st.DrawFn, *, linux: bool = True) -> Words:
    """An ``spdadd`` that every setkey (or that of Linux) takes without a word."""
    family = draw(st.sampled_from((4, 4, 6)))
    upper = draw(st.sampled_from(("any", "tcp", "udp", "6", "ospf", "icmp6" if family == 6 else "icmp", "47")))
    ports = upper in ("any", "tcp", "udp", "6")
    words = ["spdadd", *draw(st.sampled_from(([], [f"-{family}"], [f"-n{family}"])))]
    words += draw(sides(family, ports=ports)) + draw(sides(family, ports=ports)) + [upper]
    if upper == "icmp6":
        words += draw(st.sampled_from(([], ["128,0"], ["1,4"])))
    return words, draw(policies(linux=linux))


@st.composite
def text_of(draw: st.DrawFn, statement: Words) -> str:
    """A statement with blanks, line ends and comments between its words."""
    words, policy = statement
    parts = [words[0]]
    for word in words[1:]:
        parts.append(draw(_BLANKS) if word not in _NO_BLANK_BEFORE or draw(st.booleans()) else "")
        parts.append(word)
    if policy:
        parts += [draw(_BLANKS), "-P"]
        for word in policy:
            parts += [draw(_BLANKS_IN_POLICY), word]
        parts.append(draw(st.sampled_from(("", " ", "\n"))))
    return "".join(parts) + ";"


def statements(*, linux: bool = True) -> SearchStrategy[str]:
    """The text of a good ``spdadd``."""
    return entries(linux=linux).flatmap(text_of)


def scripts() -> SearchStrategy[str]:
    """A few good statements, flushes among them, with comments between."""
    others = st.sampled_from(("flush;", "spdflush;", "dump esp;", '# a comment; with "things" in it', "spddump ;"))
    return st.lists(st.one_of(statements(), others), max_size=8).map("\n".join)


@st.composite
def keys(draw: st.DrawFn) -> tuple[str, str]:
    """A key as it is written, and what nobody may see of it."""
    if draw(st.booleans()):
        digits = draw(st.text("0123456789abcdefABCDEF", min_size=32, max_size=32))
        return f"0x{digits}", digits
    letters = st.characters(codec="latin-1", exclude_characters='"\n\r;\0', categories=("L", "N", "P", "S"))
    word = draw(st.text(letters, min_size=14, max_size=14))
    return f'"k{word}K"', f"k{word}K"


@st.composite
def broken_additions(draw: st.DrawFn) -> tuple[str, str]:
    """An ``add`` statement with a key, broken in one of many ways, and what nobody may see of it."""
    written, secret = draw(keys())
    flag = draw(st.sampled_from(("-E aes-cbc", "-A hmac-md5", "-E rc5-cbc", "-E  nosuch", "-E\naes-cbc", "-E null")))
    break_it = draw(st.sampled_from(range(9)))
    if break_it == 1:
        written = written.rstrip('"')
    elif break_it == 2:
        written = written.strip('"')
    elif break_it == 3:
        flag = draw(st.sampled_from(("-E", "-A", "-E aes-cbc 5", "-m -E aes-cbc")))
        written = written if written.startswith(('"', "0x")) else f'"{written}"'
    elif break_it == 4:
        written = f"{written} {draw(st.sampled_from(('trailing', '-m tunnel', '-P out none', written)))}"
    elif break_it == 5:
        written = written.replace('"', "'")
    elif break_it == 6:
        written = f"\\\n    {written} \\\n"
    spi = draw(st.sampled_from(("0x1000", "4096", "", "0x12345678")))
    protocol = draw(st.sampled_from(("esp", "ah", "", "esp-udp 192.0.2.9")))
    end = draw(st.sampled_from((";", " ;", "", "\n;", "; # over", ";add 192.0.2.1 192.0.2.2 esp 5 -E null;")))
    start = draw(st.sampled_from(("add", "# add", "ad", "add -4", "flush; add", "spdadd")))
    return f"{start} 192.0.2.1 192.0.2.2 {protocol} {spi} {flag} {written}{end}\n", secret
