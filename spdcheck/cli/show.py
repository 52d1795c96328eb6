"""Prints the model: hosts, interfaces, routes, policies in the order of the kernel, associations, key exchange.

Every fact has its place; what no file says but was inferred is marked with ~.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.errors import UsageError
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse

    from spdcheck.cli.dispatch import Streams


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("path", nargs="?", metavar="PATH", help="a site, a folder of sites, a single file")
    parser.add_argument("--site", metavar="DIR", help="the same, as other commands name it")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="for people (default), JSON")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Prints every site that the path names."""
    from spdcheck.cli.paths import load, named
    from spdcheck.cli.progress import Progress

    if options.site and options.path:
        message = "give either --site DIR or PATH (spdcheck show --help)"
        raise UsageError(message)
    paths = named([options.site or options.path or "."])
    with Progress(streams.stderr) as progress:
        found = load(paths, progress)
    if options.format == "json":
        from spdcheck.output.show_json import render as as_json

        write(streams.stdout, as_json(found))
    else:
        from spdcheck.output.show_text import render as as_text

        for block in as_text(found, chosen_look(options, streams.stdout)):
            write(streams.stdout, block)
    return status.CLEAN
