"""What is said when a command can't be carried out: by a mistake of the user, by the system, or by a bug of ours.

The message of an unexpected exception may quote a file, and a file may hold a key: it is never printed, not even
under ``--debug``.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import IO

from spdcheck import __version__
from spdcheck.cli import status
from spdcheck.errors import SpdcheckError
from spdcheck.output.columns import plain
from spdcheck.output.terminal import write

_PACKAGE = Path(__file__).resolve().parent.parent


def tell(error: Exception, stderr: IO[str], *, debug: bool) -> int:
    """Writes what happened and returns the exit status for it."""
    if isinstance(error, SpdcheckError):
        write(stderr, f"spdcheck: {_lines(str(error))}\n")
        return status.USAGE
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        write(stderr, f"spdcheck: {plain(str(error.filename))}: {plain(error.strerror)}\n")
        return status.USAGE
    frames = traceback.extract_tb(error.__traceback__)
    place = next((frame for frame in reversed(frames) if _ours(frame)), frames[-1])
    write(
        stderr,
        f"spdcheck: sorry, this is a bug in spdcheck, not in your configuration.\n"
        f"  {type(error).__name__} at {_shown(place)} (spdcheck {__version__})\n"
        "  No verdict was reached. Please report this line with the command that you gave; it quotes no file.\n"
        + ("" if debug else "  --debug shows how it came to this.\n"),
    )
    if debug:
        write(stderr, "".join(_history(error)))
    return status.INTERNAL


def _lines(text: str) -> str:
    return "\n  ".join(plain(line) for line in text.splitlines())


def _ours(frame: traceback.FrameSummary) -> bool:
    return Path(frame.filename).is_relative_to(_PACKAGE)


def _shown(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    name = path.relative_to(_PACKAGE.parent).as_posix() if _ours(frame) else path.name
    return f"{name}:{frame.lineno} in {frame.name}"


def _history(error: BaseException) -> list[str]:
    """The traceback, the causes first, without the messages of the exceptions."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    rows = [*_history(before), "while handling it:\n"] if before is not None else []
    rows += [f"  {_shown(frame)}\n    {frame.line}\n" for frame in traceback.extract_tb(error.__traceback__)]
    return [*rows, f"{type(error).__name__} (its message is left out: it could quote a file)\n"]
