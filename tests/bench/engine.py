"""The engine's tables as figures: seconds beside aerleon or z3 where they answer the same question in the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.engine_comparing import comparing
from tests.bench.engine_packets import looking_up, mirroring
from tests.bench.engine_shadowing import shadowing
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.bench.measure import Row

OURS = "spdcheck"
GOALS = {
    ("shadowing", "random", 10_000): 1.0,
    ("mirror check", "1000 × 100", 100_000): 1.0,
}
"""Seconds at most, by benchmark, case and size."""

LOOK_UP_MICROSECONDS = 10.0
AERLEON_RATIO = 0.01


def shadowed_rules() -> Iterator[Figure]:
    """Rules that never decide, at growing sizes; aerleon's pairwise check and one z3 query a rule as peers."""
    yield from _figures(shadowing())


def compared_lists() -> Iterator[Figure]:
    """Equivalence of a list and the same list reordered, changed in one rule, restructured."""
    yield from _figures(comparing())


def one_packet() -> Iterator[Figure]:
    """One packet against ten thousand rules, in microseconds."""
    for row in looking_up():
        if row.seconds is None:
            continue
        goal = LOOK_UP_MICROSECONDS if "prepared" in row.who else None
        name = f"{row.bench}, {row.case} {row.size:,} rules, {row.who}"
        yield Figure(name, row.seconds * 1e6, "µs", goal=goal, megabytes=row.megabytes)


def mirror_check() -> Iterator[Figure]:
    """A thousand gateways with a hundred policies each, after parsing."""
    yield from _figures(mirroring())


def _figures(rows: Iterable[Row]) -> Iterator[Figure]:
    """Our rows as figures, those of a peer as the ratio to ours of the same case and size."""
    ours: dict[tuple[str, str, int], Row] = {}
    for row in rows:
        key = (row.bench, row.case, row.size)
        if row.seconds is None:
            continue
        name = f"{row.bench}, {row.case}, {row.size:,}: {row.answer}"
        if row.who == OURS:
            ours[key] = row
            yield Figure(name, row.seconds, "s", goal=GOALS.get(key), megabytes=row.megabytes)
            continue
        mine = ours.get(key)
        ratio = None if mine is None or mine.seconds is None else mine.seconds / row.seconds
        goal = AERLEON_RATIO if "aerleon" in row.who and row.size >= 10_000 else None
        yield Figure(
            f"  {row.who} {name}", row.seconds, "s", peer=f"spdcheck to {row.who}", ratio=ratio, goal=goal,
            by_ratio=True, megabytes=row.megabytes,
        )  # fmt: skip
