"""Lists every check: code, name, severity and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse

    from spdcheck.cli.dispatch import Streams


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown"),
        default="text",
        help="a table for people (default), JSON with the whole explanations, a table in Markdown",
    )
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Prints the list."""
    from spdcheck.checks import load_all
    from spdcheck.output.explanation import as_json, as_markdown, as_table

    checks = load_all()
    if options.format == "json":
        text = as_json(checks)
    else:
        rows = (
            as_markdown(checks)
            if options.format == "markdown"
            else as_table(checks, chosen_look(options, streams.stdout))
        )
        text = "".join(f"{row}\n" for row in rows)
    write(streams.stdout, text)
    return status.CLEAN
