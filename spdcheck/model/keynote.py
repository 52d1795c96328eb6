"""KeyNote assertions as values: who trusts whom, under which conditions (RFC 2704, section 4).

Nothing here is evaluated; :mod:`spdcheck.semantics.keynote` does that. A passphrase is never kept as text.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from spdcheck.model.secret import Secret
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.source import Span

PASSPHRASE_KINDS = ("passphrase:", "passphrase-md5-hex:", "passphrase-sha1-hex:")
"""What the principals that stand for a pre-shared key begin with (isakmpd.policy(5))."""

POLICY = "POLICY"
"""The authorizer of the assertions that are trusted by themselves."""


class Passphrase(NamedTuple):
    """The principal of one who knows a pre-shared key; ``kind`` is one of :data:`PASSPHRASE_KINDS`."""

    kind: str
    secret: Secret


class Hidden(NamedTuple):
    """A text of which a secret is a part: nobody may look at it, so nothing is known of it."""

    origin: Span


def passphrase_principals(key: bytes) -> tuple[Passphrase, ...]:
    """The three principals that isakmpd knows a peer by who proved to have this key (``policy.c``)."""
    md5 = hashlib.md5(key, usedforsecurity=False).hexdigest()
    sha1 = hashlib.sha1(key, usedforsecurity=False).hexdigest()
    parts = (key, md5.encode(), sha1.encode())
    return tuple(Passphrase(kind, Secret(part)) for kind, part in zip(PASSPHRASE_KINDS, parts, strict=True))


@dataclass(frozen=True, slots=True)
class Literal:
    """A string as it reads after its escapes."""

    value: str | Passphrase | Hidden


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of an action attribute or a local constant; the empty string where nobody gives it one."""

    name: str
    origin: Span


@dataclass(frozen=True, slots=True)
class Dereference:
    """``$text``: the value of the attribute that the text names."""

    name: Text


@dataclass(frozen=True, slots=True)
class Joined:
    """``a . b``: strings one behind the other."""

    parts: tuple[Text, ...]


Text = Literal | Attribute | Dereference | Joined


@dataclass(frozen=True, slots=True)
class Number:
    """An integer (32 bits, as C has it) or a float, as written."""

    value: int | float


@dataclass(frozen=True, slots=True)
class NumberOf:
    """``@text`` (an integer) or ``&text`` (a float): what the text says, 0 if it says no number."""

    text: Text
    is_float: bool


@dataclass(frozen=True, slots=True)
class Negative:
    """``-a``."""

    of: Arithmetic


@dataclass(frozen=True, slots=True)
class Calculation:
    """``a + b - c``: operators of one rank from left to right; ``steps`` are ``(operator, operand)``."""

    first: Arithmetic
    steps: tuple[tuple[str, Arithmetic], ...]
    is_float: bool


Arithmetic = Number | NumberOf | Negative | Calculation


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two strings compared byte by byte, or two numbers; ``operator`` is one of ``== != < > <= >=``."""

    operator: str
    left: Text | Arithmetic
    right: Text | Arithmetic


@dataclass(frozen=True, slots=True)
class Matches:
    """``a ~= b``: the POSIX extended regular expression ``pattern`` is found in the subject."""

    subject: Text
    pattern: Text


@dataclass(frozen=True, slots=True)
class Truth:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Not:
    """``!a``."""

    of: Test


@dataclass(frozen=True, slots=True)
class Every:
    """``a && b``: from left to right, up to the first that is false."""

    of: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """``a || b``: from left to right, up to the first that is true."""

    of: tuple[Test, ...]


Test = Comparison | Matches | Truth | Not | Every | Either


@dataclass(frozen=True, slots=True)
class Clause:
    """``test -> value;``. ``value`` is a text, more clauses, or None for the highest value there is."""

    test: Test
    value: Text | tuple[Clause, ...] | None


@dataclass(frozen=True, slots=True)
class Licensee:
    """One principal."""

    key: Text


@dataclass(frozen=True, slots=True)
class Threshold:
    """``k-of(a, b, c)``: at least ``count`` of them. ``a && b`` is all of them, ``a || b`` one."""

    count: int
    of: tuple[Licensees, ...]


Licensees = Licensee | Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assertion that the compliance checker takes.

    ``licensees`` is ``"anyone"`` where the field is missing and ``"nobody"`` where it is empty or can't be read: in
    libkeynote the first gives the highest value, the second the lowest. ``conditions`` is None where the field is
    missing (the highest value), and no clause at all where it can't be read (the lowest). ``constants`` are the
    Local-Constants.
    """

    authorizer: Text
    licensees: Licensees | str
    conditions: tuple[Clause, ...] | None
    constants: tuple[tuple[str, Literal], ...]
    origin: Span
    is_signed: bool = False


ANYONE = "anyone"
NOBODY = "nobody"
