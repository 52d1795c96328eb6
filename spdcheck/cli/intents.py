"""Intents written down: a flow and how it ends, as an ``[[intent]]`` of ``spdcheck.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.trace import ARRIVED, Disposition
from spdcheck.errors import UsageError
from spdcheck.output.columns import plain

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.engine.trace import Trace


def expectation(flow: str, name: str, trace: Trace) -> str:
    """The text of an intent that says of a flow what its trace has shown. ``name`` is a comment above it.

    Raises UsageError where nobody knows how the flow ends, or where it leaks: that is nothing to be kept.
    """
    from spdcheck.cli.site_toml import quote

    if trace.disposition is Disposition.UNKNOWN:
        raise UsageError("nobody knows how this flow ends; there is nothing to save")
    if trace.disposition is Disposition.LEAKED:
        raise UsageError("this flow leaks; a leak is nothing to be saved as what is expected")
    words = ["delivered"] if trace.disposition in ARRIVED else ["denied"]
    if trace.protected and trace.disposition in ARRIVED:
        words.append("protected")
    if trace.reply is not None and trace.reply.arrives:
        words.append("replied")
    comment = f"# {plain(name)}\n" if name else ""
    expected = ", ".join(quote(word) for word in words)
    return f"\n{comment}[[intent]]\nflow = {quote(flow)}\nexpect = [{expected}]\n"


def append(path: Path, text: str) -> None:
    """Adds an intent at the end of a site file, which is made where there is none."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    path.write_text(before + text.removeprefix("" if before else "\n"), encoding="utf-8")


def site_file(folder: str | None) -> Path:
    """The ``spdcheck.toml`` of a folder, or of the nearest site; it need not exist yet."""
    from pathlib import Path

    from spdcheck.site.config import FILE_NAME
    from spdcheck.site.load import nearest_site

    base = Path(folder) if folder else (nearest_site(Path.cwd()) or Path())
    return base / FILE_NAME
