"""The rules of old pf that filter rules do not replace: ``nat``, ``rdr``, ``binat``, ``scrub`` and their anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.dialect import OLD
from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.effects import scrub_option, take
from spdcheck.formats.pf.expansion import (
    NO_COMBINATION,
    agreed_family,
    check_filter,
    combinations,
    condition,
    listed_family,
)
from spdcheck.formats.pf.filter_rules import scrub_text
from spdcheck.formats.pf.hosts import Host, hosts
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, text
from spdcheck.formats.pf.pools import PoolDraft, finished, may_be_many, of_family, pool
from spdcheck.model.pf import (
    AnchorCall,
    Anywhere,
    Literal,
    Named,
    ScrubRule,
    TableName,
    Translation,
)
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
    _no_pass(exempt, passes)
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


def _no_pass(exempt: bool, passes: bool) -> None:
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
    _no_pass(exempt, passes)
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


def scrub_rule(builder: Builder, statement: Statement, node: Node) -> None:
    """``scrub …`` and ``no scrub …``."""
    builder.enter("scrub")
    draft = Draft(statement, builder.dialect)
    exempts = False
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule == "no":
            exempts = True
        elif not take(draft, item):
            scrub_option(draft, item)
    if draft.quick:
        raise Refused("scrub rules do not support 'quick'")
    if "reassemble" in draft.scrub and draft.direction:
        raise Refused("reassemble tcp rules can not specify direction")
    if not exempts:
        draft.scrub.setdefault("fragment", "reassemble")
    family = listed_family(draft.destination, listed_family(draft.source, draft.family)) if draft.family else None
    added = 0
    for combination in combinations(draft):
        fits, own_family = agreed_family(combination, family or draft.family)
        if not fits:
            continue
        check_filter(draft, combination, own_family)
        builder.add_scrub(
            ScrubRule(
                condition=condition(draft, combination, own_family),
                origin=statement.span(),
                exempts=exempts,
                log=draft.log,
                options=scrub_text(draft.scrub),
                rtable=draft.rtable,
            )
        )
        added += 1
    if not added:
        raise Refused(NO_COMBINATION)


def translation_anchor(builder: Builder, statement: Statement, node: Node) -> None:
    """``nat-anchor``, ``rdr-anchor``, ``binat-anchor`` and macOS's ``scrub-anchor`` and ``dummynet-anchor``."""
    kind, *rest = node.items
    assert isinstance(kind, Node)
    word = kind.rule.replace("_", "-")
    builder.enter("scrub" if word == "scrub-anchor" else "nat")
    draft = Draft(statement, builder.dialect)
    name = " ".join(text(statement, item) for item in rest if isinstance(item, Slot))
    for item in rest:
        if isinstance(item, Node) and not take(draft, item):
            scrub_option(draft, item)
    if word == "rdr-anchor":
        _check_rdr_anchor(draft)
    if word == "binat-anchor":
        if len(draft.protocols) > 1:
            raise Refused("proto list expansion not supported in binat-anchor")
        if draft.source or draft.source_ports or draft.destination or draft.destination_ports:
            raise Refused("fromto parameter not supported in binat-anchor")
    family = listed_family(draft.destination, listed_family(draft.source, draft.family))
    added = 0
    for combination in combinations(draft):
        fits, own_family = agreed_family(combination, family)
        if not fits:
            continue
        where = condition(draft, combination, own_family)
        builder.add_translation_anchor(
            AnchorCall(kind=word, name=name, condition=where, origin=statement.span()), word.removesuffix("-anchor")
        )
        added += 1
    if not added:
        raise Refused(NO_COMBINATION)


def _check_rdr_anchor(draft: Draft) -> None:
    if draft.source_ports:
        raise Refused("source port parameter not supported in rdr-anchor")
    if len(draft.destination_ports) > 1:
        raise Refused("destination port list expansion not supported in rdr-anchor")
    if draft.destination_ports and draft.destination_ports[0].operator != "=":
        raise Refused("destination port operators not supported in rdr-anchor")
