"""Which security association given by hand serves a template of a policy, as each kernel looks for it.

BSD compares the address pair, the protocol, the mode (``any`` fits both) and, only where the policy has one, the
request id (netipsec/key.c ``key_cmpsaidx``, CMP_MODE_REQID). Linux compares the request id always and takes an SA
without a mode for transport (net/xfrm/xfrm_state.c ``xfrm_state_find``, net/key/af_key.c ``pfkey_mode_to_xfrm``).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template

LARGEST_REQID = 0x3FFF
"""The largest request id that a policy may choose; above, the kernel puts one of its own (IPSEC_MANUAL_REQID_MAX)."""


class Obstacle(Enum):
    """Why an SA between the right addresses does not serve a template."""

    MODE = "mode"
    REQID = "reqid"


class Ends(NamedTuple):
    """The addresses between which a template's SA must run; ranges where any host of a network may be the end."""

    source: AddressRange
    destination: AddressRange


def ends_of(policy: SecurityPolicy, template: Template) -> Ends:
    """The ends of a template's SA: its own, those of a tunnel before it in the bundle, or the packet's addresses."""
    if template.source is not None and template.destination is not None:
        return Ends(template.source, template.destination)
    ends = Ends(policy.selector.source, policy.selector.destination)
    for earlier in policy.templates:
        if earlier is template:
            break
        if earlier.mode is Mode.TUNNEL and earlier.source is not None and earlier.destination is not None:
            ends = Ends(earlier.source, earlier.destination)
    return ends


def family_of(protocol: str) -> str:
    """``esp``, ``ah``, ``ipcomp`` or ``tcp`` for every spelling of PF_KEY's protocols."""
    return protocol.removesuffix("-old").removesuffix("-udp")


def effective_mode(association: SecurityAssociation, platform: Platform | None) -> Mode:
    """The mode in which a kernel uses an SA: Linux takes ``any`` for transport."""
    if association.mode is Mode.ANY and platform is Platform.LINUX:
        return Mode.TRANSPORT
    return association.mode


def between(host: Host, policy: SecurityPolicy, template: Template) -> Iterator[SecurityAssociation]:
    """The host's SAs of the template's protocol that run between its ends."""
    ends = ends_of(policy, template)
    for association in host.sad.associations:
        if (
            family_of(association.protocol) == template.protocol.value
            and ends.source.contains(association.source)
            and ends.destination.contains(association.destination)
        ):
            yield association


def obstacle(host: Host, association: SecurityAssociation, template: Template) -> Obstacle | None:
    """Why an SA between the right addresses does not serve a template; None if it does."""
    mode = effective_mode(association, host.platform)
    if mode not in (Mode.ANY, template.mode):
        return Obstacle.MODE
    return None if _reqid_fits(host, association, template) else Obstacle.REQID


def _reqid_fits(host: Host, association: SecurityAssociation, template: Template) -> bool:
    if template.level is Level.UNIQUE:
        return 0 < template.reqid <= LARGEST_REQID and association.reqid == template.reqid
    return association.reqid == 0 if host.platform is Platform.LINUX else True


def serving(host: Host, policy: SecurityPolicy, template: Template) -> tuple[SecurityAssociation, ...]:
    """The SAs given by hand that serve a template of a policy."""
    return tuple(sa for sa in between(host, policy, template) if obstacle(host, sa, template) is None)


def negotiated(host: Host) -> Iterator[tuple[SecurityPolicy, tuple[Template, ...]]]:
    """The host's ``out`` policies whose SAs only a key exchange can make, with the templates that have no SA."""
    by_hand = bool(host.sad.associations)
    for policy in host.spd.of(Direction.OUT):
        if policy.action is not Action.PROTECT:
            continue
        missing = tuple(t for t in policy.templates if not (by_hand and serving(host, policy, t)))
        if missing:
            yield policy, missing
