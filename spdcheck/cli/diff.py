"""Tells what a change does: the packets whose fate is another, the findings that appear and disappear.

OLD and NEW are folders, or revisions of the git repository that holds the site (main, HEAD~1, a tag). Without NEW: the
site as it lies on disk. Only what the change can touch is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look, words
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from spdcheck.checks.change import Change
    from spdcheck.cli.dispatch import Streams
    from spdcheck.cli.progress import Progress
    from spdcheck.model.host import Site

FORMATS = ("text", "json", "markdown")
FAIL_ON = ("worse", "change", "never")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("old", metavar="OLD", help="a folder or a git revision")
    parser.add_argument("new", nargs="?", metavar="NEW", help="another one (default: the site as it lies on disk)")
    parser.add_argument("--site", metavar="DIR", help="the site (default: the nearest spdcheck.toml upwards, else .)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="for people (default), JSON, a comment")
    for name, text in (("--select", "ask only these checks"), ("--ignore", "leave these checks out")):
        parser.add_argument(
            name, action="append", default=[], metavar="CODE,...", help=f"{text}: codes, families such as CRY, names"
        )
    parser.add_argument(
        "--fail-on",
        choices=FAIL_ON,
        default="worse",
        help="exit status 1 where traffic is exposed or findings appear (worse, default), for any change, or never",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="whole traces and whole findings")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Compares the two states."""
    from spdcheck.checks.run import selected
    from spdcheck.cli.progress import Progress
    from spdcheck.cli.revisions import state

    selected(words(options.select), words(options.ignore))
    folder = _site_folder(options.site)
    with (
        Progress(streams.stderr) as progress,
        state(options.old, folder) as old,
        state(options.new or str(folder), folder) as new,
    ):
        change = _compared(options, old, new, progress)
    code = exit_status(change, options.fail_on)
    names = (options.old, options.new or "the files on disk")
    if options.format == "json":
        from spdcheck.output.diff_json import render as as_json

        write(streams.stdout, as_json(change, names, code))
    elif options.format == "markdown":
        from spdcheck.output.diff_markdown import render as as_comment

        write(streams.stdout, as_comment(change, names))
    else:
        from spdcheck.output.diff_text import render as as_text

        look = chosen_look(options, streams.stdout)
        for block in as_text(change, names, look, verbose=options.verbose):
            write(streams.stdout, block)
    return code


def _site_folder(name: str | None) -> Path:
    from pathlib import Path

    from spdcheck.errors import UsageError
    from spdcheck.site.load import nearest_site

    folder = Path(name) if name else (nearest_site(Path.cwd()) or Path())
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    return folder


def _compared(options: argparse.Namespace, old: Path, new: Path, progress: Progress) -> Change:
    from spdcheck.checks.change import compare
    from spdcheck.checks.run import selected

    progress.phase("reading")
    sites = [_loaded(folder, progress) for folder in (old, new)]
    rules = sites[1]
    codes = selected((*rules.select, *words(options.select)), (*rules.ignore, *words(options.ignore)))
    progress.phase("comparing", 2 * len(codes) + 1)
    return compare(sites[0], sites[1], codes, progress=progress)


def _loaded(folder: Path, progress: Progress) -> Site:
    from spdcheck.errors import UsageError
    from spdcheck.site.load import empty, load_site

    site = load_site(folder, progress=progress, shown="")
    if empty(site):
        raise UsageError(f"{folder}: no configuration file was recognised below this folder")
    return site


def exit_status(change: Change, fail_on: str) -> int:
    """1 for what the gate is to stop, 3 where a question has lost its answer, else 0."""
    from spdcheck.output.summary import FAIL_ON as SEVERITIES
    from spdcheck.output.summary import UNMODELLED

    if fail_on == "never":
        return status.CLEAN
    limit = SEVERITIES.index(change.new.fail_on or "warning") if change.new.fail_on != "never" else -1
    worse = [f for f in change.appeared if f.severity.rank <= limit and f.code != UNMODELLED]
    if worse or change.exposed or (fail_on == "change" and (change.traffic.found or change.disappeared)):
        return status.FINDINGS
    open_now = change.newly_open or change.traffic.doubts or change.undecided
    return status.NO_VERDICT if open_now else status.CLEAN
