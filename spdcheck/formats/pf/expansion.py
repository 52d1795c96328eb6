"""Lists multiplied out: one rule of the file becomes as many as the kernel gets (``expand_rule`` of pfctl).

The order of the products is pfctl's, which changed: old pfctl runs through the source ports before the destinations.
Combinations whose families contradict each other are left out; a rule of which nothing is left is refused.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING

from spdcheck.formats.pf.dialect import FREEBSD
from spdcheck.formats.pf.hosts import ANY, Host
from spdcheck.formats.pf.lexer import Refused
from spdcheck.model.pf_conditions import Anywhere, Condition, IcmpTest, Literal, Named, OnInterface, Peer
from spdcheck.model.protocols import ICMP, ICMP6, SCTP, TCP, UDP
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.pf.draft import Draft
    from spdcheck.model.pf_conditions import NumberTest, PfAddress

NO_COMBINATION = "rule expands to no valid combination"


@contextmanager
def while_expanding() -> Iterator[None]:
    """What is refused in here, pfctl finds out behind its grammar, which goes on with the next token."""
    try:
        yield
    except Refused as refused:
        refused.goes_on = True
        raise


class Combination(NamedTuple):
    """One choice from every list of a rule. ``family`` is that of the addresses, so far."""

    interface: OnInterface | None
    protocol: int | None
    icmp: tuple[int, int, int | None] | None
    source: Host
    destination: Host
    source_port: NumberTest | None
    destination_port: NumberTest | None
    os: str
    user: NumberTest | None
    group: NumberTest | None


def listed_family(hosts: list[Host], family: int | None) -> int | None:
    """The family that all addresses of a list have in common, if the rule says none."""
    if family is None and hosts:
        families = {host.family for host in hosts}
        if len(families) == 1:
            return families.pop()
    return family


def combinations(draft: Draft) -> Iterator[Combination]:
    """Every choice from the lists of a rule, in pfctl's order."""
    interfaces: list[OnInterface | None] = [*draft.interfaces] or [None]
    protocols: list[int | None] = [*draft.protocols] or [None]
    icmp: list[tuple[int, int, int | None] | None] = [*draft.icmp] or [None]
    sources, destinations = draft.source or [ANY], draft.destination or [ANY]
    source_ports: list[NumberTest | None] = [*draft.source_ports] or [None]
    destination_ports: list[NumberTest | None] = [*draft.destination_ports] or [None]
    oses = draft.oses or [""]
    users: list[NumberTest | None] = [*draft.users] or [None]
    groups: list[NumberTest | None] = [*draft.groups] or [None]
    if draft.dialect.modern:
        for i, p, t, s, d, sp, dp, o, u, g in product(
            interfaces, protocols, icmp, sources, destinations, source_ports, destination_ports, oses, users, groups
        ):
            yield Combination(i, p, t, s, d, sp, dp, o, u, g)
    else:
        for i, p, t, s, sp, o, d, dp, u, g in product(
            interfaces, protocols, icmp, sources, source_ports, oses, destinations, destination_ports, users, groups
        ):
            yield Combination(i, p, t, s, d, sp, dp, o, u, g)


def agreed_family(combination: Combination, family: int | None) -> tuple[bool, int | None]:
    """Whether the addresses fit each other, the family and the interface; and the family of the rule then."""
    source, destination, on = combination.source, combination.destination, combination.interface
    for host in (source, destination):
        if host.family:
            if family and family != host.family:
                return False, None
            family = host.family
    if source.scope or destination.scope:
        if source.scope and destination.scope and source.scope != destination.scope:
            return False, None
        scope = source.scope or destination.scope
        if on is not None and on.name and on.name != scope:
            return False, None
    return True, family


def condition(draft: Draft, combination: Combination, family: int | None) -> Condition:
    """The condition of the rule for one combination."""
    source, destination = combination.source, combination.destination
    on = combination.interface
    if on is None and (source.scope or destination.scope):
        on = OnInterface(source.scope or destination.scope)
    protocol = combination.protocol
    other = []
    if combination.os:
        other.append(f'os "{combination.os}"')
    if draft.prio is not None:
        other.append(f"prio {draft.prio}")
    if draft.max_pkt_rate:
        other.append(draft.max_pkt_rate)
    if draft.max_pkt_size:
        other.append(draft.max_pkt_size)
    if draft.probability:
        other.append(draft.probability)
    return Condition(
        direction=draft.direction,
        interface=on,
        family=family,
        protocol=protocol,
        source=Peer(_fitting(source.address, family), source.negated, combination.source_port),
        destination=Peer(_fitting(destination.address, family), destination.negated, combination.destination_port),
        received_on=draft.received_on,
        user=combination.user,
        group=combination.group,
        flags=draft.flags if protocol in (None, TCP) else None,
        icmp=IcmpTest(*combination.icmp[1:]) if combination.icmp else None,
        tos=draft.tos,
        fragment=draft.fragment,
        tagged=draft.tagged,
        other=tuple(other),
    )


def _fitting(address: PfAddress, family: int | None) -> PfAddress:
    """``0/0`` is ``any``; a length behind a name in parentheses that is too long for IPv4 means the whole address."""
    if isinstance(address, Literal) and address.addresses.is_everything:
        return Anywhere()
    if isinstance(address, Named) and address.dynamic and (address.length or 0) >= (32 if family == 4 else 128):
        return address._replace(length=None)
    return address


def check_filter(draft: Draft, combination: Combination, family: int | None) -> None:
    """What pfctl refuses of a filter, scrub or anchor rule after the expansion (``rule_consistent``)."""
    protocol = combination.protocol
    ported = protocol in (TCP, UDP)
    sctp = protocol == SCTP and draft.dialect.vocabulary == FREEBSD
    if not (ported or sctp) and (combination.source_port or combination.destination_port):
        raise Refused("port only applies to tcp/udp")
    if draft.dialect.modern:
        if protocol != TCP and combination.os:
            raise Refused("os only applies to tcp")
        if not ported and combination.user:
            raise Refused("user only applies to tcp/udp")
        if not ported and combination.group:
            raise Refused("group only applies to tcp/udp")
    if combination.icmp is not None:
        if protocol not in (ICMP, ICMP6):
            raise Refused("icmp-type mismatch" if protocol else "icmp-type/code only applies to icmp")
        if combination.icmp[0] != protocol:
            raise Refused("icmp-type mismatch")
        if family is None and not _named(combination):
            raise Refused("must indicate address family with icmp-type/code")
    if (protocol == ICMP and family == 6) or (protocol == ICMP6 and family == 4):
        word = "icmp" if protocol == ICMP else "icmp6"
        raise Refused(f"proto {word} doesn't match address family {'inet' if family == 4 else 'inet6'}")
    if draft.fragment and (combination.source_port or combination.destination_port or draft.flags or combination.icmp):
        raise Refused("fragments can be filtered only on IP header fields")


def _named(combination: Combination) -> bool:
    """An address is only known by name, so that the family may come from it."""
    return any(
        isinstance(host.address, Named) and not host.address.dynamic
        for host in (combination.source, combination.destination)
    )
