"""Golden files: what the user sees, kept beside the input that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
SHARED = ROOT.parent / "shared"


@dataclass
class Golden:
    """Compares text with a file; under ``--update-golden`` it writes the file instead."""

    update: bool

    def check(self, path: Path, text: str) -> None:
        """Fails with a readable difference if the file holds another text."""
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"{path.relative_to(ROOT)} is missing: look at the output, then --update-golden"
        assert text == path.read_text(encoding="utf-8"), f"{path.relative_to(ROOT)} differs"


def unpack(text: str, folder: Path) -> None:
    """Writes a site that is given as one text: a line ``=== PATH`` starts each file.

    ``\\r`` at the end of a line stands for a carriage return, ``\\s`` at the end for a blank that editors would strip.
    """
    path: Path | None = None
    lines: list[str] = []

    def flush() -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(lines), encoding="utf-8", newline="")

    for line in text.splitlines(keepends=True):
        if line.startswith("=== "):
            flush()
            path, lines = folder / line[4:].strip(), []
        elif path is not None:
            lines.append(line.replace("\\s\n", " \n").replace("\\r\n", "\r\n"))
    flush()
