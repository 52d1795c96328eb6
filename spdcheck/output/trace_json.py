"""A trace as JSON, schema 1: ``disposition, protected, forward[], reply{…}``; one line for each flow of a list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spdcheck.engine.remedy import remedy
from spdcheck.engine.trace import Step
from spdcheck.output.json import SCHEMA, dump, location

if TYPE_CHECKING:
    from spdcheck.engine.trace import Trace, Wire
    from spdcheck.model.host import Site


def value(trace: Trace, flow: str, site: Site) -> dict[str, Any]:
    """The document of one trace. ``mend`` is null where nothing is wrong or nobody can tell."""
    found = remedy(site, trace)
    return {
        "schema": SCHEMA,
        "site": site.name,
        "flow": flow,
        **way(trace),
        "reply": _reply(trace),
        "mend": found.mend or None,
        "places": [{"location": location(place.span), "message": place.label} for place in found.places],
    }


def _reply(trace: Trace) -> dict[str, Any] | None:
    return None if trace.reply is None else way(trace.reply)


def way(trace: Trace) -> dict[str, Any]:
    """One way of a packet, there or back."""
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
        "spi": step.spi,
    }


def render(trace: Trace, flow: str, site: Site) -> str:
    """The document, indented."""
    return dump(value(trace, flow, site))


def line(trace: Trace, flow: str, site: Site, count: int | None = None) -> str:
    """The document on one line; ``count`` is how many packets of the flow a capture holds."""
    document = value(trace, flow, site)
    return json.dumps(document if count is None else {**document, "count": count}) + "\n"


def failed_line(flow: str, error: str, site: Site, count: int | None = None) -> str:
    """The line of a flow that could not be traced, so that there is one line for each flow."""
    document = {"schema": SCHEMA, "site": site.name, "flow": flow, "error": error}
    return json.dumps(document if count is None else {**document, "count": count}) + "\n"
