"""Edits tried on a copy of the site: what they make go away, and what they would bring."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spdcheck.checks.change import compare
from spdcheck.checks.suppressing import idle_findings
from spdcheck.mending.edit import write
from spdcheck.records import dataclass
from spdcheck.site.files import walk
from spdcheck.site.load import load_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.mending.edit import Edit
    from spdcheck.model.host import Site


@dataclass(frozen=True, slots=True)
class Proof:
    """What edits do to the findings of a site: those that go, those that come, all that are left."""

    gone: tuple[Finding, ...]
    come: tuple[Finding, ...]
    left: tuple[Finding, ...]
    site: Site


def place_of(site: Site, path: str, root: Path) -> Path:
    """Where a file of the site, as messages name it, lies below a folder that holds the site."""
    inside = path.removeprefix(f"{site.folder}/") if site.folder else path
    return root / inside


@contextmanager
def tried(site: Site, edits: Iterable[Edit]) -> Iterator[Site]:
    """The site with the edits, read from a copy of its folder that is removed at the end."""
    known = list(edits)
    with TemporaryDirectory(prefix="spdcheck-") as folder:
        copy = Path(folder, "site")
        root = Path(site.folder or ".")
        for path in walk(root):
            target = copy / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        write(known, {edit.path: place_of(site, edit.path, copy) for edit in known})
        yield load_site(copy, shown=site.folder)


def prove(site: Site, edits: Iterable[Edit], codes: Sequence[str]) -> Proof:
    """What the edits do to the findings of these checks.

    A finding that comes where one of the same check about the same host goes is the same one at another statement.
    """
    with tried(site, edits) as after:
        change = compare(site, after, codes)
        idle = [{finding.fingerprint: finding for finding in idle_findings(state, codes)} for state in (site, after)]
    gone = tuple(finding for key, finding in idle[0].items() if key not in idle[1])
    come = tuple(finding for key, finding in idle[1].items() if key not in idle[0])
    news = {(finding.code, finding.host) for finding in change.disappeared}
    brought = (finding for finding in change.appeared if (finding.code, finding.host) not in news)
    return Proof((*change.disappeared, *gone), (*brought, *come), change.after.findings, after)
