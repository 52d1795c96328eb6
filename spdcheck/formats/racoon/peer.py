"""A ``remote`` block while it is being read: what racoon's ``struct remoteconf`` holds, with racoon's defaults."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.values import DEFAULT_LIFETIME, ISAKMP_PORT
from spdcheck.model.addresses import address_text
from spdcheck.model.ike import Identity, IdentityType, IkePeer, Phase1Proposal, ProposalCheck
from spdcheck.records import dataclass, replace

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ike import Algorithm, AuthMethod, ExchangeMode, Lifetime
    from spdcheck.source import Span


@dataclass(slots=True)
class ProposalDraft:
    """A ``proposal`` block; a statement that comes twice counts the second time.

    ``broken`` says that a statement of it could not be read, so that nothing can be said to be missing; ``checked``
    that its block is closed (an heir's proposals begin with its parent's).
    """

    heading: Span
    origin: Span
    encryption: Algorithm | None = None
    hash: Algorithm | None = None
    auth: AuthMethod | None = None
    auth_name: str = ""
    auth_origin: Span | None = None
    group: int | None = None
    group_origin: Span | None = None
    lifetime: Lifetime | None = None
    broken: bool = False
    checked: bool = False

    def finished(self, default: Lifetime) -> Phase1Proposal | None:
        """The proposal, with the lifetime of its ``remote`` where it has none; None if it is not whole."""
        if self.encryption is None or self.hash is None or self.auth is None or self.group is None:
            return None
        return Phase1Proposal(
            encryption=self.encryption,
            hash=self.hash,
            auth=self.auth,
            group=self.group,
            lifetime=self.lifetime or default,
            origin=self.origin,
            group_origin=self.group_origin or self.origin,
            auth_origin=self.auth_origin or self.origin,
            auth_name=self.auth_name,
        )


@dataclass(slots=True)
class PeerDraft:
    """A ``remote`` block. ``given_name`` is the one it was written with, ``name`` the one racoon knows it by.

    ``identities`` is shared with the block that this one inherits from until its end is reached: racoon copies the list
    only then, so that a ``peers_identifier`` of the heir is the parent's too.
    """

    heading: Span
    origin: Span
    given_name: str | None = None
    address: AddressRange | None = None
    has_address: bool = False
    port: int = ISAKMP_PORT
    modes: tuple[ExchangeMode, ...] | None = None
    modes_origin: Span | None = None
    proposals: list[ProposalDraft] = field(default_factory=list)
    lifetime: Lifetime = DEFAULT_LIFETIME
    my_identity: Identity | None = None
    identities: list[Identity] = field(default_factory=list)
    verify_identifier: bool = False
    verify_certificate: bool = True
    certificate: str | None = None
    private_key: str | None = None
    certificate_kind: str = ""
    certificate_origin: Span | None = None
    peer_certificates: tuple[str, ...] = ()
    peer_certificate_origin: Span | None = None
    peer_certificate_kind: str = ""
    ca_certificate: str | None = None
    ca_origin: Span | None = None
    send_certificate: bool = True
    send_certificate_request: bool = True
    passive: bool = False
    proposal_check: ProposalCheck = ProposalCheck.STRICT
    proposal_check_origin: Span | None = None
    generate_policy: str = "off"
    generate_policy_origin: Span | None = None
    nat_traversal: str = "off"
    nat_traversal_origin: Span | None = None
    ike_fragmentation: bool = False
    dpd: bool = True
    dpd_delay: int = 0
    mode_cfg: bool = False
    ph1id: int = 0
    esp_fragment_bytes: int | None = None
    initial_contact: bool = True
    support_proxy: bool = False
    xauth_login: str | None = None
    rekey: str = "on"
    parent: str | None = None
    broken: bool = False
    lost: bool = False

    @property
    def is_lost(self) -> bool:
        """Whose block this is could not be read; it must not be taken for one that is for everybody."""
        return self.lost or (self.broken and self.given_name is not None and self.address is None)

    @property
    def shown_address(self) -> str:
        """The address as racoon prints it: ``anonymous`` or ``192.0.2.1[500]``."""
        if self.address is None:
            return "anonymous"
        return f"{address_text(self.address.family, self.address.first)}[{self.port}]"

    @property
    def name(self) -> str:
        """The name that racoon files the block under; one that has none gets its address."""
        return self.given_name if self.given_name is not None else self.shown_address

    def heir(self, heading: Span, origin: Span) -> PeerDraft:
        """A copy for a block that inherits from this one."""
        return replace(
            self,
            heading=heading,
            origin=origin,
            given_name=None,
            proposals=list(self.proposals),
            parent=self.name,
        )

    def finished(self) -> IkePeer:
        """The peer as the rest of spdcheck knows it."""
        proposals = (draft.finished(self.lifetime) for draft in self.proposals)
        return IkePeer(
            address=self.address,
            port=self.port,
            name=self.given_name,
            modes=self.modes or (),
            proposals=tuple(proposal for proposal in proposals if proposal is not None),
            origin=self.origin,
            heading=self.heading,
            modes_origin=self.modes_origin,
            my_identity=self.my_identity or Identity(IdentityType.ADDRESS, None, self.heading),
            peer_identities=tuple(self.identities),
            verify_identifier=self.verify_identifier,
            verify_certificate=self.verify_certificate,
            certificate=self.certificate,
            private_key=self.private_key,
            certificate_origin=self.certificate_origin,
            passive=self.passive,
            proposal_check=self.proposal_check,
            proposal_check_origin=self.proposal_check_origin,
            generate_policy=self.generate_policy,
            generate_policy_origin=self.generate_policy_origin,
            nat_traversal=self.nat_traversal,
            nat_traversal_origin=self.nat_traversal_origin,
            ike_fragmentation=self.ike_fragmentation,
            dpd_seconds=self.dpd_delay if self.dpd else 0,
            mode_cfg=self.mode_cfg,
            ph1id=self.ph1id,
            esp_fragment_bytes=self.esp_fragment_bytes,
            initial_contact=self.initial_contact,
            support_proxy=self.support_proxy,
            certificate_kind=self.certificate_kind,
            ca_certificate=self.ca_certificate,
            peer_certificates=self.peer_certificates,
            peer_certificate_kind=self.peer_certificate_kind,
            send_certificate=self.send_certificate,
            send_certificate_request=self.send_certificate_request,
            xauth_login=self.xauth_login,
            rekey=self.rekey,
            parent=self.parent,
        )
