"""``anchor``, ``load anchor`` and ``antispoof``: rules that stand for other rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.criteria import interface
from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.effects import take
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
from spdcheck.model.pf import AnchorCall, PfRule
from spdcheck.model.pf_conditions import Condition, Named, OnInterface, Peer
from spdcheck.model.pf_labels import labels
from spdcheck.model.protocols import TCP

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder
    from spdcheck.model.pf import FilterEntry

MAX_PATH = 1023


def anchor_name(name: str) -> str:
    """The name of an anchor, checked as pfctl does."""
    if not name:
        raise Refused("anchor name must not be empty")
    if len(name) > MAX_PATH:
        raise Refused(f"anchor name is longer than {MAX_PATH}")
    if name.startswith("_") or "/_" in name:
        raise Refused("anchor names beginning with '_' are reserved for internal use")
    return name


def read_anchor(builder: Builder, statement: Statement, node: Node) -> list[AnchorCall]:
    """The calls that an anchor rule expands to, still without the rules in its braces."""
    builder.enter("filter")
    draft = Draft(statement, builder.dialect)
    name, inline = "", False
    for item in node.items:
        if isinstance(item, Slot):
            name = anchor_name(text(statement, item))
        elif item.rule == "body":
            inline = True
        else:
            take(draft, item)
    if inline and "/" in name:
        raise Refused("anchor paths containing '/' cannot be used for inline anchors.")
    if not inline and not name:
        raise Refused("anchors without explicit rules must specify a name")
    if not inline and name.endswith("/"):
        raise Refused(f"anchorrule: bad anchor name {name}")
    if draft.protocols and TCP not in draft.protocols:
        if draft.flags is not None:
            raise Refused("flags only apply to tcp")
        if draft.oses:
            raise Refused("OS fingerprinting only applies to tcp")
    if draft.once:
        raise Refused("'once' only applies to pass/block rules")
    if draft.keep not in ("", "no"):
        raise Refused("cannot specify state handling on anchors")
    if draft.route:
        raise Refused("cannot specify route handling on anchors")
    family = listed_family(draft.destination, listed_family(draft.source, draft.family))
    calls = []
    for combination in combinations(draft):
        fits, own_family = agreed_family(combination, family)
        if not fits:
            continue
        check_filter(draft, combination, own_family)
        where = condition(draft, combination, own_family)
        calls.append(
            AnchorCall(
                kind="anchor",
                name=name,
                condition=where,
                origin=statement.span(),
                quick=draft.quick,
                labels=labels(draft.labels, where),
                tag=draft.tag,
                kept=tuple(draft.kept),
            )
        )
    if not calls:
        raise Refused(NO_COMBINATION)
    return calls


def load_anchor(builder: Builder, statement: Statement, node: Node) -> None:
    """``load anchor name from "file"``: read when the main file is done, without its macros."""
    words = [text(statement, item) for item in node.items]
    split = _from_position(builder, statement)
    name, path = " ".join(words[:split]), " ".join(words[split:])
    if not name:
        raise Refused("anchor name is missing")
    anchor_name(name)
    builder.loads.append((f"{builder.path}/{name}" if builder.path else name, path, statement))


def _from_position(builder: Builder, statement: Statement) -> int:
    """How many words stand between ``anchor`` and ``from``."""
    return statement.kinds.index(builder.vocabulary.words["from"]) - 2


def antispoof(builder: Builder, statement: Statement, node: Node) -> None:
    """``antispoof for em0``: nothing may come in elsewhere with an address of em0's networks, nor with its own address.

    Loopback interfaces get the first rule only. Which addresses there are is known when the host is.
    """
    builder.enter("filter")
    draft = Draft(statement, builder.dialect)
    interfaces: list[tuple[OnInterface, bool]] = []
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule == "antispoof_dynamic":
            inner = item.items[0]
            assert isinstance(inner, Node)
            interfaces.append((interface(draft, inner), True))
        elif item.rule in ("interface", "rdomain"):
            interfaces.append((interface(draft, item), False))
        else:
            take(draft, item)
    for on, dynamic in interfaces:
        first_length = Named(on.name, "network", dynamic=dynamic)
        found: list[FilterEntry] = [
            _blocks(draft, Condition(direction="in", interface=on._replace(negated=True), family=draft.family,
                                              source=Peer(first_length)))
        ]  # fmt: skip
        if not on.name.startswith("lo"):
            own = Condition(direction="in", family=draft.family, source=Peer(Named(on.name, dynamic=dynamic)))
            found.append(_blocks(draft, own))
        for rule in found:
            builder.add(rule)


def _blocks(draft: Draft, where: Condition) -> PfRule:
    return PfRule(
        action="block",
        condition=where,
        origin=draft.statement.span(),
        answer="drop",
        log=draft.log,
        quick=draft.quick,
        labels=labels(draft.labels, where),
        rtable=draft.rtable,
        kept=tuple(draft.kept),
    )
