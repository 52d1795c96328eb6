"""Runs the selected checks over a site and orders what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks import CHECKS, load
from spdcheck.checks.base import Context
from spdcheck.checks.finding import Finding, Report, Undecided
from spdcheck.errors import BudgetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spdcheck.engine.focus import Focus, Share
    from spdcheck.model.host import Site


def selected(select: Iterable[str], ignore: Iterable[str]) -> tuple[str, ...]:
    """The codes that remain after ``--select`` and ``--ignore``; both take codes, prefixes (``CRY``) and names.

    Raises UsageError for a word that names no check.
    """
    names = {name_of(code): code for code, _, _ in CHECKS}
    codes = [code for code, _, _ in CHECKS]

    def matching(words: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for word in words:
            hits = {names[word]} if word in names else {code for code in codes if code.startswith(word.upper())}
            if not hits or not word:
                message = f"no check is called {word!r}; spdcheck rules lists them"
                raise UsageError(message)
            found |= hits
        return found

    chosen, dropped = matching(select), matching(ignore)
    return tuple(code for code in codes if (not chosen or code in chosen) and code not in dropped)


def name_of(code: str) -> str:
    """The name of a check, from its module's name: ``cfg001_unparsed_statement`` is ``unparsed-statement``."""
    for known, module, _ in CHECKS:
        if known == code:
            return module.partition("_")[2].replace("_", "-")
    raise KeyError(code)


def run(site: Site, codes: Iterable[str], *, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Asks every selected check about a site, and leaves out what its owner does not want to be told."""
    from spdcheck.checks.suppressing import settled

    wanted = tuple(codes)
    return settled(site, wanted, ask(site, wanted, progress=progress))


def ask(
    site: Site,
    codes: Iterable[str],
    *,
    progress: Callable[[str], None] = lambda _: None,
    focus: Focus | Share | None = None,
) -> Report:
    """What every selected check says about a site, or about what ``focus`` has only; nothing is left out.

    A gap in a host's model is an open question even where the check that would say so is ignored: what is not known
    stays unknown.
    """
    context = Context(site, focus)
    alone = context if focus is None else Context(focus.altered(site))
    findings: set[Finding] = set()
    undecided: dict[Undecided, None] = {}
    wanted = list(codes)
    asked = []
    for code in wanted:
        check = load(code)
        if check.needs_peer and site.single_file:
            continue
        asked.append(code)
        progress(code)
        try:
            for said in check().run(alone if check.local else context):
                if isinstance(said, Finding):
                    findings.add(said)
                else:
                    undecided.setdefault(said)
        except BudgetError as error:
            undecided.setdefault(Undecided(code, site.name, f"given up: {error}", None))
    if "CFG002" not in wanted:
        from spdcheck.checks.cfg002_unmodelled_statement import UnmodelledStatement
        from spdcheck.checks.from_diagnostics import undecided as gaps

        for said in gaps(UnmodelledStatement(), alone):
            undecided.setdefault(said)
    return _ordered(site, findings, undecided, tuple(asked))


def joined(site: Site, parts: Iterable[Report]) -> Report:
    """The reports on parts of a site as one: what a report on the whole says, in the same order."""
    known = list(parts)
    findings = (finding for part in known for finding in part.findings)
    undecided = (item for part in known for item in part.undecided)
    return _ordered(site, findings, undecided, known[0].checks_run if known else ())


def _ordered(site: Site, findings: Iterable[Finding], undecided: Iterable[Undecided], asked: tuple[str, ...]) -> Report:
    """Findings by their places, questions by check and host: whoever asked first makes no difference."""
    codes = {code: number for number, code in enumerate(asked)}
    hosts = {host.name: number for number, host in enumerate(site.hosts)}

    def place(item: Undecided) -> tuple[int, int, str, int, str]:
        at = ("", 0) if item.span is None else (item.span.file.path, item.span.start)
        return codes.get(item.code, len(codes)), hosts.get(item.host, len(hosts)), *at, item.reason

    return Report(
        findings=tuple(sorted(set(findings), key=lambda finding: finding.order)),
        undecided=tuple(sorted(set(undecided), key=place)),
        checks_run=asked,
    )
