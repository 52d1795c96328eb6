"""The lists in which the kernel keeps the rules of ipf.conf (``frrequest`` of fil.c).

One list for each direction and group. Collections come in the order of their numbers, rules of one collection in that
of the file; ``@N`` puts a rule at position N of its collection. A rule that says the same as one of its list is
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ipfilter import IpfAction
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.ipfilter import IpfRule
    from spdcheck.model.policy import Direction

MAIN = ""
"""The name of the list of rules without a group."""


class Refused(NamedTuple):
    """A rule that the kernel refuses because ``known`` says the same already."""

    rule: IpfRule
    known: IpfRule


class KernelLists:
    """The lists, filled rule by rule. ``filters`` has those that decide, by direction and group."""

    def __init__(self, rules: Iterable[IpfRule]) -> None:
        self.filters: dict[tuple[Direction, str], list[IpfRule]] = {}
        self.accounting: dict[tuple[Direction, str], list[IpfRule]] = {}
        self.refused: list[Refused] = []
        self._known: dict[tuple[Direction, str, tuple[object, ...]], IpfRule] = {}
        for rule in rules:
            self._add(rule)

    def _add(self, rule: IpfRule) -> None:
        group = rule.group or MAIN
        says = (rule.direction, group, rule.says())
        known = self._known.setdefault(says, rule)
        if known is not rule:
            self.refused.append(Refused(rule, known))
            return
        kind = self.accounting if rule.action is IpfAction.COUNT else self.filters
        rules = kind.setdefault((rule.direction, group), [])
        if not rules or (rule.insert is None and rules[-1].collection <= rule.collection):
            rules.append(rule)
            return
        first = sum(other.collection < rule.collection for other in rules)
        of_collection = sum(other.collection == rule.collection for other in rules)
        offset = of_collection if rule.insert is None else min(rule.insert, of_collection)
        rules.insert(first + offset, rule)
