"""What the steps of quick mode share: refusals with their places and log lines, and suites in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.outcome import Log, Place

if TYPE_CHECKING:
    from spdcheck.semantics.ike.quick_offers import Choice, OfferedSuite
    from spdcheck.semantics.ike.quick_racoon import Accepted
    from spdcheck.semantics.ike.talk import Talk


def chosen(accepted: Accepted) -> str:
    """What has been accepted, as one suite."""
    return shown(accepted.suite, accepted.choices)


def shown(suite: OfferedSuite, choices: tuple[Choice, ...]) -> str:
    """A suite with the transform of each protocol that was taken."""
    taken = tuple(item._replace(choices=(choice,)) for item, choice in zip(suite.protocols, choices, strict=True))
    return str(suite._replace(protocols=taken))


def asked_at(talk: Talk) -> Place:
    """Where the initiator's configuration asks for this SA."""
    return Place(talk.starter.name, talk.want.origin, f"{talk.starter.name} asks for it")


def notified(talk: Talk) -> tuple[Log, ...]:
    """What the initiator writes when it gets NO-PROPOSAL-CHOSEN."""
    starter = talk.starter
    if starter.is_racoon:
        return (
            Log(starter.name, "fatal NO-PROPOSAL-CHOSEN notify messsage, phase1 should be deleted."),
            *words.giving_up(starter, phase=2),
        )
    return words.giving_up(starter, phase=2)
