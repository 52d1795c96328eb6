"""The addresses that the pools of a modern rule may choose from: those of the rule's family, and what pfctl refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.draft import Draft
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.pools import of_family
from spdcheck.model.pf_conditions import Named, TableName

if TYPE_CHECKING:
    from spdcheck.formats.pf.draft import Draft
    from spdcheck.formats.pf.hosts import Host


def fitting_pools(draft: Draft, family: int | None) -> tuple[int | None, dict[str, list[Host]]]:
    """The addresses of each pool that fit the family, and the family that they give the rule.

    The next hops of an old ``route-to`` were chosen before.
    """
    chosen: dict[str, list[Host]] = {}
    if draft.af_to is not None:
        target = draft.af_to[0]
        family = family or (4 if target == 6 else 6)
        if family == target:
            raise Refused("must indicate different address family with af-to")
    for kind, pool in (("rdr", draft.rdr), ("nat", draft.nat), ("route", draft.route_pool)):
        if pool is None or (kind == "route" and not draft.dialect.modern):
            continue
        word = "routing" if kind == "route" else "translation"
        hosts = of_family(pool, family)
        known = {host.family for host in hosts if host.family}
        if family is None and len(known) > 1:
            raise Refused(f"{word} spec contains addresses with different address families")
        if not hosts:
            raise Refused(f"af mismatch in {word} spec")
        _check_hosts(hosts, kind, word)
        family = family or next(iter(known), None)
        chosen[kind] = hosts
    return family, chosen


def _check_hosts(hosts: list[Host], kind: str, word: str) -> None:
    addresses = [host.address for host in hosts]
    if any(host.interface for host in hosts) and kind != "route":
        raise Refused(f"@if not permitted for {word}")
    if kind == "route" and any(
        isinstance(a, Named) and a.dynamic and a.which != "peer" and not host.interface
        for a, host in zip(addresses, hosts, strict=True)
    ):
        raise Refused("route spec requires :peer with dynamic interface addresses")
    if len(hosts) > 1 and sum(isinstance(a, TableName) or (isinstance(a, Named) and a.dynamic) for a in addresses) > 1:
        raise Refused(f"multiple tables or dynamic interfaces not supported for {word}")
