"""From the tokens of a field to values of :mod:`spdcheck.model.keynote`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.grammar import in_words
from spdcheck.formats.keynote.tokens import Token, TooLong, language, tokens, unescaped
from spdcheck.model.keynote import (
    NOBODY,
    PASSPHRASE_KINDS,
    Attribute,
    Calculation,
    Clause,
    Comparison,
    Dereference,
    Either,
    Every,
    Hidden,
    Joined,
    Licensee,
    Literal,
    Matches,
    Negative,
    Not,
    Number,
    NumberOf,
    Passphrase,
    Threshold,
    Truth,
)
from spdcheck.model.secret import Secret
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import MASK

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.source import SourceFile

_SIGNS = {
    "PLUS": "+", "MINUS": "-", "TIMES": "*", "DIVIDE": "/", "MODULO": "%", "POWER": "^",
    "EQ": "==", "NE": "!=", "LT": "<", "GT": ">", "LE": "<=", "GE": ">=",
}  # fmt: skip
_WORDS = {
    "STRING": "a string", "NAME": "a name", "NUMBER": "a number", "FLOAT": "a number", "K_OF": "`2-of(`",
    "$END": "the end", "TRUE": "`true`", "FALSE": "`false`",
}  # fmt: skip
_SHOWN = 6
_LARGEST = 2**63 - 1


class Fault(NamedTuple):
    """What is wrong with a field. ``is_ours``: libkeynote may take it, we don't."""

    start: int
    end: int
    message: str
    is_ours: bool = False


class FieldParser:
    """Parses fields of one file; ``text`` is what the file really holds, of which secrets become fingerprints."""

    def __init__(self, file: SourceFile, text: str) -> None:
        self._file = file
        self._text = text
        self._makers: dict[str, Callable[[list[Any]], Any]] = {
            "conditions": tuple, "block": tuple, "constants": tuple,
            "licensees": lambda parts: parts[0] if parts else NOBODY,
            "key": lambda parts: parts[0],
            "version": lambda parts: self._plain(parts[0]),
            "constant": lambda parts: (parts[0], self._literal(parts[1])),
            "clause": _clause,
            "disjunction": lambda parts: _flat(parts, Either),
            "conjunction": lambda parts: _flat(parts, Every),
            "negation": lambda parts: _repeated(parts, Not),
            "constant_truth": lambda parts: Truth(parts[0].name == "TRUE"),
            "integers": _comparison, "floats": _comparison, "texts": _comparison,
            "matches": lambda parts: Matches(parts[0], parts[2]),
            "integer_sum": lambda parts: _calculation(parts, is_float=False),
            "float_sum": lambda parts: _calculation(parts, is_float=True),
            "integer_minus": lambda parts: _repeated(parts, Negative),
            "float_minus": lambda parts: _repeated(parts, Negative),
            "integer_literal": lambda parts: Number(_integer(self._plain(parts[0]))),
            "float_literal": lambda parts: Number(float(self._plain(parts[0]))),
            "integer_of": lambda parts: NumberOf(parts[0], is_float=False),
            "float_of": lambda parts: NumberOf(parts[0], is_float=True),
            "joined": lambda parts: parts[0] if len(parts) == 1 else Joined(tuple(parts)),
            "literal": lambda parts: self._literal(parts[0]),
            "attribute": lambda parts: Attribute(self._plain(parts[0]), self._file.span(parts[0].start, parts[0].end)),
            "dereference": lambda parts: Dereference(parts[0]),
            "principal": lambda parts: Licensee(parts[0]),
            "any_of": lambda parts: parts[0] if len(parts) == 1 else Threshold(1, tuple(parts[::2])),
            "all_of": lambda parts: parts[0] if len(parts) == 1 else Threshold(len(parts) // 2 + 1, tuple(parts[::2])),
            "threshold": self._threshold,
        }  # fmt: skip

    def parse(self, start: str, begin: int, end: int) -> Any:
        """What a field says, by the grammar's rule for it; or a :class:`Fault`."""
        read = tokens(self._file.text, start, begin, end)
        if isinstance(read, TooLong):
            return Fault(read.start, read.end, "this field is too long or too deeply nested for us", is_ours=True)
        automaton = language()
        session = automaton.session(self._build, start)
        for token in read:
            if not token.name or not session.take(token.name, token):
                found = self._file.text[token.start : token.end]
                shown = "a carriage return" if found == "\r" else f"`{found[:40]}`"
                return Fault(token.start, token.end, f"found {shown}, {_expected(session.accepted())}")
        if not session.finish():
            last = read[-1].end if read else begin
            return Fault(max(last - 1, begin), last, f"the field ends too early: {_expected(session.accepted())}")
        return session.result

    def _build(self, rule: str, parts: list[Any]) -> Any:
        return self._makers[rule](parts)

    def _plain(self, token: Token) -> str:
        return self._file.text[token.start : token.end]

    def _literal(self, token: Token) -> Literal:
        value = unescaped(self._text[token.start + 1 : token.end - 1])
        for kind in PASSPHRASE_KINDS:
            if value.startswith(kind):
                key = value[len(kind) :]
                if kind != PASSPHRASE_KINDS[0]:
                    key = key.lower()
                return Literal(Passphrase(kind, Secret(key.encode("utf-8", "surrogatepass"))))
        if MASK in self._plain(token):
            return Literal(Hidden(self._file.span(token.start, token.end)))
        return Literal(value)

    def _threshold(self, parts: list[Any]) -> Threshold:
        count, *keys = (part for part in parts if not (isinstance(part, Token) and part.name == "COMMA"))
        return Threshold(int(self._plain(count)[:-3][:9]), tuple(Licensee(key) for key in keys))


def _clause(parts: list[Any]) -> Clause:
    return Clause(parts[0], parts[2] if len(parts) > 1 else None)


def _flat(parts: list[Any], kind: type[Either] | type[Every]) -> Any:
    return parts[0] if len(parts) == 1 else kind(tuple(parts[::2]))


def _repeated(parts: list[Any], kind: type[Not] | type[Negative]) -> Any:
    *signs, operand = parts
    # twice is not at all
    return kind(operand) if len(signs) % 2 else operand


def _comparison(parts: list[Any]) -> Comparison:
    return Comparison(_SIGNS[parts[1].name], parts[0], parts[2])


def _calculation(parts: list[Any], *, is_float: bool) -> Any:
    if len(parts) == 1:
        return parts[0]
    steps = zip(parts[1::2], parts[2::2], strict=True)
    return Calculation(parts[0], tuple((_SIGNS[sign.name], operand) for sign, operand in steps), is_float)


def _integer(digits: str) -> int:
    """``atoi``: what is too large for a long is the largest long, of which an int keeps the lower 32 bits."""
    value = _LARGEST if len(digits.lstrip("0")) > 19 else min(int(digits), _LARGEST)
    return (value + 2**31) % 2**32 - 2**31


def _expected(names: frozenset[str]) -> str:
    by_text = {item.name: f"`{item.text}`" for item in language().terminals if item.is_text}
    listed = list(dict.fromkeys(_WORDS.get(name) or by_text.get(name, name) for name in language().in_order(names)))
    if len(listed) > _SHOWN:
        listed = [*listed[:_SHOWN], "another operator"]
    return f"expected {in_words(listed)}"
