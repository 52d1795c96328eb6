"""How checks put several things into one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.boxes import merged
from spdcheck.model.protocols import PORT_PROTOCOLS
from spdcheck.semantics.fields import DESTINATION, DESTINATION_PORT, IPV6, PROTOCOL, SOURCE, SOURCE_PORT
from spdcheck.semantics.intervals import normalise, overlaps
from spdcheck.semantics.words import box_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.engine.boxes import Box
    from spdcheck.engine.exploration import Ending
    from spdcheck.engine.selectors import Region
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.intervals import IntervalSet

_SHOWN = 3
_FROM_1 = ((1, 65535),)
_SMALL = 3
"""Networks of fewer addresses than this has bits are written as they are."""


def in_words(regions: Sequence[Region]) -> str:
    """At most three regions as a list, and how many more there are."""
    texts = [region.text for region in regions[:_SHOWN]]
    if len(regions) > _SHOWN:
        texts.append(f"{len(regions) - _SHOWN} more regions")
    return " and ".join(texts) if len(texts) < 3 else f"{', '.join(texts[:-1])} and {texts[-1]}"


_FLOW = (SOURCE, DESTINATION, PROTOCOL, SOURCE_PORT, DESTINATION_PORT)
_WITH_PORTS = normalise((number, number) for number in PORT_PROTOCOLS)


def several(texts: Sequence[str]) -> str:
    """At most three texts as a list, and how many more there are."""
    shown = [*texts[:_SHOWN], f"{len(texts) - _SHOWN} more"] if len(texts) > _SHOWN + 1 else list(texts)
    return " and ".join(shown) if len(shown) < 3 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def flow_in_words(endings: Iterable[Ending], *, upper: bool = True) -> str:
    """The packets that end in one of these ways, as they began: ``10.1.0.0/16 → 10.2.0.0/16 tcp``, at most three.

    Without ``upper``, only their addresses.
    """
    return packets_in_words((ending.began for ending in endings), upper=upper)


def packets_in_words(packets: Iterable[Traffic], *, upper: bool = True) -> str:
    """Some packets as people name a flow, at most three flows. Without ``upper``, only their addresses."""
    boxes = (_flow_box(began) for began in packets)
    if not upper:
        boxes = ((*box[:2], *(field.domain for field in _FLOW[2:])) for box in boxes)
    texts = [box_text(_FLOW, box) for box in merged(boxes)]
    more = [f"{len(texts) - _SHOWN} more flows"] if len(texts) > _SHOWN else []
    shown = [*texts[:_SHOWN], *more]
    return " and ".join(shown) if len(shown) < 3 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _flow_box(began: Traffic) -> Box:
    """What people say about a flow; ports that a protocol does not have are any port.

    Nobody misses what no machine has: the broadcast address of a network, and port 0 as a source.
    """
    ports = overlaps(began.side(PROTOCOL), _WITH_PORTS)
    return tuple(
        field.domain
        if field in (SOURCE_PORT, DESTINATION_PORT) and (not ports or began.side(field) == _FROM_1)
        else _with_broadcast(began.side(field))
        if field in (SOURCE, DESTINATION)
        else began.side(field)
        for field in _FLOW
    )


def _with_broadcast(side: IntervalSet) -> IntervalSet:
    """The addresses and the last one of the smallest network around them, where that is all that lacks at its end."""
    first, last = side[0][0], side[-1][1]
    bits = (first ^ last).bit_length()
    end = last | ((1 << bits) - 1)
    return normalise((*side, (end, end))) if bits >= _SMALL and end == last + 1 and last < IPV6 else side
