"""Explains a finding by its code or name: what it says, why it matters, an example, the correction, references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.cli.dispatch import nearest
from spdcheck.errors import UsageError
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse

    from spdcheck.cli.dispatch import Streams


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "codes", nargs="+", metavar="CODE", help="a code such as SPD004 or a name such as one-way-policy"
    )
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Prints the pages, in the order in which they were asked for."""
    from spdcheck.checks import load
    from spdcheck.output.explanation import render

    look = chosen_look(options, streams.stdout)
    pages = [render(load(_code(word)), look) for word in options.codes]
    write(streams.stdout, "\n".join(pages))
    return status.CLEAN


def _code(word: str) -> str:
    """The code that a word means. Raises UsageError for a word that names no check."""
    from spdcheck.checks import CHECKS
    from spdcheck.checks.run import name_of

    codes = {name_of(code): code for code, _, _ in CHECKS}
    if word.lower() in codes:
        return codes[word.lower()]
    if word.upper() in codes.values():
        return word.upper()
    near = nearest(word.upper(), codes.values()) or nearest(word.lower(), codes)
    hint = f"did you mean {near}?" if near else "spdcheck rules lists them"
    message = f"no check is called {word!r}; {hint}"
    raise UsageError(message)
