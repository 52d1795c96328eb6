"""``scrub`` of old pf, and the anchors of its scrub and translation rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.answers import scrub_text
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
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, text
from spdcheck.model.pf import AnchorCall, ScrubRule

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder


_NO_PLAIN_ADDRESS = frozenset(("not_host", "host_list", "no_route", "urpf_failed", "any"))


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
