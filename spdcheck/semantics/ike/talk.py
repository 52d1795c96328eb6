"""A negotiation while it is being worked out: who speaks, what was said so far, and what was settled on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import ExchangeMode
from spdcheck.semantics.ike.outcome import Decision, Doubt, Item, Message, Refusal
from spdcheck.semantics.ike.sides import ISAKMP_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.model.ike import Credential, IkePeer
    from spdcheck.semantics.ike.identities import Named
    from spdcheck.semantics.ike.outcome import Cause, Log, Phase1, Phase2, Place, Step, Transport
    from spdcheck.semantics.ike.phase1_proposals import Offer
    from spdcheck.semantics.ike.sides import Side, Want
    from spdcheck.source import Span


class Talk:
    """Two sides and what they have settled; every step of the procedure reads it and adds to it."""

    section: IkePeer
    """The initiator's section."""
    answering: IkePeer
    """The responder's section, once its proposals have decided."""
    mode: ExchangeMode
    offers: tuple[Offer, ...]
    chosen: Offer
    phase1: Phase1
    starter_name: Named
    answerer_name: Named

    def __init__(self, starter: Side, answerer: Side, want: Want, transport: Transport) -> None:
        self.starter = starter
        self.answerer = answerer
        self.want = want
        self.transport = transport
        self.messages: list[Message] = []
        self.gaps: list[Doubt] = []
        self.doubts: list[Doubt] = []
        self.assumed: list[Doubt] = []
        self.candidates: tuple[IkePeer, ...] = ()
        self.starter_key: Credential | None = None
        self.answerer_key: Credential | None = None
        self.udp = False
        self.port = ISAKMP_PORT
        self.phase2: Phase2 | None = None
        self.mode = ExchangeMode.MAIN

    def send(self, sender: Side, receiver: Side, exchange: str, *content: Item) -> None:
        """The next message."""
        number = len(self.messages) + 1
        self.messages.append(Message(number, sender.name, receiver.name, exchange, self.port, content))

    def decide(self, side: Side, text: str, span: Span | None = None, *, accepted: bool = True) -> None:
        """What a side makes of the last message."""
        last = self.messages[-1]
        decision = Decision(side.name, text, span, accepted)
        self.messages[-1] = last._replace(decisions=(*last.decisions, decision))

    def refuse(
        self,
        step: Step,
        cause: Cause,
        by: Side,
        reason: str,
        places: Sequence[Place],
        logs: Iterable[Log],
        *,
        differing: str = "",
        mend: str = "",
    ) -> Refusal:
        """A refusal, which is also the last decision on the last message."""
        self.decide(by, reason, places[0].span if places else None, accepted=False)
        return Refusal(step, cause, by.name, reason, tuple(places), tuple(logs), differing, mend)

    @property
    def exchange(self) -> str:
        """The phase 1 exchange as people call it."""
        return f"{self.mode.value} mode"
