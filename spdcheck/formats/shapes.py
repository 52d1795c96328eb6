"""Parsing at the speed of a dictionary: statements of the same shape are parsed once.

The *shape* of a statement is the sequence of its token types: all ``spdadd NET/LEN NET/LEN any -P out ipsec
esp/tunnel/A-B/require;`` of a file have one shape, whatever the addresses. Configuration files of flat languages
(setkey, shorewall, iptables) hold thousands of statements in a handful of shapes. So a statement is cut into tokens
first (:mod:`spdcheck.formats.lexicon`), its shape is looked up, and the grammar's automaton
(:mod:`spdcheck.formats.automaton`) runs only for a shape not seen before.

What it derives is a tree of frozen values, one class for each rule of the grammar, in which a
:class:`Slot` stands for each token: "the second token, a STRING". The tree belongs to the shape and is shared by all
its statements; a statement is the tree together with its :class:`~spdcheck.formats.lexicon.Tokens`::

    entry, tokens = parser.read(text, start, end)     # SpdEntry(source=Range(address=Slot("STRING", 1), …), …)
    tokens.texts[entry.source.address.at]             # "10.0.0.0"

Nothing is guessed: a shape outside the language is refused with the position and with everything that could have
stood there, and that answer is remembered just the same. A shape that was met often gets a regular expression of its
own, which finds all its tokens at once (:meth:`ShapeParser.quick`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from spdcheck.formats.automaton import Slot as Slot
from spdcheck.formats.automaton import Unexpected as Unexpected
from spdcheck.formats.grammar import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spdcheck.formats.automaton import Automaton
    from spdcheck.formats.lexicon import Expression, Lexicon, Tokens

Syntax = TypeVar("Syntax")

MAX_SHAPES = 4096
"""So many shapes are remembered; a file with more of them is no configuration file, and starts the memory anew."""

MAX_SHAPE_LENGTH = 512
"""Longer statements are parsed each time."""

FREQUENT = 32
"""So often a shape must be met before an expression is compiled for it (which costs as much as fifty statements)."""

MAX_FREQUENT = 8
"""So many shapes can be frequent; more of them would cost more in trying than they save."""


class _Known(Generic[Syntax]):
    """A shape that was parsed, how often it was met, and which shape followed the last time."""

    __slots__ = ("expression", "follower", "syntax", "uses")

    def __init__(self, syntax: Syntax | Unexpected) -> None:
        self.syntax = syntax
        self.uses = 0
        self.expression: Expression | None = None
        self.follower: _Known[Syntax] | None = None


class ShapeParser(Generic[Syntax]):
    """Parses statements and remembers their shapes.

    ``nodes`` gives the constructor for each rule (and alias) of the grammar; it gets the rule's children in order: a
    :class:`Slot` for a token, None for an optional part (``[…]``) that is absent, otherwise what the rule of the child
    made. Shapes are shared by all files, so one parser serves a whole process.
    """

    def __init__(self, automaton: Automaton, lexicon: Lexicon, nodes: Mapping[str, Callable[..., Any]]) -> None:
        self._automaton = automaton
        self._lexicon = lexicon
        self._nodes = nodes
        self._shapes: dict[tuple[int, ...], _Known[Syntax]] = {}
        self._frequent: list[_Known[Syntax]] = []
        self._last: _Known[Syntax] = _Known(Unexpected(0, "", ()))

    def read(self, text: str, start: int, end: int) -> tuple[Syntax | Unexpected, Tokens]:
        """The syntax and the tokens of the statement ``text[start:end]``, or what is wrong with it."""
        kinds, tokens = self._lexicon.read(text, start, end)
        known = self._known(kinds)
        known.uses += 1
        if known.uses == FREQUENT and len(self._frequent) < MAX_FREQUENT and not isinstance(known.syntax, Unexpected):
            known.expression = self._lexicon.expression(kinds)
            self._frequent.append(known)
        return known.syntax, tokens

    def of(self, kinds: tuple[int, ...]) -> Syntax | Unexpected:
        """The syntax of a statement whose tokens somebody else has cut, by their kinds."""
        return self._known(kinds).syntax

    def _known(self, kinds: tuple[int, ...]) -> _Known[Syntax]:
        known = self._shapes.get(kinds)
        if known is None:
            known = _Known(self._ask(kinds))
            if len(kinds) <= MAX_SHAPE_LENGTH:
                if len(self._shapes) >= MAX_SHAPES:
                    self._shapes.clear()
                self._shapes[kinds] = known
        return known

    def quick(self, text: str, start: int) -> tuple[Syntax | Unexpected, Tokens, int] | None:
        """Syntax, tokens and end of the next statement, if its shape is a frequent one; otherwise None.

        The shape that followed the last one the last time is tried first: scripts repeat their patterns.
        """
        last = self._last
        first = last.follower
        if first is not None and first.expression is not None:
            found = first.expression.match(text, start)
            if found is not None:
                self._last = first
                return first.syntax, *found
        for known in self._frequent:
            if known is not first and known.expression is not None:
                found = known.expression.match(text, start)
                if found is not None:
                    self._last = last.follower = known
                    return known.syntax, *found
        return None

    def _ask(self, kinds: tuple[int, ...]) -> Syntax | Unexpected:
        names = self._lexicon.names
        syntax: Syntax | Unexpected = self._automaton.derive([names[kind] for kind in kinds], self._node)
        return syntax

    def _node(self, rule: str, parts: list[Any]) -> Any:
        return self._nodes[rule](*parts)


def nodes_of(classes: Iterable[type], lists: Iterable[str] = ()) -> dict[str, Callable[..., Any]]:
    """Constructors by rule: ``SpdEntry`` for the rule ``spd_entry``; the rules in ``lists`` become plain tuples."""
    nodes: dict[str, Callable[..., Any]] = {re.sub(r"(?<!^)(?=[A-Z])", "_", c.__name__).lower(): c for c in classes}
    for name in lists:
        nodes[name] = _listed
    return nodes


def _listed(*items: Any) -> tuple[Any, ...]:
    return items


def expectation(
    names: Iterable[str], words: Mapping[str, str], groups: Iterable[tuple[frozenset[str], str]] = ()
) -> str:
    """What would have been right, in words: ``expected `in`, `out` or `fwd```.

    ``words`` says what to call a terminal; the terminals of a group that are all possible go under one name.
    """
    left = list(names)
    listed: dict[str, None] = {}
    for members, name in groups:
        if members and members.issubset(left):
            listed[name] = None
            left = [other for other in left if other not in members]
    listed.update(dict.fromkeys(words.get(name, "the end") for name in left))
    return f"expected {in_words(listed)}"
