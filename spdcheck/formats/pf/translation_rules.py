"""``nat`` and ``rdr`` of old pf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.effects import take
from spdcheck.formats.pf.expansion import (
    NO_COMBINATION,
    agreed_family,
    combinations,
    condition,
)
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node
from spdcheck.formats.pf.pools import PoolDraft, finished, of_family, pool
from spdcheck.model.pf import Translation
from spdcheck.model.pf_conditions import Literal
from spdcheck.model.protocols import TCP, UDP

if TYPE_CHECKING:
    from spdcheck.formats.pf.expansion import Combination
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder


_NO_PLAIN_ADDRESS = frozenset(("not_host", "host_list", "no_route", "urpf_failed", "any"))


def translation(builder: Builder, statement: Statement, node: Node) -> None:
    """``nat on …``, ``rdr on …`` and their ``no`` forms."""
    builder.enter("nat")
    draft = Draft(statement, builder.dialect)
    kind, exempt, passes = "", False, False
    pool_items: list[Node] = []
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule in ("nat", "rdr"):
            kind = item.rule
        elif item.rule == "no":
            exempt = True
        elif item.rule == "pass_":
            passes = True
        elif not take(draft, item):
            pool_items.append(item)
    no_pass(exempt, passes)
    target = pool(statement, pool_items) if pool_items else None
    family = _first_family(draft)
    if exempt:
        if target is not None:
            raise Refused("translation rule with 'no' does not need '->'")
    elif target is None:
        raise Refused("translation rule requires '-> address'")
    else:
        family, target = _fitting_pool(target, family)
    added = 0
    for combination in combinations(draft):
        fits, own_family = agreed_family(combination, family)
        if not fits:
            continue
        if kind == "rdr":
            _check_rdr(combination, target)
        chosen = finished(target, target.hosts, kind, combination.destination_port, modern=False) if target else None
        builder.add_translation(
            Translation(
                kind=kind,
                condition=condition(draft, combination, own_family),
                origin=statement.span(),
                pool=chosen,
                passes=passes,
                log=draft.log,
                tag=draft.tag,
                rtable=draft.rtable,
            )
        )
        added += 1
    if not added:
        raise Refused(NO_COMBINATION)


def no_pass(exempt: bool, passes: bool) -> None:
    """``no nat pass`` makes no sense."""
    if exempt and passes:
        raise Refused('"pass" not valid with "no"')


def _first_family(draft: Draft) -> int | None:
    """The family of the rule: as written, else that of the first source, else of the first destination."""
    for listed in (draft.source, draft.destination):
        if draft.family is None and listed and listed[0].family and not listed[0].scope:
            return listed[0].family
    return draft.family


def _fitting_pool(target: PoolDraft, family: int | None) -> tuple[int | None, PoolDraft]:
    """The family that the pool gives to the rule, and the pool without addresses of the other one."""
    if family is None:
        family = target.hosts[0].family
    kept = of_family(target, family)
    if family is None and any(isinstance(host.address, Literal) for host in kept):
        raise Refused("address family not given and translation address expands to multiple address families")
    if not kept:
        raise Refused("no translation address with matching address family found.")
    return family, target._replace(hosts=kept)


def _check_rdr(combination: Combination, target: PoolDraft | None) -> None:
    if combination.protocol not in (TCP, UDP):
        if combination.source_port:
            raise Refused("src port only applies to tcp/udp")
        if combination.destination_port:
            raise Refused("dst port only applies to tcp/udp")
        if target is not None and target.port is not None and target.port[0]:
            raise Refused("rpool port only applies to tcp/udp")
    if combination.destination_port and combination.destination_port.operator not in ("=", ":"):
        raise Refused("invalid port operator for rdr destination port")
