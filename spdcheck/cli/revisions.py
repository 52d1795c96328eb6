"""What a person calls a state of a site: a folder, or a revision of the git repository that holds it."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spdcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 120


@contextmanager
def state(text: str, site: Path) -> Iterator[Path]:
    """The folder that holds a state of the site: the folder of that name, or the site as it is in a git revision.

    A revision is written to a temporary folder, which is removed at the end. Raises UsageError for what is neither.
    """
    if Path(text).is_dir():
        yield Path(text)
        return
    top = _git(site, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"{text}: no such folder, and {site} is in no git repository in which it could be a revision")
    revision = _git(site, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    if revision is None:
        raise UsageError(f"{text}: neither a folder nor a revision of the repository {top.strip()}")
    below = (_git(site, "rev-parse", "--show-prefix") or "").strip()
    tree = _git(site, "rev-parse", "--verify", "--quiet", f"{revision.strip()}:{below.rstrip('/')}")
    if tree is None:
        raise UsageError(f"{text}: the folder {below} does not exist in this revision")
    with TemporaryDirectory(prefix="spdcheck-") as folder:
        files = Path(folder, "site")
        files.mkdir()
        _write_tree(Path(top.rstrip("\n")), tree.strip(), files, Path(folder, "index"))
        yield files


def _write_tree(repository: Path, tree: str, folder: Path, index: Path) -> None:
    """Writes a tree's files without touching the repository's own index or work tree."""
    environ = {**os.environ, "GIT_INDEX_FILE": str(index)}
    for words in (("read-tree", tree), ("checkout-index", "--all", f"--prefix={folder}/")):
        if _git(repository, *words, environ=environ) is None:
            raise UsageError(f"git could not write the files of {tree}")


def _git(folder: Path, *words: str, environ: dict[str, str] | None = None) -> str | None:
    """What git prints; None where it refuses. Raises UsageError where there is no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS, env=environ,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("revisions need git, and there is no git on this machine") from None
    return done.stdout if done.returncode == 0 else None
