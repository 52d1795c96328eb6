"""``pass``, ``block`` and ``match``: from the tree of a rule to the rules of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.answers import block_answer, for_family, scrub_text
from spdcheck.formats.pf.diverts import divert_text, family_with_divert
from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.effects import take
from spdcheck.formats.pf.expansion import (
    NO_COMBINATION,
    agreed_family,
    check_filter,
    combinations,
    condition,
    listed_family,
    while_expanding,
)
from spdcheck.formats.pf.fitting import fitting_pools
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node
from spdcheck.formats.pf.pools import PoolDraft, finished, may_be_many, of_family
from spdcheck.model.pf import AfTo, PfRoute, PfRule, StateKeeping
from spdcheck.model.pf_conditions import Anywhere, FlagTest, Literal, Named, Peer, TableName
from spdcheck.model.pf_labels import expanded, labels
from spdcheck.model.protocols import TCP
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.pf.expansion import Combination
    from spdcheck.formats.pf.hosts import Host
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder
    from spdcheck.model.pf import Pool
    from spdcheck.model.pf_conditions import Condition

SYN, SYN_ACK = 0x02, 0x12


def filter_rule(builder: Builder, statement: Statement, node: Node) -> None:
    """Reads a filter rule and adds what it expands to."""
    builder.enter("filter")
    context = (builder.block_policy, builder.if_bound, builder.state_defaults)
    known = builder.alike.find(statement, context)
    if known is not None:
        builder.add(known)
        return
    draft = Draft(statement, builder.dialect)
    action, answer = "", ""
    for item in node.items:
        if take(draft, item):
            continue
        assert isinstance(item, Node)
        if item.rule == "block":
            action, answer = "block", block_answer(statement, item) or builder.block_policy
        else:
            action = item.rule.rstrip("_")
    rule = _Rule(builder, draft, action, answer)
    rule.check()
    with while_expanding():
        added = 0
        for expanded_rule in rule.rules():
            builder.add(expanded_rule)
            added += 1
        if not added:
            raise Refused(NO_COMBINATION)
    if added == 1:
        builder.alike.keep(statement, node, context, expanded_rule)


class _Rule:
    """One rule of the file on its way to the kernel."""

    def __init__(self, builder: Builder, draft: Draft, action: str, answer: str) -> None:
        self.builder = builder
        self.draft = draft
        self.action = action
        self.answer = answer
        self.modern = builder.dialect.modern
        self.state = self._state()
        self.origin = draft.statement.span()
        self.family = listed_family(draft.destination, listed_family(draft.source, draft.family))
        self.kept = self._kept()

    def _state(self) -> StateKeeping | None:
        draft, builder = self.draft, self.builder
        if draft.keep == "no":
            return None
        options = draft.state_options
        kind, implied = draft.keep, False
        if not kind:
            if self.action != "pass" or not builder.dialect.stateful:
                return None
            kind, implied = "keep", True
            options = builder.state_defaults
        if options is None:
            return StateKeeping(kind, builder.if_bound, (), implied)
        options.check(kind)
        return options.keeping(kind, if_bound=builder.if_bound, implied=implied)

    def _kept(self) -> tuple[str, ...]:
        draft = self.draft
        kept = list(draft.kept)
        if draft.sets:
            kept.append(
                f"set ({', '.join(draft.sets[k] for k in ('prio', 'queue', 'tos', 'delay') if k in draft.sets)})"
            )
        elif draft.queue:
            kept.append(f"set ({draft.queue.replace(' (', '(')})" if self.modern else draft.queue)
        return tuple(kept)

    def check(self) -> None:
        """What pfctl refuses before the expansion."""
        draft, action = self.draft, self.action
        if draft.once and action not in ("pass", "block"):
            raise Refused("'once' only applies to pass/block rules")
        if draft.af_to is not None:
            if draft.direction != "in":
                raise Refused("af-to can only be used with direction in")
            if draft.route and self.modern:
                raise Refused("af-to cannot be used together with route-to, reply-to, dup-to")
        if draft.protocols and TCP not in draft.protocols:
            if draft.flags is not None:
                raise Refused("flags only apply to tcp")
            if draft.oses:
                raise Refused("OS fingerprinting only apply to tcp")
        if (
            action == "pass"
            and draft.flags is None
            and "flags" not in draft.given
            and not draft.fragment
            and self.state is not None
            and self.builder.dialect.stateful
        ):
            draft.flags = FlagTest(SYN, SYN_ACK)
        if draft.route_pool is not None and not draft.direction and not (self.modern and draft.route == "dup-to"):
            raise Refused("direction must be explicit with rules that specify routing")
        if draft.allow_opts and action != "pass":
            raise Refused("allow-opts can only be specified for pass rules")
        if self.state is not None and action != "pass":
            raise Refused("keep state is great, but only for pass rules")
        if self.modern and draft.queue:
            for name in draft.queue.removeprefix("queue ").strip("()").split(", "):
                if name not in self.builder.queue_names:
                    raise Refused(f"queue {name} is not defined")
        if self.modern:
            self.family = family_with_divert(draft, self.family)
        if action == "match" and draft.divert is not None:
            raise Refused("divert is not supported on match rules")
        if action != "pass" and draft.route_pool is not None and (self.modern or action == "match"):
            raise Refused(f"route-to, reply-to and dup-to are not supported on {action} rules")
        if action == "match" and draft.af_to is not None:
            raise Refused("af-to is not supported on match rules")
        if self.state is None and self.modern and draft.route_pool is not None:
            raise Refused("route-to, reply-to and dup-to require keep state")
        if draft.nat is not None or draft.rdr is not None:
            if not draft.direction and not draft.binat:
                raise Refused("nat-to and rdr-to require a direction")
            if self.state is None and action != "match":
                raise Refused("nat-to and rdr-to require keep state")
        if not self.modern and draft.route_pool is not None:
            self._old_route_family()

    def _old_route_family(self) -> None:
        """Old pfctl takes the family of the next hops, and drops those of the other family."""
        pool = self.draft.route_pool
        assert pool is not None
        if pool.over_ipv6:
            return
        if self.draft.af_to is not None:
            hosts = of_family(pool, self.draft.af_to[0])
        else:
            self.family = listed_family(pool.hosts, self.family)
            hosts = of_family(pool, self.family)
        if not hosts:
            raise Refused("no routing address with matching address family found.")
        self.draft.route_pool = pool._replace(hosts=hosts)

    def rules(self) -> Iterator[PfRule]:
        """The rules of the kernel, in order."""
        draft = self.draft
        for combination in combinations(draft):
            family, chosen = fitting_pools(draft, self.family)
            fits, family = agreed_family(combination, family)
            if not fits:
                continue
            check_filter(draft, combination, family)
            if self.answer.startswith("return-rst") and combination.protocol != TCP:
                raise Refused("return-rst can only be applied to TCP rules")
            if family == 6 and draft.scrub.keys() & {"no-df", "random-id"} and self.modern:
                raise Refused("address family inet6 does not support scrub options no-df, random-id")
            where = condition(draft, combination, family)
            if draft.binat:
                yield from self._both_ways(combination, where, family, chosen)
            else:
                yield self._rule(combination, where, family, chosen)

    def _both_ways(
        self, combination: Combination, where: Condition, family: int | None, chosen: dict[str, list[Host]]
    ) -> Iterator[PfRule]:
        """``binat-to`` is two rules: source translation out, destination translation in."""
        draft = self.draft
        source, target = combination.source, chosen["nat"]
        if isinstance(source.address, TableName):
            raise Refused(f"invalid use of table <{source.address.name}> as the source address of a binat-to rule")
        if may_be_many(source.address):
            assert isinstance(source.address, Named)
            name = source.address.name
            raise Refused(f"invalid use of interface ({name}) as the source address of a binat-to rule")
        if not all(isinstance(a, (Literal, Named, Anywhere)) for a in (source.address, target[0].address)):
            raise Refused("binat-to requires a specified source and redirect address")
        if len(target) > 1:
            raise Refused("tables cannot be used as the redirect address of a binat-to rule")
        if may_be_many(target[0].address):
            raise Refused("dynamic interfaces must be used with :0 in a binat-to rule")
        if isinstance(source.address, Anywhere):
            raise Refused("source and redir addresess must have a matching network mask in binat-rule")
        if draft.direction:
            raise Refused("binat-to cannot be specified with a direction")
        yield self._rule(combination, replace(where, direction="out"), family, chosen)
        assert draft.nat is not None
        back = replace(
            where,
            direction="in",
            source=where.destination,
            destination=Peer(target[0].address, False, where.source.port),
        )
        pool = finished(
            draft.nat._replace(static=False),
            [source._replace(negated=False)],
            "rdr",
            back.destination.port,
            modern=True,
        )
        yield replace(self._rule(combination, back, family, {}), nat=None, rdr=pool)

    def _rule(
        self, combination: Combination, where: Condition, family: int | None, chosen: dict[str, list[Host]]
    ) -> PfRule:
        draft = self.draft
        state = self.state
        if state is not None and state.kind != "keep" and combination.protocol not in (None, TCP):
            state = state._replace(kind="keep")
        if where.tagged is not None and "$" in where.tagged.name:
            tagged = where.tagged._replace(name=expanded(where.tagged.name, where))
            where = replace(where, tagged=tagged)
        af_to = None
        if draft.af_to is not None:
            target, source, destination = draft.af_to
            af_to = AfTo(
                target,
                finished(source, source.hosts, "nat", None, modern=True),
                finished(destination, destination.hosts, "rdr", None, modern=True) if destination else None,
            )
        return PfRule(
            action=self.action,
            condition=where,
            origin=self.origin,
            answer=for_family(self.answer, family),
            log=draft.log,
            quick=draft.quick,
            state=state,
            nat=self._finished(draft.nat, "nat", combination, chosen),
            rdr=self._finished(draft.rdr, "rdr", combination, chosen),
            af_to=af_to,
            route=self._route(chosen),
            divert=divert_text(draft, family),
            scrub=scrub_text(draft.scrub),
            tag=expanded(draft.tag, where),
            labels=labels(draft.labels, where),
            allow_opts=draft.allow_opts,
            once=draft.once,
            rtable=draft.rtable,
            kept=self.kept,
        )

    def _finished(
        self, pool: PoolDraft | None, kind: str, combination: Combination, chosen: dict[str, list[Host]]
    ) -> Pool | None:
        if pool is None or kind not in chosen:
            return None
        return finished(pool, chosen[kind], kind, combination.destination_port, modern=True)

    def _route(self, chosen: dict[str, list[Host]]) -> PfRoute | None:
        draft = self.draft
        if draft.route == "fastroute" or draft.route_pool is None:
            return None
        hosts = chosen.get("route", draft.route_pool.hosts)
        return PfRoute(draft.route, finished(draft.route_pool, hosts, "route", None, modern=self.modern))
