"""How long ``spdcheck --version`` takes over the bare interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import PYTHON, in_turn, spdcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 15
GOAL_MS = 40


def figures() -> Iterator[Figure]:
    """The difference of two medians, in milliseconds."""
    measured = in_turn({"bare": (*PYTHON, "-c", "pass"), "version": spdcheck("--version")}, ROUNDS)
    bare, version = measured["bare"], measured["version"]
    if version.status != 0:
        message = f"spdcheck --version ends with status {version.status}"
        raise Unavailable(message)
    yield Figure(
        name="--version over the bare interpreter",
        value=(version.seconds - bare.seconds) * 1000,
        unit="ms",
        peer="python -c pass",
        ratio=version.seconds / bare.seconds,
        goal=GOAL_MS,
        megabytes=version.megabytes,
    )
