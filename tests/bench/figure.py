"""A figure of a benchmark: what was measured, beside whom, and what was to be reached."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """One line of the table.

    ``ratio`` is the figure divided by that of ``peer``, measured in the same run. ``goal`` is the most that ``value``
    (or, with ``by_ratio``, the ratio) may be; None where nothing is demanded. ``megabytes`` is the peak memory.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None
    goal: float | None = None
    by_ratio: bool = False
    megabytes: float | None = None

    @property
    def reached(self) -> bool | None:
        """The goal is met; None where there is none."""
        if self.goal is None:
            return None
        measured = self.ratio if self.by_ratio else self.value
        return measured is not None and measured <= self.goal


class Unavailable(Exception):  # noqa: N818 (it is no error: the piece is not built yet)
    """What a benchmark needs does not exist yet; the message says what."""
