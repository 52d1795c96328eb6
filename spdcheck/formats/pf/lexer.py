"""From characters to statements, as pfctl's ``yylex`` does it: words, numbers, strings, signs, macros spliced in.

A statement ends where its line ends; a backslash at the end of a line joins the next one, and inside the braces of a
list line ends are blanks. ``$name`` is replaced by the text of the macro, which is read anew: it may hold half a
rule, the braces of a list, or the beginning of a word (``$ext_if:network`` becomes ``em0:network``). Inside a macro's
text and inside quotes ``$`` means nothing.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spdcheck.formats.pf.keywords import Vocabulary
    from spdcheck.source import SourceFile

_WORD = r"[A-Za-z0-9\"$%&'*+\-.:;?@\[\]^_`|~]"
_TOKEN = re.compile(
    r"(?:[ \t]|\\\n|\\(?=[^\n]))*(?:"
    r"(?P<word>[A-Za-z_:](?:" + _WORD + r"|\\\n|\\(?=" + _WORD + r"))*)"
    r"|(?P<number>-?[0-9]+(?=(?:\\\n)*(?:[\s),/}=]|\Z)))"
    r"|(?P<newline>\n)"
    r"|(?P<sign>->|><|<>|!=|<=|>=|[(){}<>!=/,\-])"
    r"|(?P<digits>[0-9](?:" + _WORD + r"|\\\n|\\(?=" + _WORD + r"))*)"
    r"|(?P<macro>\$[A-Za-z0-9_]*)"
    r"|(?P<string>\"(?:[^\"\\]|\\\"|\\(?!\"))*\"|'(?:[^'\\]|\\'|\\(?!'))*')"
    r"|(?P<comment>\#(?:\\\n|[^\n])*)"
    r"|(?P<open>[\"'])"
    r"|(?P<end>\Z)"
    r"|(?P<other>[^\n]))"
)
_GLUE = re.compile(_WORD + "*")
_LINE_END = re.compile(r"(?:\\\n|[^\n])*")
_JOINED = re.compile(r"\\\n?")
_ESCAPED = re.compile(r"""\\(["' \t])""")

MAX_WORD = 8095
"""pfctl's buffer for a word or a string; longer ones are refused."""

_LIST_BEFORE = frozenset(
    [
        "from",
        "to",
        "on",
        "proto",
        "port",
        "user",
        "group",
        "icmp-type",
        "icmp6-type",
        "os",
        "route-to",
        "reply-to",
        "dup-to",
        "nat-to",
        "rdr-to",
    ]
)
"""Words behind which an opening brace starts a list, not the body of an anchor."""


_SIMPLE_LINE = re.compile(
    r"[ \t]*([A-Za-z0-9_](?:[A-Za-z0-9_.:<>!=/,()@*%+\- \t]*[A-Za-z0-9_.:>)*%])?)[ \t]*(?:\#[^\n\\]*)?\n"
)
_SIMPLE_TOKEN = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:@*%+\-]*|->|><|<>|!=|<=|>=|[()<>!=/,\-]")
_ODD = re.compile(r"[0-9][<>!(]|(?:^|[^A-Za-z0-9_.:@*%+\-])-[0-9]|(?:^|[ \t<>!=/,()])[.@*%+]")
"""What the quick way would cut otherwise: numbers before signs, negative numbers, words that begin with a sign."""


class _Kinds(dict[str, int]):
    """The kind of each text that the quick way has met."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary.words | vocabulary.signs)
        self._string, self._number = vocabulary.string, vocabulary.number

    def __missing__(self, text: str) -> int:
        kind = self._number if text.isdigit() else self._string
        if len(self) < MAX_KINDS:
            self[text] = kind
        return kind


MAX_KINDS = 4096


class Refused(Exception):  # noqa: N818 (part of pfctl's language; it never leaves the package)
    """pfctl would say this about the statement; ``at`` is the number of the token that it is about, if any."""

    def __init__(self, message: str, at: int | None = None, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.mend = mend
        self.goes_on = False
        """pfctl's parser does not notice: the expansion said it, not the grammar."""

    @property
    def is_syntax(self) -> bool:
        """yacc's own message, which it swallows close behind another error."""
        return self.message == "syntax error"


class Statement(NamedTuple):
    """The tokens of one statement: kinds, texts (strings without quotes), and where the statement stands.

    ``opens`` marks one that ends with the opening brace of an anchor. ``error`` is what the lexer found wrong, and
    ``undefined`` the macro that it missed. ``finish`` is the offset of the line end that ended the statement;
    ``places`` are start and end of each token, where they can't be found again from the text.
    """

    file: SourceFile
    kinds: tuple[int, ...]
    texts: list[str]
    start: int
    end: int
    finish: int
    places: tuple[list[int], list[int]] | None = None
    opens: bool = False
    error: Refused | None = None
    undefined: str = ""

    def span(self, at: int | None = None) -> Span:
        """The place of a token, or of the whole statement."""
        if at is None or not self.texts:
            return Span(self.file, self.start, self.end)
        if at >= len(self.texts):
            return Span(self.file, self.end, max(self.end, self.finish))
        if self.places is not None:
            return Span(self.file, self.places[0][at], self.places[1][at])
        found = next(islice(_SIMPLE_TOKEN.finditer(self.file.text, self.start, self.end), at, None))
        return Span(self.file, *found.span())

    @property
    def line(self) -> int:
        """The line that pfctl names in messages about the whole statement: the last one."""
        return self.file.location(self.finish).line


def statements(file: SourceFile, vocabulary: Vocabulary, macros: Mapping[str, str]) -> Iterator[Statement]:
    """The statements of a file, in order. ``macros`` is asked when a name is met: definitions work from there on."""
    text = file.text
    words, signs = vocabulary.words, vocabulary.signs
    string, number = vocabulary.string, vocabulary.number
    comma, closing, opening = signs[","], signs["}"], signs["{"]
    kinds: list[int] = []
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    depth = parentheses = 0
    error: Refused | None = None
    undefined = ""
    position, size = 0, len(text)
    spliced: list[tuple[str, str]] = []
    kind_of = _Kinds(vocabulary).__getitem__
    simple, odd, tokens = _SIMPLE_LINE.match, _ODD.search, _SIMPLE_TOKEN.findall
    while position <= size:
        line = None if kinds else simple(text, position)
        while line is not None and not odd(line[1]):
            found = tokens(line[1])
            position = line.end()
            yield Statement(file, tuple(map(kind_of, found)), found, *line.span(1), position - 1)
            line = simple(text, position)
        for match in _TOKEN.finditer(text, position):
            group = match.lastgroup
            start, position = match.span(group)  # type: ignore[arg-type]
            if group == "word":
                word = match[group]
                if "\\" in word:
                    word = _JOINED.sub("", word)
                kinds.append(words.get(word) or string)
            elif group == "number":
                word = match[group]
                kinds.append(number)
            elif group == "digits":
                word = _JOINED.sub("", match[group])
                kinds.append(string)
            elif group == "sign":
                word = match[group]
                kinds.append(signs.get(word, 0))
                if word in "{}()":
                    depth += (word == "{") - (word == "}")
                    parentheses += (word == "(") - (word == ")")
            elif group == "string":
                word = _ESCAPED.sub(r"\1", match[group][1:-1].replace("\\\n", "").replace("\n", ""))
                kinds.append(string)
            elif group == "newline" or group == "end":
                if group == "newline" and depth > 0 and not error:
                    opens_body = _opens_body(kinds, texts, opening, words)
                    if not opens_body and not parentheses and kinds[-1] != comma:
                        continue
                else:
                    opens_body = group == "newline" and _opens_body(kinds, texts, opening, words)
                if kinds or error:
                    begin, end = (starts[0], ends[-1]) if starts else (start, start)
                    places = (starts, ends)
                    yield Statement(file, tuple(kinds), texts, begin, end, start, places, opens_body, error, undefined)
                    kinds, texts, starts, ends = [], [], [], []
                    depth = parentheses = 0
                    error, undefined = None, ""
                if group == "end":
                    return
                if simple(text, position):
                    break
                continue
            elif group == "comment":
                continue
            elif group == "macro":
                name = match[group][1:]
                value = macros.get(name)
                if value is None:
                    error, undefined = Refused(f"macro '{name}' not defined", len(kinds)), name
                    kinds.append(0)
                    texts.append(match[group])
                    starts.append(start)
                    ends.append(position)
                    position = _line_end(text, position)
                    break
                glue = _GLUE.match(text, position)
                follow = text[position : glue.end() + 1] if glue else ""
                spliced, used = _splice(value, follow)
                position = position + used if used >= 0 else _line_end(text, position)
                for kind, word in spliced:
                    texts.append(word)
                    starts.append(start)
                    ends.append(position)
                    if kind == "word":
                        kinds.append(words.get(word) or string)
                    elif kind == "number":
                        kinds.append(number)
                    elif kind == "string":
                        kinds.append(string)
                    else:
                        kinds.append(signs.get(word, 0))
                        depth += (word == "{") - (word == "}")
                        parentheses += (word == "(") - (word == ")")
                break
            elif group == "open":
                error = error or Refused("reached end of file while parsing quoted string", len(kinds))
                position = size
                break
            else:
                word = match["other"]
                kinds.append(0)
            texts.append(word)
            starts.append(start)
            ends.append(position)
            if len(word) > MAX_WORD and not error:
                error = Refused("string too long", len(kinds) - 1)
            if kinds[-1] == closing and len(kinds) == 1:
                depth = 0
        else:
            return


def _line_end(text: str, position: int) -> int:
    """The end of the line, where lines that end with a backslash go on."""
    found = _LINE_END.search(text, position)
    return found.end() if found else len(text)


def _opens_body(kinds: list[int], texts: list[str], opening: int, words: Mapping[str, int]) -> bool:
    """The line ends with a brace that starts the body of an anchor: no word that wants a list stands before it."""
    if not kinds or kinds[-1] != opening:
        return False
    anchors = (words.get("anchor"), words.get("ether"))
    return kinds[0] in anchors and not (len(texts) > 1 and texts[-2] in _LIST_BEFORE and kinds[-2] == words[texts[-2]])


def _splice(value: str, follow: str) -> tuple[list[tuple[str, str]], int]:
    """The tokens of a macro's text, and how many characters behind the macro belong to the last of them.

    -1 stands for "all of the line": the text holds a comment.
    """
    tokens: list[tuple[str, str]] = []
    text = value + follow
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        start, end = match.span(group)  # type: ignore[arg-type]
        if start >= len(value):
            break
        word = match[group]  # type: ignore[index]
        if group == "comment":
            return tokens, -1
        if group in ("word", "digits"):
            tokens.append(("word" if group == "word" else "string", _JOINED.sub("", word)))
        elif group in ("number", "sign"):
            tokens.append((group, word))
        elif group == "string":
            tokens.append(("string", _ESCAPED.sub(r"\1", word[1:-1])))
        elif group != "newline":
            tokens.append(("other", word))
        if end > len(value):
            return tokens, end - len(value)
    return tokens, 0
