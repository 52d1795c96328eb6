"""The running state for people: what each listing of a kernel shows, apart from what is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Action
from spdcheck.model.running import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.running import Dump, RunningAssociation, RunningPolicy


def sections(host: Host) -> Iterator[tuple[str, Iterator[tuple[str, ...]]]]:
    """Title and rows of each data base of each dump."""
    for dump in host.running.dumps:
        for database in Database:
            if database in dump.shows:
                rest = ", not whole" if database in dump.excerpts else ""
                yield f"running {database.value}, as {dump.tool} lists it{rest}", _rows(dump, database)


def _rows(dump: Dump, database: Database) -> Iterator[tuple[str, ...]]:
    if database is Database.SPD:
        found = [_policy(policy) for policy in dump.policies]
    elif database is Database.SAD:
        found = [_association(association) for association in dump.associations]
    else:
        found = [
            (f"{sa.local or '?'} ↔ {sa.remote}", "aggressive mode" if sa.exchange == "A" else "", "", sa.origin.where)
            for sa in dump.phase1
        ]
    yield from found or [("no entries", "", "", dump.origin.file.path)]


def _policy(policy: RunningPolicy) -> tuple[str, ...]:
    demand = policy.action.value
    if policy.action is Action.PROTECT:
        demand = " + ".join(str(template) for template in policy.templates)
    if policy.priority:
        demand += f" (priority {policy.priority})"
    if policy.interface:
        demand += f" on {policy.interface}"
    return policy.direction.value, str(policy.selector), demand, policy.origin.where


def _association(sa: RunningAssociation) -> tuple[str, ...]:
    spi = "" if sa.spi is None else f"spi {sa.spi:#x}"
    return f"{sa.protocol} {sa.source} → {sa.destination}", spi, ", ".join(_facts(sa)), sa.origin.where


def _facts(sa: RunningAssociation) -> Iterator[str]:
    if sa.mode is not None:
        yield f"{sa.mode.value} mode"
    for algorithm in (sa.encryption, sa.integrity):
        if algorithm is not None:
            key = f" with a key of {algorithm.bits} bits" if algorithm.bits else ""
            yield f"{algorithm.name}{key}"
    if sa.compression:
        yield sa.compression
    if sa.reqid:
        yield f"reqid {sa.reqid}"
    if sa.replay_window:
        yield f"replay window {sa.replay_window}"
    if sa.hard_seconds:
        yield f"lives {sa.hard_seconds} s"
    if sa.state:
        yield sa.state
