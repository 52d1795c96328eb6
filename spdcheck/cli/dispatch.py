"""Which command is meant: the list of them, the help page over it, and the nearest one for a typo."""

from __future__ import annotations

from importlib import import_module
from typing import IO, TYPE_CHECKING

from spdcheck import __version__
from spdcheck.cli import status
from spdcheck.errors import UsageError
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Streams(NamedTuple):
    """Where a command reads and writes; tests give their own."""

    stdin: IO[str]
    stdout: IO[str]
    stderr: IO[str]


COMMANDS: dict[str, str] = {
    "check": "find what is wrong between the peers of a site",
    "trace": "tell what happens to a packet and its answer, stage by stage",
    "ike": "tell whether IKE comes up between two hosts, message by message",
    "shell": "trace interactively: why, what if, find a leak",
    "diff": "tell what a change does: packets whose fate is another, findings that come and go",
    "mirror": "write what a peer needs: policies, key exchange, openings, tried before they are printed",
    "baseline": "write today's findings down, so that only new ones are told",
    "show": "print the model: what spdcheck believes about every host, inferences marked",
    "init": "write the inferred model down as a spdcheck.toml",
    "explain": "explain a finding: what, why, an example, the correction",
    "rules": "list every check",
    "syntax": "read files one by one, without their peers",
}
"""Every command with its one line of help; each is a module of this package."""


def dispatch(argv: list[str], streams: Streams) -> int:
    """Runs the command that the first word names."""
    words = [word for word in argv if word != "--debug"] if argv[:1] == ["--debug"] else argv
    if not words:
        streams.stderr.write(overview())
        return status.USAGE
    name, *rest = words
    if name in ("-h", "--help"):
        streams.stdout.write(overview())
        return status.CLEAN
    if name in ("-V", "--version"):
        streams.stdout.write(f"spdcheck {__version__}\n")
        return status.CLEAN
    if name not in COMMANDS:
        raise UsageError(_unknown(name))
    from spdcheck.cli.arguments import Finished, Parser

    command = import_module(f"spdcheck.cli.{name}")
    parser = Parser(name, command.__doc__ or "", streams)
    command.arguments(parser)
    try:
        options = parser.parse_intermixed_args(rest)  # trace tcp --df a b: words of a flow around options
    except Finished:
        return status.CLEAN
    code: int = command.run(options, streams)
    return code


def overview() -> str:
    """The help page of ``spdcheck`` itself."""
    commands = "\n".join(f"  {name:9}{text}" for name, text in COMMANDS.items())
    return f"""\
usage: spdcheck COMMAND [OPTION...]

Reads the IPsec configuration of every peer and finds what is wrong between them.

commands:
{commands}

options:
  -h, --help     this page; with a command, the page of that command
  -V, --version  print the version
  --debug        on an internal error, print where it happened (a traceback without file contents)

exit status:
  0 clean   1 findings   2 usage   3 no verdict: something could not be understood   4 internal error

Start with: spdcheck check FOLDER   (one sub-folder a host, each with the host's files)
"""


def _unknown(name: str) -> str:
    from pathlib import Path

    if name.startswith("-"):
        return f"there is no option {name} before the command; spdcheck --help lists both"
    near = nearest(name, COMMANDS)
    if near:
        return f"there is no command {name!r}; did you mean {near!r}?"
    if Path(name).exists():
        return f"{name!r} is no command; did you mean: spdcheck check {name}"
    return f"there is no command {name!r}; the commands are {', '.join(COMMANDS)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like this one, or nothing."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), "")
