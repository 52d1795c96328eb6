"""What pf makes of packets before it asks its rules (``scrub``): fragments put together, "don't fragment" cleared.

Modern pf puts all fragments together unless told otherwise, old pf those that a ``scrub`` rule takes. The first scrub
rule that matches counts, and ``no scrub`` leaves packets as they are; the ``scrub`` of modern rules adds up.
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
    together = _scrubbed(ruleset, direction, names, "fragment reassemble")
    apart = ~together & ~_skipped(ruleset, direction, names)
    return None if apart == FALSE else apart


def made_divisible(ruleset: PfRuleset, direction: str, names: PfNames) -> Predicate | None:
    """The packets of a direction whose "don't fragment" is cleared (``no-df``); None if there are none."""
    found = _scrubbed(ruleset, direction, names, "no-df")
    known = names.with_tables(ruleset)
    for rule in resolved(ruleset, known).rules:
        if not isinstance(rule, AnchorCall) and "no-df" in rule.scrub:
            found |= rule_condition(rule.condition, direction, known)
    found &= ~_skipped(ruleset, direction, names)
    return None if found == FALSE else found


def _scrubbed(ruleset: PfRuleset, direction: str, names: PfNames, option: str) -> Predicate:
    """The packets for which the first scrub rule that matches has an option."""
    known = names.with_tables(ruleset)
    found: Predicate = FALSE
    for scrub in reversed(resolved(ruleset, known).scrub):
        condition = rule_condition(scrub.condition, direction, known)
        if isinstance(scrub, AnchorCall):
            condition &= Unknown(f"{scrub.origin.where}: what the anchor {scrub.name} holds")
            found = condition | found
        elif scrub.exempts or option not in scrub.options:
            found &= ~condition
        else:
            found = condition | found
    return found


def _skipped(ruleset: PfRuleset, direction: str, names: PfNames) -> Predicate:
    """pf does not see the packets of these interfaces at all, whole or not."""
    where = IN_INTERFACE if direction == "in" else OUT_INTERFACE
    found: Predicate = FALSE
    for name in ruleset.skip:
        members = names.on(name, where)
        found |= Unknown(f"which interfaces are in group {name}") if members is None else in_set(where, *members)
    return found
