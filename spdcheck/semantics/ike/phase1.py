"""Phase 1, step by step: whether both find each other, agree on an ISAKMP SA, and believe who the other is.

Each step is a function of the talk that gives a refusal, a doubt with which nobody can go on, or nothing;
:data:`STEPS` is their order. The lines of the logs
are those of ipsec-tools 0.8 and of OpenBSD's isakmpd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.ike import ExchangeMode
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.authentication import credentials, identities
from spdcheck.semantics.ike.identities import own_identity
from spdcheck.semantics.ike.outcome import Cause, Doubt, Item, Log, Phase1, Place, Refusal, Step
from spdcheck.semantics.ike.phase1_proposals import match, offers
from spdcheck.semantics.ike.sides import BUILT_IN, NAT_T_PORT
from spdcheck.semantics.ike.start import start
from spdcheck.semantics.remote_selection import listens_on

if TYPE_CHECKING:
    from spdcheck.semantics.ike.phase1_proposals import Difference, Match
    from spdcheck.semantics.ike.talk import Talk

_ISAKMPD_MODES = {ExchangeMode.MAIN: "ID_PROT", ExchangeMode.AGGRESSIVE: "AGGRESSIVE", ExchangeMode.BASE: "BASE"}
_RACOON_MODES = {
    ExchangeMode.MAIN: "Identity Protection", ExchangeMode.AGGRESSIVE: "Aggressive", ExchangeMode.BASE: "Base",
}  # fmt: skip


def gaps(talk: Talk) -> Refusal | Doubt | None:
    """What could not be read of either side: then a refusal is not certain, either."""
    for side in (talk.starter, talk.answerer):
        gap = side.host.gap_in(Part.IKE)
        if gap is not None:
            talk.gaps.append(Doubt(side.name, gap.reason, gap.span))
    return None


def first_message(talk: Talk) -> Refusal | Doubt | None:
    """The initiator sends its proposals; whether they get through is told from outside."""
    starter, answerer = talk.starter, talk.answerer
    if talk.section.modes:
        talk.mode = talk.section.modes[0]
    else:
        talk.doubts.append(Doubt(starter.name, "its exchange mode could not be read", talk.section.heading))
    talk.offers = offers(talk.section, is_racoon=starter.is_racoon)
    if not talk.offers:
        return Doubt(starter.name, "it has no proposal that could be read", talk.section.heading)
    content = [Item(f"SA {number}: {offer}", offer.origin) for number, offer in enumerate(talk.offers, 1)]
    if talk.mode is not ExchangeMode.MAIN:
        talk.starter_name = own_identity(starter, talk.section)
        content.append(Item("KE, NONCE"))
        content.append(Item(f"ID {talk.starter_name}, readable for everybody", talk.starter_name.origin))
    talk.send(starter, answerer, talk.exchange, *content)
    talk.decide(starter, f"starts with [{talk.section.name}]" if talk.section.name else "starts with this section",
                talk.section.heading)  # fmt: skip
    groups = {offer.group for offer in talk.offers}
    if talk.mode is ExchangeMode.AGGRESSIVE and len(groups) > 1 and not starter.is_racoon:
        return talk.refuse(
            Step.MODE, Cause.EXCHANGE_MODE, starter,
            f"in aggressive mode isakmpd of {starter.name} can offer one group only, but its transforms have several",
            [Place(starter.name, offer.places["group"], f"group {offer.group}") for offer in talk.offers[:3]],
            [Log(starter.name, "ike_phase_1_initiator_send_SA: differing group descriptions in a proposal")],
            differing="group", mend="offer transforms of one group, or use ID_PROT",
        )  # fmt: skip
    return _transport(talk)


def _transport(talk: Talk) -> Refusal | None:
    starter, answerer = talk.starter, talk.answerer
    if talk.transport.unknown:
        talk.doubts.append(Doubt(starter.name, talk.transport.unknown, talk.transport.place))
    if talk.transport.blocked:
        places = [] if talk.transport.place is None else [Place(starter.name, talk.transport.place, "decides")]
        return talk.refuse(
            Step.TRANSPORT, Cause.TRANSPORT, starter, talk.transport.blocked, places, words.giving_up(starter),
            mend="let udp 500 pass between the two in both directions",
        )  # fmt: skip
    if not listens_on(answerer.daemon, answerer.own):
        return talk.refuse(
            Step.TRANSPORT, Cause.TRANSPORT, answerer,
            f"{answerer.program} of {answerer.name} does not listen on {answerer.own}",
            [Place(answerer.name, item.origin, f"listens on {item.address}") for item in answerer.daemon.listeners[:3]],
            words.giving_up(starter), mend=f"listen on {answerer.own}",
        )  # fmt: skip
    return None


def peer_look_up(talk: Talk) -> Refusal | None:
    """The responder looks for a section by the address that the message comes from."""
    answerer = talk.answerer
    talk.candidates = answerer.known.answering_sections(answerer.peer)
    if talk.candidates:
        first = talk.candidates[0]
        what = f"[{first.name}]" if first.name else ("this section" if first.address else "remote anonymous")
        talk.decide(answerer, f"answers {answerer.peer} with {what}", first.heading)
        return None
    line = (
        f"couldn't find configuration for {answerer.peer}."
        if answerer.is_racoon
        else f"exchange_setup_p1: no section for {answerer.peer}"
    )
    word = f"remote {answerer.peer} {{ … }}" if answerer.is_racoon else f"{answerer.peer}= SECTION to [Phase 1]"
    return talk.refuse(
        Step.PEER, Cause.NO_PEER, answerer, f"{answerer.name} has no section for {answerer.peer}",
        [Place(answerer.name, answerer.daemon.origin.file.span(0, 0), "its sections")],
        [Log(answerer.name, line), *words.giving_up(talk.starter)], mend=f"add {word}",
    )  # fmt: skip


def exchange_mode(talk: Talk) -> Refusal | None:
    """The responder's sections that allow this exchange."""
    answerer = talk.answerer
    allowed = tuple(section for section in talk.candidates if talk.mode in section.modes)
    if allowed:
        talk.candidates = allowed
        return None
    first = talk.candidates[0]
    own = " or ".join(mode.value for section in talk.candidates for mode in section.modes) or "no"
    if answerer.is_racoon:
        line = f"exchange {_RACOON_MODES[talk.mode]} not allowed in any applicable rmconf."
    else:
        expected = _ISAKMPD_MODES[first.modes[0]] if first.modes else "none"
        line = f"expected exchange type {expected} got {_ISAKMPD_MODES[talk.mode]}"
    starts = talk.section.modes_origin or talk.section.heading
    return talk.refuse(
        Step.MODE, Cause.EXCHANGE_MODE, answerer,
        f"{talk.starter.name} starts in {talk.mode.value} mode, {answerer.name} answers in {own} mode only",
        [
            Place(answerer.name, first.modes_origin or first.heading, f"{own} mode"),
            Place(talk.starter.name, starts, f"starts in {talk.mode.value} mode"),
        ],
        [Log(answerer.name, line), *words.giving_up(talk.starter)],
        differing="exchange mode", mend="write the same mode first on both sides",
    )  # fmt: skip


def proposal(talk: Talk) -> Refusal | None:
    """The responder takes the first offer that one of its sections accepts; the initiator looks at it again."""
    starter, answerer = talk.starter, talk.answerer
    found = match(talk.offers, talk.candidates, is_racoon=answerer.is_racoon)
    if found.offer is None:
        return _no_proposal(talk, found)
    assert found.section is not None
    talk.chosen, talk.answering = found.offer, found.section
    talk.candidates = tuple(
        section
        for section in talk.candidates
        if match((found.offer,), (section,), is_racoon=answerer.is_racoon).offer is not None
    )
    talk.decide(answerer, f"takes SA {talk.offers.index(found.offer) + 1}", found.by)
    talk.phase1 = Phase1(
        mode=talk.mode,
        encryption=found.offer.encryption or "",
        bits=found.offer.bits,
        hash=found.offer.hash or "",
        authentication=found.offer.method,
        group=found.offer.group or 0,
        seconds=found.offer.life_of("seconds"),
        kilobytes=found.offer.life_of("kilobytes"),
    )
    content = [Item(f"SA: {found.offer}", found.by)]
    if talk.mode is ExchangeMode.MAIN:
        talk.send(answerer, starter, talk.exchange, *content)
    if not starter.is_racoon:
        again = match((found.offer,), (talk.section,), is_racoon=False)
        if again.offer is None:
            return _own_offer(talk, again)
    return None


def _no_proposal(talk: Talk, found: Match) -> Refusal:
    starter, answerer = talk.starter, talk.answerer
    differences = found.differences
    cause = Cause.LIFETIME if differences and all(d.cause is Cause.LIFETIME for d in differences) else Cause.PROPOSAL
    said = "; ".join(f"{d.attribute} {d.got}, expected {d.expected}" for d in differences)
    section = found.section
    built_in = section is not None and section.name == BUILT_IN and section.heading.text != f"[{BUILT_IN}]"
    if built_in:
        cause = Cause.NO_PEER
    if answerer.is_racoon:
        logs = [Log(answerer.name, d.log) for d in differences if d.log]
        logs += [Log(answerer.name, "no suitable proposal found."), Log(answerer.name, "failed to get valid proposal.")]
    else:
        logs = [Log(answerer.name, d.log) for d in differences if d.log]
        logs.append(Log(answerer.name, "message_negotiate_sa: no compatible proposal found"))
        logs.append(words.dropped(answerer, "NO_PROPOSAL_CHOSEN"))
    places = []
    for difference in differences:
        places.append(Place(answerer.name, difference.ours, f"wants {difference.attribute} {difference.expected}"))
        places.append(Place(starter.name, difference.theirs, f"offers {difference.attribute} {difference.got}"))
    if not places and talk.offers:
        places = [Place(answerer.name, talk.candidates[0].heading, "has no proposal")]
    count = "the offer" if len(talk.offers) == 1 else f"any of {len(talk.offers)} offers"
    verb = "does not take the offer" if len(talk.offers) == 1 else f"takes none of {len(talk.offers)} offers"
    near = f"{'; nearest' if len(talk.offers) > 1 else ''}: {said}" if said else ""
    reason = f"{answerer.name} {verb} of {starter.name}{near}"
    if built_in and talk.offers:
        places = [
            Place(answerer.name, talk.candidates[0].heading, f"no line for {answerer.peer} in [Phase 1]"),
            Place(starter.name, talk.offers[0].origin, "is not what the built-in section takes"),
        ]
        reason = (
            f"[Phase 1] of {answerer.name} has no line for {answerer.peer}, and isakmpd's own {BUILT_IN} does not take "
            f"{count}: {said}"
        )
    return talk.refuse(
        Step.PROPOSAL, cause, answerer, reason, places, [*logs, *words.giving_up(starter)],
        differing=", ".join(d.attribute for d in differences), mend=_mend(differences, cause),
    )  # fmt: skip


def _mend(differences: tuple[Difference, ...], cause: Cause) -> str:
    if cause is Cause.LIFETIME:
        return "write a lifetime that both sides take, whoever starts: the same on both"
    if cause is Cause.NO_PEER:
        return "add a line for the peer, or Default, to [Phase 1]"
    return "write one proposal that is the same on both sides" if differences else "add a proposal"


def _own_offer(talk: Talk, again: Match) -> Refusal:
    """isakmpd compares the answer with its own ranges, which its own offer need not be in."""
    starter = talk.starter
    said = "; ".join(f"{d.attribute} {d.got}, allowed {d.expected}" for d in again.differences)
    only_life = all(d.cause is Cause.LIFETIME for d in again.differences)
    return talk.refuse(
        Step.PROPOSAL, Cause.LIFETIME if only_life else Cause.PROPOSAL, starter,
        f"isakmpd of {starter.name} refuses its own offer when it comes back, since it is outside of its own range: "
        f"{said}",
        [Place(starter.name, d.ours, f"offers {d.got}, takes {d.expected}") for d in again.differences],
        [Log(starter.name, "message_negotiate_sa: no compatible proposal found")],
        differing=", ".join(d.attribute for d in again.differences), mend="offer a value inside of its own range",
    )  # fmt: skip


def nat_traversal(talk: Talk) -> Refusal | None:
    """Whether both can put ESP into UDP, and need to."""
    starter, answerer = talk.starter, talk.answerer
    able = [section.nat_traversal != "off" for section in (talk.section, talk.answering)]
    translated = talk.transport.seen is not None and talk.transport.seen != starter.own
    forced = "force" in (talk.section.nat_traversal, talk.answering.nat_traversal)
    talk.udp = all(able) and (translated or forced)
    vendor = ["NAT-T"] if all(able) else []
    if talk.mode is ExchangeMode.MAIN:
        talk.send(starter, answerer, talk.exchange, Item(", ".join(["KE", "NONCE", *(["NAT-D"] if vendor else [])])))
    if translated:
        text = f"a NAT in between: {starter.own} arrives as {talk.transport.seen}"
        text += "; both go on in UDP 4500" if talk.udp else "; not both know NAT traversal, so ESP goes without ports"
        talk.decide(answerer, text, talk.answering.nat_traversal_origin)
    if talk.udp:
        for side in (starter, answerer):
            listeners = side.daemon.listeners
            if side.is_racoon and listeners and not any(item.nat_traversal for item in listeners):
                return talk.refuse(
                    Step.NAT, Cause.NAT, side,
                    f"both go on in UDP 4500 behind the NAT, but racoon of {side.name} does not listen there",
                    [Place(side.name, listeners[0].origin, "no isakmp_natt in listen")],
                    words.giving_up(starter), mend=f"add isakmp_natt {side.own} [4500]; to listen",
                )  # fmt: skip
    if talk.mode is ExchangeMode.MAIN:
        talk.send(answerer, starter, talk.exchange, Item(", ".join(["KE", "NONCE", *(["NAT-D"] if vendor else [])])))
    if talk.udp:
        talk.port = NAT_T_PORT
        if talk.transport.blocked_behind_nat:
            return talk.refuse(
                Step.NAT, Cause.NAT, starter, talk.transport.blocked_behind_nat, [], words.giving_up(starter),
                mend="let udp 4500 pass between the two in both directions",
            )  # fmt: skip
    return None


STEPS = (
    gaps, start, first_message, peer_look_up, exchange_mode, proposal, nat_traversal, credentials, identities,
)  # fmt: skip
"""Phase 1 in its order."""
