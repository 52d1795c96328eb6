"""A trace as JSON, schema 1: ``disposition, protected, forward[], reply{…}``; one line for each flow of a list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spdcheck.engine.trace import Step
from spdcheck.output.json import SCHEMA, location

if TYPE_CHECKING:
    from spdcheck.engine.trace import Trace, Wire


def value(trace: Trace, flow: str, site: str) -> dict[str, Any]:
    """The document of one trace."""
    return {"schema": SCHEMA, "site": site, "flow": flow, **_way(trace), "reply": _reply(trace)}


def _reply(trace: Trace) -> dict[str, Any] | None:
    return None if trace.reply is None else _way(trace.reply)


def _way(trace: Trace) -> dict[str, Any]:
    return {
        "packet": str(trace.packet),
        "length": trace.packet.length,
        "disposition": trace.disposition.value,
        "sentence": trace.sentence,
        "protected": trace.protected,
        "host": trace.where,
        "interface": trace.interface,
        "counter": trace.counter or None,
        "forward": [_step(step) for step in trace.steps],
    }


def _step(step: Step | Wire) -> dict[str, Any]:
    if isinstance(step, Step):
        return {
            "host": step.host,
            "stage": step.stage,
            "interface": step.interface or None,
            "mark": step.mark.name.lower(),
            "verdict": step.verdict,
            "detail": step.detail,
            "origin": None if step.origin is None else location(step.origin),
            "packet": None if step.packet is None else str(step.packet),
            "length": step.length or None,
        }
    return {
        "host": step.host,
        "stage": "wire",
        "interface": step.interface,
        "untrusted": step.untrusted,
        "packet": str(step.packet),
        "form": step.form,
        "length": step.length,
    }


def render(trace: Trace, flow: str, site: str) -> str:
    """The document, indented."""
    return json.dumps(value(trace, flow, site), indent=2) + "\n"


def line(trace: Trace, flow: str, site: str) -> str:
    """The document on one line."""
    return json.dumps(value(trace, flow, site)) + "\n"
