"""Finds what is wrong between the peers of a site.

PATH is a folder with one sub-folder a host (or below a spdcheck.toml), a folder of such sites, or a single file,
which is checked without its peers. Without a PATH: the nearest spdcheck.toml upwards, else the current folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look, positive, words
from spdcheck.cli.reports import FORMATS, report, targets, write_files

if TYPE_CHECKING:
    import argparse

    from spdcheck.checks.finding import Report
    from spdcheck.cli.dispatch import Streams
    from spdcheck.cli.progress import Progress
    from spdcheck.model.host import Site
    from spdcheck.output.summary import Checked

STATUS = {"clean": status.CLEAN, "findings": status.FINDINGS, "no verdict": status.NO_VERDICT}
"""The exit status of each verdict."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="sites, folders of sites, single files")
    parser.add_argument("--format", choices=tuple(FORMATS), default="full", help="; ".join(_words_on_formats()))
    parser.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a report into a file, too: sarif=report.sarif, html=report.html",
    )
    for name, text in (("--select", "ask only these checks"), ("--ignore", "leave these checks out")):
        parser.add_argument(
            name, action="append", default=[], metavar="CODE,...", help=f"{text}: codes, families such as CRY, names"
        )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        help="the mildest severity that makes the exit status 1 (default: the site file's, else warning)",
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="processes that share a site (default: one a processor for many hosts)",
    )
    parser.add_argument("--cluster", metavar="ADDRESS", help="a dask.distributed scheduler whose workers share a site")
    parser.add_argument(
        "--no-ignores", action="store_true", help="tell what remarks in the files and the baseline hide, too"
    )
    parser.add_argument("--diff", action="store_true", help="print a patch with the mends that prove themselves")
    parser.add_argument("--fix", action="store_true", help="write those mends into the files, then check again")
    parser.add_argument(
        "--link-template",
        metavar="URL",
        help="places of full (on a terminal) and html lead there: https://forge.example/repo/blob/main/{path}#L{line}",
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit status 0 whatever was found")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Checks every site and prints what was found."""
    from spdcheck.checks.run import selected
    from spdcheck.cli.paths import load, named
    from spdcheck.cli.progress import Progress
    from spdcheck.output.summary import Summary

    selected(words(options.select), words(options.ignore))  # a typo is told before anything is read
    files = targets(options.output)
    if options.link_template is not None:
        from spdcheck.cli.link_template import template

        template(options.link_template)
    paths = named(options.paths or ["."])
    with Progress(streams.stderr) as progress:
        summary = Summary(tuple(_check(site, options, progress) for site in load(paths, progress)))
        if options.fix:
            from spdcheck.cli.mends import apply

            if apply(summary, streams):
                summary = Summary(tuple(_check(site, options, progress) for site in load(paths, progress)))
    code = status.CLEAN if options.exit_zero else STATUS[summary.verdict.value]
    if options.diff:
        from spdcheck.cli.mends import show

        show(summary, streams)
        return code
    links = options.link_template or ""
    write_files(summary, files, code, links)
    report(summary, options.format, code, streams, chosen_look(options, streams.stdout), links)
    return code


def _words_on_formats() -> list[str]:
    return [f"{name}: {text}" for name, text in FORMATS.items()]


def _check(site: Site, options: argparse.Namespace, progress: Progress) -> Checked:
    from spdcheck.checks.kept_reports import kept
    from spdcheck.checks.run import run as ask
    from spdcheck.checks.run import selected
    from spdcheck.cli.workers import asked
    from spdcheck.output.summary import Checked
    from spdcheck.records import replace

    codes = selected((*site.select, *words(options.select)), (*site.ignore, *words(options.ignore)))
    progress.phase("checking", len(codes))
    if options.no_ignores:
        site = replace(site, suppressions=(), baseline=())

    def answers() -> Report:
        shared = asked(site, codes, options.jobs, options.cluster)
        return ask(site, codes, progress=progress) if shared is None else shared

    return Checked(site, kept(site, codes, answers), options.fail_on or site.fail_on or "warning")
