"""Hides the keys of a setkey script before anything else looks at it.

A key stands behind an algorithm's name: in quotes, or as ``0x…`` digits. But scripts are broken in many ways, and a
broken statement must not show its key either. So everything is hidden that is a key in *some* reading of the text:

* whatever stands in double quotes, to the end of the line where the closing quote is missing (only ``tagged "…"`` and
  the label of ``-ctx`` are no keys); between the first and the last quote of a line that has one too many;
* hexadecimal numbers of eight digits and more, unless they stand where the SPI stands;
* whatever follows an algorithm's name, quotes or not, up to the next option or the end of the statement.

The same holds for commented-out statements. Quotes and ``0x`` stay, so that the masked text has the same tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.algorithms import CIPHERS, INTEGRITY
from spdcheck.model.secret import Secret

if TYPE_CHECKING:
    from spdcheck.source import SourceFile

_ALGORITHMS = ({*CIPHERS, *INTEGRITY} | {"rijndael-cbc", "hmac-sha256", "hmac-sha384", "hmac-sha512"}) - {
    "null",
    "simple",
}
_ALGORITHM = "|".join(re.escape(name) for name in sorted(_ALGORITHMS, key=len, reverse=True))
_MARKS = ('"', "-E", "-A", "0x", "0X", "-cbc", "hmac-", "keyed-", "aes-", "des-", "tcp-md5", "chacha20", "rc4", "kpdk-")
"""A text without any of these holds no key: every algorithm's name contains one."""

_QUOTES = re.compile(
    r'(?P<label>(?:tagged|-ctx[ \t\n]+[0-9]+[ \t\n]+[0-9]+)[ \t\n]*"[^"\n]*")'
    r"|(?P<comment>\#[^\n]*)"
    r'|"(?P<closed>[^"\n]*)"'
    r'|"(?P<lines>[^";]*)"'
    r'|"(?P<open>[^\n]*)'
)
_LINE_WITH_QUOTE = re.compile(r'"[^\n]*')
_BETWEEN_QUOTES = re.compile(r'(?<=")[^"\n]+(?=")')
_IN_LINE = re.compile(r'"([^"\n]*)"?')

_HEX = re.compile(r"0[xX](?:(?<![\w.:%-]0[xX])([0-9A-Fa-f]{8,})|([0-9A-Fa-f]{16,}))")
_BARE = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{24,}(?![0-9A-Za-z:.])")
_BEFORE_SPI = re.compile(
    r"(?:^|[^\w.:-])(?:(?:esp|ah)(?:-old)?|ipcomp|tcp|esp-udp(?:[ \t\n]+[0-9A-Za-z.:%-]+)?)[ \t\r\n]+$"
)
_MAX_SPI_DIGITS = 15
"""A longer number where the SPI stands is a key at the wrong place (the shortest key has sixteen digits)."""

_COMMAND = r"(?:(?:spd)?(?:add|delete|update|flush|dump)|deleteall|get|getspi|exit|quit|bye)\b"
_FLAG = r"-(?:[EACRmufrP]|l[hs]|b[hs]|ctx|esp_frag)\b"
_FLAGGED_ALGORITHM = re.compile(rf'-[EA](?<![\w.:%]-[EA])[ \t\r\n\\]*(?!["-]|{_COMMAND})(?P<name>[^\s;"]+)[ \t\r\n\\]*')
_BARE_ALGORITHM = re.compile(rf"(?<![\w.:%-])(?P<name>{_ALGORITHM})(?![\w.:%-])[ \t]*")
_DIGITS = re.compile(r"[0-9A-Fa-f]+")
_KEY = re.compile(rf'0[xX](?P<digits>[0-9A-Fa-f]+)(?![\w.:%-])|(?P<words>(?:[^\n;" \t]++|[ \t]++(?!{_FLAG}|\#))++)')
_NO_KEY = re.compile(rf"{_FLAG}|\#|{_COMMAND}")

MAX_REGIONS = 1_000_000
"""A file with more secrets than that is hidden from there on to its end."""


class Keys:
    """The keys of a script, made one by one where an association wants them; it shows nothing of itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Keys(…)"

    def at(self, start: int, end: int) -> Secret | None:
        """The key that a token stands for: what is between its quotes, or the bytes of its digits."""
        token = self._text[start:end]
        if token.startswith('"'):
            return Secret(_bytes(token[1:-1]))
        digits = token[2:]
        if _DIGITS.fullmatch(digits) is None:
            return None
        return Secret(bytes.fromhex("0" * (len(digits) % 2) + digits))


def mask_keys(file: SourceFile) -> tuple[SourceFile, Keys]:
    """The file with its keys hidden, and the keys."""
    text = file.text
    if not any(mark in text for mark in _MARKS):
        return file, Keys("")
    found = _Found(text)
    found.quoted()
    found.uneven()
    found.digits()
    found.behind_algorithms()
    regions = sorted(found.regions)
    if len(regions) > MAX_REGIONS:
        regions[MAX_REGIONS:] = [(regions[MAX_REGIONS][0], len(text))]
    return file.masked(regions), Keys(text)


class _Found:
    """The regions to hide in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.regions: list[tuple[int, int]] = []

    def _hide(self, start: int, end: int) -> None:
        if start < end:
            self.regions.append((start, end))

    def quoted(self) -> None:
        """Double quotes, closed or not, in statements and in commented-out ones."""
        for match in _QUOTES.finditer(self.text):
            kind = match.lastgroup or ""
            if kind in ("closed", "lines"):
                self._hide(*match.span(kind))
            if kind == "lines":
                # Each line alone is another reading: what follows the quote that seems to close may be a key too.
                end = self.text.find("\n", match.end())
                self._quotes_in_line(match.start(), len(self.text) if end < 0 else end)
            elif kind == "open":
                rest = match["open"]
                cut = rest.rfind(";")
                if cut < 0 or rest[cut + 1 :].strip()[:1] not in ("", "#"):
                    cut = len(rest)
                self._hide(match.start(kind), match.start(kind) + len(rest[:cut].rstrip()))
            elif kind == "comment" and any(mark in match[kind] for mark in ("-E", "-A")):
                self._quotes_in_line(match.start(), match.end())

    def uneven(self) -> None:
        """Lines with an odd number of quotes, three or more: nobody knows which of them open and which close."""
        for match in _LINE_WITH_QUOTE.finditer(self.text):
            if match[0].count('"') % 2 and match[0].count('"') > 1:
                for part in _BETWEEN_QUOTES.finditer(self.text, match.start(), match.end()):
                    self._hide(*part.span())

    def _quotes_in_line(self, start: int, end: int) -> None:
        for part in _IN_LINE.finditer(self.text, start, end):
            self._hide(*part.span(1))

    def digits(self) -> None:
        """Long hexadecimal numbers that are no SPI, and what is left of one whose ``0x`` is gone."""
        for match in _BARE.finditer(self.text):
            self._hide(*match.span())
        for match in _HEX.finditer(self.text):
            before = self.text[max(0, match.start() - 80) : match.start()]
            group = match.lastindex or 1
            if len(match[group]) > _MAX_SPI_DIGITS or not _BEFORE_SPI.search(before):
                self._hide(*match.span(group))

    def behind_algorithms(self) -> None:
        """Whatever follows the name of an algorithm, wherever a key may follow one."""
        self._behind(_FLAGGED_ALGORITHM)
        if any(name in self.text for name in _ALGORITHMS):
            self._behind(_BARE_ALGORITHM)

    def _behind(self, algorithm: re.Pattern[str]) -> None:
        match = algorithm.search(self.text)
        while match is not None:
            end = match.end()
            key = _KEY.match(self.text, end)
            name = match["name"]
            if key is not None and not _NO_KEY.match(self.text, end):
                self._key(key)
                end = key.end()
            elif key is None and not self.text.startswith('"', end) and name not in (*_ALGORITHMS, "null", "simple"):
                # Nothing behind it but the end: perhaps the algorithm is missing, and this is the key.
                self._hide(*match.span("name"))
            match = algorithm.search(self.text, end)

    def _key(self, key: re.Match[str]) -> None:
        if key["digits"] is not None:
            self._hide(*key.span("digits"))
        else:
            self._hide(key.start(), key.start() + len(key["words"].rstrip(" \t\r\\")))


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
