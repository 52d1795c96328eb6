"""One question of a suite and its answer."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """``name`` says what was tried, ``reason`` why it failed.

    ``group`` makes the case part of a sub-suite (``pf.modern``).
    """

    name: str
    passed: bool
    reason: str = ""
    group: str = ""
