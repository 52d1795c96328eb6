"""What every format offers: a name, how its files are recognised, and one function that reads a file.

Reading never fails: it returns the facts that it could get, a diagnostic for everything that it could not, and a gap
for every part of the model that is not known for that reason.
"""

from __future__ import annotations

import re
from dataclasses import field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from spdcheck.model.diagnostic import Diagnostic, Gap, Part
from spdcheck.model.host import FileReport, HostFacts
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.diagnostic import Note
    from spdcheck.model.host import Platform
    from spdcheck.source import SourceFile, Span


class Includes(Protocol):
    """Opens the files that a configuration includes; it never leaves the site's folder."""

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """``(files, "")`` that match a path or glob, or ``((), reason)`` where none can be had.

        An absolute path is looked up below the host's folder, a relative one beside the including file.
        """
        ...


class NoIncludes:
    """For a text without a folder: every include is refused."""

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """No file, and why."""
        return (), f"{beside.path} is checked alone, so that {pattern} can't be opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a format may know besides the text: the operating system, the tools' releases, and its includes.

    ``release`` and the values of ``tools`` are tuples of integers (``(5, 3)``); ``tools`` maps ``ipsec-tools``,
    ``racoon``, ``shorewall`` … to a release that the site file gives.
    """

    platform: Platform | None = None
    release: tuple[int, ...] = ()
    tools: dict[str, tuple[int, ...]] = field(default_factory=dict)
    includes: Includes = field(default_factory=NoIncludes)


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file (and what it includes) as read: its masked text, the facts, and a count of statements by state.

    The states are those of DESIGN section 2: ``parsed`` counts all that were understood, ``inert`` those among them
    that have no effect on the model, ``unmodelled`` those whose effect we do not model, ``unparsed`` those that the
    real program refuses or that we can't read. ``others`` are the further files of a directory that is read as one;
    they share the facts of the first.
    """

    file: SourceFile
    format: str
    facts: HostFacts = field(default_factory=HostFacts)
    statements: int = 0
    inert: int = 0
    unmodelled: int = 0
    unparsed: int = 0
    dialect: str = ""
    included: list[SourceFile] = field(default_factory=list)
    others: list[Reading] = field(default_factory=list)

    def report(self, *, loaded: bool = True) -> FileReport:
        """The counts as a value of the model."""
        return FileReport(
            file=self.file,
            format=self.format,
            statements=self.statements,
            parsed=self.statements - self.unparsed,
            inert=self.inert,
            unmodelled=self.unmodelled,
            unparsed=self.unparsed,
            loaded=loaded,
            dialect=self.dialect,
            included=tuple(self.included),
        )

    def reports(self, *, loaded: bool = True) -> list[FileReport]:
        """The counts of this file and of the others that were read with it."""
        return [self.report(loaded=loaded), *(other.report(loaded=loaded) for other in self.others)]

    def unreadable(
        self, span: Span, message: str, *, part: Part | tuple[Part, ...], mend: str = "", notes: tuple[Note, ...] = ()
    ) -> None:
        """Records CFG001 for a statement that can't be read, and the gap that it leaves."""
        self.unparsed += 1
        self.facts.diagnostics.append(Diagnostic(code="CFG001", span=span, message=message, mend=mend, notes=notes))
        self.gap(span, f"{span.where} could not be read", part)

    def not_modelled(self, span: Span, message: str, *, part: Part | tuple[Part, ...], mend: str = "") -> None:
        """Records CFG002 for a statement whose effect is not modelled, and the gap that it leaves."""
        self.unmodelled += 1
        self.facts.diagnostics.append(Diagnostic(code="CFG002", span=span, message=message, mend=mend, warning=True))
        self.gap(span, f"{span.where} is not modelled", part)

    def accident(self, span: Span, message: str, *, mend: str = "") -> None:
        """Records CFG010: the real program accepts this, but not as what it looks like."""
        self.facts.diagnostics.append(Diagnostic(code="CFG010", span=span, message=message, mend=mend, warning=True))

    def say(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        mend: str = "",
        notes: tuple[Note, ...] = (),
        warning: bool = False,
    ) -> None:
        """Records any other diagnostic (CFG003 undefined name, CFG004 defined twice …)."""
        self.facts.diagnostics.append(
            Diagnostic(code=code, span=span, message=message, mend=mend, notes=notes, warning=warning)
        )

    def gap(self, span: Span, reason: str, part: Part | tuple[Part, ...]) -> None:
        """Records that a part of the model is not known."""
        for item in part if isinstance(part, tuple) else (part,):
            self.facts.gaps.append(Gap(item, span, reason))


class Reader(Protocol):
    """The module of a format: ``read`` is all that the rest of spdcheck calls."""

    def read(self, file: SourceFile, context: Context) -> Reading:
        """Reads one file. Never raises for any text; the file it returns has its secrets masked."""
        ...

    def mask(self, file: SourceFile) -> SourceFile:
        """The same file with every secret masked, for the excerpts of a file that is not read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How files of one language are recognised, without importing its reader.

    ``paths`` are regular expressions on the path below the host's folder (matched at its end, ``/`` before it);
    ``content`` one that is searched in the first 64 KiB of a file whose name says nothing. ``comment`` holds
    the signs that start a comment.
    """

    name: str
    title: str
    module: str
    paths: tuple[str, ...]
    content: str
    comment: str = "#"

    def reader(self) -> Reader:
        """Imports the reader (and with it lark)."""
        return import_module(self.module)

    def claims_path(self, path: str) -> bool:
        """The path is one of the usual places of this format."""
        return any(re.search(rf"(?:^|/){pattern}$", path) for pattern in self.paths)

    def claims_content(self, text: str) -> bool:
        """The text looks like this format."""
        return bool(self.content) and re.search(self.content, text[:65536], re.MULTILINE) is not None
