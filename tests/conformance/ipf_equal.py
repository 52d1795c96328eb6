"""Are two readings the same rules? Rule by rule, proved by the engine, in the order in which the kernel keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.engine.answer import Holds
from spdcheck.engine.compare import equivalent
from spdcheck.model.ipfilter import HostName, IpfAction
from spdcheck.model.policy import Direction
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.predicate import fields_of, unknowns_of
from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
from spdcheck.semantics.rulesets.ipf_conditions import rule_condition
from spdcheck.semantics.rulesets.ipf_order import KernelLists
from spdcheck.semantics.rulesets.ipnat import nat_condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.base import Reading
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ipfilter import IpfRule
    from spdcheck.model.ipnat import NatRule
    from spdcheck.model.ippool import Pool
    from spdcheck.semantics.predicate import Predicate


class _EveryHost(dict[str, "tuple[AddressRange, ...]"]):
    """Every name has the same address, as in the suite."""

    def __init__(self, address: AddressRange) -> None:
        super().__init__()
        self._address = address

    def get(self, key: str, default: object = None) -> tuple[AddressRange, ...]:
        del key, default
        return (self._address,)


def difference_of(ours: Reading, theirs: Reading, kind: str, *, loaded: bool, unknown_host: AddressRange) -> str:
    """Why the readings differ; empty if they don't."""
    names = IpfNames(hosts=_EveryHost(unknown_host))
    mine, other = ours.facts.packet_filters[0], theirs.facts.packet_filters[0]
    if kind == "pool":
        return _pools(mine.pools, other.pools)  # type: ignore[attr-defined]
    rules: Sequence[IpfRule | NatRule] = mine.rules  # type: ignore[attr-defined]
    printed: Sequence[IpfRule | NatRule] = other.rules  # type: ignore[attr-defined]
    if loaded:
        filters = KernelLists(rules).filters  # type: ignore[arg-type]
        rules = [
            rule
            for direction in (Direction.IN, Direction.OUT)
            for rule in filters.get((direction, ""), ())
            if rule.action is not IpfAction.CALL
        ]
    if len(rules) != len(printed):
        return f"{len(rules)} rules, but the real program printed {len(printed)}"
    for number, (rule, same) in enumerate(zip(rules, printed, strict=True), 1):
        reason = _nat(rule, same, names) if kind == "nat" else _ipf(rule, same, names)  # type: ignore[arg-type]
        if reason:
            return f"rule {number} (`{rule.origin.text[:60]}`): {reason}"
    return ""


_MATCHING = (
    "interfaces", "family", "tos", "ttl", "protocols", "source", "destination", "flags", "icmp_type", "icmp_code",
    "conditions", "expression",
)  # fmt: skip


def _ipf(rule: IpfRule, same: IpfRule, names: IpfNames) -> str:
    """What a rule does must be equal word by word; which packets it is about is proved."""
    for name in type(rule).__dataclass_fields__:
        if name in ("origin", "insert", "comment", *_MATCHING):
            continue
        if getattr(rule, name) != getattr(same, name):
            return f"{name} is {getattr(rule, name)!r} instead of {getattr(same, name)!r}"
    if rule.interfaces != same.interfaces:
        return f"interfaces are {rule.interfaces} instead of {same.interfaces}"
    return _proved(rule_condition(rule, names), rule_condition(same, names))


def _nat(rule: NatRule, same: NatRule, names: IpfNames) -> str:
    for name in type(rule).__dataclass_fields__:
        if name in ("origin", "source", "destination", "protocols", "written_out"):
            continue
        mine, theirs = getattr(rule, name), getattr(same, name)
        if isinstance(mine, HostName):
            continue
        if mine != theirs:
            return f"{name} is {mine!r} instead of {theirs!r}"
    return _proved(nat_condition(rule, names), nat_condition(same, names))


def _proved(mine: Predicate, theirs: Predicate) -> str:
    """The engine's word that two conditions hold of the same packets."""
    if unknowns_of(mine) or unknowns_of(theirs):
        places = [[text.partition(": ")[2] for text in unknowns_of(p)] for p in (mine, theirs)]
        if places[0] == places[1] and fields_of(mine) == fields_of(theirs):
            return ""
        return f"not the same is unknown: {places[0]} and {places[1]}"
    taken, left = Decide(Verdict.PASS), Decide(Verdict.BLOCK)
    answer = equivalent(DecisionList((Entry(mine, taken),), left), DecisionList((Entry(theirs, taken),), left))
    return "" if isinstance(answer, Holds) else f"not equivalent: {answer}"


def _pools(mine: Sequence[Pool], theirs: Sequence[Pool]) -> str:
    """Tables are equal entry by entry; sizes and seeds of hashes are the kernel's business."""
    if len(mine) != len(theirs):
        return f"{len(mine)} tables, but the real program printed {len(theirs)}"
    for number, (pool, same) in enumerate(zip(mine, theirs, strict=True), 1):
        one, other = (_plain(item) for item in (pool, same))
        if one != other:
            return f"table {number}: {one} instead of {other}"
    return ""


def _plain(pool: Pool) -> tuple[object, ...]:
    entries = tuple(e._replace(group=e.group or pool.group) for e in pool.entries)
    policy = pool.policy.replace("weighting", "weighted")
    bare = replace(pool, entries=entries, policy=policy, size=None, seed=None, group=None)
    return tuple(getattr(bare, name) for name in type(bare).__dataclass_fields__ if name != "origin")
