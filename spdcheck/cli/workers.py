"""A check divided among several processes, on this machine or on a cluster: each judges some hosts of the whole site.

Every worker reads the site itself and compares its digest with ours, so that all judge the same; what it says comes
back packed. A share whose worker saw other files is worked out here.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from spdcheck.errors import UsageError
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spdcheck.checks.finding import Report
    from spdcheck.model.host import Site

WORTHWHILE_HOSTS = 40
"""Starting processes takes longer than asking about fewer hosts."""

_SHARES_A_WORKER = 4
"""Hosts differ in work: more shares than workers keep all of them busy to the end."""


class Source(NamedTuple):
    """Where a worker finds the site: the folder, as a path from the folder in which we stand."""

    here: str
    folder: str


class Answer(Protocol):
    """What will come back, as both kinds of executors promise it."""

    def result(self) -> bytes | None:
        """Waits for it."""
        ...


class Pool(Protocol):
    """Takes work: a ``ProcessPoolExecutor`` or the ``Client`` of dask.distributed."""

    def submit(self, function: Callable[..., bytes | None], /, *arguments: object) -> Answer:
        """Has the function called somewhere."""
        ...


_read: dict[Source, tuple[str, Site]] = {}


def answer(source: Source, digest: str, codes: tuple[str, ...], hosts: tuple[str, ...], first: bool) -> bytes | None:
    """A worker's part: the report on some hosts, packed; None if its site is not the one that is asked about."""
    from spdcheck.checks.run import ask
    from spdcheck.checks.site_digest import digest as digest_of
    from spdcheck.checks.site_digest import files_of
    from spdcheck.engine.focus import Share
    from spdcheck.packing import pack
    from spdcheck.site.load import load_site

    known = _read.get(source)
    if known is None or known[0] != digest:
        os.chdir(source.here)
        site = load_site(Path(source.folder))
        _read.clear()
        known = _read[source] = (digest_of(site), site)
    if known[0] != digest:
        return None
    report = ask(known[1], codes, focus=Share(frozenset(hosts), first))
    return pack(report, files_of(known[1]))


def workers_for(site: Site, jobs: int | None) -> int:
    """How many processes to use: what was asked for, else one for each processor where the site is large."""
    if site.single_file or jobs == 1:
        return 1
    if jobs is None:
        return (os.cpu_count() or 1) if len(site.hosts) >= WORTHWHILE_HOSTS else 1
    return jobs


def asked(site: Site, codes: Sequence[str], jobs: int | None, scheduler: str | None) -> Report | None:
    """The report as other processes give it; None where this one had better ask alone."""
    source = Source(str(Path.cwd()), site.folder or ".")
    if scheduler is not None and not site.single_file:
        with cluster(scheduler) as (pool, workers):
            return divided(site, codes, source, pool, workers)
    workers = workers_for(site, jobs)
    if workers < 2:
        return None
    with local(workers) as pool:
        return divided(site, codes, source, pool, workers)


def divided(site: Site, codes: Sequence[str], source: Source, pool: Pool, workers: int) -> Report:
    """The report of a whole site, its hosts divided among the workers of a pool."""
    from spdcheck.checks.finding import Report
    from spdcheck.checks.run import ask, joined
    from spdcheck.checks.site_digest import digest, files_of
    from spdcheck.checks.suppressing import settled
    from spdcheck.engine.focus import Share
    from spdcheck.packing import unpack

    names = [host.name for host in site.hosts]
    count = max(1, min(len(names), workers * _SHARES_A_WORKER))
    shares = [tuple(names[number::count]) for number in range(count)]
    sure, files = digest(site), files_of(site)
    asked = [pool.submit(answer, source, sure, tuple(codes), share, n == 0) for n, share in enumerate(shares)]
    parts: list[Report] = []
    for number, promise in enumerate(asked):
        packed = promise.result()
        found = None if packed is None else unpack(packed, files)
        if not isinstance(found, Report):
            found = ask(site, codes, focus=Share(frozenset(shares[number]), number == 0))
        parts.append(found)
    return settled(site, codes, joined(site, parts))


@contextmanager
def local(workers: int) -> Iterator[Pool]:
    """Processes on this machine."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool


@contextmanager
def cluster(address: str) -> Iterator[tuple[Pool, int]]:
    """The workers of a dask.distributed cluster, and their number. Raises UsageError where there is none."""
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--cluster needs dask.distributed: pip install 'spdcheck[cluster]'") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"--cluster {address}: no scheduler answers there ({type(error).__name__})") from None
    with client:
        threads = sum(info["nthreads"] for info in client.scheduler_info()["workers"].values())
        if not threads:
            raise UsageError(f"--cluster {address}: the scheduler has no worker")
        yield client, threads
