"""What ippool.conf says: tables of addresses that the rules of ipf.conf and ipnat.conf refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.ipfilter import PoolEntry, Target
    from spdcheck.model.policy import Direction
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A table of ippool.conf. ``role`` is ``ipf``, ``nat``, ``auth``, ``count`` or ``all``.

    ``kind`` is ``tree``, ``hash``, ``dstlist`` or ``group-map``; for the last ``direction`` says which rules ask it and
    ``group`` is the group of entries that name none. ``policy`` and ``targets`` are those of a dstlist. ``missing``
    says why entries are unknown (a file that could not be opened), empty if all are known.
    """

    origin: Span
    kind: str
    role: str
    name: str
    entries: tuple[PoolEntry, ...] = ()
    direction: Direction | None = None
    group: str | None = None
    policy: str = ""
    targets: tuple[Target, ...] = ()
    size: int | None = None
    seed: int | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSet:
    """The tables of one ippool.conf."""

    origin: Span
    kind: str = "ippool"
    pools: tuple[Pool, ...] = ()
