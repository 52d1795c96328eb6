"""Policies that a responding racoon makes out of what its peer proposes (``generate_policy on``).

Sources: racoon.conf(5) ``generate_policy``; ipsec-tools src/racoon/isakmp_quick.c ``get_proposal_r`` and pfkey.c
``pk_sendspdupdate2``, which writes the ``in`` policy, its ``fwd`` twin on Linux, and the ``out`` policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Direction
from spdcheck.records import replace
from spdcheck.semantics.spd_order import has_forward_policies

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template

BY_IKE = "made by racoon out of the peer's proposal"


def generated(responder: Host, proposed: SecurityPolicy) -> tuple[SecurityPolicy, ...]:
    """What a responder has in its SPD once a peer has negotiated the SAs of one of its ``out`` policies.

    ``proposed`` is the peer's policy; its selector and end points come as phase 2 identities and as addresses of the
    messages. The origin of the new policies is the peer's line, as no line of the responder has them.
    """
    inward = replace(proposed, direction=Direction.IN, priority=0, implied=BY_IKE)
    outward = replace(
        inward,
        direction=Direction.OUT,
        selector=proposed.selector.reversed(),
        templates=tuple(_turned(template) for template in proposed.templates),
    )
    if not has_forward_policies(responder):
        return inward, outward
    return inward, replace(inward, direction=Direction.FWD), outward


def _turned(template: Template) -> Template:
    return replace(template, source=template.destination, destination=template.source)
