"""What all findings come to: how much was read, what was counted, which questions stay open, and the verdict."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.named_tuples import NamedTuple
from spdcheck.output.columns import wrap
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.checks.finding import Report, Undecided
    from spdcheck.model.host import FileReport, Host, Site
    from spdcheck.output.terminal import Look
    from spdcheck.source import Span

UNMODELLED = "CFG002"
"""This finding says itself that there is no verdict, so it leads to "no verdict" rather than to "findings"."""

FAIL_ON = ("error", "warning", "info", "never")
"""The values of ``--fail-on``: the mildest severity that counts."""


class Verdict(Enum):
    """The answer in one word."""

    CLEAN = "clean"
    FINDINGS = "findings"
    NO_VERDICT = "no verdict"


@dataclass(frozen=True, slots=True)
class Checked:
    """A site, what the checks said of it, and the mildest severity that counts (one of :data:`FAIL_ON`)."""

    site: Site
    report: Report
    fail_on: str = "warning"

    @property
    def verdict(self) -> Verdict:
        """FINDINGS where one counts; otherwise NO_VERDICT where a question is open; otherwise CLEAN."""
        limit = FAIL_ON.index(self.fail_on) if self.fail_on != "never" else -1
        said = [finding for finding in self.report.findings if finding.code != UNMODELLED]
        if any(finding.severity.rank <= limit for finding in said):
            return Verdict.FINDINGS
        if self.report.undecided or len(said) < len(self.report.findings):
            return Verdict.NO_VERDICT
        return Verdict.CLEAN


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one or several sites together."""

    checked: tuple[Checked, ...]

    @property
    def verdict(self) -> Verdict:
        """Findings of one site outweigh an open question of another; clean is what every site is."""
        verdicts = {checked.verdict for checked in self.checked}
        for verdict in (Verdict.FINDINGS, Verdict.NO_VERDICT):
            if verdict in verdicts:
                return verdict
        return Verdict.CLEAN

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Every host whose configuration was read."""
        return tuple(host for checked in self.checked for host in checked.site.hosts if not host.external)

    @property
    def files(self) -> tuple[FileReport, ...]:
        """Every file that was read."""
        return tuple(report for host in self.hosts for report in host.files)

    @property
    def undecided(self) -> tuple[Undecided, ...]:
        """Every question without a verdict."""
        return tuple(item for checked in self.checked for item in checked.report.undecided)

    @property
    def checks(self) -> tuple[str, ...]:
        """The codes of the checks that were asked of some site, in their order."""
        return tuple(sorted({code for checked in self.checked for code in checked.report.checks_run}, key=_by_family))

    def count(self, severity: Severity) -> int:
        """How many findings of this severity."""
        return sum(finding.severity is severity for checked in self.checked for finding in checked.report.findings)

    @property
    def findings_in_words(self) -> str:
        """``2 errors, 1 warning`` or ``no findings``."""
        words = [counted(self.count(severity), severity.value) for severity in Severity if self.count(severity)]
        return ", ".join(words) or "no findings"

    @property
    def extent_in_words(self) -> str:
        """``31 checks, 2 hosts, 6 files, 84 statements, all read``."""
        files = self.files
        statements = sum(report.statements for report in files)
        unparsed = sum(report.unparsed for report in files)
        unmodelled = sum(report.unmodelled for report in files)
        idle = sum(not report.loaded for report in files)
        alone = all(checked.site.single_file for checked in self.checked)
        words = [counted(len(self.checks), "check")]
        words += [] if alone else [counted(len(self.hosts), "host")]
        words += [
            counted(len(files), "file") + (f" ({idle} not loaded)" if idle else ""),
            counted(statements, "statement"),
        ]
        hidden = sum(len(checked.report.suppressed) for checked in self.checked)
        words += [f"{hidden} suppressed"] if hidden else []
        if unparsed:
            words.append(f"{unparsed} not understood")
        if unmodelled:
            words.append(f"{unmodelled} not modelled")
        if not unparsed and not unmodelled:
            words.append("all read")
        if any(checked.site.single_file for checked in self.checked):
            words.append("checked alone, without a peer")
        return ", ".join(words)


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _by_family(code: str) -> tuple[int, str]:
    families = ("CFG", "SPD", "SAD", "NAT", "FWL", "IKE", "CRY", "MTU", "INT")
    return (families.index(code[:3]) if code[:3] in families else len(families), code)


def lines(summary: Summary, look: Look) -> Iterator[str]:
    """The summary as it ends every output for people: the open questions, then the count and the extent."""
    for question in open_questions(summary.undecided):
        yield from _wrapped("no verdict:", "warning", str(question), look)
    yield from last_line(summary, look)


def last_line(summary: Summary, look: Look) -> Iterator[str]:
    """``2 errors, 1 warning: 31 checks, 2 hosts, 6 files, 84 statements, all read``."""
    role = {Verdict.CLEAN: "good", Verdict.FINDINGS: "error", Verdict.NO_VERDICT: "warning"}[summary.verdict]
    count = summary.findings_in_words
    if summary.verdict is Verdict.NO_VERDICT:
        count += ", no verdict"
    yield from _wrapped(f"{count}:", role, summary.extent_in_words, look)


def _wrapped(lead: str, role: str, text: str, look: Look) -> Iterator[str]:
    first, *more = wrap(look.text(text), look.width - 2, first=look.width - len(lead) - 1)
    yield f"{look.paint(lead, role)} {first}"
    for part in more:
        yield f"  {part}"


class OpenQuestion(NamedTuple):
    """Something that is not known, said once: whose, where, why, and the checks that could not answer for it."""

    host: str
    span: Span | None
    reason: str
    codes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.host}: {self.reason}" + (f" ({', '.join(self.codes)})" if self.codes else "")


def open_questions(undecided: Iterable[Undecided]) -> Iterator[OpenQuestion]:
    """The questions without a verdict, one for each cause, in the order in which they came up."""
    causes: dict[tuple[str, Span | None], list[Undecided]] = {}
    for item in undecided:
        causes.setdefault((item.host, item.span), []).append(item)
    for (host, span), items in causes.items():
        for reason, codes in _joined(items):
            yield OpenQuestion(host, span, reason, tuple(dict.fromkeys(code for code in codes if code != UNMODELLED)))


def _joined(items: Sequence[Undecided]) -> Iterator[tuple[str, list[str]]]:
    """The reasons of one cause. ``PART: REASON`` of several parts, and REASON alone, are said once."""
    core = min((item.reason for item in items), key=len)
    for reason in (core, core.partition(": ")[2]):
        if reason and len(items) > 1 and all(item.reason.endswith(reason) for item in items):
            parts = dict.fromkeys(item.reason[: -len(reason)].rstrip(": ") for item in items)
            said = ", ".join(part for part in parts if part)
            yield (f"{said}: {reason}" if said else reason), [item.code for item in items]
            return
    codes: dict[str, list[str]] = {}
    for item in items:
        codes.setdefault(item.reason, []).append(item.code)
    yield from codes.items()
