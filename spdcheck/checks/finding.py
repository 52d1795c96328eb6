"""Findings: what a check says, how sure it is, and where."""

from __future__ import annotations

import hashlib
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.engine.trace import Trace
    from spdcheck.model.diagnostic import Note
    from spdcheck.semantics.packet import Packet
    from spdcheck.source import Span


class Severity(Enum):
    """How bad: ERROR (traffic fails or leaks, a file does not load), WARNING, INFO."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return ("error", "warning", "info").index(self.value)


class Certainty(Enum):
    """How sure: PROVED (a witness packet was replayed), MODELLED (follows from the model), POSSIBLE (gaps there)."""

    PROVED = "proved"
    MODELLED = "modelled"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, with its primary place, related places (at the peer too) and what to do.

    ``message`` is one sentence without a full stop; ``label`` stands at the caret; ``mend`` says what to do.
    ``witness`` is a packet that shows it, ``trace`` its way through the site. ``subject`` distinguishes findings
    with the same code and place.
    """

    code: str
    name: str
    severity: Severity
    certainty: Certainty
    host: str
    span: Span
    message: str
    label: str = ""
    notes: tuple[Note, ...] = ()
    mend: str = ""
    witness: Packet | None = None
    subject: str = ""
    trace: Trace | None = field(default=None, compare=False)

    @property
    def fingerprint(self) -> str:
        """Stable across edits elsewhere in the file: no line numbers, no folders above the host."""
        statement = " ".join(self.span.text.split())
        related = "|".join(" ".join(note.span.text.split()) for note in self.notes[:1])
        text = f"{self.code}\x1f{self.host}\x1f{statement}\x1f{related}\x1f{self.subject}"
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:20]

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Findings are shown by file, then by place, then by code."""
        return (self.span.file.path, self.span.start, self.severity.rank, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A question without a verdict: which check, about which host, why, and the place that is to blame."""

    code: str
    host: str
    reason: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that its owner does not want to be told, why, and the remark or the row of the baseline that hides it.

    ``by`` is ``remark`` or ``baseline``.
    """

    finding: Finding
    by: str
    reason: str
    origin: Span


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the checks said about one site, in the order in which it is shown."""

    findings: tuple[Finding, ...]
    undecided: tuple[Undecided, ...]
    checks_run: tuple[str, ...]
    suppressed: tuple[Suppressed, ...] = ()
