"""What was said of a large site, kept from one run to the next: while nothing changes, nothing is asked again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from spdcheck import kept_files
from spdcheck.checks.finding import Report
from spdcheck.checks.site_digest import digest, files_of
from spdcheck.packing import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spdcheck.model.host import Site

WORTHWHILE_HOSTS = 20
"""The answers about fewer hosts come as fast as they are looked up."""

_MOST_REPORTS = 16


def kept(site: Site, codes: Sequence[str], ask: Callable[[], Report]) -> Report:
    """The report of these checks on a site as ``ask`` gives it, from the cache folder where it was given before."""
    where = kept_files.folder() if len(site.hosts) >= WORTHWHILE_HOSTS else None
    if where is None:
        return ask()
    layout = f"spdcheck report 1 {kept_files.program()}\n".encode()
    name = hashlib.sha256(f"{digest(site)} {' '.join(codes)}".encode()).hexdigest()[:40]
    path, files = where / f"{name}.report", files_of(site)
    body = kept_files.read(path, layout)
    found = None if body is None else unpack(body, files)
    if isinstance(found, Report):
        return found
    report = ask()
    packed = pack(report, files)
    if packed is not None:
        kept_files.write(path, layout, packed)
        kept_files.keep_newest(where, "*.report", _MOST_REPORTS)
    return report
