"""The decision procedure: an initiator, a responder, what is wanted, how packets fare, and what comes of it.

Pure: the same arguments give the same outcome. The steps are those of :data:`spdcheck.semantics.ike.phase1.STEPS`, then
quick mode. Where something is not known the procedure goes on as if it were right, so that what fails for certain is
still found; if nothing does, the outcome is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.ike.outcome import Agreed, Doubt, Refused, Transport, Unknown
from spdcheck.semantics.ike.phase1 import STEPS
from spdcheck.semantics.ike.phase2 import quick_mode
from spdcheck.semantics.ike.sides import Side
from spdcheck.semantics.ike.talk import Talk

if TYPE_CHECKING:
    from spdcheck.semantics.ike.outcome import Outcome
    from spdcheck.semantics.ike.sides import Daemon, Want

CLEAR_WAY = Transport()
"""Every packet gets through, and nobody translates."""


def negotiate(initiator: Daemon, responder: Daemon, want: Want, transport: Transport = CLEAR_WAY) -> Outcome:
    """What becomes of a negotiation that one daemon starts with another. ``want`` must have both addresses."""
    assert want.near is not None
    assert want.far is not None
    starter = Side(initiator, want.near, want.far, responder.host)
    answerer = Side(responder, want.far, transport.seen or want.near, initiator.host)
    talk = Talk(starter, answerer, want, transport)
    names = (initiator.host.name, responder.host.name)
    found = next((found for step in (*STEPS, quick_mode) if (found := step(talk)) is not None), None)
    doubts = tuple(dict.fromkeys((*talk.gaps, *talk.doubts)))
    if isinstance(found, Doubt):
        doubts = tuple(dict.fromkeys((*doubts, found)))
        return Unknown(initiator=names[0], responder=names[1], messages=tuple(talk.messages), doubts=doubts)
    if found is not None:
        messages = tuple(talk.messages)
        if talk.gaps:
            return Unknown(initiator=names[0], responder=names[1], messages=messages, doubts=doubts, refusal=found)
        return Refused(initiator=names[0], responder=names[1], messages=messages, refusal=found)
    agreed = Agreed(
        initiator=names[0],
        responder=names[1],
        near=want.near,
        far=want.far,
        seen=answerer.peer,
        messages=tuple(talk.messages),
        phase1=talk.phase1,
        phase2=talk.phase2,
        udp=talk.udp,
        assumptions=tuple(dict.fromkeys(talk.assumed)),
    )
    if not doubts:
        return agreed
    return Unknown(initiator=names[0], responder=names[1], messages=agreed.messages, doubts=doubts, agreed=agreed)
