"""The answers to everything that arrives: sets of packets sent back from where a walk ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.exploration import Ending, is_sent
from spdcheck.engine.tracing import ANSWERS, SYN_ACK, back
from spdcheck.model.protocols import PORT_PROTOCOLS, TCP
from spdcheck.semantics.conditions import protocol
from spdcheck.semantics.fields import (
    CONNECTION,
    DESTINATION,
    DESTINATION_PORT,
    ICMP_TYPE,
    IPSEC_IN,
    MARK,
    REQID_IN,
    SOURCE,
    SOURCE_PORT,
    TAG,
    TCP_FLAGS,
    TUNNEL_DESTINATION,
    TUNNEL_SOURCE,
)
from spdcheck.semantics.intervals import single
from spdcheck.semantics.packet import ESTABLISHED
from spdcheck.semantics.predicate import in_set, is_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.traffic import Many, Traffic
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

_PAIRS = ((SOURCE, DESTINATION), (SOURCE_PORT, DESTINATION_PORT))
_FRESH = {field: single(0) for field in (IPSEC_IN, REQID_IN, TUNNEL_SOURCE, TUNNEL_DESTINATION, MARK, TAG)}
_FLAGS = {TCP_FLAGS: single(SYN_ACK)}


def answers(simulator: Simulator, ending: Ending) -> Iterator[tuple[Ending, Traffic | None]]:
    """Every end of the answers to the packets that arrived, with the packets, as they began, that are so answered.

    Protocols that nobody answers give nothing. The second value is None where NAT has mixed them up beyond telling.
    """
    whole = ending.situation.frame.traffic
    kinds: list[tuple[Predicate, dict[Field, tuple[tuple[int, int], ...]]]] = [
        (protocol(TCP), _FLAGS),
        (protocol(*PORT_PROTOCOLS - {TCP}), {}),
    ]
    kinds += [
        (protocol(number) & is_value(ICMP_TYPE, asked), {ICMP_TYPE: single(told)})
        for number, (asked, told) in ANSWERS.items()
    ]
    for part in whole.split([condition for condition, _ in kinds]):
        if part.number is None:
            continue
        made = _turned(part.traffic, kinds[part.number][1])
        for leaf in back(simulator, ending.leaf, made, ending.situation.states):
            found = Ending(leaf, lambda traffic: back(simulator, ending.leaf, traffic, ending.situation.states))
            if is_sent(simulator, found.began):
                yield found, _asked(part.traffic, found.began)


def _turned(traffic: Traffic, values: dict[Field, tuple[tuple[int, int], ...]]) -> Many:
    """The answers to a set of packets, as a set that begins here."""
    from spdcheck.engine.traffic import Many

    turned: dict[Field, tuple[tuple[int, int], ...]] = {**_FRESH, CONNECTION: single(ESTABLISHED), **values}
    for one, other in _PAIRS:
        turned[one], turned[other] = traffic.side(other), traffic.side(one)
    return Many.with_sides(traffic, turned)


def _asked(traffic: Traffic, answer: Traffic) -> Traffic | None:
    """The packets whose answers these are, as they began."""
    condition = is_value(CONNECTION, *range(5))
    for one, other in _PAIRS:
        condition &= in_set(one, *answer.side(other)) & in_set(other, *answer.side(one))
    return next((part.traffic.began for part in traffic.split([condition]) if part.number == 0), None)
