"""Time and peak memory of one function, each measured in a fresh process, so that no case warms or fattens another.

Time is that of the processor: a busy machine makes no difference, and nothing here waits for anything.
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Row(NamedTuple):
    """One line of a benchmark's table. ``seconds`` and ``megabytes`` (peak) are None where there is nothing to say."""

    bench: str
    case: str
    size: int
    who: str
    seconds: float | None
    megabytes: float | None
    answer: str


class Measured(NamedTuple):
    """What a timed function says: how long the part that counts took, and its answer."""

    seconds: float
    answer: Any


def timed(function: Callable[[], Any]) -> Measured:
    """Run it once."""
    start = time.process_time()
    answer = function()
    return Measured(time.process_time() - start, answer)


def alone(function: Callable[..., Measured], *arguments: object) -> tuple[Measured, float]:
    """What the function measures in a process of its own, and the peak memory of that process in megabytes."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_with_memory, function, *arguments).result()


def _with_memory(function: Callable[..., Measured], *arguments: object) -> tuple[Measured, float]:
    result = function(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return result, peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def row(bench: str, case: str, size: int, who: str, function: Callable[..., Measured], *arguments: object) -> Row:
    """A row from a function that is measured alone."""
    result, megabytes = alone(function, *arguments)
    return Row(bench, case, size, who, result.seconds, megabytes, str(result.answer))
