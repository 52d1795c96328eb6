"""A change as JSON, schema 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.checks.wording import packets_in_words
from spdcheck.output.json import SCHEMA, dump, finding_value, location, undecided_value
from spdcheck.output.trace_json import way

if TYPE_CHECKING:
    from spdcheck.checks.change import Change
    from spdcheck.engine.differences import Difference, Doubt
    from spdcheck.engine.trace import Trace


def render(change: Change, names: tuple[str, str], exit_code: int) -> str:
    """The whole document."""
    return dump({
        "schema": SCHEMA,
        "old": names[0],
        "new": names[1],
        "changed_hosts": list(change.changed),
        "hosts_looked_at": list(change.touched),
        "traffic": [_difference(item) for item in change.traffic.found],
        "doubts": [_doubt(item) for item in change.traffic.doubts],
        "findings": {
            "appeared": [finding_value(finding) for finding in change.appeared],
            "disappeared": [finding_value(finding) for finding in change.disappeared],
        },
        "undecided": [undecided_value(item) for item in change.newly_open],
        "exit_code": exit_code,
    })  # fmt: skip


def _difference(item: Difference) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "before": item.old.value,
        "now": item.new.value,
        "packets": [packets_in_words([part]) for part in item.packets],
        "witness": str(item.before.packet),
        "traces": {"before": _trace(item.before), "now": _trace(item.after)},
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {**way(trace), "reply": None if trace.reply is None else way(trace.reply)}


def _doubt(item: Doubt) -> dict[str, Any]:
    return {
        "packets": [packets_in_words([part]) for part in item.packets],
        "reason": item.reason,
        "location": None if item.place is None else location(item.place),
    }
