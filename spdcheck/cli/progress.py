"""A progress bar on the terminal of whoever waits: it appears after half a second and is erased at the end."""

from __future__ import annotations

import os
import threading
import time
from typing import IO, TYPE_CHECKING, Self

from spdcheck.output.columns import width_of
from spdcheck.output.terminal import is_terminal, look_at, write

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_SECONDS = 0.5
_REDRAW_SECONDS = 0.1
_BAR_COLUMNS = 20


class Progress:
    """What is being done right now. Calling it tells the next step: ``progress("SPD004")``.

    It draws only on a terminal, and not where pre-commit runs us (``PRE_COMMIT=1``).
    """

    def __init__(self, stream: IO[str], environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._stream = stream
        self._look = look_at(stream, environ=environ)
        self._enabled = is_terminal(stream) and environ.get("PRE_COMMIT") != "1" and environ.get("TERM") != "dumb"
        self._title, self._step, self._done, self._total = "reading", "", 0, 0
        self._drawn = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._enabled:
            self._thread = threading.Thread(target=self._draw_until_over, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._drawn:
            write(self._stream, "\r\x1b[K")
            self._stream.flush()

    def phase(self, title: str, total: int = 0) -> None:
        """Starts another kind of work of so many steps (0: nobody knows)."""
        self._title, self._step, self._done, self._total = title, "", 0, total

    def __call__(self, step: str) -> None:
        """Starts the next step."""
        self._step = step
        self._done += 1

    def _draw_until_over(self) -> None:
        started = time.monotonic()
        if self._over.wait(PATIENCE_SECONDS):
            return
        while True:
            self._drawn = True
            write(self._stream, f"\r{self.line(time.monotonic() - started)}\x1b[K")
            self._stream.flush()
            if self._over.wait(_REDRAW_SECONDS):
                return

    def line(self, seconds: float) -> str:
        """The bar after so many seconds, short enough for one line of the terminal."""
        full, rest = ("#", ".") if self._look.ascii_only else ("━", "─")
        bar = count = ""
        if self._total:
            filled = min(self._done, self._total) * _BAR_COLUMNS // self._total
            bar = self._look.paint(full * filled, "good") + self._look.paint(rest * (_BAR_COLUMNS - filled), "dim")
            bar, count = f" {bar}", f" {min(self._done, self._total)}/{self._total}"
        text = f"{count} {seconds:.0f} s {self._look.text(self._step)}"
        room = self._look.width - len(self._title) - (_BAR_COLUMNS + 1 if bar else 0) - 1
        while width_of(text) > room:
            text = text[:-1]
        return f"{self._title}{bar}{text}"
