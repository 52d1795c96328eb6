"""ipf.conf as a decision list for each direction.

States and known fragments are asked before the list (a packet of a known connection never meets a rule); an entry's
``state`` says which states its packets make. The kernel's lists are those of :mod:`.ipf_order`, groups and ``skip`` are
those of :mod:`.groups`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.model.ipfilter import IpfAction, KeepFrags, KeepState, NetworkAddress, Reply, Target
from spdcheck.model.protocols import ICMP, ICMP6, TCP
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass, replace
from spdcheck.semantics import conditions
from spdcheck.semantics.decision import Decide, DecisionList, Undecided
from spdcheck.semantics.fields import DESTINATION, ICMP_TYPE, PROTOCOL, SOURCE, TCP_FLAGS, TRAITS
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.intervals import minus, normalise
from spdcheck.semantics.predicate import TRUE, Unknown, all_of, any_of, in_set, is_value, masked
from spdcheck.semantics.rulesets.groups import GroupRule, groups
from spdcheck.semantics.rulesets.ipf_addresses import NO_NAMES, network_intervals
from spdcheck.semantics.rulesets.ipf_conditions import TRAIT_BITS, rule_condition
from spdcheck.semantics.rulesets.ipf_order import MAIN, KernelLists

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.model.ipfilter import IpfRule
    from spdcheck.model.policy import Direction
    from spdcheck.semantics.filters import Detour
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.ipf_addresses import IpfNames

STATEFUL_ICMP = (8, 13, 15, 17)
"""Types of ICMP that make a state: the requests (``ipf_state_add``)."""

STATEFUL_ICMP6 = (128, 130, 133, 135, 139)
RST = 4


class StateRule(NamedTuple):
    """Which states a rule makes: its options, and the interfaces of the four ways a packet of the connection can go.

    ``interfaces`` are in forwards, in back, out forwards, out back; an empty one is pinned to the first that is seen.
    ``passes`` is what happens to packets of the connection. If a state can't be made, ``quick`` says that the rule then
    did not match; otherwise the packet is blocked.
    """

    keep: KeepState
    interfaces: tuple[str, str, str, str]
    passes: bool
    quick: bool = False
    frags: KeepFrags | None = None
    reply_to: Target | None = None


@dataclass(frozen=True, slots=True)
class IpfFate:
    """What becomes of a packet. ``word`` is that of the rule that decided, or ``default``.

    ``reply`` is heard by the sender of a blocked packet. ``route`` and ``copy`` send it elsewhere (blocked or not);
    ``fastroute`` sends it at once, past all rules for packets that leave; ``detour`` says where that is.
    """

    word: str
    passes: bool
    reply: Reply | None = None
    route: Target | None = None
    copy: Target | None = None
    fastroute: bool = False
    frags: KeepFrags | None = None
    detour: Detour | None = None

    @property
    def verdict(self) -> Verdict:
        """The fate in the words that all filters share."""
        if self.passes:
            return Verdict.PASS
        return Verdict.BLOCK if self.reply is None else Verdict.REJECT


DEFAULT_PASS = IpfFate("default", passes=True)
DEFAULT_BLOCK = IpfFate("default", passes=False)
"""With ``options IPFILTER_DEFAULT_BLOCK`` in the kernel."""


def ipf_list(
    rules: Iterable[IpfRule], direction: Direction, names: IpfNames = NO_NAMES, default: IpfFate = DEFAULT_PASS
) -> DecisionList:
    """The decision list of the rules for packets of a direction; actions are :class:`IpfFate`."""
    own = (rule for rule in rules if rule.direction is direction)
    return group_list(KernelLists(own), MAIN, direction, names, default)


def group_list(
    kernel: KernelLists, group: str, direction: Direction, names: IpfNames = NO_NAMES, default: IpfFate = DEFAULT_PASS
) -> DecisionList:
    """The decision list of one group, as ``icmp-head`` asks it."""
    compiler = _Compiler(kernel, direction, names)
    lists = {name: compiler.group(name) for way, name in kernel.filters if way is direction}
    return groups(lists, group, Decide(default))


def with_verdicts(rules: DecisionList) -> DecisionList:
    """The same list with the actions that the stages of a datapath understand."""
    entries = tuple(
        replace(entry, effect=replace(entry.effect, action=_verdict(entry.effect.action)))
        if isinstance(entry.effect, Decide)
        else entry
        for entry in rules.entries
    )
    return DecisionList(entries, replace(rules.default, action=_verdict(rules.default.action)))


def _verdict(action: object) -> Verdict | Undecided:
    if isinstance(action, IpfFate):
        return action.verdict
    return action if isinstance(action, Undecided) else Undecided(str(action))


class _Compiler:
    """Turns the rules of each group into those of :mod:`.groups`."""

    def __init__(self, kernel: KernelLists, direction: Direction, names: IpfNames) -> None:
        self._kernel = kernel
        self._direction = direction
        self._names = names

    def group(self, name: str, path: tuple[str, ...] = ()) -> list[GroupRule]:
        """The rules of a group in order."""
        result: list[GroupRule] = []
        skips: list[tuple[int, int]] = []
        for rule in self._kernel.filters.get((self._direction, name), ()):
            first = len(result)
            result += self._rule(rule, (*path, name))
            skips.append((first, len(result) - first))
        return _skips_counted(result, skips)

    def _rule(self, rule: IpfRule, path: tuple[str, ...]) -> list[GroupRule]:
        condition = rule_condition(rule, self._names)
        where = rule.origin
        if rule.action is IpfAction.SKIP:
            return [GroupRule(condition, None, skip=rule.skip, origin=where)]
        if rule.action is IpfAction.CALL:
            return self._call(rule, condition, path)
        if rule.action is IpfAction.LOG:
            inner = [] if rule.head is None else self._inlined(rule.head, condition, path)
            return inner or [GroupRule(condition, None, origin=where)]
        decide = Decide(_fate(rule), state=_state(rule))
        found: list[GroupRule] = []
        if rule.packets_per_second is not None:
            rate = Unknown(f"{where.where}: whether more than {rule.packets_per_second} packets come in a second")
            found.append(GroupRule(condition & rate, Decide(IpfFate("block", passes=False)), quick=True, origin=where))
        if rule.keep_state is not None and _fate(rule).passes:
            able = makes_state(rule.protocols, rule.flags.mask & ~rule.flags.value if rule.flags else 0)
            if not rule.quick and able != TRUE:
                refused = Decide(IpfFate("block", passes=False))
                found.append(GroupRule(condition & ~able, refused, head=rule.head, origin=where))
            condition &= able
        found.append(GroupRule(condition, decide, rule.quick, rule.head, origin=where))
        return found

    def _call(self, rule: IpfRule, condition: Predicate, path: tuple[str, ...]) -> list[GroupRule]:
        """``call now srcgrpmap/N``: the group that a table names for the address is asked in place."""
        call = rule.call
        function = call.function.lower() if call is not None else ""
        if call is None or not call.now or function not in ("srcgrpmap", "dstgrpmap"):
            undecided = Decide(Undecided(f"{rule.origin.where}: `{function}` decides"))
            return [GroupRule(condition, undecided, rule.quick, origin=rule.origin)]
        pools = [p for p in self._names.pools if p.kind == "group-map" and p.name == call.number]
        pool = next((p for p in pools if p.direction is rule.direction), None)
        if pool is None:
            why = Unknown(f"{rule.origin.where}: the group-map {call.number} (no file defines it)")
            return [GroupRule(condition & why, Decide(Undecided(why.reason)), origin=rule.origin)]
        field = SOURCE if function == "srcgrpmap" else DESTINATION
        found: list[GroupRule] = []
        for group, addresses in _by_group([(e.network, e.group or pool.group) for e in pool.entries]).items():
            inner = self._inlined(group, condition & in_set(field, *addresses), path)
            found += inner
            if inner:
                # A group in which nothing matches lends its first rule's result; nobody has tried that.
                missed = condition & in_set(field, *addresses) & ~any_of(r.condition for r in inner if r.decide)
                odd = missed & Unknown(f"{rule.origin.where}: no rule of group {group} matches")
                found.append(GroupRule(odd, inner[0].decide, origin=rule.origin))
        return found

    def _inlined(self, group: str, guard: Predicate, path: tuple[str, ...]) -> list[GroupRule]:
        if group in path:
            return []
        return [replace(rule, condition=guard & rule.condition) for rule in self.group(group, path)]


def _skips_counted(rules: list[GroupRule], sizes: Sequence[tuple[int, int]]) -> list[GroupRule]:
    """``skip N`` counts rules as they are written; one of them may have become several."""
    at = {first: number for number, (first, size) in enumerate(sizes) if size}
    for first, number in at.items():
        rule = rules[first]
        if rule.skip:
            last = sum(size for _, size in sizes[number + 1 : number + 1 + rule.skip])
            rules[first] = replace(rule, skip=last)
    return rules


def _by_group(entries: Iterable[tuple[object, str | None]]) -> dict[str, IntervalSet]:
    """The addresses of each group of a group-map: the longest prefix decides."""
    known = [(net, group) for net, group in entries if isinstance(net, NetworkAddress) and group is not None]
    found: dict[str, IntervalSet] = {}
    for net, group in sorted(known, key=lambda item: item[0].mask.bit_count()):
        space = network_intervals(net)
        for other in found:
            found[other] = minus(found[other], space)
        found[group] = normalise(found.get(group, ()) + space)
    return found


def _fate(rule: IpfRule) -> IpfFate:
    return IpfFate(
        rule.action.value,
        passes=rule.action is IpfAction.PASS,
        reply=rule.reply,
        route=rule.route_to,
        copy=rule.dup_to,
        fastroute=rule.fastroute,
        frags=rule.keep_frags,
    )


def _state(rule: IpfRule) -> StateRule | None:
    if rule.keep_state is None:
        return None
    own = tuple("" if name in ("-", "*") else name for name in rule.interfaces)
    forwards, back = (*own, "", "")[:2]
    via_forwards, via_back = (*rule.via, "", "")[:2]
    inward = rule.direction.value == "in"
    slots = (forwards, back, via_forwards, via_back) if inward else (via_forwards, via_back, forwards, back)
    return StateRule(rule.keep_state, slots, rule.action is IpfAction.PASS, rule.quick, rule.keep_frags, rule.reply_to)


@cache
def makes_state(protocols: tuple[int, ...], flags_off: int = 0) -> Predicate:
    """The packets for which a state can be made, among those of the protocols (none: all).

    ``flags_off`` are TCP flags that the rule asks to be off.
    """
    sound = masked(TRAITS, TRAIT_BITS["short"] | TRAIT_BITS["bad"], 0) & conditions.whole_or_first()
    cases: list[Predicate] = []
    wanted = set(protocols) or {TCP, ICMP, ICMP6}
    if TCP in wanted and not flags_off & RST:
        cases.append(is_value(PROTOCOL, TCP) & ~masked(TCP_FLAGS, RST, 0))
    if ICMP in wanted:
        cases.append(is_value(PROTOCOL, ICMP) & ~is_value(ICMP_TYPE, *STATEFUL_ICMP))
    if ICMP6 in wanted:
        cases.append(is_value(PROTOCOL, ICMP6) & ~is_value(ICMP_TYPE, *STATEFUL_ICMP6))
    return all_of([sound, ~any_of(cases)])
