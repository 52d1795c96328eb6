"""From statements to the model: one walk over a file and everything that it includes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon import proposal, sainfo, settings
from spdcheck.formats.racoon.accidents import accidents
from spdcheck.formats.racoon.desk import Desk, Extent
from spdcheck.formats.racoon.inclusion import Inclusion
from spdcheck.formats.racoon.paths import Paths
from spdcheck.formats.racoon.remote import Peers
from spdcheck.formats.racoon.remote_lines import INERT, RemoteLines
from spdcheck.formats.racoon.sainfo_list import SainfoList
from spdcheck.formats.racoon.statements import StatementReader
from spdcheck.formats.racoon.words import Section
from spdcheck.model.diagnostic import Note
from spdcheck.model.ike import KeyDaemon

if TYPE_CHECKING:
    from spdcheck.formats.base import Context, Reading
    from spdcheck.formats.racoon.peer import PeerDraft
    from spdcheck.formats.racoon.syntax import Node, Statement
    from spdcheck.model.ike import Phase2Proposal
    from spdcheck.source import SourceFile


class Converter:
    """Reads files into one daemon's configuration."""

    def __init__(self, reading: Reading, context: Context) -> None:
        self._reading = reading
        self._desk = Desk(reading, reading.file)
        self._paths = Paths()
        self._peers = Peers()
        self._sainfos = SainfoList()
        self._phase2: list[Phase2Proposal] = []
        self._settings = settings.Settings()
        self._inclusion = Inclusion(context.includes, reading, self._paths)

    def daemon(self) -> KeyDaemon:
        """Everything read so far."""
        found = self._settings
        return KeyDaemon(
            program="racoon",
            origin=self._reading.file.span(0, 0),
            peers=tuple(draft.finished() for draft in self._peers.drafts if not draft.is_lost),
            phase2=tuple(self._phase2),
            listeners=tuple(found.listeners),
            strict_address=found.strict_address,
            paths=tuple(self._paths.references),
            log_level=found.log_level,
            log_origin=found.log_origin,
            complex_bundle=found.complex_bundle,
            nat_keepalive_seconds=found.nat_keepalive_seconds,
        )

    def file(self, file: SourceFile) -> None:
        """Reads one (masked) file; includes are read where they stand."""
        outer, self._desk = self._desk, Desk(self._reading, file)
        for number, statement in enumerate(StatementReader(file.text).statements()):
            if statement.node is None and statement.mistake is None:
                self._rest(statement, alone=number == 0)
            else:
                self._top(statement)
        self._desk = outer

    def _top(self, statement: Statement) -> None:
        node = self._begin(statement)
        refused = self._desk.refused
        if node is None:
            self._unusable(statement)
        elif node.rule in ("remote", "remote_copy"):
            self._remote(statement)
        elif node.rule == "sainfo":
            self._sainfo(statement)
        elif statement.section is not None:
            self._block(statement)
        elif node.rule == "include":
            for file in self._inclusion.open(self._desk, node):
                with self._inclusion.inside(file):
                    self.file(file)
        else:
            settings.simple(self._desk, self._settings, self._paths, node)
        self._desk.refused = refused
        self._unclosed(statement)

    def _rest(self, statement: Statement, *, alone: bool) -> None:
        """What racoon skips behind the last statement; where there is none, nobody wrote this file for racoon."""
        text = self._desk.file.text
        visible = next(accidents(text, statement), None)
        if visible is None or not alone:
            self._accidents(statement)
            return
        line_end = text.find("\n", visible.start, visible.end)
        self._desk.begin()
        self._desk.refuse(
            Extent(visible.start, visible.end if line_end < 0 else line_end),
            "nothing in this file is a statement of racoon.conf: racoon skips all of it",
        )

    def _begin(self, statement: Statement) -> Node | None:
        """Counts a statement and says what its text does wrong; None if it can't be read."""
        self._desk.begin(inert=_is_inert(statement))
        mistake = statement.mistake
        if mistake is not None:
            self._desk.refuse(Extent(mistake.start, mistake.end), mistake.message, mend=mistake.mend)
            return None
        self._accidents(statement)
        return statement.node

    def _accidents(self, statement: Statement) -> None:
        for accident in accidents(self._desk.file.text, statement):
            self._desk.accident(Extent(accident.start, accident.end), accident.message, mend=accident.mend)

    def _unclosed(self, statement: Statement) -> None:
        """A block whose closing brace is missing; where another one starts inside it, that place is named too."""
        if statement.unclosed is None:
            return
        text, file = self._desk.file.text, self._desk.file
        start = statement.node.start if statement.node else statement.start
        end = text.find("{", start)
        notes: tuple[Note, ...] = ()
        if statement.unclosed < len(text):
            line_end = text.find("\n", statement.unclosed)
            span = file.span(statement.unclosed, line_end if line_end >= 0 else len(text))
            notes = (Note(span, "it was given up here"),)
        self._desk.refuse(
            Extent(start, end + 1 if 0 <= end < statement.end else statement.end),
            "this block is never closed", mend="add its `}`", notes=notes,
        )  # fmt: skip

    def _unusable(self, statement: Statement) -> None:
        """A block whose head can't be read: its lines are only looked through for mistakes."""
        for line in statement.body:
            self._begin(line)
            self._unusable(line)
            self._unclosed(line)

    def _block(self, statement: Statement) -> None:
        for line in statement.body:
            node = self._begin(line)
            if node is not None and statement.section is not None:
                settings.inside(self._desk, self._settings, statement.section, node)

    def _remote(self, statement: Statement) -> None:
        desk = self._desk
        draft = self._peers.start(desk, statement)
        refused = desk.refused
        lines = RemoteLines(desk, draft, self._paths)
        for line in statement.body:
            node = self._begin(line)
            if node is None:
                draft.broken = True
            elif line.section is Section.PROPOSAL:
                self._proposal(draft, line)
            else:
                lines.read(node)
        desk.refused = refused
        self._peers.finish(desk, draft)

    def _proposal(self, peer: PeerDraft, statement: Statement) -> None:
        desk = self._desk
        draft = proposal.start(desk, peer, statement)
        refused = desk.refused
        for line in statement.body:
            node = self._begin(line)
            if node is None:
                draft.broken = True
            else:
                proposal.read_line(desk, peer, draft, node)
        desk.refused = refused
        self._unclosed(statement)

    def _sainfo(self, statement: Statement) -> None:
        desk = self._desk
        draft = sainfo.read_head(desk, statement)
        refused = desk.refused
        for line in statement.body:
            node = self._begin(line)
            if node is None:
                draft.broken = True
            else:
                sainfo.read_line(desk, draft, node)
        desk.refused = refused
        found = sainfo.finish(desk, draft, self._sainfos)
        if found is not None:
            self._phase2.append(found)


_INERT_BLOCKS = frozenset({
    Section.PRIVSEP, Section.PADDING, Section.TIMER, Section.RADIUS, Section.LDAP, Section.MODE_CFG,
})  # fmt: skip
_INERT_WORDS = INERT | {"LOGGING", "PFKEY_BUFFER", "GSS_ID_ENC", "GSS_ID", "ADMINSOCK"}


def _is_inert(statement: Statement) -> bool:
    node = statement.node
    if node is None:
        return False
    return (
        statement.section in _INERT_BLOCKS
        or node.first.type in _INERT_WORDS
        or node.rule in ("in_privsep", "in_padding", "in_timer", "in_radiuscfg", "in_ldapcfg", "in_mode_cfg")
    )
