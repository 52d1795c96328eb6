"""The rules of pf, ipfilter and ipnat that the files of a host load, compiled once for each host.

A file with a statement that is not understood, or that its own program refuses, makes its filter unknown as a whole.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.ipfilter import IpfRuleset
from spdcheck.model.ipnat import NatRuleset
from spdcheck.model.ippool import PoolSet
from spdcheck.model.pf import PfRuleset
from spdcheck.model.policy import Direction
from spdcheck.records import replace
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.file_places import Located, Place, below, is_placed, locate
from spdcheck.semantics.filter_states import ipf_connection, pf_connection, remembering, session
from spdcheck.semantics.filters import FilterPoint, RuleList, Verdict
from spdcheck.semantics.nameless_interfaces import with_doubts
from spdcheck.semantics.pf_host import names_of
from spdcheck.semantics.predicate import TRUE, Unknown
from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
from spdcheck.semantics.rulesets.ipfilter import ipf_list
from spdcheck.semantics.rulesets.ipnat import asked, nat_list
from spdcheck.semantics.rulesets.pf import pf_list, pf_translations
from spdcheck.semantics.rulesets.pf_fragments import in_pieces, made_divisible
from spdcheck.semantics.same_host import SameHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.model.host import Host
    from spdcheck.model.rulesets import RuleSet
    from spdcheck.source import Span


def loaded(host: Host, hook: str) -> tuple[FilterPoint, ...]:
    """The filters that files load, at ``in`` or ``out``, in the kernel's order."""
    compiled = _compiled(SameHost(host))
    return compiled.inward if hook == "in" else compiled.outward


def rule_lists(host: Host) -> tuple[RuleList, ...]:
    """Every list of the host's files, for both directions."""
    if not host.packet_filters:
        return ()
    from spdcheck.semantics.filters_linux import netfilter_lists

    return (*_compiled(SameHost(host)).lists, *netfilter_lists(host))


@lru_cache(maxsize=2048)
def _compiled(same: SameHost) -> _Filters:
    return _Filters(same.host)


class _Filters:
    """The lists of one host; each is made when it is first asked."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.pf = _loaded_at_boot(host, [item for item in host.packet_filters if isinstance(item, PfRuleset)])
        self.ipf = [item for item in host.packet_filters if isinstance(item, IpfRuleset)]
        self.ipnat = [item for item in host.packet_filters if isinstance(item, NatRuleset)]
        pools = tuple(pool for item in host.packet_filters if isinstance(item, PoolSet) for pool in item.pools)
        own = {i.name: tuple((a.address, a.prefix, a.peer) for a in i.addresses) for i in host.interfaces
               if not i.dynamic}  # fmt: skip
        self.ipf_names = IpfNames(interfaces=own, pools=pools)
        self.pf_names = names_of(host)

    @cached_property
    def inward(self) -> tuple[FilterPoint, ...]:
        """ipnat, ipfilter, pf."""
        return with_doubts((*self._ipnat(Direction.IN), *self._ipf(Direction.IN), *self._pf("in")), self.host)

    @cached_property
    def outward(self) -> tuple[FilterPoint, ...]:
        """pf, ipfilter, ipnat."""
        return with_doubts((*self._pf("out"), *self._ipf(Direction.OUT), *self._ipnat(Direction.OUT)), self.host)

    @cached_property
    def lists(self) -> tuple[RuleList, ...]:
        """The lists as their languages write them."""
        found: list[RuleList] = []
        if self.pf:
            ruleset = self.pf[-1]
            why = self._doubt([ruleset], (Part.FILTER, Part.NAT)) or _refused(ruleset)
            for way in ("in", "out"):
                found.append(RuleList("pf", ruleset.origin, pf_list(ruleset, way, self.pf_names), unknown=why))
                nat = pf_translations(ruleset, way, self.pf_names)
                found.append(RuleList("pf", ruleset.origin, nat, translates=True, unknown=why))
        for direction in (Direction.IN, Direction.OUT):
            if self.ipf:
                rules = [rule for ruleset in self.ipf for rule in ruleset.rules]
                logged = frozenset(rule.origin for rule in rules if rule.log is not None)
                why = self._doubt(self.ipf, (Part.FILTER,))
                made = ipf_list(rules, direction, self.ipf_names)
                found.append(RuleList("ipfilter", self.ipf[0].origin, made, unknown=why, logged=logged))
            if self.ipnat:
                nats = [rule for ruleset in self.ipnat for rule in ruleset.rules]
                why = self._doubt(self.ipnat, (Part.NAT,))
                made = nat_list(nats, direction, self.ipf_names)
                found.append(RuleList("ipnat", self.ipnat[0].origin, made, translates=True, unknown=why))
        return tuple(found)

    def _pf(self, direction: str) -> tuple[FilterPoint, ...]:
        if not self.pf:
            return self._missing("pf")
        ruleset = self.pf[-1]
        why = self._doubt([ruleset], (Part.FILTER, Part.NAT)) or _refused(ruleset)
        if why:
            return (_unknown("pf", why, _top(ruleset)),)
        make = pf_connection(direction)
        rules = remembering(pf_list(ruleset, direction, self.pf_names), make)
        before = remembering(pf_translations(ruleset, direction, self.pf_names), make)
        pieces = in_pieces(ruleset, direction, self.pf_names) if direction == "in" else None
        divisible = made_divisible(ruleset, direction, self.pf_names)
        before_rules = before if before.entries else None
        return (FilterPoint("pf", rules, before=before_rules, fragments=pieces, divisible=divisible),)

    def _ipf(self, direction: Direction) -> tuple[FilterPoint, ...]:
        if not self.ipf:
            return self._missing("ipfilter")
        why = self._doubt(self.ipf, (Part.FILTER,))
        if why:
            return (_unknown("ipfilter", why, _top(self.ipf[0])),)
        rules = [rule for ruleset in self.ipf for rule in ruleset.rules]
        make = ipf_connection(direction.value)
        found = remembering(ipf_list(rules, direction, self.ipf_names), make)
        return (FilterPoint("ipfilter", found, fragments=TRUE),)

    def _ipnat(self, direction: Direction) -> tuple[FilterPoint, ...]:
        if not self.ipnat:
            return tuple(replace(point, translates=True) for point in self._missing("ipnat"))
        why = self._doubt(self.ipnat, (Part.NAT,))
        if why:
            return (replace(_unknown("ipnat", why, _top(self.ipnat[0])), translates=True),)
        rules = [rule for ruleset in self.ipnat for rule in ruleset.rules]
        found = nat_list(rules, direction, self.ipf_names)
        entries = tuple(
            replace(entry, effect=replace(entry.effect, state=session(rule, direction)))
            if isinstance(entry.effect, Decide) and entry.effect.state is not None
            else entry
            for entry, rule in zip(found.entries, asked(rules, direction), strict=True)
        )
        return (FilterPoint("ipnat", DecisionList(entries, found.default), translates=True),)

    def _missing(self, name: str) -> tuple[FilterPoint, ...]:
        """A filter that the boot starts with rules that are not among our files."""
        service = next((item for item in self.host.services if item.name == name and item.enabled), None)
        if service is None:
            return ()
        return (_unknown(name, f"{service.file or name}, which {name} loads, is not among the files", service.origin),)

    def _doubt(self, rulesets: Sequence[RuleSet], parts: tuple[Part, ...]) -> str:
        """Why the rules of these files are not all known."""
        paths = {ruleset.origin.file.path for ruleset in rulesets}
        return next((gap.reason for gap in self.host.gaps if gap.part in parts and gap.span is not None
                     and gap.span.file.path in paths), "")  # fmt: skip


def _loaded_at_boot(host: Host, rulesets: list[PfRuleset]) -> list[PfRuleset]:
    """The ruleset that the boot loads where a host has several; none of them if it loads a file that we don't have."""
    service = next((item for item in host.services if item.name == "pf" and item.enabled and item.file), None)
    located = locate(host, "/etc/pf.conf" if service is None else service.file or "", "pf")
    named = [item for item in rulesets if _is_at(item, located)]
    said = service is not None and service.file_origin is not None
    if said and located.file is not None and not named and is_placed(below(host, located.file)):
        return []
    return named or rulesets


def _is_at(ruleset: PfRuleset, located: Located) -> bool:
    found = located.file
    return located.place is Place.THERE and found is not None and ruleset.origin.file.path == found.path


def _refused(ruleset: PfRuleset) -> str:
    if not ruleset.refusals:
        return ""
    return f"pfctl refuses {ruleset.origin.file.path}, and which rules are in force then is not known"


def _top(ruleset: RuleSet) -> Span:
    return ruleset.origin.file.span(0, 0)


def _unknown(name: str, why: str, place: Span) -> FilterPoint:
    entry = Entry(Unknown(why), Decide(Verdict.BLOCK), place)
    return FilterPoint(name, DecisionList((entry,), Decide(Verdict.BLOCK)))
