"""A site that is written as one text, read as the command line reads it."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.checks.run import run
from spdcheck.site.load import load_site
from tests.golden import unpack

if TYPE_CHECKING:
    from spdcheck.checks.finding import Finding, Undecided
    from spdcheck.model.host import Site


def read(text: str, folder: Path) -> Site:
    """The site whose files a text with ``=== PATH`` lines holds; paths are relative to its folder."""
    unpack(text, folder)
    with chdir(folder):
        return load_site(Path())


def asked(site: Site, code: str) -> tuple[list[Finding], list[Undecided]]:
    """What one check says about a site."""
    report = run(site, [code])
    return (
        [finding for finding in report.findings if finding.code == code],
        [item for item in report.undecided if item.code == code],
    )
