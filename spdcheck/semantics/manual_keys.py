"""Which security association given by hand serves a template of a policy, as each kernel looks for it.

BSD compares the address pair, the protocol, the mode (``any`` fits both) and, only where the policy has one, the
request id (netipsec/key.c ``key_cmpsaidx``, CMP_MODE_REQID). Linux compares the request id always and takes an SA
without a mode for transport (net/xfrm/xfrm_state.c ``xfrm_state_find``, net/key/af_key.c ``pfkey_mode_to_xfrm``).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level, Mode
from spdcheck.named_tuples import NamedTuple

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


class ManualKeys:
    """The associations of one host that its files write, as its kernel looks for them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._by_ends: dict[tuple[str, AddressRange, AddressRange], list[SecurityAssociation]] = {}
        for association in host.sad.associations:
            key = (family_of(association.protocol), association.source, association.destination)
            self._by_ends.setdefault(key, []).append(association)

    def between(self, policy: SecurityPolicy, template: Template) -> Iterator[SecurityAssociation]:
        """The SAs of a template's protocol that run between its ends."""
        if not self._by_ends:
            return
        ends, protocol = ends_of(policy, template), template.protocol.value
        if ends.source.is_host and ends.destination.is_host:
            yield from self._by_ends.get((protocol, *ends), ())
            return
        for (family, source, destination), associations in self._by_ends.items():
            if family == protocol and ends.source.contains(source) and ends.destination.contains(destination):
                yield from associations

    def obstacle(self, association: SecurityAssociation, template: Template) -> Obstacle | None:
        """Why an SA between the right addresses does not serve a template; None if it does."""
        mode = effective_mode(association, self._host.platform)
        if mode not in (Mode.ANY, template.mode):
            return Obstacle.MODE
        return None if self._reqid_fits(association, template) else Obstacle.REQID

    def _reqid_fits(self, association: SecurityAssociation, template: Template) -> bool:
        if template.level is Level.UNIQUE:
            return 0 < template.reqid <= LARGEST_REQID and association.reqid == template.reqid
        return association.reqid == template.reqid if self._host.platform is Platform.LINUX else True

    def serving(self, policy: SecurityPolicy, template: Template) -> tuple[SecurityAssociation, ...]:
        """The SAs that serve a template of a policy."""
        return tuple(sa for sa in self.between(policy, template) if self.obstacle(sa, template) is None)


def negotiated(host: Host) -> Iterator[tuple[SecurityPolicy, tuple[Template, ...]]]:
    """The host's ``out`` policies whose SAs only a key exchange can make, with the templates that have no SA."""
    by_hand = ManualKeys(host)
    for policy in host.spd.of(Direction.OUT):
        if policy.action is Action.PROTECT:
            missing = tuple(template for template in policy.templates if not by_hand.serving(policy, template))
            if missing:
                yield policy, missing
