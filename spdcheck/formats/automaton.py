"""A grammar as an automaton: the LALR(1) tables that Lark computes, run on tokens that a format's own lexer makes.

Lark reads the grammar and analyses it, which takes as long as all the rest of a check. The outcome is a few thousand
small numbers, so they are kept (:mod:`spdcheck.formats.kept`) and Lark itself is needed only after a grammar changed.
Trees are shaped as Lark shapes them: ``?rule`` vanishes around a single part, ``_rule`` melts into its parent, tokens
of no interest are left out, and with placeholders an absent ``[part]`` leaves None.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lark import Lark
    from lark.grammar import Rule

END = "$END"
"""The terminal behind the last token."""


class Terminal(NamedTuple):
    """A terminal of a grammar: its regular expression, and whether that is one escaped text or a pattern."""

    name: str
    regexp: str
    is_text: bool
    priority: int

    @property
    def text(self) -> str:
        """The one text that the expression stands for, where it does."""
        return re.sub(r"\\(.)", r"\1", self.regexp) if self.is_text else ""


class Slot(NamedTuple):
    """A token of a statement: the name of its terminal, and its position among the statement's tokens."""

    name: str
    at: int


class Unexpected(NamedTuple):
    """A sequence of tokens that is not in the language.

    ``at`` is the position of the first token that can't stand where it stands (the number of tokens, if it is the end
    that comes too early); ``found`` is its terminal, ``""`` for the end and for a character that is no token at all.
    ``expected`` are the names of the terminals that could stand there, in the grammar's order, the end last.
    """

    at: int
    found: str
    expected: tuple[str, ...]


class Reduction(NamedTuple):
    """One production: what it is called, how many symbols it takes, and what becomes of them.

    ``parts`` are ``(symbol, melts, absent)``: which symbol is kept, whether its own parts take its place, and how many
    None come before it; ``absent`` of the whole are the None at the end. ``melts`` says that the node itself will.
    """

    origin: str
    name: str
    size: int
    parts: tuple[tuple[int, bool, int], ...]
    absent: int
    vanishes: bool
    melts: bool


class Automaton:
    """The tables of one grammar.

    ``actions[state]`` tells for each terminal the state to go to, or ``-1 - n`` for reduction ``n``; ``gotos[state]``
    the state behind each rule. ``starts`` gives the first and the last state of each start rule.
    """

    __slots__ = ("_order", "actions", "gotos", "ignored", "reductions", "starts", "terminals")

    def __init__(
        self,
        terminals: Iterable[tuple[str, str, bool, int]],
        ignored: Iterable[str],
        reductions: Iterable[tuple[Any, ...]],
        actions: list[dict[str, int]],
        gotos: list[dict[str, int]],
        starts: dict[str, tuple[int, int]],
    ) -> None:
        self.terminals = tuple([Terminal(*terminal) for terminal in terminals])
        self.ignored = frozenset(ignored)
        self.reductions = tuple([Reduction(*reduction) for reduction in reductions])
        self.actions = actions
        self.gotos = gotos
        self.starts = starts
        self._order = {terminal.name: place for place, terminal in enumerate(self.terminals)}

    @classmethod
    def of(cls, lark: Lark) -> Automaton:
        """The tables that Lark has computed."""
        from lark.parsers.lalr_analysis import Shift

        places = {rule: place for place, rule in enumerate(lark.rules)}
        starts = {}
        for start in lark.options.start:
            conf = lark.parse_interactive(start=start).parser_state.parse_conf
            starts[start] = (conf.start_state, conf.end_state)
        actions, gotos = [], []
        for number in range(len(conf.states)):
            entries = {
                name: target if action is Shift else -1 - places[target]
                for name, (action, target) in conf.states[number].items()
            }
            actions.append({name: entry for name, entry in entries.items() if name.isupper()})
            gotos.append({name: entry for name, entry in entries.items() if not name.isupper()})
        return cls(
            [(t.name, t.pattern.to_regexp(), t.pattern.type == "str", t.priority) for t in lark.terminals],
            lark.ignore_tokens,
            [_reduction(rule, placeholders=lark.options.maybe_placeholders) for rule in lark.rules],
            actions,
            gotos,
            starts,
        )

    def tables(self) -> tuple[Any, ...]:
        """The same in plain tuples, lists and dictionaries: the constructor's arguments."""
        return (
            tuple(map(tuple, self.terminals)),
            tuple(self.ignored),
            tuple(map(tuple, self.reductions)),
            self.actions,
            self.gotos,
            self.starts,
        )

    def session(self, build: Callable[[str, list[Any]], Any], start: str = "") -> Session:
        """A derivation to be fed with tokens; ``build`` makes a node of a rule's name and its parts."""
        return Session(self, build, *self.starts[start or next(iter(self.starts))])

    def derive(self, names: Iterable[str], build: Callable[[str, list[Any]], Any]) -> Any:
        """What ``build`` makes of the tokens with these terminals, each a :class:`Slot`; or an :class:`Unexpected`."""
        session = self.session(build)
        count = 0
        for count, name in enumerate(names, 1):
            if not session.take(name, Slot(name, count - 1)):
                return Unexpected(count - 1, name, self.in_order(session.accepted()))
        if not session.finish():
            return Unexpected(count, "", self.in_order(session.accepted()))
        return session.result

    def in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        """Terminals in the order of the grammar, the end last."""
        return tuple(sorted(names, key=lambda name: (self._order.get(name, len(self._order)), name)))


class Session:
    """A derivation under way. A token that does not fit changes nothing, so that what would fit can be asked."""

    __slots__ = ("_automaton", "_build", "_last", "_states", "_values", "result")

    def __init__(self, automaton: Automaton, build: Callable[[str, list[Any]], Any], first: int, last: int) -> None:
        self._automaton = automaton
        self._build = build
        self._states = [first]
        self._values: list[Any] = []
        self._last = last
        self.result: Any = None

    def take(self, name: str, value: object) -> bool:
        """The next token fits and was taken; ``value`` is what stands for it among the parts of a node."""
        actions = self._automaton.actions
        states, values = self._states, self._values
        action = actions[states[-1]].get(name)
        if action is not None and action < 0:
            states, values = states.copy(), values.copy()
            while action is not None and action < 0:
                self._reduce(states, values, -1 - action)
                action = actions[states[-1]].get(name)
        if action is None:
            return False
        states.append(action)
        values.append(value)
        self._states, self._values = states, values
        return True

    def finish(self) -> bool:
        """The tokens so far are a whole; ``result`` is what was built."""
        states, values = self._states.copy(), self._values.copy()
        while states[-1] != self._last:
            action = self._automaton.actions[states[-1]].get(END)
            if action is None:
                return False
            self._reduce(states, values, -1 - action)
        self.result = values[-1]
        return True

    def accepted(self) -> frozenset[str]:
        """The terminals that could be taken next, :data:`END` among them."""
        return frozenset(name for name in self._automaton.actions[self._states[-1]] if self._fits(name))

    def _fits(self, name: str) -> bool:
        automaton = self._automaton
        states = self._states.copy()
        while (action := automaton.actions[states[-1]].get(name)) is not None and action < 0:
            reduction = automaton.reductions[-1 - action]
            del states[len(states) - reduction.size :]
            states.append(automaton.gotos[states[-1]][reduction.origin])
            if states[-1] == self._last and name == END:
                return True
        return action is not None

    def _reduce(self, states: list[int], values: list[Any], number: int) -> None:
        origin, name, size, kept, absent, vanishes, melts = self._automaton.reductions[number]
        symbols = values[len(values) - size :]
        del states[len(states) - size :], values[len(values) - size :]
        states.append(self._automaton.gotos[states[-1]][origin])
        parts: list[Any] = []
        for at, melting, none in kept:
            parts += [None] * none
            if melting:
                parts += symbols[at]
            else:
                parts.append(symbols[at])
        parts += [None] * absent
        if melts:
            values.append(parts)
        else:
            values.append(parts[0] if vanishes and len(parts) == 1 else self._build(name, parts))


def _reduction(rule: Rule, *, placeholders: bool) -> tuple[Any, ...]:
    """What Lark's tree builder does at this rule (lark.parse_tree_builder), as plain values."""
    options = rule.options
    # One True for each absent optional symbol, one False for each symbol that is there: `1101` has two and one absent.
    marks = "".join("01"[mark] for mark in options.empty_indices) if placeholders and options.empty_indices else ""
    absent = [len(run) for run in marks.split("0")] if marks else [0] * (len(rule.expansion) + 1)
    parts = []
    waiting = 0
    for at, symbol in enumerate(rule.expansion):
        waiting += absent[at]
        if options.keep_all_tokens or not (symbol.is_term and symbol.filter_out):  # type: ignore[attr-defined]
            parts.append((at, not symbol.is_term and symbol.name.startswith("_"), waiting))
            waiting = 0
    origin = str(rule.origin.name)
    return (
        origin,
        str(rule.alias or options.template_source or origin),
        len(rule.expansion),
        tuple(parts),
        waiting + absent[-1],
        bool(options.expand1 and not rule.alias),
        origin.startswith("_"),
    )
