"""Changes to the files of a site, as places and texts: applied to a copy, shown as a patch, or written.

Places are offsets in the masked text, whose characters lie where those of the file lie, so that a change can be shown
without any secret around it and be written to the real file.
"""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from spdcheck.errors import UsageError
from spdcheck.records import dataclass
from spdcheck.source import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from spdcheck.source import SourceFile


@dataclass(frozen=True, slots=True)
class Edit:
    """``text`` in place of the characters ``start`` to ``end`` of a file; of a new file where there is none yet.

    ``start`` is None for the end of the file. ``path`` is the path as messages name it, ``why`` the reason in words.
    """

    path: str
    text: str
    why: str
    start: int | None = None
    end: int | None = None


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits of one file; their places are those of the text before."""
    known = list(edits)
    placed = sorted((edit for edit in known if edit.start is not None), key=lambda edit: edit.start or 0, reverse=True)
    for edit in placed:
        start = edit.start or 0
        text = text[:start] + edit.text + text[edit.end if edit.end is not None else start :]
    for edit in known:
        if edit.start is None:
            text = f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{edit.text}"
    return text


def by_path(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """The edits of each file, in their order."""
    found: dict[str, list[Edit]] = {}
    for edit in edits:
        found.setdefault(edit.path, []).append(edit)
    return found


def patch(edits: Iterable[Edit], files: Mapping[str, SourceFile]) -> Iterator[str]:
    """The edits as a unified diff. Lines around a change are left out where one of them holds a secret."""
    for path, own in by_path(edits).items():
        old = files[path].text if path in files else ""
        new = edited(old, own)
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        for around in (3, 0):
            names = (path if path in files else "/dev/null", path)
            hunks = list(unified_diff(before, after, *names, n=around))
            if not any(MASK in line for line in hunks if line.startswith(" ")):
                break
        yield from (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks)


def write(edits: Iterable[Edit], place: Mapping[str, Path]) -> None:
    """Writes the edits into the files; ``place`` says where each path lies. Raises UsageError where that fails."""
    from spdcheck.site.files import decode

    for path, own in by_path(edits).items():
        real = place[path]
        try:
            before = decode(real.read_bytes()) if real.exists() else ""
            real.parent.mkdir(parents=True, exist_ok=True)
            real.write_text(edited(before, own), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path}: can't be written: {error.strerror}") from None
