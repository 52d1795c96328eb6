"""The order in which a kernel asks its policies.

KAME, FreeBSD and NetBSD walk a list in the order of insertion. Linux sorts by priority number (lower first) and keeps
the order of insertion among equals; modern FreeBSD (12 and later) sorts by priority too. OpenBSD keeps its flows in a
radix tree: the most specific one is taken, of equal ones the last. Sources: netipsec/key.c ``key_do_allocsp``,
net/xfrm/xfrm_policy.c ``xfrm_policy_insert``, OpenBSD netinet/ip_ipsp.h ``struct sockaddr_encap``, ip_spd.c
``ipsp_spd_lookup``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.model.selector import ANY_PROTOCOL
from spdcheck.semantics.same_host import SameHost

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.policy import Direction, SecurityPolicy


def asked_order(host: Host, direction: Direction) -> tuple[SecurityPolicy, ...]:
    """The policies of a direction in the order in which this host's kernel asks them."""
    policies = host.spd.of(direction)
    if host.platform is Platform.OPENBSD:
        return _most_specific_first(SameHost(host), direction)
    if has_oldest_inexact_quirk(host):
        policies = _with_quirk(policies)
    if all(policy.priority == policies[0].priority for policy in policies):
        return policies
    return tuple(sorted(policies, key=lambda policy: policy.priority))


@lru_cache(maxsize=512)
def _most_specific_first(found: SameHost, direction: Direction) -> tuple[SecurityPolicy, ...]:
    latest_first = list(reversed(found.host.spd.of(direction)))
    return tuple(sorted(latest_first, key=_generality))


def _generality(policy: SecurityPolicy) -> tuple[int, int, bool, bool, bool]:
    """How little a flow says, in the order of its key: source, destination, protocol, ports."""
    selector = policy.selector
    return (
        selector.source.size,
        selector.destination.size,
        selector.protocol == ANY_PROTOCOL,
        selector.source_port.is_any,
        selector.destination_port.is_any,
    )


def has_oldest_inexact_quirk(host: Host) -> bool:
    """Ties between a pair of single addresses and a wider policy are decided by an accident on this kernel.

    Seen on 6.1, not any more on 6.18; older kernels with the tree of inexact policies (4.21 and later) are believed to
    do the same. Without a release the order of insertion is taken, and SPD007 names the tie.
    """
    return host.platform is Platform.LINUX and (5, 0) <= host.release < (6, 18)


def _with_quirk(policies: tuple[SecurityPolicy, ...]) -> tuple[SecurityPolicy, ...]:
    """The oldest inexact policy, then the exact ones, then the other inexact ones (xfrm_policy_lookup_bytype).

    A policy is exact if both its addresses are single. Priorities are compared before this order.
    """
    exact = [p for p in policies if p.selector.source.is_host and p.selector.destination.is_host]
    inexact = [p for p in policies if not (p.selector.source.is_host and p.selector.destination.is_host)]
    return (*inexact[:1], *exact, *inexact[1:])


def has_forward_policies(host: Host) -> bool:
    """The kernel asks a policy of its own (``fwd``) for forwarded packets: Linux."""
    return host.platform is Platform.LINUX


def ignores_ports_when_forwarding(host: Host) -> bool:
    """Forwarded packets, and packets checked on input, are looked up without ports: the BSDs' KAME-derived stacks."""
    return host.platform is not None and host.platform.is_bsd


def needs_forward_policy(host: Host) -> bool:
    """Decrypted packets that are forwarded need a ``fwd`` policy: Linux from 2.6.10 on."""
    return has_forward_policies(host) and (not host.release or host.release >= (2, 6, 10))
