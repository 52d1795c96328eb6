"""Listings of running state, line by line: what the formats for them share.

A listing is a program's output, kept in a file by hand. So it may begin with a prompt and the command, a ``#`` line may
say when it was taken, and values may be hidden. Each line is parsed alone by the grammar of its format; how lines
make an entry is a matter of the format.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.grammar import automaton
from spdcheck.formats.ipf_reading import Node, Shapes
from spdcheck.formats.lexicon import UNREADABLE, Lexicon
from spdcheck.formats.shapes import expectation
from spdcheck.model.addresses import parse_address, parse_prefix
from spdcheck.model.diagnostic import Part
from spdcheck.model.running import ShownKey
from spdcheck.model.secret import Secret
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spdcheck.formats.base import Reading
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import SourceFile, Span

_PROMPT = re.compile(r"(?:\[[^\]\n]*\]|[^\s#$%<>]*)[#$%>](?:\s.*)?")
"""A prompt with or without a command behind it, or a comment."""

_NUMBER = re.compile(r"[0-9]{1,20}|0[xX][0-9A-Fa-f]{1,16}")
_HIDDEN = re.compile(r"(.)\1*", re.DOTALL)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_GROUP = 8
"""Digits that setkey prints together."""

_NO_TEXT = "keep the listing as the program prints it"


class Line(NamedTuple):
    """One line that its grammar has understood: the node of its kind, and the tokens that its slots stand for."""

    file: SourceFile
    node: Node
    tokens: Tokens
    start: int
    end: int

    @property
    def whole(self) -> Span:
        """The line without the blanks around it."""
        return self.file.span(self.start, self.end)

    def text(self, slot: Slot) -> str:
        """The text of a token."""
        return self.tokens.texts[slot.at]

    def place(self, first: Slot, last: Slot | None = None) -> Span:
        """Where a token stands, or all tokens from one to another."""
        return self.file.span(self.tokens.start(first.at), self.tokens.end((last or first).at))

    def around(self, node: Node) -> Span:
        """Where a node's tokens stand."""
        slots = list(slots_of(node))
        return self.place(slots[0], slots[-1]) if slots else self.whole

    def words(self, node: Node | None = None) -> list[str]:
        """The texts of the tokens directly in a node."""
        parts = (self.node if node is None else node).parts
        return [self.tokens.texts[part.at] for part in parts if isinstance(part, Slot)]


def slots_of(node: Node) -> Iterator[Slot]:
    """Every token of a node, in order."""
    for part in node.parts:
        if isinstance(part, Slot):
            yield part
        else:
            yield from slots_of(part)


class LineGrammar:
    """The grammar of one listing. ``words`` says what to call its terminals, ``what`` what a line of it is."""

    def __init__(
        self, name: str, words: Mapping[str, str], what: str, groups: Iterable[tuple[frozenset[str], str]] = ()
    ) -> None:
        tables = automaton(name)
        self._lexicon = Lexicon(tables, switches={})
        self._shapes = Shapes(tables, self._lexicon.names)
        spelt = {kind: f"`{text}`" for kind, text in self._lexicon.spellings.items()}
        self._words = {**spelt, **words}
        self._what = what
        self._groups = tuple(groups)

    def lines(self, reading: Reading) -> Iterator[Line | None]:
        """The lines of a file that mean something; None for one that can't be read, which was said (CFG001)."""
        text = reading.file.text
        position = 0
        while position < len(text):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            line = text[position:end]
            shown = line.strip()
            if shown:
                start = position + len(line) - len(line.lstrip())
                reading.statements += 1
                if _PROMPT.fullmatch(shown):
                    reading.inert += 1
                else:
                    yield self._parse(reading, start, start + len(shown))
            position = end + 1

    def _parse(self, reading: Reading, start: int, end: int) -> Line | None:
        kinds, tokens = self._lexicon.read(reading.file.text, start, end)
        found = self._shapes.parse(kinds)
        if isinstance(found, Node):
            return Line(reading.file, found.nodes[0], tokens, start, end)
        expected = expectation(found.expected, self._words, self._groups)
        if found.at >= len(kinds):
            span = reading.file.span(max(start, end - 1), end)
            reading.unreadable(span, f"{self._what} ends here, {expected}", part=Part.RUNNING, mend=_NO_TEXT)
            return None
        at = tokens.start(found.at)
        odd = kinds[found.at] == UNREADABLE
        what = "a character that can't be read" if odd else f"`{tokens.texts[found.at]}`"
        span = reading.file.span(at, max(at + 1, tokens.end(found.at)))
        reading.unreadable(span, f"found {what}, {expected}", part=Part.RUNNING, mend=_NO_TEXT)
        return None


def address_at(line: Line, slot: Slot, reading: Reading, *, prefix: bool = False) -> AddressRange | None:
    """An address (or a prefix); None with CFG001 where the text is none."""
    text = line.text(slot)
    found = parse_prefix(text) if prefix else parse_address(text)
    if found is None:
        what = "an address or a prefix" if prefix else "an address"
        reading.unreadable(
            line.place(slot), f"found `{text}`, expected {what}", part=Part.RUNNING,
            mend="write addresses as numbers; documentation addresses (192.0.2.1) may stand for real ones",
        )  # fmt: skip
    return found


def number_in(text: str) -> int | None:
    """A decimal or ``0x`` number of at most 64 bits; None for a value that somebody has hidden."""
    if _NUMBER.fullmatch(text) is None:
        return None
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)


class Keys:
    """The keys of a listing by the offset where each begins, until an entry takes its own; it shows nothing."""

    __slots__ = ("_bits", "_ends", "_secrets")

    def __init__(self) -> None:
        self._secrets: dict[int, Secret] = {}
        self._bits: dict[int, int] = {}
        self._ends: dict[int, int] = {}

    def __repr__(self) -> str:
        return "Keys(…)"

    def keep(self, start: int, text: str) -> None:
        """Remembers a key that is printed in hexadecimal digits, in groups or not.

        One whose digits were replaced one by one still has a length; one that was replaced by a remark has none.
        """
        words = text.split()
        digits = "".join(words).removeprefix("0x").removeprefix("0X")
        if _HIDDEN.fullmatch(digits):
            if all(len(word) == _GROUP for word in words[:-1]) and len(digits) >= 2 * _GROUP:
                self._bits[start] = len(digits) * 4
        elif _HEX.fullmatch(digits):
            self._bits[start] = len(digits) * 4
            self._ends[start] = start + len(text)
            self._secrets[start] = Secret(bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits))

    def secret(self, start: int) -> Secret | None:
        """The key that begins here; None where there is none, or it was hidden before."""
        return self._secrets.get(start)

    def bits(self, start: int) -> int | None:
        """The length of the key that begins here, hidden or not; None where none begins here."""
        return self._bits.get(start)

    def shown(self, file: SourceFile) -> tuple[ShownKey, ...]:
        """Every key that could be read, with its place."""
        secrets = self._secrets
        return tuple(ShownKey(secrets[start], file.span(start, self._ends[start])) for start in sorted(secrets))
