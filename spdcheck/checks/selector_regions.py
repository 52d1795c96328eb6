"""What is left of a selector when others are taken away, and packets that show it: the exact engine for SPD checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spdcheck.engine.boxes import Space, intersect, merged, subtract_all
from spdcheck.engine.witness import example
from spdcheck.semantics.selectors import SELECTOR_FIELDS, sides_of
from spdcheck.semantics.words import box_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.engine.boxes import Box
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.packet import Packet

_SPACE = Space.of_fields(SELECTOR_FIELDS)


class Region(NamedTuple):
    """A part of a selector that is not covered: written for people, and one packet out of it."""

    text: str
    packet: Packet


def uncovered(selector: TrafficSelector, covers: Sequence[TrafficSelector]) -> list[Region]:
    """What of a selector no other selector covers, exactly; empty if all of it is covered."""
    touching = [sides_of(cover) for cover in covers if cover.overlaps(selector)]
    return [_region(box) for box in merged(subtract_all([sides_of(selector)], touching))]


def _region(box: Box) -> Region:
    return Region(box_text(SELECTOR_FIELDS, box), example(box, _SPACE))


def some_packet(selector: TrafficSelector) -> Packet:
    """A packet that the selector takes."""
    return example(sides_of(selector), _SPACE)


def overlap_packet(a: TrafficSelector, b: TrafficSelector) -> Packet | None:
    """A packet that both selectors take, or None."""
    common = intersect(sides_of(a), sides_of(b))
    return None if common is None else example(common, _SPACE)


def in_words(regions: Sequence[Region]) -> str:
    """At most three regions as a list, and how many more there are."""
    texts = [region.text for region in regions[:3]]
    if len(regions) > 3:
        texts.append(f"{len(regions) - 3} more regions")
    return " and ".join(texts) if len(texts) < 3 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def shadowed(selectors: Sequence[TrafficSelector]) -> Iterator[tuple[int, tuple[int, ...], str]]:
    """``(number, culprits, "")`` of each selector that earlier ones take wholly, with the smallest set of culprits.

    ``(number, (), reason)`` where the question was given up.
    """
    for number, selector in enumerate(selectors):
        earlier = [n for n in range(number) if selectors[n].overlaps(selector)]
        if not earlier or uncovered(selector, [selectors[n] for n in earlier]):
            continue
        for n in list(earlier):
            rest = [other for other in earlier if other != n]
            if rest and not uncovered(selector, [selectors[k] for k in rest]):
                earlier = rest
        yield number, tuple(earlier), ""


def overlapping_pairs(selectors: Sequence[TrafficSelector]) -> Iterator[tuple[int, int]]:
    """Every pair of numbers whose selectors overlap, the smaller number first."""
    for second, selector in enumerate(selectors):
        for first in range(second):
            if selectors[first].overlaps(selector):
                yield first, second
