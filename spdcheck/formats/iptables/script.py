"""A whole file: tables from ``*name`` to COMMIT, and what iptables-restore would refuse.

iptables-restore reads line by line; a table takes effect at its COMMIT as a whole, so that an error loses the table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.iptables.language import LineReader
from spdcheck.formats.iptables.modules import MATCHES, TARGETS
from spdcheck.formats.iptables.rules import Refused, RuleReader
from spdcheck.formats.iptables.syntax import Chain as ChainLine
from spdcheck.formats.iptables.syntax import ChainCommand, Commit, Rule
from spdcheck.formats.iptables.syntax import Table as TableLine
from spdcheck.formats.shapes import Unexpected, expectation
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.netfilter import Chain, NetfilterRuleset, Table
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shapes import Slot
    from spdcheck.model.netfilter import NetfilterRule

BUILT_IN = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
    "rawpost": ("POSTROUTING",),
}
"""The built-in chains of each table."""

_WORDS = {
    "TABLE": "`*table`", "CHAIN": "`:CHAIN`", "COMMIT": "`COMMIT`", "VERB": "`-A`", "CHAIN_VERB": "`-N`", "NOT": "`!`",
    "WORD": "a word", "QUOTED": "a word", "COUNTERS": "counters", "FLAG": "an option", "VALUED": "an option",
    "PAIRED": "an option", "OPTION": "an option",
}  # fmt: skip
_VERBS = {"--append": "-A", "--insert": "-I", "--delete": "-D", "--replace": "-R", "--check": "-C", "--new": "-N",
          "--new-chain": "-N", "--delete-chain": "-X", "--policy": "-P", "--flush": "-F", "--zero": "-Z",
          "--rename-chain": "-E", "--list": "-L", "--list-rules": "-S"}  # fmt: skip
_LINE = re.compile(r"[^\n]*")


class _ChainDraft:
    def __init__(self, name: str, policy: str, origin: Span) -> None:
        self.name, self.policy, self.origin = name, policy, origin
        self.rules: list[NetfilterRule] = []


class _TableDraft:
    def __init__(self, name: str, origin: Span) -> None:
        self.name, self.origin, self.broken = name, origin, False
        self.chains = {chain: _ChainDraft(chain, "ACCEPT", origin) for chain in BUILT_IN.get(name, ())}


class Script:
    """Runs through the lines of a file. ``found`` collects the tables that COMMIT has loaded."""

    def __init__(self, reading: Reading, family: int) -> None:
        self.reading, self.family, self.file = reading, family, reading.file
        self.rules = RuleReader(reading.file, family)
        self.table: _TableDraft | None = None
        self.found: dict[str, Table] = {}

    def run(self) -> None:
        """Reads every line and records the ruleset."""
        text, end = self.file.text, len(self.file.text)
        position = 0
        read = LineReader().read
        while position < end:
            stop = text.find("\n", position)
            stop = end if stop < 0 else stop
            start = position
            while start < stop and text[start] in " \t\r":
                start += 1
            last = stop
            while last > start and text[last - 1] in " \t\r":
                last -= 1
            position = stop + 1
            if start == last or text[start] == "#":
                continue
            self.reading.statements += 1
            syntax, tokens = read(text, start, last)
            if isinstance(syntax, Unexpected):
                self._refused(_unexpected(syntax, tokens, Span(self.file, start, last)))
                continue
            try:
                self._line(syntax, tokens, start, last)
            except Refused as refused:
                self._refused(refused)
        if self.table is not None:
            origin = self.table.origin
            message = f"the table {self.table.name} has no COMMIT: nothing of it is loaded"
            self.reading.say("CFG001", origin, message, mend="write COMMIT behind its last rule")
            self.reading.gap(origin, f"{origin.where} is never committed", _parts(self.table.name))
        ruleset = NetfilterRuleset(origin=self.file.span(), family=self.family, tables=tuple(self.found.values()))
        self.reading.facts.packet_filters.append(ruleset)

    def _refused(self, refused: Refused) -> None:
        part = _parts(self.table.name) if self.table is not None else (Part.FILTER, Part.NAT)
        self.reading.unreadable(refused.span, refused.message, part=part, mend=refused.mend)
        if self.table is not None:
            self.table.broken = True

    def _line(self, syntax: object, tokens: Tokens, start: int, end: int) -> None:
        span = Span(self.file, start, end)
        table = self.table
        if isinstance(syntax, Rule) and table is not None:
            self._rule(table, syntax, tokens, span)
            return
        if isinstance(syntax, TableLine):
            self._open(tokens.texts[0][1:], span)
            return
        if table is None:
            if isinstance(syntax, Commit):
                raise Refused(span, "COMMIT without a table: `*filter` or another must stand before it")
            raise Refused(span, "no table: a line `*filter`, `*nat` … must stand before it")
        if isinstance(syntax, Commit):
            self._commit(table)
        elif isinstance(syntax, ChainLine):
            self._chain(table, tokens.texts[0][1:], syntax.policy, tokens, span)
        elif isinstance(syntax, ChainCommand):
            self._command(table, syntax, tokens, span)

    def _open(self, name: str, span: Span) -> None:
        if self.table is not None:
            raise Refused(span, f"`*{name}` before the COMMIT of the table {self.table.name}")
        self.table = _TableDraft(name, span)
        if name not in BUILT_IN:
            self._refused(Refused(span, f"there is no table `{name}`", "tables are raw, mangle, nat, filter, security"))

    def _commit(self, table: _TableDraft) -> None:
        self._undefined(table)
        if table.name in BUILT_IN:
            if table.name in self.found:
                earlier = self.found[table.name].origin
                message = f"the table {table.name} is loaded twice: this one replaces the first"
                note = Note(earlier, "the first time")
                self.reading.say("CFG004", table.origin, message, notes=(note,), warning=True)
            chains = tuple(Chain(c.name, c.policy, tuple(c.rules), c.origin) for c in table.chains.values())
            self.found[table.name] = Table(table.name, chains, table.origin)
        self.table = None

    def _undefined(self, table: _TableDraft) -> None:
        """Targets that are neither a chain of the table nor an extension."""
        for chain in table.chains.values():
            for rule in chain.rules:
                target = rule.target
                if target is None or target.name in table.chains or (target.name in TARGETS and not target.goto):
                    continue
                message = f"no chain of the table {table.name} and no target that we know is called `{target.name}`"
                self.reading.say("CFG003", target.origin, message, mend=f"declare it: `:{target.name} - [0:0]`")
                self.reading.gap(target.origin, f"{target.origin.where} names no chain", _parts(table.name))

    def _chain(self, table: _TableDraft, name: str, policy: Slot, tokens: Tokens, span: Span) -> None:
        word = tokens.texts[policy.at]
        if name in BUILT_IN.get(table.name, ()):
            if word not in ("ACCEPT", "DROP", "-"):
                raise Refused(span, f"bad policy `{word}`: a built-in chain has ACCEPT or DROP")
            draft = table.chains[name]
            draft.origin = span
            draft.policy = draft.policy if word == "-" else word
            return
        if word != "-":
            raise Refused(span, f"`{name}` is no built-in chain of {table.name}, so that its policy must be `-`")
        if len(name) > 28:
            raise Refused(span, f"chain name `{name}` is longer than 28 characters")
        # A chain that is there already is emptied.
        table.chains[name] = _ChainDraft(name, "", span)

    def _named(self, table: _TableDraft, slot: Slot, tokens: Tokens) -> _ChainDraft:
        name = tokens.texts[slot.at]
        if name not in table.chains:
            where = Span(self.file, tokens.start(slot.at), tokens.end(slot.at))
            raise Refused(where, f"there is no chain `{name}` in the table {table.name}",
                          f"declare it: `:{name} - [0:0]`")  # fmt: skip
        return table.chains[name]

    def _rule(self, table: _TableDraft, syntax: Rule, tokens: Tokens, span: Span) -> None:
        verb = tokens.texts[syntax.verb.at]
        verb = _VERBS.get(verb, verb)
        chain = self._named(table, syntax.chain, tokens)
        number = None
        if syntax.number is not None:
            text = tokens.texts[syntax.number.at]
            if verb not in ("-I", "-D", "-R") or not text.isdigit() or text == "0":
                where = Span(self.file, tokens.start(syntax.number.at), tokens.end(syntax.number.at))
                raise Refused(where, f"bad argument `{text}`")
            number = int(text)
        if verb == "-D" and number is not None:
            self.rules.parts(syntax.parts, tokens)
            self._within(chain, number, len(chain.rules), span)
            del chain.rules[number - 1]
            return
        rule = self.rules.rule(syntax, tokens, span.start, span.end, chain.name)
        if rule is None:
            self.reading.inert += 1
            return
        if verb == "-A":
            chain.rules.append(rule)
        elif verb == "-I":
            self._within(chain, number or 1, len(chain.rules) + 1, span)
            chain.rules.insert((number or 1) - 1, rule)
        elif verb == "-R":
            if number is None:
                raise Refused(span, "-R needs the number of a rule")
            self._within(chain, number, len(chain.rules), span)
            chain.rules[number - 1] = rule
        else:
            said = _words(rule)
            at = next((n for n, other in enumerate(chain.rules) if _words(other) == said), None)
            if at is None:
                raise Refused(span, f"the chain {chain.name} has no such rule")
            if verb == "-D":
                del chain.rules[at]
            return
        self._strange(rule)

    def _within(self, chain: _ChainDraft, number: int, most: int, span: Span) -> None:
        if number > most:
            raise Refused(span, f"index {number} is too big: the chain {chain.name} has {len(chain.rules)} rules")

    def _strange(self, rule: NetfilterRule) -> None:
        """Says which matches we do not know; the rule keeps them, and nobody can tell whether it matches."""
        for match in rule.matches:
            if match.module and match.module not in MATCHES:
                self.reading.unmodelled += 1
                message = f"the match `{match.module}` is not modelled: whether the rule matches is unknown"
                self.reading.say("CFG002", match.origin, message, warning=True)

    def _command(self, table: _TableDraft, syntax: ChainCommand, tokens: Tokens, span: Span) -> None:
        self.rules.parts(syntax.parts, tokens)
        verb = tokens.texts[syntax.verb.at]
        verb = _VERBS.get(verb, verb)
        names = syntax.values
        if verb in ("-Z", "-L", "-S"):
            self.reading.inert += 1
            return
        wanted = {"-N": (1, 1), "-X": (0, 1), "-F": (0, 1), "-P": (2, 2), "-E": (2, 2)}[verb]
        if not wanted[0] <= len(names) <= wanted[1]:
            raise Refused(span, f"`{verb}` takes {wanted[1]} {'word' if wanted[1] == 1 else 'words'}")
        if verb == "-N":
            name = tokens.texts[names[0].at]
            if name in table.chains:
                raise Refused(span, f"the chain `{name}` exists already")
            table.chains[name] = _ChainDraft(name, "", span)
        elif verb == "-P":
            chain = self._named(table, names[0], tokens)
            policy = tokens.texts[names[1].at]
            if chain.name not in BUILT_IN.get(table.name, ()) or policy not in ("ACCEPT", "DROP"):
                raise Refused(span, f"bad policy `{policy}` for the chain {chain.name}")
            chain.policy, chain.origin = policy, span
        elif verb == "-F":
            for chain in [self._named(table, names[0], tokens)] if names else table.chains.values():
                chain.rules.clear()
        elif verb == "-X":
            self._delete(table, names, tokens, span)
        else:
            chain = self._named(table, names[0], tokens)
            new = tokens.texts[names[1].at]
            if chain.policy or new in table.chains:
                raise Refused(span, f"the chain `{chain.name}` can't be renamed to `{new}`")
            table.chains = {new if name == chain.name else name: draft for name, draft in table.chains.items()}
            chain.name = new

    def _delete(self, table: _TableDraft, names: tuple[Slot, ...], tokens: Tokens, span: Span) -> None:
        own = BUILT_IN.get(table.name, ())
        others = [chain for chain in table.chains.values() if chain.name not in own]
        doomed = [self._named(table, names[0], tokens)] if names else others
        used = {r.target.name for c in table.chains.values() for r in c.rules if r.target is not None}
        for chain in doomed:
            if chain.name in own or chain.rules or chain.name in used:
                raise Refused(span, f"the chain `{chain.name}` is built in, not empty, or still used")
            del table.chains[chain.name]


def _words(rule: NetfilterRule) -> tuple[object, ...]:
    """Everything that a rule says, without its places."""
    matches = tuple((m.module, tuple(o[:3] for o in m.options)) for m in rule.matches)
    target = rule.target
    said = None if target is None else (target.name, target.goto, tuple(o[:3] for o in target.options))
    return matches, said


def _parts(table: str) -> tuple[Part, ...]:
    """What is not known if a table is not: its filter, or its translation."""
    return (Part.NAT,) if table == "nat" else (Part.FILTER,)


def _unexpected(unexpected: Unexpected, tokens: Tokens, span: Span) -> Refused:
    expected = expectation(dict.fromkeys(_WORDS.get(name, name) for name in unexpected.expected), {
        phrase: phrase for phrase in _WORDS.values()})  # fmt: skip
    at, texts = unexpected.at, tokens.texts
    if at >= len(texts):
        return Refused(span, f"the line ends too early, {expected}")
    where = Span(span.file, tokens.start(at), tokens.end(at))
    if texts[at] == '"':
        return Refused(where, "found a quote that nothing closes", 'write the closing `"`')
    return Refused(where, f"found `{texts[at][:40]}`, {expected}")
