"""Which fragments pf puts together before it asks its rules: modern pf all of them unless told otherwise, old pf those
that a ``scrub`` rule takes. The first scrub rule that matches counts, and ``no scrub`` leaves them as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.pf import AnchorCall
from spdcheck.semantics.fields import IN_INTERFACE, OUT_INTERFACE
from spdcheck.semantics.predicate import FALSE, Unknown, in_set
from spdcheck.semantics.rulesets.pf_conditions import rule_condition
from spdcheck.semantics.rulesets.pf_resolve import resolved

if TYPE_CHECKING:
    from spdcheck.model.pf import PfRuleset
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.pf_names import PfNames


def in_pieces(ruleset: PfRuleset, direction: str, names: PfNames) -> Predicate | None:
    """The packets of a direction whose fragments meet the rules one by one; None if there are none."""
    if ruleset.reassemble:
        return None
    names = names.with_tables(ruleset)
    together: Predicate = FALSE
    for scrub in reversed(resolved(ruleset, names).scrub):
        condition = rule_condition(scrub.condition, direction, names)
        if isinstance(scrub, AnchorCall):
            condition &= Unknown(f"{scrub.origin.where}: what the anchor {scrub.name} holds")
            together = condition | together
        elif scrub.exempts or "fragment reassemble" not in scrub.options:
            together &= ~condition
        else:
            together = condition | together
    apart = ~together & ~_skipped(ruleset, direction, names)
    return None if apart == FALSE else apart


def _skipped(ruleset: PfRuleset, direction: str, names: PfNames) -> Predicate:
    """pf does not see the packets of these interfaces at all, whole or not."""
    where = IN_INTERFACE if direction == "in" else OUT_INTERFACE
    found: Predicate = FALSE
    for name in ruleset.skip:
        members = names.on(name, where)
        found |= Unknown(f"which interfaces are in group {name}") if members is None else in_set(where, *members)
    return found
