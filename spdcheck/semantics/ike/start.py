"""Whether an initiator can start at all: it needs a section with an address for the peer, and for racoon a ``sainfo``.

Sources: ipsec-tools src/racoon/pfkey.c ``pk_recvacquire``, remoteconf.c ``getrmconf``; isakmpd exchange.c
``exchange_establish``, udp.c ``udp_create``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.ike.outcome import Cause, Log, Place, Refusal, Step
from spdcheck.semantics.ike.sides import ISAKMP_PORT
from spdcheck.semantics.remote_selection import listens_on

if TYPE_CHECKING:
    from spdcheck.semantics.ike.talk import Talk


def start(talk: Talk) -> Refusal | None:
    """The section with which the initiator starts, or why it can't."""
    return _racoon(talk) if talk.starter.is_racoon else _isakmpd(talk)


def _racoon(talk: Talk) -> Refusal | None:
    side, far = talk.starter, talk.starter.peer
    choice = side.known.remotes.to_initiate(far)
    if choice.section is None:
        if choice.passive and not choice.rivals:
            return _cannot(
                talk, f"racoon of {side.name} only answers {far}",
                [Place(side.name, choice.passive[0].heading, "passive on")],
                [Log(side.name, f"no configuration found for {far}.")],
                mend=f"let {talk.answerer.name} start, or write passive off",
            )  # fmt: skip
        if choice.rivals:
            return _cannot(
                talk, f"{len(choice.rivals)} remote sections of {side.name} fit {far} equally well",
                [Place(side.name, rival.heading, "fits") for rival in choice.rivals[:3]],
                [Log(side.name, f"multiple non-exact configurations found for {far}.")],
                mend="keep one of them, or make the others passive", cause=Cause.NO_PEER,
            )  # fmt: skip
        return _cannot(
            talk, f"{side.name} has no remote section for {far}",
            [Place(side.name, talk.want.origin, "needs a key exchange")],
            [Log(side.name, f"no configuration found for {far}.")],
            mend=f"add remote {far} {{ … }}", cause=Cause.NO_PEER,
        )  # fmt: skip
    if not listens_on(side.daemon, side.own):
        return _cannot(
            talk, f"racoon of {side.name} does not listen on {side.own} and ignores what the kernel asks for",
            [Place(side.name, item.origin, f"listens on {item.address}") for item in side.daemon.listeners[:3]], [],
            mend=f"add isakmp {side.own}; to listen", cause=Cause.NO_PEER,
        )  # fmt: skip
    talk.section = choice.section
    ids = talk.want.ids
    if ids is None:
        return None
    found = side.known.sainfos.select(ids, ph1id=choice.section.ph1id, strict=side.known.is_strict).proposal
    if found is None:
        return _cannot(
            talk, f"{side.name} has no sainfo for {ids}", [Place(side.name, talk.want.origin, "not in any sainfo")],
            [Log(side.name, "failed to get sainfo.")], mend=f"add {ids.as_sainfo} {{ … }}", cause=Cause.NO_SAINFO,
        )  # fmt: skip
    return None


def _isakmpd(talk: Talk) -> Refusal | None:
    side, want = talk.starter, talk.want
    section = side.known.starting_section(want)
    connection = want.connection
    name = connection.peer if connection is not None else ""
    if section is None:
        return _cannot(
            talk, f"the peer [{name}] of {side.name} is not in its configuration",
            [Place(side.name, want.origin, "its ISAKMP-peer")],
            [Log(side.name, f"exchange_establish: No phase for peer \"{name}\" found")],
            mend=f"add [{name}]", cause=Cause.NO_PEER,
        )  # fmt: skip
    if section.address is None or section.passive:
        return _cannot(
            talk, f"[{section.name}] of {side.name} has no Address, so that isakmpd can't start",
            [Place(side.name, section.heading, "no Address here"), Place(side.name, want.origin, "is to be started")],
            [
                Log(side.name, f'udp_create: no address configured for "{section.name}"'),
                Log(side.name, f'exchange_establish: transport "udp" for peer "{section.name}" could not be created'),
            ],
            mend="add Address= to the section, or list the connection in Passive-connections",
        )  # fmt: skip
    local = section.local_address
    if local is not None and not listens_on(side.daemon, local):
        return _cannot(
            talk, f"[{section.name}] of {side.name} speaks from {local}, on which isakmpd does not listen",
            [Place(side.name, section.heading, f"Local-address {local}"),
             *(Place(side.name, item.origin, f"listens on {item.address}") for item in side.daemon.listeners[:3])],
            [Log(side.name, f"udp_create: {local}:{ISAKMP_PORT} must exist as a listener too")],
            mend=f"add {local} to Listen-on",
        )  # fmt: skip
    if not section.modes:
        return _cannot(
            talk, f"the configuration of [{section.name}] of {side.name} has no EXCHANGE_TYPE",
            [Place(side.name, section.heading, "its configuration")],
            [Log(side.name, "exchange_establish_p1: no \"EXCHANGE_TYPE\" tag in its configuration")],
            mend="add EXCHANGE_TYPE= ID_PROT", cause=Cause.EXCHANGE_MODE,
        )  # fmt: skip
    talk.section = section
    side.exchange_name = section.name or "<unnamed>"
    return None


def _cannot(
    talk: Talk,
    reason: str,
    places: list[Place],
    logs: list[Log],
    *,
    mend: str,
    cause: Cause = Cause.CANNOT_START,
) -> Refusal:
    return Refusal(Step.START, cause, talk.starter.name, reason, tuple(places), tuple(logs), mend=mend)
