"""What the stream that we write to can show: colours, symbols, width.

Colour never carries a meaning alone; without it, and with ASCII symbols, every output says the same.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from spdcheck.output.columns import plain
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

STEADY_COLUMNS = 100
"""The width where no terminal says another one: pipes, files and golden outputs look the same everywhere."""
LEAST_COLUMNS = 40

_SYMBOLS = "✓✗→━─│┃╭╰┏┗…•"
_SGR = {
    "error": "1;31", "warning": "1;33", "info": "1;36", "strong": "1", "frame": "34", "dim": "2", "related": "36",
    "good": "32", "mend": "32",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """How to write: with colours or without, with Unicode symbols or ASCII, and how many columns there are."""

    colour: bool = False
    ascii_only: bool = False
    width: int = STEADY_COLUMNS
    links: str = ""
    """The template of links (:mod:`spdcheck.output.links`), where the stream makes something of them."""

    def paint(self, text: str, role: str) -> str:
        """The text in the colour of its role (``error``, ``strong``, ``frame`` …), or as it is."""
        if not self.colour or not text or role not in _SGR:
            return text
        return f"\x1b[{_SGR[role]}m{text}\x1b[0m"

    def text(self, text: str) -> str:
        """A text from anywhere, safe to show: on one line and without control characters."""
        return plain(text, ascii_only=self.ascii_only)

    def linked(self, text: str, address: str) -> str:
        """The text as a hyperlink (OSC 8), where there is an address."""
        return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\" if address and text else text

    @property
    def ellipsis(self) -> str:
        """What stands for the part of a line that is left out."""
        return "..." if self.ascii_only else "…"


def look_at(
    stream: IO[str],
    *,
    color: str = "auto",
    ascii_only: bool = False,
    links: str = "",
    environ: Mapping[str, str] | None = None,
) -> Look:
    """What suits a stream; ``color`` is ``auto``, ``always`` or ``never``. Links are for terminals only.

    ``auto`` means a terminal, unless NO_COLOR is set; FORCE_COLOR stands for a terminal (as Python itself reads them).
    """
    environ = os.environ if environ is None else environ
    terminal = is_terminal(stream)
    if color == "auto":
        forced = bool(environ.get("FORCE_COLOR"))
        colour = not environ.get("NO_COLOR") and (forced or (terminal and environ.get("TERM") != "dumb"))
    else:
        colour = color == "always"
    return Look(
        colour,
        ascii_only or not _can_show_symbols(stream),
        _columns(stream, environ) if terminal else STEADY_COLUMNS,
        links if terminal and environ.get("TERM") != "dumb" else "",
    )


def is_terminal(stream: IO[str]) -> bool:
    """Somebody looks at this stream right now."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _can_show_symbols(stream: IO[str]) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        _SYMBOLS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _columns(stream: IO[str], environ: Mapping[str, str]) -> int:
    try:
        columns = int(environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError, AttributeError):
            columns = 0
    return max(LEAST_COLUMNS, columns or STEADY_COLUMNS)


def write(stream: IO[str], text: str) -> None:
    """Writes a text; a character that the stream can't encode is written as an escape, never an exception."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
