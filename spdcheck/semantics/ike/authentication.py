"""The last messages of phase 1: both prove who they are, and each judges the other's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import ExchangeMode
from spdcheck.semantics.ike import words
from spdcheck.semantics.ike.credentials import differing, proof
from spdcheck.semantics.ike.identities import accepted, own_identity
from spdcheck.semantics.ike.outcome import Doubt, Item, Refusal

if TYPE_CHECKING:
    from spdcheck.model.ike import IkePeer
    from spdcheck.semantics.ike.sides import Side
    from spdcheck.semantics.ike.talk import Talk


def credentials(talk: Talk) -> Refusal | None:
    """The keys of both; in main mode the first encrypted message shows whether they are equal."""
    starter, answerer, auth = talk.starter, talk.answerer, talk.chosen.auth
    talk.starter_name = own_identity(starter, talk.section)
    talk.answerer_name = own_identity(answerer, talk.answering)
    if auth is None:
        return None
    found = []
    for side, section, other in (
        (starter, talk.section, talk.answerer_name),
        (answerer, talk.answering, talk.starter_name),
    ):
        item = proof(side, section, auth, talk.mode, other)
        if item.refusal is not None:
            talk.decide(side, item.refusal.reason, section.heading, accepted=False)
            extra = words.giving_up(starter) if side is answerer else ()
            return item.refusal._replace(logs=(*item.refusal.logs, *extra))
        if item.doubt is not None:
            talk.doubts.append(item.doubt)
        if item.assumed is not None:
            talk.assumed.append(item.assumed)
        found.append(item.key)
    talk.starter_key, talk.answerer_key = found
    _identifying_messages(talk)
    if auth.uses_psk and found[0] is not None and found[1] is not None:
        refusal = differing(starter, found[0], answerer, found[1], talk.mode)
        if refusal is not None:
            side = answerer if refusal.by == answerer.name else starter
            talk.decide(side, "can't make sense of it: another key", refusal.places[0].span, accepted=False)
            extra = words.giving_up(starter) if side is answerer else ()
            return refusal._replace(logs=(*refusal.logs, *extra))
    return None


def _identifying_messages(talk: Talk) -> None:
    word = "HASH" if talk.chosen.auth is None or talk.chosen.auth.uses_psk else "SIG"
    if talk.mode is ExchangeMode.MAIN:
        item = Item(f"ID {talk.starter_name}, {word} (encrypted)", talk.starter_name.origin)
        talk.send(talk.starter, talk.answerer, talk.exchange, item)
    else:
        talk.send(
            talk.answerer, talk.starter, talk.exchange, Item(f"SA: {talk.chosen}", talk.answering.heading),
            Item("KE, NONCE"), Item(f"ID {talk.answerer_name}, {word}", talk.answerer_name.origin),
        )  # fmt: skip


def identities(talk: Talk) -> Refusal | None:
    """Each side judges the name of the other."""
    starter, answerer = talk.starter, talk.answerer
    by_key = talk.chosen.auth is not None and talk.chosen.auth.uses_psk
    if talk.mode is not ExchangeMode.MAIN:
        refusal = _judge_names(talk, answerer, talk.candidates, by_key=by_key)
        refusal = refusal or _judge_names(talk, starter, (talk.section,), by_key=by_key)
        if refusal is None:
            talk.send(starter, answerer, talk.exchange, Item("HASH" if by_key else "SIG"))
        return refusal
    refusal = _judge_names(talk, answerer, talk.candidates, by_key=by_key)
    if refusal is not None:
        return refusal
    word = "HASH" if by_key else "SIG"
    item = Item(f"ID {talk.answerer_name}, {word} (encrypted)", talk.answerer_name.origin)
    talk.send(answerer, starter, talk.exchange, item)
    return _judge_names(talk, starter, (talk.section,), by_key=by_key)


def _judge_names(talk: Talk, side: Side, sections: tuple[IkePeer, ...], *, by_key: bool) -> Refusal | None:
    named = talk.starter_name if side is talk.answerer else talk.answerer_name
    found = accepted(side, sections, named, talk.mode, by_key=by_key)
    if isinstance(found, Refusal):
        talk.decide(side, f"refuses {named}", found.places[0].span if found.places else None, accepted=False)
        extra = words.giving_up(talk.starter) if side is talk.answerer else ()
        return found._replace(logs=(*found.logs, *extra))
    if found is None:
        wanted = next((item for section in sections for item in section.peer_identities), None)
        reason = f"whether the certificate of {side.other} bears the name that {side.name} expects"
        talk.assumed.append(Doubt(side.name, reason, None if wanted is None else wanted.origin))
    return None
