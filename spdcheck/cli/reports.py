"""The formats of a report, and where each of them goes: one to the terminal, others into files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.cli.dispatch import nearest
from spdcheck.errors import UsageError
from spdcheck.named_tuples import NamedTuple
from spdcheck.output.terminal import Look, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.cli.dispatch import Streams
    from spdcheck.output.summary import Summary

FORMATS = {
    "full": "for people (default)",
    "concise": "one line each",
    "json": "one document",
    "sarif": "SARIF 2.1.0, for code scanning",
    "github": "annotations of a workflow",
    "gitlab": "GitLab's code quality report",
    "junit": "test cases in XML",
    "html": "one page for a browser",
}
"""Every format with a word about it."""


class Target(NamedTuple):
    """A format and the file it goes to."""

    form: str
    path: Path


def targets(words: Iterable[str]) -> tuple[Target, ...]:
    """The values of ``--output``, FORMAT=FILE each. Raises UsageError for one that can't be used."""
    found: list[Target] = []
    for word in words:
        form, sign, name = word.partition("=")
        if not sign or not name:
            raise UsageError(f"--output {word}: write FORMAT=FILE, such as sarif=report.sarif")
        if form not in FORMATS:
            near = nearest(form, FORMATS)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(FORMATS)}"
            raise UsageError(f"--output {word}: there is no format {form!r}; {hint}")
        path = Path(name)
        if not path.parent.is_dir():
            raise UsageError(f"--output {word}: the folder {path.parent} does not exist")
        if path.is_dir():
            raise UsageError(f"--output {word}: {path} is a folder")
        if any(other.path == path for other in found):
            raise UsageError(f"--output {word}: another report is written into {path}")
        found.append(Target(form, path))
    return tuple(found)


def rendered(summary: Summary, form: str, code: int, look: Look, links: str = "") -> Iterator[str]:
    """A report in one of the formats; ``code`` is the status with which the process will end, ``links`` a template."""
    if form == "full":
        from spdcheck.output.full import render as as_text

        yield from as_text(summary.checked, look)
    elif form == "concise":
        from spdcheck.output.concise import render as as_lines

        yield from as_lines(summary.checked, look)
    elif form == "json":
        from spdcheck.output.json import render as as_json

        yield as_json(summary, code)
    elif form == "sarif":
        from spdcheck.output.sarif import render as as_sarif

        yield as_sarif(summary, code)
    elif form == "github":
        from spdcheck.output.github import commands

        yield from commands(summary)
    elif form == "gitlab":
        from spdcheck.output.gitlab import render as as_gitlab

        yield as_gitlab(summary)
    elif form == "junit":
        from spdcheck.output.junit import render as as_junit

        yield as_junit(summary)
    else:
        from spdcheck.output.html import render as as_page

        yield from as_page(summary, links)


def report(summary: Summary, form: str, code: int, streams: Streams, look: Look, links: str = "") -> None:
    """Writes a report to the terminal; the summary of the line formats goes to stderr, out of the way of others."""
    for block in rendered(summary, form, code, look, links):
        write(streams.stdout, block)
    if form in ("concise", "github"):
        from spdcheck.output.summary import last_line

        streams.stdout.flush()
        write(streams.stderr, "\n".join(last_line(summary, Look(ascii_only=look.ascii_only))) + "\n")
    if form == "github":
        _job_summary(summary)


def _job_summary(summary: Summary) -> None:
    """Adds the page that GitHub shows beneath a job, where a job is running."""
    from spdcheck.output.github import job_summary

    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(job_summary(summary))
    except OSError as error:
        raise UsageError(f"GITHUB_STEP_SUMMARY={name}: can't be written: {error.strerror}") from None


def write_files(summary: Summary, where: Iterable[Target], code: int, links: str = "") -> None:
    """Writes the reports that ``--output`` asks for. Raises UsageError where a file can't be written."""
    for target in where:
        try:
            with target.path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
                for block in rendered(summary, target.form, code, Look(), links):
                    stream.write(block)
        except OSError as error:
            raise UsageError(f"--output {target.form}={target.path}: can't be written: {error.strerror}") from None
