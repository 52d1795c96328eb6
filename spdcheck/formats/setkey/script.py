"""A setkey script from its first statement to its last, as setkey runs it.

setkey sends each statement to the kernel as soon as it has read it. It stops at the first statement that it can't read,
with everything before it in force and nothing behind it; what the *kernel* refuses does not stop it. We go on after a
bad statement all the same, so that the rest of the file is checked too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spdcheck.formats.setkey.associations import Associations, protocol_word
from spdcheck.formats.setkey.databases import AssociationDatabase, PolicyDatabase
from spdcheck.formats.setkey.dialect import DEFAULT_PRIORITY
from spdcheck.formats.setkey.hints import COMMANDS, explain
from spdcheck.formats.setkey.language import parser
from spdcheck.formats.setkey.policies import Policies
from spdcheck.formats.setkey.problems import NotLoaded, NotModelled, Problem, Refused, Undefined
from spdcheck.formats.setkey.selectors import Selectors, options_of
from spdcheck.formats.setkey.statement import Statement
from spdcheck.formats.setkey.syntax import Add, Deleteall, Exit, SaCommand, SadCommand, SpdCommand, SpdEntry, SpdTagged
from spdcheck.formats.shapes import Unexpected
from spdcheck.formats.statements import end_of_statement, skip_blanks
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Direction, Level, SecurityPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.base import Reading
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.formats.setkey.policies import PolicyValue
    from spdcheck.formats.setkey.secrets import Keys
    from spdcheck.formats.setkey.selectors import Index
    from spdcheck.formats.setkey.syntax import Command
    from spdcheck.formats.shapes import Slot

MAX_UNREADABLE = 100
"""After so many statements that can't be read the file is given up: it is no setkey script."""

IMPLIED_FORWARD = "setkey adds a fwd policy for every in policy on Linux"

_BOTH = (Part.SPD, Part.SAD)
_SAD_WORDS = frozenset({"add", "delete", "deleteall", "get", "getspi", "flush", "dump"})
_NOT_CODE = re.compile(r'\#[^\n]*|"[^"\n]*"|\r')


class Script:
    """Runs one file and fills the facts of its reading."""

    def __init__(self, reading: Reading, dialect: Dialect, keys: Keys) -> None:
        self._reading = reading
        self._dialect = dialect
        self._file = reading.file
        self._text = reading.file.text
        self._starts: list[int] = []
        self._selectors = Selectors(dialect)
        self._policies = Policies(dialect)
        self._associations = Associations(dialect, keys)
        self._spd = PolicyDatabase(dialect.platform)
        self._sad = AssociationDatabase()
        self._missing: dict[Command, tuple[Slot, str] | None] = {}
        self._left = False
        self._stopped: int | None = None
        ranked = dialect.priorities or (dialect.unknown and re.search(r"\bprio(?:rity)?\b", self._text) is not None)
        self._default_priority = DEFAULT_PRIORITY if ranked else 0
        self._run: dict[type[Any], tuple[Part, Callable[[Any, Statement], None]]] = {
            SpdEntry: (Part.SPD, self._spd_entry),
            SpdTagged: (Part.SPD, self._spd_tagged),
            SpdCommand: (Part.SPD, self._spd_command),
            Add: (Part.SAD, self._add),
            SaCommand: (Part.SAD, self._sa_command),
            Deleteall: (Part.SAD, self._deleteall),
            SadCommand: (Part.SAD, self._sad_command),
            Exit: (Part.SPD, self._exit),
        }

    def run(self) -> None:
        """Reads the whole file."""
        reading = self._reading
        if "\0" in self._text:
            at = self._text.index("\0")
            span = self._file.span(at, at + 1)
            reading.unreadable(span, "found a NUL byte, expected text", part=_BOTH, mend="this is no setkey script")
        else:
            self._carriage_returns()
            self._statements()
        reading.facts.policies.extend(self._spd)
        reading.facts.associations.extend(self._sad)
        reading.statements = max(len(self._starts), reading.unparsed)
        self._tell_where_setkey_stops()

    # Text to statements

    def _carriage_returns(self) -> None:
        """setkey's lexer stops at a carriage return outside a comment; said once, then they are taken for blanks."""
        if "\r" not in self._text:
            return
        for match in _NOT_CODE.finditer(self._text):
            if match[0] == "\r":
                self._stopped = match.start()
                self._reading.unreadable(
                    self._file.span(match.start(), match.end()),
                    "found a carriage return, expected the line to end without one",
                    part=_BOTH,
                    mend="convert the file (dos2unix); the rest is read as if that were done",
                )
                break
        self._text = self._text.replace("\r", " ")

    def _statements(self) -> None:
        text, shapes = self._text, parser()
        length, end, reach = len(text), 0, 0
        while not self._left and self._reading.unparsed <= MAX_UNREADABLE:
            frequent = shapes.quick(text, end)
            if frequent is not None:
                syntax, tokens, end = frequent
                start = tokens.start(0)
            else:
                start = skip_blanks(text, end)
                if start >= length:
                    return
                # Behind a mistake the next statement may begin before the `;` that was found already.
                if start >= reach:
                    reach = end_of_statement(text, start) or length
                end = reach
                syntax, tokens = shapes.read(text, start, end)
            self._starts.append(start)
            if isinstance(syntax, Unexpected):
                end = self._unreadable(syntax, tokens, end)
            else:
                self._command(syntax, Statement(self._file, tokens, start, end))
        self._ignore(skip_blanks(text, end))

    def _unreadable(self, unexpected: Unexpected, tokens: Tokens, end: int) -> int:
        """Reports a statement that is not in the language; returns where the next one starts."""
        why = explain(unexpected, tokens, self._dialect.lacks)
        word = tokens.texts[0]
        part: tuple[Part, ...] = (Part.SPD,) if word.startswith("spd") else (Part.SAD,) if word in _SAD_WORDS else _BOTH
        self._reading.unreadable(self._file.span(why.start, why.end), why.message, part=part, mend=why.mend)
        for at in range(max(unexpected.at, 1), len(tokens.texts)):
            if tokens.texts[at] in COMMANDS:
                start = tokens.start(at)
                if not self._text[self._text.rfind("\n", 0, start) + 1 : start].strip(" \t"):
                    end = start
                    break
        self._stop(end)
        return end

    def _stop(self, offset: int) -> None:
        """setkey itself would go no further than this."""
        if self._stopped is None:
            self._stopped = offset

    def _ignore(self, start: int) -> None:
        """Says that the rest of the file is not looked at, if there is any."""
        if start >= len(self._text):
            return
        rest = self._file.span(start, len(self._text.rstrip()))
        if self._left:
            self._reading.say("CFG006", rest, "setkey has left the script before this: it is not loaded", warning=True)
        else:
            message = f"more than {MAX_UNREADABLE} statements can't be read: the rest of the file was not looked at"
            self._reading.unreadable(rest, message, part=_BOTH, mend="this may be no setkey script")

    def _tell_where_setkey_stops(self) -> None:
        behind = [] if self._stopped is None else self._starts[bisect_left(self._starts, self._stopped) :]
        if not behind:
            return
        more = len(behind) - 1
        others = " is" if not more else f" and the {more if more > 1 else 'one'} behind it are"
        span = self._file.span(behind[0], end_of_statement(self._text, behind[0]))
        note = Note(span, f"setkey stops at the error: this statement{others} not loaded")
        diagnostics = self._reading.facts.diagnostics
        first = next(number for number, diagnostic in enumerate(diagnostics) if diagnostic.code == "CFG001")
        diagnostics[first] = replace(diagnostics[first], notes=(*diagnostics[first].notes, note))

    # Statements to the model

    def _command(self, syntax: Command, statement: Statement) -> None:
        part, run = self._run[type(syntax)]
        try:
            missing = self._missing[syntax]
        except KeyError:
            missing = self._missing[syntax] = self._dialect.missing(syntax)
        try:
            if missing is not None:
                raise Refused(missing[0].at, f"found `{statement.texts[missing[0].at]}`: {missing[1]}")
            if statement.tokens.strays:
                self._strays(statement)
            run(syntax, statement)
        except Problem as problem:
            self._problem(problem, statement, part)
            return
        for accident in statement.accidents:
            place = statement.place(accident.at)
            self._reading.say("CFG010", place, accident.message, mend=accident.mend, warning=not accident.error)

    def _problem(self, problem: Problem, statement: Statement, part: Part) -> None:
        reading, place = self._reading, statement.place(problem.at)
        if isinstance(problem, Refused):
            self._stop(statement.end)
            reading.unreadable(place, problem.message, part=part, mend=problem.mend)
        elif isinstance(problem, NotModelled):
            reading.not_modelled(place, problem.message, part=part, mend=problem.mend)
        else:
            reading.unmodelled += 1
            code = "CFG003" if isinstance(problem, Undefined) else "CFG010"
            reading.say(code, place, problem.message, mend=problem.mend)
            reading.gap(statement.span, f"{statement.span.where} is not loaded as it stands", part)

    def _strays(self, statement: Statement) -> None:
        at = statement.tokens.strays[0]
        place, sign = self._file.span(at, at + 1), self._text[at]
        if sign != "%" and self._dialect.platform is Platform.FREEBSD:
            raise Refused(
                statement.tokens.before(at), f"found `{sign}` behind this, which no policy can have on FreeBSD"
            )
        self._reading.accident(place, f"libipsec skips this `{sign}` without a word", mend="take it away")

    def _spd_entry(self, entry: SpdEntry, statement: Statement) -> None:
        selector, index = self._selectors.read(entry, statement)
        if entry.command.name == "SPDDELETE":
            direction = self._policies.direction(entry.policy, statement)
            self._spd.delete(direction.value, index)
            if direction is Direction.IN and self._dialect.implied_forward:
                self._spd.delete("fwd", index)
            return
        value = self._policies.read(entry.policy, statement)
        if entry.context is not None:
            raise NotModelled(entry.context.option.at, "security contexts are not modelled")
        if self._dialect.one_family:
            for template in value.templates:
                if template.source is not None and template.source.family != selector.source.family:
                    message = "the tunnel's family is not the selector's: the kernel answers `Invalid argument`"
                    raise NotLoaded(entry.source.address.at, message)
        policy = SecurityPolicy(
            value.direction,
            selector,
            value.action,
            value.templates,
            statement.span,
            statement.between(entry.source.address.at, (entry.upper.detail or entry.upper.protocol).at),
            self._default_priority if value.priority is None else value.priority,
        )
        self._insert(policy, index, value, replacing=entry.command.name == "SPDUPDATE")

    def _insert(self, policy: SecurityPolicy, index: Index, value: PolicyValue, *, replacing: bool) -> None:
        """Adds a policy and, on Linux, its twin for forwarded packets."""
        twin = None
        if value.direction is Direction.IN and self._dialect.implied_forward:
            templates = value.templates
            if templates and templates[0].level is Level.UNIQUE:
                templates = (replace(templates[0], level=Level.REQUIRE, reqid=0), *templates[1:])
            twin = SecurityPolicy(
                Direction.FWD, policy.selector, policy.action, templates, policy.origin, policy.selector_origin,
                policy.priority, IMPLIED_FORWARD,
            )  # fmt: skip
        word = _WORDS[value.direction]
        if replacing:
            self._spd.replace(word, index, policy)
            if twin is not None:
                self._spd.replace("fwd", index, twin)
            return
        existing = self._spd.add(word, index, policy)
        if existing is not None and not (existing.implied and _alike(existing, policy)):
            self._twice(
                policy, existing, "this policy is in the SPD already: the kernel answers `File exists` and keeps it"
            )
        if twin is not None:
            forward = self._spd.add("fwd", index, twin)
            if forward is not None and existing is None and not _alike(forward, twin):
                self._twice(policy, forward, "the fwd policy that setkey adds for this one finds another, which stays")

    def _twice(self, policy: SecurityPolicy, existing: SecurityPolicy, message: str) -> None:
        self._reading.say(
            "CFG004",
            policy.selector_origin,
            message,
            mend="delete one of them" if _alike(policy, existing) else "`spdupdate` replaces a policy, where it exists",
            notes=(Note(existing.selector_origin, "the first one"),),
            warning=_alike(policy, existing),
        )

    def _spd_tagged(self, entry: SpdTagged, statement: Statement) -> None:
        self._policies.read(entry.policy, statement)
        if self._dialect.platform is Platform.LINUX:
            message = "a policy without addresses: the kernel answers `Invalid argument`"
            raise NotLoaded(entry.tagged.at, message, "give the addresses")
        raise NotModelled(entry.tagged.at, "policies for tagged packets are not modelled")

    def _spd_command(self, command: SpdCommand, statement: Statement) -> None:
        if command.command.name == "SPDFLUSH":
            self._spd.clear()
            self._reading.facts.flushes["spd"] = statement.span
        else:
            self._reading.inert += 1

    def _add(self, node: Add, statement: Statement) -> None:
        self._sad.add(self._associations.read(node, statement))

    def _sa_command(self, node: SaCommand, statement: Statement) -> None:
        if node.command.name != "DELETE":
            self._reading.inert += 1
            return
        outer = self._associations.outer(node, statement)
        if not outer.protocol:
            raise NotLoaded(node.spi.at, "no protocol is given: the kernel answers `Invalid argument`")
        self._sad.delete(outer.destination, outer.protocol, outer.spi)

    def _deleteall(self, node: Deleteall, statement: Statement) -> None:
        asked = options_of(node.options, statement)
        source = self._associations.host(node.source, statement, asked)
        destination = self._associations.host(node.destination, statement, asked)
        protocol = protocol_word(node.protocol, statement)
        if not protocol:
            raise NotLoaded(node.destination.at, "no protocol is given: the kernel answers `Invalid argument`")
        self._sad.delete_all(source, destination, protocol)

    def _sad_command(self, command: SadCommand, statement: Statement) -> None:
        if command.command.name == "DUMP":
            self._reading.inert += 1
            return
        self._sad.flush(protocol_word(command.protocol, statement))
        if command.protocol is None:
            self._reading.facts.flushes["sad"] = statement.span

    def _exit(self, _command: Exit, _statement: Statement) -> None:
        self._reading.inert += 1
        self._left = True


_WORDS = {direction: direction.value for direction in Direction}


def _alike(a: SecurityPolicy, b: SecurityPolicy) -> bool:
    """The two do the same to a packet; whether an SA of its own is asked for makes no difference."""
    return (
        a.action is b.action
        and a.priority == b.priority
        and [(t.same_protection, t.level.is_optional) for t in a.templates]
        == [(t.same_protection, t.level.is_optional) for t in b.templates]
    )
