"""A ruleset with the addresses of the host put in: what pfctl does while it loads (``expand_rule`` after ``host_if``).

A rule ``from em0`` becomes one rule for each address of em0. Names in parentheses stay: the kernel asks the interface
again for every packet. A name that is not known stays too, and its rule's condition is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.pf import AnchorCall, PfRule, Pool, ScrubRule, Translation
from spdcheck.model.pf_conditions import Literal, Named
from spdcheck.model.pf_labels import expanded, labels
from spdcheck.model.protocols import ICMP, ICMP6
from spdcheck.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.pf import AfTo, PfRuleset
    from spdcheck.model.pf_conditions import Condition, Peer, PfAddress
    from spdcheck.semantics.rulesets.pf_names import PfNames


def resolved(ruleset: PfRuleset, names: PfNames) -> PfRuleset:
    """The ruleset with every name that the host knows replaced by its addresses."""
    return replace(
        ruleset,
        rules=tuple(_numbered(_filter(ruleset.rules, names))),
        nat=tuple(_translations(ruleset.nat, names)),
        rdr=tuple(_translations(ruleset.rdr, names)),
        binat=tuple(_translations(ruleset.binat, names)),
        scrub=tuple(_scrubs(ruleset.scrub, names)),
        loaded=tuple((name, resolved(inner, names)) for name, inner in ruleset.loaded),
    )


def _filter(entries: Iterable[PfRule | AnchorCall], names: PfNames) -> Iterator[PfRule | AnchorCall]:
    for entry in entries:
        if isinstance(entry, PfRule) and _is_settled(entry):
            yield entry
            continue
        for condition in _conditions(entry.condition, names):
            if isinstance(entry, AnchorCall):
                body = None if entry.body is None else tuple(_numbered(_filter(entry.body, names)))
                yield replace(entry, condition=condition, body=body)
                continue
            family = condition.family or _pool_family(entry.nat, names) or _pool_family(entry.rdr, names)
            yield replace(
                entry,
                condition=replace(condition, family=family),
                nat=_pool(entry.nat, family, names),
                rdr=_pool(entry.rdr, family, names),
                af_to=entry.af_to and _af_to(entry.af_to, names),
                route=entry.route and entry.route._replace(pool=_route(entry.route.pool, family, names)),
            )


def _is_settled(rule: PfRule) -> bool:
    """No name in the rule waits for the host."""
    condition = rule.condition
    pooled = rule.nat is not None or rule.rdr is not None or rule.af_to is not None or rule.route is not None
    return not (pooled or _late(condition.source.address) or _late(condition.destination.address))


def _numbered(entries: Iterable[PfRule | AnchorCall]) -> Iterator[PfRule | AnchorCall]:
    """``$nr`` in labels and tags is the number of the rule in its list."""
    for number, entry in enumerate(entries):
        if "$" in entry.tag or any("$" in label for label in entry.labels):
            found = labels([label.replace("$nr", str(number)) for label in entry.labels], entry.condition)
            tag = expanded(entry.tag.replace("$nr", str(number)), entry.condition)
            yield replace(entry, labels=found, tag=tag)
        else:
            yield entry


def _translations(entries: Iterable[Translation | AnchorCall], names: PfNames) -> Iterator[Translation | AnchorCall]:
    for entry in entries:
        for condition in _conditions(entry.condition, names):
            if isinstance(entry, AnchorCall):
                yield replace(entry, condition=condition)
                continue
            family = condition.family or _pool_family(entry.pool, names)
            yield replace(entry, condition=replace(condition, family=family), pool=_pool(entry.pool, family, names))


def _scrubs(entries: Iterable[ScrubRule | AnchorCall], names: PfNames) -> Iterator[ScrubRule | AnchorCall]:
    for entry in entries:
        for condition in _conditions(entry.condition, names):
            yield replace(entry, condition=condition)


def _conditions(condition: Condition, names: PfNames) -> Iterator[Condition]:
    """The condition for every pair of addresses of one family."""
    if not (_late(condition.source.address) or _late(condition.destination.address)):
        yield condition
        return
    for source, source_family in _peers(condition.source, names):
        for destination, destination_family in _peers(condition.destination, names):
            families = {f for f in (condition.family, source_family, destination_family, _of_icmp(condition)) if f}
            if len(families) <= 1:
                found = next(iter(families), None)
                yield replace(condition, source=source, destination=destination, family=found)


def _of_icmp(condition: Condition) -> int | None:
    return {ICMP: 4, ICMP6: 6}.get(condition.protocol or 0) if condition.icmp else None


def _late(address: PfAddress) -> bool:
    return isinstance(address, Named) and not address.dynamic


def _peers(peer: Peer, names: PfNames) -> Iterator[tuple[Peer, int | None]]:
    address = peer.address
    if isinstance(address, Named) and not address.dynamic:
        known = names.addresses(address)
        if known is not None:
            for item in known:
                yield peer._replace(address=Literal(item)), item.family
            return
    yield peer, address.addresses.family if isinstance(address, Literal) else None


def _pool_family(pool: Pool | None, names: PfNames) -> int | None:
    """The family that the first address of a pool gives to a rule that says none."""
    for address in pool.addresses if pool else ():
        for item in _ranges(address, names):
            if isinstance(item, Literal):
                return item.addresses.family
    return None


def _ranges(address: PfAddress, names: PfNames) -> tuple[PfAddress, ...]:
    if isinstance(address, Named) and not address.dynamic:
        known = names.addresses(address)
        if known is not None:
            return tuple(Literal(item) for item in known)
    return (address,)


def _af_to(change: AfTo, names: PfNames) -> AfTo:
    destination = _pool(change.destination, change.family, names)
    return change._replace(source=_route(change.source, change.family, names), destination=destination)


def _pool(pool: Pool | None, family: int | None, names: PfNames) -> Pool | None:
    return None if pool is None else _route(pool, family, names)


def _route(pool: Pool, family: int | None, names: PfNames) -> Pool:
    found: list[PfAddress] = []
    interfaces: list[str] = []
    for number, address in enumerate(pool.addresses):
        for item in _ranges(address, names):
            if not (family and isinstance(item, Literal) and item.addresses.family != family):
                found.append(item)
                interfaces += pool.interfaces[number : number + 1]
    how = pool.how or ("round-robin" if len(found) > 1 else "")
    weights = pool.weights if len(found) == len(pool.addresses) else ()
    return pool._replace(addresses=tuple(found), how=how, interfaces=tuple(interfaces), weights=weights)
