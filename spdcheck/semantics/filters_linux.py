"""Netfilter's tables at each hook, in the order of their priorities (``enum nf_ip_hook_priorities``).

raw (-300), connection tracking (-200), mangle (-150), nat of destinations (-100), filter (0), security (50), nat of
sources (100), and at the way out of the host the connection is confirmed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.netfilter import NetfilterRuleset
from spdcheck.model.shorewall import Shorewall
from spdcheck.semantics import conditions
from spdcheck.semantics.changes import changed_fields
from spdcheck.semantics.decision import Decide, DecisionList, Entry, Undecided
from spdcheck.semantics.fields import CAPTURED
from spdcheck.semantics.filters import LINUX_KINDS, FilterPoint, Heard, RuleList, Tracking, Verdict
from spdcheck.semantics.nameless_interfaces import with_doubts
from spdcheck.semantics.predicate import Unknown
from spdcheck.semantics.rulesets.netfilter import Compiler, uses_conntrack
from spdcheck.semantics.same_host import SameHost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import Table, Target
    from spdcheck.source import Span

TRACK, CONFIRM = "conntrack", "confirm"

ORDER: dict[str, tuple[str, ...]] = {
    "PREROUTING": ("raw", TRACK, "mangle", "nat"),
    "INPUT": ("mangle", "filter", "security", "nat", CONFIRM),
    "FORWARD": ("mangle", "filter", "security"),
    "OUTPUT": ("raw", TRACK, "mangle", "nat", "filter", "security"),
    "POSTROUTING": ("mangle", "nat", CONFIRM),
}
"""What is asked at each hook, in this order."""

_PASS = DecisionList((), Decide(Verdict.PASS))


def netfilter(host: Host, hook: str) -> tuple[FilterPoint, ...]:
    """The tables of a host at a hook; none where no file loads any."""
    return _compiled(SameHost(host)).get(hook, ())


def netfilter_lists(host: Host) -> tuple[RuleList, ...]:
    """Every table of the host's files at every hook, as it was written."""
    return tuple(_lists(SameHost(host)))


def _lists(same: SameHost) -> Iterator[RuleList]:
    logged = frozenset(_logging(same.host))
    written = (found for found in same.host.packet_filters if isinstance(found, Shorewall))
    replaced = frozenset(policy.origin for found in written for policy in found.policies)
    for compiler in _compilers(same):
        for table in compiler.ruleset.tables:
            part = Part.NAT if table.name == "nat" else Part.FILTER
            gaps = (gap.reason for gap in same.host.gaps if gap.part is part and compiler.ruleset.holds(gap.span))
            why = next(gaps, "")
            for hook in ORDER:
                found = compiler.hook(table, hook)
                if found is not None:
                    yield RuleList(
                        f"{table.name} {hook}", compiler.ruleset.origin, found, translates=table.name == "nat",
                        unknown=why or _undecided(found), logged=logged, replaced=replaced, either=True,
                        heard=_heard(compiler, table, hook),
                    )  # fmt: skip


class _Hearing(Compiler):
    """Tables as if a target that logs decided."""

    def noted(self, target: Target) -> Decide | None:
        """LOG and its kin."""
        if target.name not in _LOGS:
            return None
        return Decide(Heard(target.name, tuple(option[:3] for option in target.options)))


_LOGS = ("LOG", "NFLOG", "ULOG", "AUDIT")


def _heard(compiler: Compiler, table: Table, hook: str) -> DecisionList | None:
    """The table at a hook as if logging decided; None where nothing logs."""
    targets = (rule.target for chain in table.chains for rule in chain.rules)
    if not any(target is not None and target.name in _LOGS for target in targets):
        return None
    return _Hearing(compiler.host, compiler.ruleset).hook(table, hook)


def _logging(host: Host) -> Iterator[Span]:
    """The lines of Shorewall with a log level."""
    for found in host.packet_filters:
        if isinstance(found, Shorewall):
            lines = (*((rule.origin, rule.action.log) for rule in found.rules),
                     *((policy.origin, policy.log) for policy in found.policies))  # fmt: skip
            yield from (origin for origin, log in lines if log is not None and log.level.lower() != "none")


def _undecided(rules: DecisionList) -> str:
    """Why a whole list is not known (its chains are too many to be written out); empty where it is."""
    first = rules.entries[0] if rules.entries else None
    if first is None or first.origin is not None or not isinstance(first.effect, Decide):
        return ""
    action = first.effect.action
    return action.reason if isinstance(action, Undecided) else ""


def has_netfilter(host: Host) -> bool:
    """Some file of the host loads tables."""
    return any(found.kind in LINUX_KINDS for found in host.packet_filters)


@lru_cache(maxsize=64)
def _compilers(same: SameHost) -> tuple[Compiler, ...]:
    """A compiler for each file of tables; what it has written is asked again for other questions."""
    return tuple(Compiler(same.host, found) for found in netfilter_rulesets(same.host))


def netfilter_rulesets(host: Host) -> Iterator[NetfilterRuleset]:
    """The tables that files hold, and those that Shorewall makes of its directories."""
    for found in host.packet_filters:
        if isinstance(found, NetfilterRuleset):
            yield found
        elif isinstance(found, Shorewall):
            from spdcheck.semantics.shorewall import compiled

            yield compiled(found, host)


@lru_cache(maxsize=64)
def _compiled(same: SameHost) -> dict[str, tuple[FilterPoint, ...]]:
    compilers = _compilers(same)
    tracks = any(uses_conntrack(compiler.ruleset) for compiler in compilers)
    if not compilers:
        return {}
    return {
        hook: with_doubts(_points(compilers, hook, order, tracks=tracks), same.host) for hook, order in ORDER.items()
    }


def _points(compilers: Sequence[Compiler], hook: str, order: tuple[str, ...], *, tracks: bool) -> Iterator[FilterPoint]:
    for name in order:
        if name in (TRACK, CONFIRM):
            if tracks:
                yield FilterPoint("conntrack", _PASS, tracking=Tracking.TRACK if name == TRACK else Tracking.CONFIRM)
            continue
        rules = _table(compilers, name, hook)
        if name == "nat" and tracks:
            for found in rules or (_PASS,):
                yield FilterPoint("nat", found, translates=True, tracking=Tracking.TRANSLATE)
        elif name != "nat":
            yield from (FilterPoint(name, found) for found in rules)


def _table(compilers: Sequence[Compiler], name: str, hook: str) -> list[DecisionList]:
    """The table of both families as one list; as two where both remember conditions, whose bits would mix."""
    lists = [found for family in (4, 6) for found in [_of_family(compilers, name, hook, family)] if found.entries]
    if sum(CAPTURED in changed_fields(e.effect.changes) for found in lists for e in found.entries) > 1:
        return lists
    entries = tuple(entry for found in lists for entry in found.entries)
    return [DecisionList(entries, Decide(Verdict.PASS))] if entries else []


def _of_family(compilers: Sequence[Compiler], name: str, hook: str, family: int) -> DecisionList:
    """The table of one family; what a file can't tell is unknown."""
    entries: list[Entry] = []
    part = Part.NAT if name == "nat" else Part.FILTER
    own = [compiler for compiler in compilers if compiler.family == family]
    loaded = [(c, t) for c in own for t in c.ruleset.tables if t.name == name]
    here = conditions.family(family)
    gap = next((gap for c in own for gap in c.host.gaps
                if gap.part is part and c.ruleset.holds(gap.span)), None)  # fmt: skip
    if gap is not None:
        entries.append(Entry(here & Unknown(gap.reason), Decide(Verdict.PASS), gap.span))
        return DecisionList(tuple(entries), Decide(Verdict.PASS))
    if len(loaded) > 1:
        where = " and ".join(table.origin.where for _, table in loaded)
        reason = f"which of the two tables {name} is loaded last ({where})"
        entries.append(Entry(here & Unknown(reason), Decide(Verdict.PASS), loaded[0][1].origin))
        return DecisionList(tuple(entries), Decide(Verdict.PASS))
    for compiler, table in loaded:
        found = compiler.hook(table, hook)
        if found is not None:
            entries += found.entries
            if found.default.action is not Verdict.PASS:
                chain = table.chain(hook)
                entries.append(Entry(here, found.default, None if chain is None else chain.origin))
    return DecisionList(tuple(entries), Decide(Verdict.PASS))
