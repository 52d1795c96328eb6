"""Writes down the findings that a site has today, so that only new ones are told from now on.

write notes all of today's findings in spdcheck-baseline.json beside the site's files, prune takes out the rows whose
finding is gone. check reads the file by itself; check --no-ignores does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.cli import status
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from spdcheck.checks.finding import Finding
    from spdcheck.cli.dispatch import Streams


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=("write", "prune"), help="note all findings; take out rows that hide nothing")
    parser.add_argument("--site", metavar="DIR", help="the site (default: the nearest spdcheck.toml upwards, else .)")
    parser.add_argument("--stdout", action="store_true", help="print the text, write no file")


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Writes the file, or prints it."""
    from spdcheck.checks.run import ask, selected
    from spdcheck.checks.suppressing import UNUSED, sort_out
    from spdcheck.cli.trace import site_at
    from spdcheck.records import replace
    from spdcheck.site.baseline import FILE_NAME, text_of

    site = site_at(options.site)
    codes = [code for code in selected(site.select, site.ignore) if code != UNUSED]
    findings = ask(site, codes).findings
    path = _path(site.folder, FILE_NAME)
    if options.action == "write":
        rows = _rows(sort_out(replace(site, baseline=()), findings).kept)
        said = f"{path}: {len(rows)} finding{'' if len(rows) == 1 else 's'} noted"
    else:
        hidden = [item.finding for item in sort_out(site, findings).suppressed if item.by == "baseline"]
        rows = _rows(hidden)
        gone = len(site.baseline) - len(rows)
        said = f"{path}: {gone} row{'' if gone == 1 else 's'} removed, {len(rows)} left"
    text = text_of(rows)
    if options.stdout:
        write(streams.stdout, text)
    else:
        path.write_text(text, encoding="utf-8")
        write(streams.stderr, said + "\n")
    return status.CLEAN


def _path(folder: str, name: str) -> Path:
    from pathlib import Path

    return Path(folder or ".", name)


def _rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    from spdcheck.output.json import relative

    return [
        {
            "fingerprint": finding.fingerprint,
            "code": finding.code,
            "host": finding.host,
            "path": relative(finding.span.file.path),
            "message": finding.message,
        }
        for finding in findings
    ]
