"""The exit statuses. They mean the same for every command and every output format."""

from __future__ import annotations

CLEAN = 0
"""Everything that was asked is proved: no finding counts, no question is open."""

FINDINGS = 1
"""There are findings at or above ``--fail-on``."""

USAGE = 2
"""The command line, a path or a ``spdcheck.toml`` can't be used; nothing was checked."""

NO_VERDICT = 3
"""No finding counts, but some question is open: spdcheck never says OK for what it does not understand."""

INTERNAL = 4
"""spdcheck itself failed; the configuration is not to blame."""

INTERRUPTED = 130
"""Somebody pressed Ctrl-C (128 + SIGINT, as shells say it)."""

BROKEN_PIPE = 141
"""The reader of the output went away (128 + SIGPIPE)."""
