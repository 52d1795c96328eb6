"""What can go wrong in the *use* of spdcheck.

Errors of the user's configuration are never exceptions: they are diagnostics and findings. An exception that is not
one of these is a bug in spdcheck (exit status 4).
"""

from __future__ import annotations


class SpdcheckError(Exception):
    """Something kept spdcheck from doing what was asked; the message is for the user."""


class UsageError(SpdcheckError):
    """The command line asks for something that does not exist (exit status 2)."""


class SiteError(SpdcheckError):
    """A site's folder or its ``spdcheck.toml`` can't be used at all (exit status 2)."""


class BudgetError(SpdcheckError):
    """A question was given up because its time or size limit was reached; the verdict is UNKNOWN."""
