"""The paths of a command line, and the sites that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.cli.dispatch import nearest
from spdcheck.errors import UsageError
from spdcheck.site.load import empty, nothing_found, sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.cli.progress import Progress
    from spdcheck.model.host import Site


def named(texts: Sequence[str]) -> list[Path]:
    """The paths, relative to the current folder where they lie below it; UsageError for one that does not exist."""
    found = []
    for text in texts:
        path = Path(text)
        if path.is_absolute() and path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        if not path.exists():
            message = f"{text}: no such file or folder{_similar(path)}"
            raise UsageError(message)
        found.append(path)
    return found


def _similar(path: Path) -> str:
    try:
        near = nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
    return f"; did you mean {path.parent / near}?" if near else ""


def load(paths: Sequence[Path], progress: Progress) -> list[Site]:
    """Every site that the paths name. Raises UsageError where one holds nothing that we know."""
    progress.phase("reading")
    found = list(sites(list(paths), progress=progress))
    for site in found:
        if empty(site):
            folder = paths[0] if len(paths) == 1 and len(found) == 1 else Path(site.name)
            said = nothing_found(folder)
            message = f"{folder}: {said.message}; {said.mend}"
            raise UsageError(message)
    return found
