"""Reads files one by one, without their peers: what the real program would refuse, or take for something else.

Exit status 1 means that some statement could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.cli.reports import report
from spdcheck.errors import UsageError
from spdcheck.formats import FORMATS, format_named
from spdcheck.model.host import Platform

if TYPE_CHECKING:
    import argparse

    from spdcheck.cli.dispatch import Streams

UNREADABLE = "CFG001"
CODES = (UNREADABLE, "CFG010")
"""What can be said of a text alone: it can't be read, or it is accepted by accident."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a configuration file")
    parser.add_argument(
        "--format", choices=[item.name for item in FORMATS], help="the language of the files (default: recognised)"
    )
    parser.add_argument(
        "--platform", choices=[item.value for item in Platform], help="the system whose program reads them"
    )
    parser.add_argument(
        "--output",
        choices=("full", "concise", "json"),
        default="full",
        help="for people (default), one line each, JSON",
    )
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Reads every file and prints what is wrong with its text."""
    from pathlib import Path

    from spdcheck.checks import CHECKS
    from spdcheck.checks.finding import Report
    from spdcheck.checks.run import run as ask
    from spdcheck.cli.paths import named
    from spdcheck.model.host import Site
    from spdcheck.output.summary import Checked, Summary
    from spdcheck.site.load import single_file

    paths = named(options.files)
    for path in paths:
        if not path.is_file():
            message = f"{path}: is no file; spdcheck check takes folders"
            raise UsageError(message)
    language = format_named(options.format) if options.format else None
    platform = Platform(options.platform) if options.platform else None
    codes = [code for code, _, _ in CHECKS if code in CODES]
    sites = [single_file(Path(path), language, platform) for path in paths]
    findings = tuple(finding for site in sites for finding in ask(site, codes).findings)
    together = Site("", tuple(host for site in sites for host in site.hosts), single_file=True)
    code = status.FINDINGS if any(finding.code == UNREADABLE for finding in findings) else status.CLEAN
    summary = Summary((Checked(together, Report(findings, (), tuple(codes)), "error"),))
    report(summary, options.output, code, streams, chosen_look(options, streams.stdout))
    return code
