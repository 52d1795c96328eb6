"""POSIX extended regular expressions, matched in bounded time.

A configuration's pattern is never handed to a backtracking engine, for which some patterns take for ever. It is turned
into a small program whose threads all run at once (R. Pike's machine), and both its size and its work are bounded.
Sources: regex(3), re_format(7) of the BSDs: what ``regcomp`` refuses there is refused here.
"""

from __future__ import annotations

from functools import cache

from spdcheck.named_tuples import NamedTuple

MAX_PROGRAM = 2000
"""Instructions of a pattern."""

MAX_WORK = 2_000_000
"""Instructions times characters of a match."""

MAX_DEPTH = 40
MAX_REPEAT = 255

_CLASSES = {
    "alpha": str.isalpha, "digit": str.isdigit, "alnum": str.isalnum, "upper": str.isupper, "lower": str.islower,
    "space": str.isspace, "blank": " \t".__contains__, "print": str.isprintable,
    "punct": lambda c: c.isprintable() and not (c.isalnum() or c == " "),
    "graph": lambda c: c.isprintable() and c != " ", "cntrl": lambda c: not c.isprintable(),
    "xdigit": "0123456789abcdefABCDEF".__contains__,
}  # fmt: skip


class BadPatternError(Exception):
    """``regcomp`` refuses the pattern."""


class TooHardError(Exception):
    """The pattern or the text is larger than we care to match."""


class Match(NamedTuple):
    """How many groups the pattern has, and what those from the first on have taken, up to one that took nothing."""

    group_count: int
    groups: tuple[str, ...]


class Characters(NamedTuple):
    """A bracket expression, or ``.`` as the opposite of none."""

    opposite: bool
    single: str
    ranges: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()

    def takes(self, character: str) -> bool:
        """The character is one of them."""
        found = (
            character in self.single
            or any(low <= character <= high for low, high in self.ranges)
            or (character.isascii() and any(_CLASSES[name](character) for name in self.classes))
        )
        return found != self.opposite


class _Step(NamedTuple):
    """An instruction: ``take`` one of ``characters``, ``split`` to two places, ``save`` a place, ``begin``, ``end``."""

    kind: str
    characters: Characters | None = None
    first: int = 0
    second: int = 0


_Program = list[_Step]


def search(pattern: str, text: str) -> Match | None:
    """The leftmost longest match, or None. Raises :class:`BadPatternError` and :class:`TooHardError`."""
    program, count = _compiled(pattern)
    if len(program) * (len(text) + 1) > MAX_WORK:
        raise TooHardError
    saved = _run(program, text, 2 * (count + 1))
    if saved is None:
        return None
    groups: list[str] = []
    for number in range(1, min(count, 31) + 1):
        start, end = saved[2 * number], saved[2 * number + 1]
        if start < 0 or end < 0:
            break
        groups.append(text[start:end])
    return Match(count, tuple(groups))


@cache
def _compiled(pattern: str) -> tuple[_Program, int]:
    if len(pattern) > MAX_PROGRAM:
        raise TooHardError
    return _Compiler(pattern).program()


class _Compiler:
    """Reads a pattern from left to right; pieces are programs with places relative to their own beginning."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._groups = 0
        self._depth = 0

    def program(self) -> tuple[_Program, int]:
        body = self._alternatives()
        if self._at < len(self._pattern):
            raise BadPatternError
        return [_Step("save", first=0), *body, _Step("save", first=1), _Step("match")], self._groups

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _alternatives(self) -> _Program:
        program = self._sequence()
        while self._next() == "|":
            self._at += 1
            other = self._sequence()
            program = [_Step("split", first=1, second=len(program) + 2), *program,
                       _Step("split", first=len(other) + 1, second=len(other) + 1), *other]  # fmt: skip
            self._check(program)
        return program

    def _sequence(self) -> _Program:
        program: _Program = []
        start = self._at
        while self._next() not in ("", "|") and not (self._next() == ")" and self._depth):
            program += self._repeated()
            self._check(program)
        if self._at == start:
            raise BadPatternError
        return program

    def _repeated(self) -> _Program:
        sign = self._next()
        atom = self._atom()
        least, most = self._counts()
        if (least, most) == (1, 1):
            return atom
        if sign == "^" or self._counts() != (1, 1):
            raise BadPatternError  # an anchor or a repetition is repeated
        if len(atom) * max(least, most or 1) > MAX_PROGRAM:
            raise TooHardError
        size = len(atom)
        if most is None:
            loop = [_Step("split", first=1, second=size + 2), *atom, _Step("split", first=-size - 1, second=-size - 1)]
            return atom * least + loop
        program: _Program = []
        for _ in range(most - least):
            program = [_Step("split", first=1, second=size + len(program) + 1), *atom, *program]
        return atom * least + program

    def _counts(self) -> tuple[int, int | None]:
        sign = self._next()
        if sign in ("*", "+", "?") and sign:
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if sign != "{" or not self._pattern[self._at + 1 : self._at + 2].isdigit():
            return 1, 1
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at + 1 : end].partition(",")
        self._at = end + 1
        if end < 0 or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in (low, high or "0")):
            raise BadPatternError
        least = int(low)
        most = (int(high) if high else None) if comma else least
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise BadPatternError
        return least, most

    def _atom(self) -> _Program:
        sign = self._next()
        self._at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return [_Step("take", self._bracket())]
        if sign == ".":
            return [_Step("take", Characters(True, ""))]
        if sign in "^$":
            return [_Step("begin" if sign == "^" else "end")]
        if sign in "*+?" or (sign == "{" and self._next().isdigit()):
            raise BadPatternError
        if sign == "\\":
            sign = self._next()
            self._at += 1
            if not sign:
                raise BadPatternError
        return [_Step("take", Characters(False, sign))]

    def _group(self) -> _Program:
        self._groups += 1
        number = self._groups
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooHardError
        body = [] if self._next() == ")" else self._alternatives()
        if self._next() != ")":
            raise BadPatternError
        self._depth -= 1
        self._at += 1
        return [_Step("save", first=2 * number), *body, _Step("save", first=2 * number + 1)]

    def _bracket(self) -> Characters:
        opposite = self._next() == "^"
        self._at += opposite
        single, ranges, classes = "", [], []
        is_first = True
        while (sign := self._next()) != "]" or is_first:
            is_first = False
            if not sign:
                raise BadPatternError
            if self._pattern.startswith("[:", self._at):
                end = self._pattern.find(":]", self._at)
                name = self._pattern[self._at + 2 : end]
                if end < 0 or name not in _CLASSES:
                    raise BadPatternError
                classes.append(name)
                self._at = end + 2
                continue
            low = self._character()
            if self._next() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._character()
                if high < low:
                    raise BadPatternError
                ranges.append((low, high))
            else:
                single += low
        self._at += 1
        return Characters(opposite, single, tuple(ranges), tuple(classes))

    def _character(self) -> str:
        """One character of a bracket expression, ``[.x.]`` and ``[=x=]`` among them."""
        for sign in ".=":
            if self._pattern.startswith(f"[{sign}", self._at):
                if self._pattern[self._at + 3 : self._at + 5] != f"{sign}]":
                    raise BadPatternError
                self._at += 5
                return self._pattern[self._at - 3]
        self._at += 1
        return self._pattern[self._at - 1]

    def _check(self, program: _Program) -> None:
        if len(program) > MAX_PROGRAM:
            raise TooHardError


_Saved = tuple[int, ...]


def _run(program: _Program, text: str, places: int) -> _Saved | None:
    best: _Saved | None = None
    threads: dict[int, _Saved] = {}
    for at in range(len(text) + 1):
        if best is None:
            _follow(program, 0, (-1,) * places, at, len(text), threads)
        if not threads and best is not None:
            break
        further: dict[int, _Saved] = {}
        for place, saved in threads.items():
            step = program[place]
            if step.kind == "match":
                if best is None or (saved[0], -saved[1]) < (best[0], -best[1]):
                    best = saved
            elif at < len(text) and step.characters is not None and step.characters.takes(text[at]):
                _follow(program, place + 1, saved, at + 1, len(text), further)
        if best is not None:
            further = {place: saved for place, saved in further.items() if saved[0] <= best[0]}
        threads = further
    return best


def _follow(program: _Program, place: int, saved: _Saved, at: int, end: int, threads: dict[int, _Saved]) -> None:
    """Adds every place that a thread reaches without taking a character; the first to come somewhere stays there."""
    waiting = [(place, saved)]
    seen: set[int] = set()
    while waiting:
        place, saved = waiting.pop()
        if place in seen or place in threads:
            continue
        seen.add(place)
        step = program[place]
        if step.kind == "split":
            waiting.append((place + step.second, saved))
            waiting.append((place + step.first, saved))
        elif step.kind == "save":
            waiting.append((place + 1, (*saved[: step.first], at, *saved[step.first + 1 :])))
        elif step.kind in ("begin", "end"):
            if at == (0 if step.kind == "begin" else end):
                waiting.append((place + 1, saved))
        else:
            threads[place] = saved
