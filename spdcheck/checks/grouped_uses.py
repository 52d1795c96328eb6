"""One finding for each algorithm and stage of a host, however many sections name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Note
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.semantics.algorithm_uses import Stage, Use
    from spdcheck.source import Span

_SHOWN = 6


class Group(NamedTuple):
    """All uses of one algorithm in one stage: where it matters most, and the other places."""

    name: str
    stage: Stage
    first: bool
    origin: Span
    notes: tuple[Note, ...]
    times: int

    @property
    def where(self) -> str:
        """``in phase 2 (4 times)``."""
        return f"in {self.stage.value}" + (f" ({self.times} times)" if self.times > 1 else "")


def grouped(uses: Iterable[Use]) -> Iterator[Group]:
    """The uses by stage and name, in the order in which they come; a first choice represents its group."""
    groups: dict[tuple[Stage, str], list[Use]] = {}
    seen: set[tuple[Stage, Span]] = set()
    for use in uses:
        if (use.stage, use.origin) not in seen:  # a section that inherits another mentions the same lines
            seen.add((use.stage, use.origin))
            groups.setdefault((use.stage, use.name), []).append(use)
    for (stage, name), members in groups.items():
        head = next((use for use in members if use.first), members[0])
        notes = tuple(Note(use.origin, "here too") for use in members if use is not head)
        yield Group(name, stage, head.first, head.origin, notes[:_SHOWN], len(members))
