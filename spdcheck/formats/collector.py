"""Reading a big file without the garbage collector.

Reading makes a few million small values that all live on. The collector would go through them again and again, double
the time, and find nothing: frozen values make no cycles.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BIG = 1 << 18
"""Texts of so many characters are worth it."""


@contextmanager
def paused(text: str) -> Iterator[None]:
    """No garbage collection inside, if the text is big and nobody else has switched it off before."""
    if len(text) < BIG or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # What was read lives on; nobody need go through it again.
        gc.freeze()
        gc.enable()
