"""A whole pf.conf: statements in order, what they change for those behind them, and the ruleset that comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.alike import AlikeRules
from spdcheck.formats.pf.anchors import antispoof, load_anchor, read_anchor
from spdcheck.formats.pf.binat_rules import binat
from spdcheck.formats.pf.complaints import PARTS, Complaints
from spdcheck.formats.pf.filter_rules import filter_rule
from spdcheck.formats.pf.keywords import vocabulary
from spdcheck.formats.pf.lexer import Refused, statements
from spdcheck.formats.pf.parse import Node, parse, text
from spdcheck.formats.pf.queues import altq, check_queues, queue
from spdcheck.formats.pf.scopes import IN_ETHER_ANCHORS, IN_REFUSED, Scope
from spdcheck.formats.pf.scrub_rules import scrub_rule, translation_anchor
from spdcheck.formats.pf.settings import SETTINGS
from spdcheck.formats.pf.tables import table
from spdcheck.formats.pf.translation_rules import translation
from spdcheck.model.diagnostic import Part
from spdcheck.model.pf import PfRuleset, Setting
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spdcheck.formats.base import Context, Reading
    from spdcheck.formats.pf.dialect import Dialect
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.states import StateOptions
    from spdcheck.model.pf import (
        AnchorCall,
        PfRule,
        ScrubEntry,
        ScrubRule,
        Table,
        Translation,
        TranslationEntry,
    )
    from spdcheck.source import SourceFile

SECTIONS = ("option", "ether", "scrub", "queue", "nat", "filter")
OUT_OF_ORDER = "Rules must be in order: options, normalization, queueing, translation, filtering"
MAX_DEPTH = 16
"""Anchors and includes that lie deeper are not read."""


class Builder(Complaints):
    """What is known while a file is read, and what was collected so far."""

    def __init__(
        self,
        reading: Reading,
        context: Context,
        dialect: Dialect,
        *,
        path: str = "",
        defines: dict[str, str] | None = None,
    ) -> None:
        self.defines = defines or {}
        super().__init__(reading, dict(self.defines))
        self.context = context
        self.dialect = dialect
        self.path = path
        self.vocabulary = vocabulary(dialect.vocabulary)
        self.block_policy = "drop"
        self.if_bound = False
        self.state_defaults: StateOptions | None = None
        self.require_order = dialect.ordered
        self.section = 0
        self.reassemble = True
        self.skip: list[str] = []
        self.scopes = [Scope()]
        self.translations: dict[str, list[TranslationEntry]] = {"nat": [], "rdr": [], "binat": []}
        self.scrubs: list[ScrubEntry] = []
        self.tables: dict[str, Table] = {}
        self.settings: list[Setting] = []
        self.queues: list[Setting] = []
        self.queue_names: dict[str, str] = {}
        self.modern_queues: list[tuple[str, str, bool, bool, Statement]] = []
        self.loads: list[tuple[str, str, Statement]] = []
        self.included = reading.included
        self.depth = 0
        self.alike = AlikeRules()

    # What statements do

    @property
    def scope(self) -> Scope:
        """Where filter rules go."""
        return self.scopes[-1]

    def add(self, rule: PfRule | AnchorCall) -> None:
        """Adds a filter rule."""
        self.scope.rules.append(rule)

    def add_translation(self, rule: Translation) -> None:
        """Adds an old translation."""
        self.translations[rule.kind].append(rule)

    def add_scrub(self, rule: ScrubRule) -> None:
        """Adds an old scrub rule."""
        self.scrubs.append(rule)

    def add_translation_anchor(self, call: AnchorCall, kind: str) -> None:
        """Adds a call of the translation or scrub rules of an anchor."""
        if kind in self.translations:
            self.translations[kind].append(call)
        elif kind == "scrub":
            self.scrubs.append(call)
        else:
            self.unmodelled(call.origin.text, call)

    def setting(self, statement: Statement, shown: str) -> None:
        """Keeps an option as text."""
        self.settings.append(Setting(text=shown, origin=statement.span()))

    def refuse_queue(self, statement: Statement, refused: Refused) -> None:
        """Refuses a queue definition that was kept before; pfctl names no line."""
        self.reading.inert -= 1
        self.refuse(statement, refused, line=0)

    def queue(self, statement: Statement) -> None:
        """Keeps a queue definition as text."""
        self.queues.append(Setting(text=" ".join(statement.texts), origin=statement.span()))

    def unmodelled(self, what: str, call: AnchorCall) -> None:
        """Names a statement whose effect is not modelled."""
        first = what.split()[0] if what.split() else what
        self.reading.not_modelled(call.origin, f"what {first} does is not modelled", part=Part.FILTER)

    def enter(self, section: str) -> None:
        """Old pfctl wants options, scrub, queues, translation and filter rules in this order."""
        place = SECTIONS.index(section)
        if self.require_order and self.section > place:
            raise Refused(OUT_OF_ORDER, mend="write `set require-order no`, or move the rule")
        self.section = place

    # Reading

    def read(self, file: SourceFile) -> None:
        """Reads all statements of a file."""
        depth = len(self.scopes)
        for statement in statements(file, self.vocabulary, self.macros):
            self.reading.statements += 1
            if statement.undefined:
                self.undefined(statement)
                if statement.opens:
                    self.scopes.append(Scope((), statement, counted=True, allowed=IN_REFUSED))
                continue
            try:
                if statement.error is not None:
                    raise statement.error
                self._statement(statement)
            except Refused as refused:
                self.refuse(statement, refused)
                if statement.opens:
                    self.scopes.append(Scope((), statement, counted=True, allowed=IN_REFUSED))
        while len(self.scopes) > depth:
            scope = self.scopes.pop()
            assert scope.statement is not None
            self.refuse(scope.statement, Refused("syntax error", mend="the braces of this anchor are never closed"))
            self.reading.unparsed -= scope.counted

    def _statement(self, statement: Statement) -> None:
        if statement.texts == ["}"] and len(self.scopes) > 1 and self.vocabulary.signs["}"] == statement.kinds[0]:
            self._close()
            return
        node = parse(statement)
        if len(self.scopes) > 1 and node.rule not in self.scope.allowed:
            raise Refused("syntax error", 0, f"{statement.texts[0]} can't stand in the braces of an anchor")
        _STATEMENTS[node.rule](self, statement, node)
        if node.rule in _INERT:
            self.reading.inert += 1

    def macro(self, statement: Statement, node: Node) -> None:
        """``name = value``; what ``-D`` defines stays."""
        name, *values = (text(statement, item) for item in node.items)
        if any(c.isspace() for c in name[1:]):
            raise Refused("macro name cannot contain whitespace", 0)
        if name not in self.defines:
            self.macros[name] = " ".join(values)

    def anchor(self, statement: Statement, node: Node) -> None:
        """A call of an anchor, or the beginning of one that is written inline."""
        calls = read_anchor(self, statement, node)
        if not statement.opens:
            for call in calls:
                self.add(call)
            return
        if len(self.scopes) >= MAX_DEPTH:
            raise Refused("anchors too deep")
        name = calls[0].name
        if name:
            if name in self.scope.inline:
                raise Refused(f"inline anchor '{name}' already exists")
            self.scope.inline.add(name)
        self.scopes.append(Scope(tuple(calls), statement))

    def _close(self) -> None:
        scope = self.scopes.pop()
        for call in scope.calls:
            self.add(replace(call, body=tuple(scope.rules)))

    def include(self, statement: Statement, node: Node) -> None:
        """``include "file"``: its text stands here."""
        if len(self.scopes) > 1 and not self.dialect.modern:
            raise Refused("syntax error", 0, "include can't stand in the braces of an anchor")
        path = text(statement, node.items[0])
        files, reason = self.context.includes.find(path, statement.file)
        if not files or self.depth >= MAX_DEPTH:
            reason = reason or "files include each other"
            message = f"{path} is included here, and its rules are not known: {reason}"
            self.reading.not_modelled(statement.span(), message, part=PARTS)
            return
        self.depth += 1
        for file in files:
            self.included.append(file)
            self.read(file)
        self.depth -= 1

    def ether(self, statement: Statement, node: Node) -> None:
        """Rules about Ethernet frames: read, not modelled."""
        if node.rule == "ether_anchor" and statement.opens:
            self.scopes.append(Scope((), statement, counted=True, allowed=IN_ETHER_ANCHORS))
        self.reading.not_modelled(
            statement.span(),
            "rules about Ethernet frames are read, but what they drop is not modelled",
            part=Part.FILTER,
        )

    # The result

    def ruleset(self, file: SourceFile) -> PfRuleset:
        """The ruleset, with the anchors that other files fill."""
        check_queues(self)
        loaded = tuple(self._loaded())
        return PfRuleset(
            origin=file.span(),
            dialect=self.dialect.name,
            modern=self.dialect.modern,
            rules=tuple(self.scopes[0].rules),
            nat=tuple(self.translations["nat"]),
            rdr=tuple(self.translations["rdr"]),
            binat=tuple(self.translations["binat"]),
            scrub=tuple(self.scrubs),
            tables=tuple(self.tables.values()),
            skip=tuple(self.skip),
            reassemble=self.reassemble if self.dialect.modern else False,
            settings=tuple(self.settings),
            queues=tuple(self.queues),
            loaded=loaded,
            macros=tuple(self.macros.items()),
            refusals=tuple(self.refusals),
        )

    def _loaded(self) -> Iterator[tuple[str, PfRuleset]]:
        for name, path, statement in self.loads:
            files, reason = self.context.includes.find(path, statement.file)
            if not files or self.depth >= MAX_DEPTH:
                reason = reason or "anchors load each other"
                message = f"the rules of anchor {name} are in {path}, which is not known: {reason}"
                self.reading.not_modelled(statement.span(), message, part=PARTS)
                continue
            for file in files:
                self.included.append(file)
                inner = Builder(self.reading, self.context, self.dialect, path=name)
                inner.if_bound = self.if_bound
                inner.state_defaults = self.state_defaults
                inner.queue_names = self.queue_names
                inner.depth = self.depth + 1
                inner.read(file)
                ruleset = inner.ruleset(file)
                self.refusals += inner.refusals
                yield name, replace(ruleset, loaded=())
                yield from ruleset.loaded


_INERT = (SETTINGS.keys() | {"macro", "altq", "queue"}) - {"set_skip", "set_block_policy", "set_state_policy"}
"""Statements that the model keeps as text at most."""

_STATEMENTS: dict[str, Callable[[Builder, Statement, Node], None]] = {
    **SETTINGS,
    "macro": Builder.macro,
    "include": Builder.include,
    "load_anchor": load_anchor,
    "table": table,
    "filter_rule": filter_rule,
    "anchor": Builder.anchor,
    "antispoof": antispoof,
    "scrub_rule": scrub_rule,
    "translation": translation,
    "binat": binat,
    "translation_anchor": translation_anchor,
    "altq": altq,
    "queue": queue,
    "ether_rule": Builder.ether,
    "ether_anchor": Builder.ether,
}
