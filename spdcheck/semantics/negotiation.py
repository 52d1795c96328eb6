"""Whether two hosts could negotiate SAs for a policy, as far as their sections and files tell, and with what.

Proposals, identities and lifetimes are compared elsewhere; here it is who speaks with whom, and which algorithms both
list first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Protocol
from spdcheck.records import dataclass
from spdcheck.semantics import quick_mode, remote_selection
from spdcheck.semantics.encapsulation import UNKNOWN_ESP, Overhead, ah, esp, ipcomp

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class Speaker:
    """The daemon and section of one side that speaks with a peer; ``why_not`` says why there is none."""

    daemon: KeyDaemon | None
    section: IkePeer | None
    why_not: str = ""

    @property
    def origin(self) -> Span | None:
        """The line that makes it speak."""
        if self.section is not None:
            return self.section.heading
        return None if self.daemon is None else self.daemon.origin


def speaker(host: Host, own: AddressRange, peer: AddressRange) -> Speaker:
    """Who at a host would negotiate with a peer's address from an own address."""
    if not host.daemons:
        return Speaker(None, None, f"{host.name} has no key daemon and no SA given by hand")
    for daemon in host.daemons:
        section = remote_selection.Remotes(daemon).for_peer(peer)
        if section is None:
            continue
        if not remote_selection.listens_on(daemon, own):
            return Speaker(daemon, None, f"{daemon.program} of {host.name} does not listen on {own}")
        return Speaker(daemon, section)
    first = host.daemons[0]
    return Speaker(first, None, f"{first.program} of {host.name} has no section for {peer}")


def overhead(daemon: KeyDaemon | None, policy: SecurityPolicy, template: Template) -> Overhead:
    """What the negotiated SA of a template would add: the first algorithms of the initiator's phase 2 section."""
    family = policy.selector.family
    if template.protocol is Protocol.IPCOMP:
        return ipcomp()
    selection = None if daemon is None else quick_mode.Sainfos(daemon).select(quick_mode.ids_of(policy))
    proposal = None if selection is None else selection.proposal
    if proposal is None or not proposal.encryption:
        return UNKNOWN_ESP if template.protocol is Protocol.ESP else ah(None, family)
    integrity = proposal.integrity[0].name if proposal.integrity else None
    if template.protocol is Protocol.AH:
        return ah(integrity, family)
    return esp(proposal.encryption[0].name, integrity)
