"""Every negotiation between two hosts of a site, both ways, with packets that pass through both firewalls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike.wants import between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.model.host import Host
    from spdcheck.semantics.ike.outcome import Outcome


class Negotiation(NamedTuple):
    """What one host starts with another, for which identities, and what comes of it.

    Without an outcome ``why_not`` says why it starts nothing.
    """

    initiator: str
    responder: str
    about: str
    outcome: Outcome | None
    why_not: str = ""


def negotiations(simulator: Simulator, host: Host, peer: Host, start: Host | None = None) -> Iterator[Negotiation]:
    """Everything that the two start with each other; with ``start``, what that one of them starts."""
    for initiator, responder in ((host, peer), (peer, host)):
        if start is None or start is initiator:
            yield from _started(simulator, initiator, responder)


def _started(simulator: Simulator, initiator: Host, responder: Host) -> Iterator[Negotiation]:
    daemons = simulator.negotiations.daemons
    if not daemons.of(initiator) or not daemons.of(responder):
        silent = initiator if not daemons.of(initiator) else responder
        yield Negotiation(initiator.name, responder.name, "", None, f"{silent.name} has no key daemon")
        return
    found = between(daemons, initiator, responder)
    if not found:
        yield Negotiation(initiator.name, responder.name, "", None, _idle(simulator, initiator, responder))
    for item in found:
        outcome = simulator.negotiations.outcome(item)
        about = "" if item.want.ids is None else str(item.want.ids)
        why_not = "" if outcome is not None else f"nothing tells the address from which {initiator.name} speaks"
        yield Negotiation(initiator.name, responder.name, about, outcome, why_not)


def _idle(simulator: Simulator, initiator: Host, responder: Host) -> str:
    """Why a host starts nothing with a peer."""
    for item in simulator.negotiations.daemons.started_by(initiator):
        if item.want.far is None and item.want.connection is not None:
            name, peer = item.want.connection.name, item.want.connection.peer
            return (
                f"{initiator.name} can't start [{name}], since [{peer}] has no Address: "
                f'udp_create: no address configured for "{peer}"'
            )
    return f"{initiator.name} starts nothing with {responder.name}: it only answers"
