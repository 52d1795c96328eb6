"""Why a statement that parses may still not become part of the model.

The four are raised inside this package while a statement is converted, and become diagnostics in ``script.py``. ``at``
is the position of the token that is to blame.
"""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 (not an error of the program: it is caught and reported)
    """Something about a statement; ``message`` says what was found, ``mend`` what to do."""

    def __init__(self, at: int, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.message = message
        self.mend = mend


class Refused(Problem):
    """setkey itself refuses the statement and stops (CFG001)."""


class NotLoaded(Problem):
    """setkey takes the statement, the kernel answers with an error, and setkey goes on without it (CFG010)."""


class NotModelled(Problem):
    """The statement works, but we don't know what it does (CFG002)."""


class Undefined(Problem):
    """A name that we don't know; whether it works depends on the machine (CFG003)."""
