"""argparse as we want it: it writes to our streams, raises instead of exiting, and suggests what was meant."""

from __future__ import annotations

import argparse
from functools import partial
from typing import IO, TYPE_CHECKING, NoReturn

from spdcheck.cli.dispatch import Streams, nearest
from spdcheck.errors import UsageError
from spdcheck.output.terminal import Look, look_at, write

if TYPE_CHECKING:
    from collections.abc import Sequence


class Finished(Exception):  # noqa: N818 (it is no error: the help page was asked for and printed)
    """There is nothing left to do."""


class Parser(argparse.ArgumentParser):
    """The parser of one command."""

    def __init__(self, name: str, description: str, streams: Streams) -> None:
        super().__init__(
            prog=f"spdcheck {name}",
            description=description,
            formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=look_at(streams.stdout).width),
            allow_abbrev=False,
        )
        self._streams = streams
        self.add_argument("--debug", action="store_true", help="on an internal error, print where it happened")

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002
        """The help page, the only thing that argparse prints here, goes where output goes."""
        write(self._streams.stdout, message)

    def exit(self, code: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002
        """argparse is done: it has printed the help page."""
        raise Finished

    def error(self, message: str) -> NoReturn:
        """A mistake on the command line (exit status 2)."""
        unknown = "unrecognized arguments: "
        if message.startswith(unknown):
            word = message.removeprefix(unknown).split()[0]
            near = nearest(word.partition("=")[0], self._option_string_actions)
            message = (
                f"there is no option {word}" if word.startswith("-") else f"there is one argument too many: {word}"
            )
            if near and word.startswith("-"):
                message += f"; did you mean {near}?"
        text = f"{message} ({self.prog} --help)"
        raise UsageError(text)


def add_look(parser: argparse.ArgumentParser) -> None:
    """Adds the options on colours and symbols."""
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours: on a terminal by default"
    )
    parser.add_argument("--ascii", action="store_true", help="no symbols beyond ASCII")


def chosen_look(options: argparse.Namespace, stream: IO[str]) -> Look:
    """The look for a stream under these options."""
    links = getattr(options, "link_template", None) or ""
    return look_at(stream, color=options.color, ascii_only=options.ascii, links=links)


def words(values: Sequence[str]) -> tuple[str, ...]:
    """The words of an option that may be repeated and takes several words at once, with commas between."""
    return tuple(word for value in values for word in value.replace(",", " ").split())


def positive(text: str) -> int:
    """The value of an option that counts something; argparse tells the user what is wrong with another."""
    if not text.isdecimal() or int(text) == 0:
        message = f"{text!r} is no number from 1 on"
        raise argparse.ArgumentTypeError(message)
    return int(text)
