"""racoon's list of ``sainfo`` blocks, as far as it decides which later ones are refused or never used.

A block that is added is looked up first, as if it were a request; what is found decides (``getsainfo``, ``prisainfo``).
``anonymous`` equals everything, in the block and in the request. The look-up here takes the same time however long the
list is: blocks are filed by which of their parts are given, and by each subset of those parts.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.phase2_ids import CLIENT
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.racoon.phase2_ids import ComparedId
    from spdcheck.source import Span


class SainfoKey(NamedTuple):
    """What racoon compares: the phase 1 it belongs to, the peer (``from``), local and remote identity."""

    remote_ph1id: int
    peer: ComparedId
    local: ComparedId
    remote: ComparedId

    @property
    def parts(self) -> tuple[ComparedId, ...]:
        """The parts that may be open."""
        return self[1:]

    @property
    def given(self) -> frozenset[int]:
        """Which of them are not."""
        return frozenset(index for index, part in enumerate(self.parts) if part is not None)

    @property
    def priority(self) -> int:
        """racoon sorts its list by this."""
        weights = (3, 1, 1)
        return 3 * bool(self.remote_ph1id) + sum(weights[index] for index in self.given)


class _Entry(NamedTuple):
    order: int
    key: SainfoKey
    heading: Span


class SainfoList:
    """The blocks so far."""

    def __init__(self) -> None:
        self._filed: dict[tuple[object, ...], _Entry] = {}
        self._shapes: set[tuple[int, frozenset[int]]] = set()
        self._same: dict[SainfoKey, Span] = {}
        self._count = 0

    def add(self, key: SainfoKey, heading: Span) -> Span | None:
        """Files a block; the heading of an earlier one with the very same key, which hides it, or None."""
        twin = self._same.setdefault(key, heading)
        self._count += 1
        # blocks for `clientaddr` are never found by a look-up that has no client
        if key.remote != CLIENT:
            self._shapes.add((key.remote_ph1id, key.given))
            entry = _Entry(self._count, key, heading)
            for some in _subsets(key.given):
                self._filed.setdefault(_place(key, key.given, some), entry)
        return None if twin is heading else twin

    def clash(self, key: SainfoKey) -> Span | None:
        """The block for which racoon refuses this one as ``duplicated``, or None."""
        found = [entry for entry in self._matching(key) if entry is not None]
        if not found or key.local is None:
            return None
        first = min(found, key=lambda entry: (-entry.key.priority, entry.order))
        return first.heading if first.key.local is not None else None

    def _matching(self, key: SainfoKey) -> Iterator[_Entry | None]:
        """The first matching block of each shape."""
        for remote_ph1id, given in self._shapes:
            if remote_ph1id == key.remote_ph1id:
                yield self._filed.get(_place(key, given, given & key.given))


def _subsets(given: frozenset[int]) -> Iterator[frozenset[int]]:
    for size in range(len(given) + 1):
        yield from map(frozenset, combinations(sorted(given), size))


def _place(key: SainfoKey, shape: frozenset[int], parts: frozenset[int]) -> tuple[object, ...]:
    return (key.remote_ph1id, shape, parts, *(key.parts[index] for index in sorted(parts)))
