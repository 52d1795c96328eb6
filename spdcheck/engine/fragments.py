"""Packets that arrive in fragments, at a filter that looks at each of them: all must pass, or the packet is lost.

A filter that does not put fragments together sees ports and flags in the first one at most; no rule about them, and no
state of pf or ipfilter, is about the others. ``keep frags`` of ipfilter lets the others follow the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.asking import answers
from spdcheck.engine.situation import End, Move, with_evidence
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.semantics.fields import (
    DESTINATION_PORT,
    FRAGMENT,
    ICMP_CODE,
    ICMP_TYPE,
    SOURCE_PORT,
    TCP_FLAGS,
)
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.intervals import single
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.asking import Answer
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.semantics.filters import FilterPoint

_NO_HEADER = dict.fromkeys((SOURCE_PORT, DESTINATION_PORT, TCP_FLAGS, ICMP_TYPE, ICMP_CODE), single(0))


def pass_fragments(
    situation: Situation, word: str, interface: str, point: FilterPoint, seen: Traffic
) -> Iterator[Move]:
    """What becomes of the packet: an end where the filter stops one of its fragments, else a situation to go on with.

    ``seen`` is the traffic as the filter sees it, with its interfaces; the first fragment goes on as the packet.
    """
    assert point.fragments is not None
    for part in seen.split([point.fragments]):
        here = _narrowed(situation, part.traffic)
        if here is None:
            continue
        if part.unknown:
            step = Step(situation.host.name, word, Mark.UNKNOWN, "unknown", part.unknown, interface)
            end = End(Disposition.UNKNOWN, f"{point.name} of {situation.host.name}: {part.unknown}")
            yield Move(here.with_(step), end=end)
        elif part.number is None:
            yield Move(here.with_(in_fragments=False))
        else:
            yield from _each(here, word, interface, point, part.traffic)


def _each(situation: Situation, word: str, interface: str, point: FilterPoint, seen: Traffic) -> Iterator[Move]:
    for first in answers(point, seen.rewritten({FRAGMENT: single(FIRST_FRAGMENT)})):
        here = _narrowed(situation, first.before)
        if here is None:
            continue
        follow = getattr(first.action, "frags", None) is not None
        later = first.before.rewritten({**_NO_HEADER, FRAGMENT: single(LATER_FRAGMENT)})
        stopped = _end(here, word, interface, point, first, "the first fragment")
        if stopped is not None or follow:
            yield stopped or Move(here.with_(in_fragments=False))
            continue
        for other in answers(point, later):
            there = _narrowed(here, other.before)
            if there is not None:
                end = _end(there, word, interface, point, other, "the fragments behind the first one")
                yield end or Move(there.with_(in_fragments=False))


def _narrowed(situation: Situation, part: Traffic) -> Situation | None:
    """The situation with what of its traffic began in the part."""
    traffic = situation.frame.traffic.begun_in(part.began)
    return None if traffic is None else situation.with_(frame=situation.frame.with_traffic(traffic))


def _end(
    situation: Situation, word: str, interface: str, point: FilterPoint, answer: Answer, which: str
) -> Move | None:
    """The end that an answer makes of the packet; None if the fragment passes."""
    host = situation.host.name
    if answer.unknown:
        step = Step(host, word, Mark.UNKNOWN, "unknown", answer.unknown, interface, answer.origin)
        end = End(Disposition.UNKNOWN, f"{point.name} of {host}: {answer.unknown}")
    elif answer.verdict is Verdict.PASS:
        return None
    else:
        step = Step(host, word, Mark.FAIL, "block", f"{point.name}, {which}", interface, answer.origin)
        where = f", {answer.origin.where}" if answer.origin is not None else " by its default"
        end = End(Disposition.DENIED_IN, f"{point.name} of {host} blocks {which} of the packet{where}")
    return with_evidence(situation, Move(situation.with_(step), end=end), answer.before, rules=answer.rules)
