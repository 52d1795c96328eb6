"""Arguments to calls: ``main`` finds the command, imports its module and nothing else, and answers with a status.

Every command is a module of this package with ``arguments(parser)`` and ``run(options, streams)``. This module is all
that ``spdcheck --version`` loads.
"""

from __future__ import annotations

from spdcheck import __version__
from spdcheck.cli import status

TYPE_CHECKING = False  # typing itself is too slow for ``spdcheck --version``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO


def main(argv: Sequence[str], stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> int:
    """Runs one command line and returns its exit status (:mod:`spdcheck.cli.status`). Never raises."""
    try:
        if argv and argv[0] in ("--version", "-V"):
            stdout.write(f"spdcheck {__version__}\n")
            code = status.CLEAN
        else:
            from spdcheck.cli.dispatch import Streams, dispatch

            code = dispatch(list(argv), Streams(stdin, stdout, stderr))
        stdout.flush()
    except KeyboardInterrupt:
        stderr.write("\n")
        return status.INTERRUPTED
    except BrokenPipeError:
        return status.BROKEN_PIPE
    except Exception as error:  # every other exception is told as what it is: a bug of ours, or a problem of the system
        from spdcheck.cli.failure import tell

        return tell(error, stderr, debug="--debug" in argv)
    return code
