"""The words with which OpenBSD's tools print a flow: its type and the protocol of its SA."""

from __future__ import annotations

from spdcheck.model.policy import Action, Level, Protocol
from spdcheck.named_tuples import NamedTuple


class FlowType(NamedTuple):
    """What a type of flow does: the action of a policy, and how strictly its protection is meant."""

    action: Action
    level: Level


FLOW_TYPES = {
    "require": FlowType(Action.PROTECT, Level.REQUIRE),
    "use": FlowType(Action.PROTECT, Level.USE),
    "acquire": FlowType(Action.PROTECT, Level.USE),
    "dontacq": FlowType(Action.PROTECT, Level.REQUIRE),
    "bypass": FlowType(Action.BYPASS, Level.DEFAULT),
    "deny": FlowType(Action.DISCARD, Level.DEFAULT),
}
"""Flows that acquire let packets pass while they wait for an SA; those that don't acquire drop them without one."""

FLOW_PROTOCOLS = {
    "esp": Protocol.ESP, "50": Protocol.ESP, "ah": Protocol.AH, "51": Protocol.AH, "ipcomp": Protocol.IPCOMP,
    "108": Protocol.IPCOMP,
}  # fmt: skip
