"""``binat``: one inner address and one outer one, both ways, with all that pfctl demands of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.dialect import OLD
from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.effects import take
from spdcheck.formats.pf.expansion import (
    combinations,
    condition,
)
from spdcheck.formats.pf.hosts import Host, hosts
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node
from spdcheck.formats.pf.pools import PoolDraft, finished, may_be_many, of_family, pool
from spdcheck.formats.pf.translation_rules import no_pass
from spdcheck.model.pf import Translation
from spdcheck.model.pf_conditions import Anywhere, Literal, Named, TableName

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder


_NO_PLAIN_ADDRESS = frozenset(("not_host", "host_list", "no_route", "urpf_failed", "any"))


def binat(builder: Builder, statement: Statement, node: Node) -> None:
    """``binat on … from address to … -> address``: both directions, one address for one."""
    builder.enter("nat")
    draft = Draft(statement, builder.dialect)
    exempt = passes = False
    target: PoolDraft | None = None
    source_items: list[Node] = []
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule == "no":
            exempt = True
        elif item.rule == "pass_":
            passes = True
        elif item.rule == "binat_to_address":
            draft.destination = hosts(statement, item.items)
            if any(isinstance(part, Node) and part.rule == "urpf_failed" for part in item.items):
                raise Refused('"urpf-failed" is not permitted as a binat destination')
        elif item.rule == "binat_target":
            target = pool(statement, item.items)
        elif not take(draft, item):
            source_items.append(item)
    no_pass(exempt, passes)
    draft.source = hosts(statement, source_items)
    if builder.dialect.vocabulary == OLD and (len(draft.source) != 1 or source_items[0].rule in _NO_PLAIN_ADDRESS):
        raise Refused(
            "syntax error", _source_token(builder, statement), "a binat rule has one plain address behind `from`"
        )
    family = _binat_family(draft, target)
    source = _binat_source(draft, target, family)
    destination = draft.destination[0] if draft.destination else Host(Anywhere())
    if len(draft.destination) > 1:
        raise Refused("multiple binat ip addresses")
    if destination.family and destination.family != family:
        raise Refused("binat ip versions must match")
    chosen = None
    if exempt:
        if target is not None:
            raise Refused("'no binat' rule does not need '->'")
    else:
        if target is None:
            raise Refused("'binat' rule requires '-> address'")
        chosen = _binat_target(target, source, family)
    draft.source, draft.destination, draft.family = [source], [destination], family
    combination = next(combinations(draft))
    builder.add_translation(
        Translation(
            kind="binat",
            condition=condition(draft, combination, family),
            origin=statement.span(),
            pool=finished(chosen, chosen.hosts, "binat", None, modern=False) if chosen else None,
            passes=passes,
            log=draft.log,
            tag=draft.tag,
            rtable=draft.rtable,
        )
    )


def _source_token(builder: Builder, statement: Statement) -> int:
    return statement.kinds.index(builder.vocabulary.words["from"]) + 1


def _binat_family(draft: Draft, target: PoolDraft | None) -> int | None:
    found = draft.family
    listed = [draft.source, draft.destination, target.hosts if target else []]
    for part in listed:
        if found is None and part:
            found = part[0].family
    if found is None and not any(
        isinstance(host.address, Named) and not host.address.dynamic for part in listed for host in part
    ):
        raise Refused("address family (inet/inet6) undefined")
    return found


def _binat_source(draft: Draft, target: PoolDraft | None, family: int | None) -> Host:
    aliases = draft.dialect.stateful  # the oldest pf had no `:0` and took the first address
    for host in draft.source:
        if isinstance(host.address, TableName):
            raise Refused(f"invalid use of table <{host.address.name}> as the source address of a binat rule")
        if aliases and may_be_many(host.address):
            assert isinstance(host.address, Named)
            raise Refused(f"invalid use of interface ({host.address.name}) as the source address of a binat rule")
    for host in target.hosts if target else ():
        if isinstance(host.address, TableName):
            raise Refused(f"invalid use of table <{host.address.name}> as the redirect address of a binat rule")
        if aliases and may_be_many(host.address):
            assert isinstance(host.address, Named)
            raise Refused(f"invalid use of interface ({host.address.name}) as the redirect address of a binat rule")
    if len(draft.source) > 1:
        raise Refused("multiple binat ip addresses")
    source = draft.source[0] if draft.source else Host(Anywhere())
    if draft.source and not isinstance(source.address, (Named, Anywhere)) and source.family != family:
        raise Refused("binat ip versions must match")
    return source._replace(negated=False)


def _binat_target(target: PoolDraft, source: Host, family: int | None) -> PoolDraft:
    kept = of_family(target, family)
    if not kept:
        raise Refused("no translation address with matching address family found.")
    if len(kept) > 1:
        raise Refused("binat rule must redirect to a single address")
    a, b = source.address, kept[0].address
    if isinstance(a, Literal) and isinstance(b, Literal) and a.addresses.prefix_length != b.addresses.prefix_length:
        raise Refused("'binat' source mask and redirect mask must be the same")
    return target._replace(hosts=kept)
