"""From a line to its columns: words, parentheses, ``-``, pairs behind ``;`` or in ``{…}``, matches behind ``;;``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.source import Span

_WORD = re.compile(r"\S+")
_BRACED = re.compile(r"(\s*|.*[^&@%])\{(.*)\}", re.DOTALL)
_PAIR = re.compile(r"(\w+)(?:=>?|:)(.+)", re.DOTALL)
_RAW = re.compile(r"\s*IP6?TABLES\(.*\)")
_GUNK = re.compile(r"[^\s\x20-\x7e]")


class Refused(Exception):  # noqa: N818 (it is caught where the line is read, and never leaves)
    """Shorewall refuses the line: where, and why."""

    def __init__(self, span: Span, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.span, self.message, self.mend = span, message, mend


class Cell(NamedTuple):
    """The text of one column and where it begins in its line."""

    text: str
    line: Line
    at: int

    @property
    def span(self) -> Span:
        """Its place in the file."""
        return self.line.span(self.at, self.at + len(self.text))

    def part(self, first: int, last: int) -> Cell:
        """``text[first:last]`` as a cell of its own."""
        return Cell(self.text[first:last], self.line, self.at + first)

    def place(self, first: int, last: int) -> Span:
        """The place of ``text[first:last]``."""
        return self.line.span(self.at + first, self.at + last)


class Row:
    """The columns of a line by name; a column that is left out or ``-`` is absent."""

    __slots__ = ("cells", "comment", "inline", "line", "words")

    def __init__(self, line: Line, words: list[Cell]) -> None:
        self.line = line
        self.words = words
        self.cells: dict[str, Cell] = {}
        self.inline: Cell | None = None
        self.comment: Cell | None = None

    def get(self, name: str) -> Cell | None:
        """The column of this name."""
        return self.cells.get(name)

    def need(self, name: str) -> Cell:
        """The column of this name, which must not be empty."""
        cell = self.cells.get(name)
        if cell is None:
            raise Refused(self.line.whole, f"{name.upper()} must be specified")
        return cell


def split(
    line: Line,
    names: tuple[str, ...],
    *,
    title: str,
    aliases: Mapping[str, str] | None = None,
    most: int | None = None,
    inline: bool = False,
    quotes: bool = False,
) -> Row:
    """The columns of a line under the ``names``; ``most`` columns may be written plainly (all by default).

    ``inline`` allows raw matches behind ``;;``. With ``quotes`` (2.x, where the shell reads the line) extra words are
    swallowed by the last column and quotes are not looked at. Raises :class:`Refused`.
    """
    text = line.text
    if ";" not in text and "{" not in text and not quotes and "(" not in text and ")" not in text:
        words = [Cell(match[0], line, match.start()) for match in _WORD.finditer(text)]
        _check(line, text, 0, len(text))
        row = Row(line, words)
        return _named(row, words, names, title, most)
    if quotes:
        return _as_the_shell_does(line, names)
    end, pairs, raw = _sections(line, inline=inline)
    _check(line, text, 0, end)
    words = _words(line, end)
    row = _named(Row(line, words), words, names, title, most)
    row.inline = raw
    if pairs is not None:
        _pairs(row, pairs, names, aliases or {})
    return row


def _named(row: Row, words: list[Cell], names: tuple[str, ...], title: str, most: int | None) -> Row:
    if len(words) > (len(names) if most is None else most):
        extra = words[len(names) if most is None else most]
        raise Refused(
            extra.span,
            f"too many columns: {title} has {len(names) if most is None else most}",
            "remove what is too much, or put `#` before a comment",
        )
    row.cells = {name: word for name, word in zip(names, words, strict=False) if word.text != "-"}
    return row


def _as_the_shell_does(line: Line, names: tuple[str, ...]) -> Row:
    words = [Cell(match[0], line, match.start()) for match in _WORD.finditer(line.text)]
    row = Row(line, words)
    if len(words) > len(names):
        last = words[len(names) - 1]
        words = [*words[: len(names) - 1], Cell(line.text[last.at :], line, last.at)]
    row.cells = {name: word for name, word in zip(names, words, strict=False) if word.text != "-"}
    return row


def _sections(line: Line, *, inline: bool) -> tuple[int, Cell | None, Cell | None]:
    """Where the plain columns end, the pairs, and the raw matches."""
    text = line.text
    raw = None
    end = len(text)
    if inline and ";;" in text:
        end = text.index(";;")
        second = text.find(";;", end + 2)
        if second >= 0:
            raise Refused(line.span(second, second + 2), "only one `;;` is allowed on a line")
        raw = Cell(text[end + 2 :].strip(), line, end + 2 + len(text[end + 2 :]) - len(text[end + 2 :].lstrip()))
        end = len(text[:end].rstrip())
    head = text[:end]
    semicolon = head.find(";")
    if semicolon >= 0 and head[semicolon + 1 :].split(";")[0]:
        second = head.find(";", semicolon + 1)
        if second >= 0:
            raise Refused(line.span(second, second + 1), "only one `;` is allowed on a line")
        return semicolon, Cell(head[semicolon + 1 :], line, semicolon + 1), raw
    braced = _BRACED.fullmatch(head)
    if braced is not None:
        return braced.end(1), Cell(braced[2], line, braced.start(2)), raw
    return end, None, raw


def _check(line: Line, text: str, start: int, end: int) -> None:
    """Quotes, backslashes and letters that no column can have."""
    gunk = _GUNK.search(text, start, end)
    if gunk is not None:
        shown = gunk[0] if gunk[0].isprintable() else f"character {ord(gunk[0])}"
        raise Refused(line.span(*gunk.span()), f"`{shown}` is no printable ASCII character", "write it in ASCII")
    quote = text.find("'", start, end)
    if quote >= 0:
        raise Refused(line.span(quote, quote + 1), "a column can't have quotes in it", "remove the quotes")
    if ('"' in text or "`" in text or "\\" in text) and not _RAW.match(text):
        at = next((at for at in range(start, end) if text[at] in '"`\\'), -1)
        if at >= 0:
            raise Refused(line.span(at, at + 1), f"a column can't have `{text[at]}` in it", "remove it")


def _words(line: Line, end: int) -> list[Cell]:
    """Words at blanks; blanks inside parentheses hold a word together."""
    text, words = line.text, []
    start, depth = -1, 0
    for match in re.finditer(r"\S+", text[:end]):
        if start < 0:
            start = match.start()
        depth += match[0].count("(") - match[0].count(")")
        if depth < 0:
            raise Refused(line.span(match.start(), match.end()), f"`{match[0]}` closes a parenthesis that none opens")
        if depth == 0:
            words.append(Cell(text[start : match.end()], line, start))
            start = -1
    if depth:
        raise Refused(line.span(start, end), "the parenthesis is not closed", "write the closing `)`")
    return words


def _pairs(row: Row, pairs: Cell, names: tuple[str, ...], aliases: Mapping[str, str]) -> None:
    for cell in _pair_words(pairs):
        match = _PAIR.fullmatch(cell.text)
        if match is None:
            raise Refused(cell.span, f"`{cell.text}` is no `column=value`")
        name, value = match[1].lower(), cell.part(match.start(2), match.end(2))
        if value.text.endswith('"'):
            if not value.text.startswith('"') or len(value.text) < 2:
                raise Refused(value.span, f"the quotes of `{value.text}` are not in order")
            value = value.part(1, len(value.text) - 1)
        if name == "comment":
            row.comment = value
            continue
        name = name if name in names else aliases.get(name, name)
        if name not in names:
            raise Refused(cell.place(*match.span(1)), f"there is no column `{match[1]}` here",
                          f"the columns are {', '.join(names)}")  # fmt: skip
        if '\\"' in value.text:
            value = Cell(value.text.replace('\\"', '"'), value.line, value.at)
        gunk = _GUNK.search(value.text)
        if gunk is not None:
            raise Refused(value.span, f"`{gunk[0]}` is no ASCII character", "write it in ASCII")
        if value.text == "-":
            row.cells.pop(name, None)
        else:
            row.cells[name] = value


def _pair_words(pairs: Cell) -> list[Cell]:
    """Pairs are separated by blanks, with a comma before them or not; double quotes hold one together."""
    found = []
    for match in re.finditer(r"""(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*"?|")+""", pairs.text):
        text = match[0]
        last = match.end()
        if text.endswith(",") and text.strip(","):
            last -= 1
        if match.start() < last and text != ",":
            found.append(pairs.part(match.start(), last))
    return found
