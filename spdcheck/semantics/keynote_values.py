"""The values that a part of a KeyNote condition may come to, and the operators on them (RFC 2704, section 4.6.5)."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.keynote import (
    Hidden,
    Literal,
    Passphrase,
)

if TYPE_CHECKING:
    from collections.abc import Callable


MAX_OUTCOMES = 16
"""More than so many possible values of one part are anything."""

MAX_TEXT = 65536
_INT_MIN, _INT_SPAN = -(2**31), 2**32


class Special(Enum):
    """What a part may come to besides a value."""

    ANYTHING = "anything"
    FAILED = "failed"


ANYTHING, FAILED = Special.ANYTHING, Special.FAILED

Word = str | Passphrase | Special
Figure = int | float | Special

TRUE: frozenset[bool | Special] = frozenset({True})
FALSE: frozenset[bool | Special] = frozenset({False})
EITHER: frozenset[bool | Special] = frozenset({True, False})
ANY_WORD: frozenset[Word] = frozenset({ANYTHING})
EMPTY: frozenset[Word] = frozenset({""})


def word(literal: Literal) -> frozenset[Word]:
    """The value of a literal; one that hides a secret may be anything."""
    return ANY_WORD if isinstance(literal.value, Hidden) else frozenset({literal.value})


def few(words: frozenset[Word]) -> frozenset[Word]:
    """The words, or anything where they are too many."""
    return ANY_WORD if len(words) > MAX_OUTCOMES or ANYTHING in words else words


def join(left: Word, right: Word) -> Word:
    """Two words as one (the operator ``.``)."""
    if left == "":
        return right
    if right == "":
        return left
    if not isinstance(left, str) or not isinstance(right, str) or len(left) + len(right) > MAX_TEXT:
        return ANYTHING
    return left + right


_ORDERS: dict[str, Callable[[int], bool]] = {
    "==": lambda order: order == 0, "!=": lambda order: order != 0, "<": lambda order: order < 0,
    ">": lambda order: order > 0, "<=": lambda order: order <= 0, ">=": lambda order: order >= 0,
}  # fmt: skip


def compare_words(operator: str, left: Word, right: Word) -> frozenset[bool | Special]:
    """A comparison of words, by their bytes."""
    if isinstance(left, str) and isinstance(right, str):
        a, b = (item.encode("utf-8", "surrogatepass") for item in (left, right))
        return frozenset({_ORDERS[operator]((a > b) - (a < b))})
    if isinstance(left, Passphrase) and isinstance(right, Passphrase) and operator in ("==", "!="):
        return frozenset({(left == right) == (operator == "==")})
    return EITHER


def compare_figures(operator: str, left: Figure, right: Figure) -> frozenset[bool | Special]:
    """A comparison of numbers; what has failed stays so."""
    if FAILED in (left, right):
        return frozenset({FAILED})
    if isinstance(left, Special) or isinstance(right, Special):
        return EITHER
    if math.isnan(left) or math.isnan(right):
        return FALSE
    return frozenset({_ORDERS[operator]((left > right) - (left < right))})


def int_of(value: int) -> int:
    """An int of C, which has 32 bits."""
    return (value - _INT_MIN) % _INT_SPAN + _INT_MIN


def number_of(text: Word, *, is_float: bool) -> Figure:
    """``isfloatstring`` and ``atof``: digits with at most one point, no sign; 0 for every other text."""
    if not isinstance(text, str):
        return ANYTHING
    digits = text.replace(".", "", 1)
    value = float(text) if digits.isascii() and digits.isdigit() else 0.0
    if is_float:
        return value
    return math.floor(value) if value < -_INT_MIN else _INT_MIN


def calculate(operator: str, left: Figure, right: Figure, *, is_float: bool) -> frozenset[Figure]:
    """An operator of arithmetic; integers wrap at 32 bits, as those of libkeynote do."""
    if FAILED in (left, right):
        return frozenset({FAILED})
    divides = operator in ("/", "%")
    if isinstance(right, Special):
        return frozenset({ANYTHING, FAILED} if divides else {ANYTHING})
    if divides and right == 0:
        return frozenset({FAILED})
    if isinstance(left, Special):
        return frozenset({ANYTHING})
    if is_float:
        return frozenset({_float_step(operator, float(left), float(right))})
    return frozenset({_int_step(operator, int(left), int(right))})


def _int_step(operator: str, left: int, right: int) -> Figure:
    if operator == "^":
        return 0 if right < 0 else int_of(pow(left, right, _INT_SPAN))
    if operator == "+":
        return int_of(left + right)
    if operator == "-":
        return int_of(left - right)
    if operator == "*":
        return int_of(left * right)
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    if quotient == -_INT_MIN:
        return ANYTHING  # the processor traps
    return quotient if operator == "/" else left - quotient * right


def _float_step(operator: str, left: float, right: float) -> Figure:
    try:
        if operator == "^":
            return math.pow(left, right)
        if operator == "/":
            return left / right
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
    return {"+": left + right, "-": left - right, "*": left * right}[operator]
