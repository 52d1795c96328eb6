"""The order in which a kernel asks its policies.

KAME, FreeBSD and NetBSD walk a list in the order of insertion. Linux sorts by priority number (lower first) and keeps
the order of insertion among equals; modern FreeBSD (12 and later) sorts by priority too. Sources: netipsec/key.c
``key_do_allocsp``, net/xfrm/xfrm_policy.c ``xfrm_policy_insert``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.policy import Direction, SecurityPolicy


def asked_order(host: Host, direction: Direction) -> tuple[SecurityPolicy, ...]:
    """The policies of a direction in the order in which this host's kernel asks them."""
    policies = host.spd.of(direction)
    if all(policy.priority == policies[0].priority for policy in policies):
        return policies
    return tuple(sorted(policies, key=lambda policy: policy.priority))


def has_forward_policies(host: Host) -> bool:
    """The kernel asks a policy of its own (``fwd``) for forwarded packets: Linux."""
    return host.platform is not None and not host.platform.is_bsd and host.platform.value == "linux"


def ignores_ports_when_forwarding(host: Host) -> bool:
    """Forwarded packets, and packets checked on input, are looked up without ports: the BSDs' KAME-derived stacks."""
    return host.platform is not None and host.platform.is_bsd


def needs_forward_policy(host: Host) -> bool:
    """Decrypted packets that are forwarded need a ``fwd`` policy: Linux from 2.6.10 on."""
    return has_forward_policies(host) and (not host.release or host.release >= (2, 6, 10))
