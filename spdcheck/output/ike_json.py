"""Negotiations as JSON, schema 1: ``negotiations[]`` with verdict, messages, refusal and what was agreed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.output.json import SCHEMA, dump, location
from spdcheck.semantics.ike.outcome import Agreed, Refused, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.engine.ike import Negotiation
    from spdcheck.model.host import Site
    from spdcheck.semantics.ike.outcome import Doubt, Message, Outcome, Refusal
    from spdcheck.source import Span


def render(negotiations: Iterable[Negotiation], host: str, peer: str, site: Site) -> str:
    """The document."""
    return dump(
        {
            "schema": SCHEMA,
            "site": site.name,
            "host": host,
            "peer": peer,
            "negotiations": [_negotiation(item) for item in negotiations],
        }
    )


def _negotiation(item: Negotiation) -> dict[str, Any]:
    outcome = item.outcome
    return {
        "initiator": item.initiator,
        "responder": item.responder,
        "about": item.about or None,
        "verdict": _verdict(outcome),
        "reason": item.why_not or None,
        "agreed": _agreed(_agreement(outcome)),
        "refusal": _refusal(None if isinstance(outcome, Agreed | None) else getattr(outcome, "refusal", None)),
        "doubts": [_doubt(doubt) for doubt in (outcome.doubts if isinstance(outcome, Unknown) else ())],
        "messages": [_message(message) for message in (() if outcome is None else outcome.messages)],
    }


def _verdict(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not started"
    return {Agreed: "agreed", Refused: "refused", Unknown: "unknown"}[type(outcome)]


def _agreement(outcome: Outcome | None) -> Agreed | None:
    if isinstance(outcome, Unknown):
        return outcome.agreed
    return outcome if isinstance(outcome, Agreed) else None


def _agreed(agreed: Agreed | None) -> dict[str, Any] | None:
    if agreed is None:
        return None
    first, second = agreed.phase1, agreed.phase2
    return {
        "near": str(agreed.near),
        "far": str(agreed.far),
        "seen": str(agreed.seen),
        "udp": agreed.udp,
        "phase1": {
            "mode": first.mode.value,
            "encryption": first.encryption,
            "bits": first.bits,
            "hash": first.hash,
            "authentication": first.authentication,
            "group": first.group,
            "seconds": first.seconds,
            "kilobytes": first.kilobytes,
        },
        "phase2": None
        if second is None
        else {
            "local": str(second.ids.local),
            "remote": str(second.ids.remote),
            "protocol": second.ids.protocol,
            "pfs_group": second.pfs_group,
            "seconds": second.seconds,
            "kilobytes": second.kilobytes,
            "makes_policies": second.makes_policies,
            "sas": [
                {
                    "protocol": sa.protocol.value,
                    "mode": sa.mode.value,
                    "encryption": sa.encryption,
                    "bits": sa.bits,
                    "integrity": sa.integrity,
                }
                for sa in second.sas
            ],
        },
        "assumptions": [_doubt(doubt) for doubt in agreed.assumptions],
    }


def _refusal(refusal: Refusal | None) -> dict[str, Any] | None:
    if refusal is None:
        return None
    return {
        "step": refusal.step.value,
        "phase": refusal.step.phase,
        "cause": refusal.cause.value,
        "by": refusal.by,
        "reason": refusal.reason,
        "differing": refusal.differing or None,
        "mend": refusal.mend or None,
        "places": [
            {"host": place.host, "location": location(place.span), "message": place.text} for place in refusal.places
        ],
        "logs": [{"host": log.host, "line": log.line} for log in refusal.logs],
    }


def _doubt(doubt: Doubt) -> dict[str, Any]:
    return {"host": doubt.host, "reason": doubt.reason, "location": _at(doubt.span)}


def _message(message: Message) -> dict[str, Any]:
    return {
        "number": message.number,
        "from": message.sender,
        "to": message.receiver,
        "exchange": message.exchange,
        "port": message.port,
        "content": [{"text": item.text, "location": _at(item.span)} for item in message.content],
        "decisions": [
            {"host": item.host, "text": item.text, "accepted": item.accepted, "location": _at(item.span)}
            for item in message.decisions
        ],
    }


def _at(span: Span | None) -> dict[str, Any] | None:
    return None if span is None else location(span)
