"""What the commands of a script do: each statement's syntax to policies, associations and what is said about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.setkey.associations import Associations, protocol_word
from spdcheck.formats.setkey.databases import AssociationDatabase, PolicyDatabase
from spdcheck.formats.setkey.dialect import DEFAULT_PRIORITY
from spdcheck.formats.setkey.policies import Policies
from spdcheck.formats.setkey.problems import NotLoaded, NotModelled, Problem, Refused, Undefined
from spdcheck.formats.setkey.selectors import Selectors, options_of
from spdcheck.formats.setkey.syntax import Add, Deleteall, Exit, SaCommand, SadCommand, SpdCommand, SpdEntry, SpdTagged
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Direction, Level, SecurityPolicy
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.base import Reading
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.formats.setkey.policies import PolicyValue
    from spdcheck.formats.setkey.secrets import Keys
    from spdcheck.formats.setkey.selectors import Index
    from spdcheck.formats.setkey.statement import Statement
    from spdcheck.formats.setkey.syntax import Command
    from spdcheck.formats.shapes import Slot

IMPLIED_FORWARD = "setkey adds a fwd policy for every in policy on Linux"

_DIRECTIONS = {direction: direction.value for direction in Direction}


class Commands:
    """Runs one script's commands, one after the other.

    ``spd`` and ``sad`` are the data bases as they are then; ``left`` says that the script has ended itself (``exit``).
    """

    def __init__(self, reading: Reading, dialect: Dialect, keys: Keys) -> None:
        self.spd = PolicyDatabase(dialect.platform)
        self.sad = AssociationDatabase()
        self.left = False
        self._reading = reading
        self._dialect = dialect
        self._selectors = Selectors(dialect)
        self._policies = Policies(dialect)
        self._associations = Associations(dialect, keys)
        self._missing: dict[Command, tuple[Slot, str] | None] = {}
        text = reading.file.text
        ranked = dialect.priorities or (dialect.unknown and re.search(r"\bprio(?:rity)?\b", text) is not None)
        self._default_priority = DEFAULT_PRIORITY if ranked else 0
        self._handlers: dict[type[Any], tuple[Part, Callable[[Any, Statement], None]]] = {
            SpdEntry: (Part.SPD, self._spd_entry),
            SpdTagged: (Part.SPD, self._spd_tagged),
            SpdCommand: (Part.SPD, self._spd_command),
            Add: (Part.SAD, self._add),
            SaCommand: (Part.SAD, self._sa_command),
            Deleteall: (Part.SAD, self._deleteall),
            SadCommand: (Part.SAD, self._sad_command),
            Exit: (Part.SPD, self._exit),
        }

    def take(self, keys: Keys) -> None:
        """The keys of the text that comes now, where a shell feeds setkey with several."""
        self._associations.keys = keys
        self.left = False

    def run(self, syntax: Command, statement: Statement) -> None:
        """Does what a statement says, and says what there is to say about it."""
        part, handler = self._handlers[type(syntax)]
        try:
            missing = self._missing[syntax]
        except KeyError:
            missing = self._missing[syntax] = self._dialect.missing(syntax)
        try:
            if missing is not None:
                raise Refused(missing[0].at, f"found `{statement.texts[missing[0].at]}`: {missing[1]}")
            if statement.tokens.strays:
                self._strays(statement)
            handler(syntax, statement)
        except Problem as problem:
            self._problem(problem, statement, part)
            return
        for accident in statement.accidents:
            place = statement.place(accident.at)
            self._reading.say("CFG010", place, accident.message, mend=accident.mend, warning=not accident.error)

    def _problem(self, problem: Problem, statement: Statement, part: Part) -> None:
        reading, place = self._reading, statement.place(problem.at)
        if isinstance(problem, Refused):
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
        place, sign = statement.file.span(at, at + 1), statement.file.text[at]
        if sign != "%" and self._dialect.platform is Platform.FREEBSD:
            raise Refused(
                statement.tokens.before(at), f"found `{sign}` behind this, which no policy can have on FreeBSD"
            )
        self._reading.accident(place, f"libipsec skips this `{sign}` without a word", mend="take it away")

    def _spd_entry(self, entry: SpdEntry, statement: Statement) -> None:
        selector, index = self._selectors.read(entry, statement)
        if entry.command.name == "SPDDELETE":
            direction = self._policies.direction(entry.policy, statement)
            self.spd.delete(direction.value, index)
            if direction is Direction.IN and self._dialect.implied_forward:
                self.spd.delete("fwd", index)
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
        word = _DIRECTIONS[value.direction]
        if replacing:
            self.spd.replace(word, index, policy)
            if twin is not None:
                self.spd.replace("fwd", index, twin)
            return
        existing = self.spd.add(word, index, policy)
        if existing is not None and not (existing.implied and _alike(existing, policy)):
            self._twice(
                policy, existing, "this policy is in the SPD already: the kernel answers `File exists` and keeps it"
            )
        if twin is not None:
            forward = self.spd.add("fwd", index, twin)
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
            self.spd.clear()
            self._reading.facts.flushes["spd"] = statement.span
        else:
            self._reading.inert += 1

    def _add(self, node: Add, statement: Statement) -> None:
        self.sad.add(self._associations.read(node, statement))

    def _sa_command(self, node: SaCommand, statement: Statement) -> None:
        if node.command.name != "DELETE":
            self._reading.inert += 1
            return
        outer = self._associations.outer(node, statement)
        if not outer.protocol:
            raise NotLoaded(node.spi.at, "no protocol is given: the kernel answers `Invalid argument`")
        self.sad.delete(outer.destination, outer.protocol, outer.spi)

    def _deleteall(self, node: Deleteall, statement: Statement) -> None:
        asked = options_of(node.options, statement)
        source = self._associations.host(node.source, statement, asked)
        destination = self._associations.host(node.destination, statement, asked)
        protocol = protocol_word(node.protocol, statement)
        if not protocol:
            raise NotLoaded(node.destination.at, "no protocol is given: the kernel answers `Invalid argument`")
        self.sad.delete_all(source, destination, protocol)

    def _sad_command(self, command: SadCommand, statement: Statement) -> None:
        if command.command.name == "DUMP":
            self._reading.inert += 1
            return
        self.sad.flush(protocol_word(command.protocol, statement))
        if command.protocol is None:
            self._reading.facts.flushes["sad"] = statement.span

    def _exit(self, _command: Exit, _statement: Statement) -> None:
        self._reading.inert += 1
        self.left = True


def _alike(a: SecurityPolicy, b: SecurityPolicy) -> bool:
    """The two do the same to a packet; whether an SA of its own is asked for makes no difference."""
    return (
        a.action is b.action
        and a.priority == b.priority
        and [(t.same_protection, t.level.is_optional) for t in a.templates]
        == [(t.same_protection, t.level.is_optional) for t in b.templates]
    )
