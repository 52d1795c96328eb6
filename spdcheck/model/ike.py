"""Key exchange as configured: peers, proposals, identities, credentials (RFC 2407-2409, RFC 4301 section 4.4.3)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.isakmpd import Isakmpd, Phase1Transform
    from spdcheck.model.keynote import Passphrase
    from spdcheck.model.secret import Secret
    from spdcheck.model.selector import PortRange
    from spdcheck.source import Span


class ExchangeMode(Enum):
    """The phase 1 exchange (RFC 2408, section 4)."""

    MAIN = "main"
    AGGRESSIVE = "aggressive"
    BASE = "base"


class IdentityType(Enum):
    """How a peer names itself (RFC 2407, section 4.6.2.1)."""

    ADDRESS = "address"
    SUBNET = "subnet"
    RANGE = "range"
    FQDN = "fqdn"
    USER_FQDN = "user_fqdn"
    KEY_ID = "keyid"
    ASN1_DN = "asn1dn"


class AuthMethod(Enum):
    """How phase 1 proves who one is."""

    PSK = "pre-shared key"
    RSA_SIG = "RSA signature"
    DSS_SIG = "DSS signature"
    RSA_ENC = "RSA encryption"
    RSA_REV = "revised RSA encryption"
    GSSAPI = "GSSAPI"
    HYBRID = "hybrid"
    XAUTH_PSK = "XAuth with pre-shared key"
    XAUTH_RSA = "XAuth with RSA signature"

    @property
    def uses_psk(self) -> bool:
        """A pre-shared key takes part."""
        return self in (AuthMethod.PSK, AuthMethod.XAUTH_PSK)


class ProposalCheck(Enum):
    """What a responder makes of lifetimes and PFS that differ from its own (racoon.conf(5), ``proposal_check``)."""

    OBEY = "obey"
    STRICT = "strict"
    CLAIM = "claim"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity: its type and value. ``value`` is None where the daemon fills it in (own address, certificate)."""

    type: IdentityType
    value: str | None
    origin: Span
    addresses: AddressRange | None = None


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A cipher, hash or integrity algorithm of a proposal by setkey's name, with its key length in bits (or None)."""

    name: str
    bits: int | None
    origin: Span

    def __str__(self) -> str:
        return self.name if self.bits is None else f"{self.name}-{self.bits}"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long an SA lives: seconds and kilobytes, None for "not limited by this"."""

    seconds: int | None
    kilobytes: int | None
    origin: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase1Proposal:
    """One phase 1 transform: cipher, hash, authentication, group, lifetime.

    ``auth_name`` is the method as the configuration spells it (``hybrid_rsa_server``), which :class:`AuthMethod`
    says more coarsely.
    """

    encryption: Algorithm
    hash: Algorithm
    auth: AuthMethod
    group: int
    lifetime: Lifetime
    origin: Span
    group_origin: Span
    auth_origin: Span
    auth_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IkePeer:
    """What is configured about one peer (racoon ``remote``, isakmpd's peer section).

    ``address`` is None for "anybody" (``remote anonymous``); ``name`` is a section's name where it has one.
    ``dpd_seconds`` is 0 for off. ``nat_traversal`` is ``off``, ``on`` or ``force``; ``generate_policy`` ``off``,
    ``on``, ``require`` or ``unique``. An identity of ``peer_identities`` without a value accepts any identity.
    ``certificate_kind`` and ``peer_certificate_kind`` are ``x509``, ``plain_rsa`` or empty; ``parent`` names the
    section that this one copies. ``transforms`` are isakmpd's, with the ranges that ``proposals`` do not tell.
    """

    address: AddressRange | None
    port: int
    name: str | None
    modes: tuple[ExchangeMode, ...]
    proposals: tuple[Phase1Proposal, ...]
    origin: Span
    heading: Span
    modes_origin: Span | None = None
    my_identity: Identity | None = None
    peer_identities: tuple[Identity, ...] = ()
    verify_identifier: bool = False
    verify_certificate: bool = True
    certificate: str | None = None
    private_key: str | None = None
    certificate_origin: Span | None = None
    passive: bool = False
    proposal_check: ProposalCheck = ProposalCheck.STRICT
    proposal_check_origin: Span | None = None
    generate_policy: str = "off"
    generate_policy_origin: Span | None = None
    nat_traversal: str = "off"
    nat_traversal_origin: Span | None = None
    ike_fragmentation: bool = False
    dpd_seconds: int = 0
    mode_cfg: bool = False
    ph1id: int = 0
    esp_fragment_bytes: int | None = None
    initial_contact: bool = True
    support_proxy: bool = False
    certificate_kind: str = ""
    ca_certificate: str | None = None
    peer_certificates: tuple[str, ...] = ()
    peer_certificate_kind: str = ""
    send_certificate: bool = True
    send_certificate_request: bool = True
    xauth_login: str | None = None
    rekey: str = "on"
    parent: str | None = None
    local_address: AddressRange | None = None
    transforms: tuple[Phase1Transform, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase2Id:
    """One side of a phase 2 (quick mode) identity pair: addresses, upper protocol (None: any), port (None: any).

    ``host_bits`` is the address as written where it has bits behind its prefix (``10.0.0.5/24``): racoon compares those
    too, so that it equals no policy that is written without them.
    """

    addresses: AddressRange | None
    protocol: int | None
    port: PortRange | None
    origin: Span
    name: Identity | None = None
    is_client_address: bool = False
    host_bits: AddressRange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase2Proposal:
    """What may protect traffic between two phase 2 identities (racoon ``sainfo``, isakmpd's connection and suites).

    ``local`` and ``remote`` are None for "anything" (``anonymous``). ``peer`` restricts it to peers of this identity
    (``from``). Each tuple is in the order of preference; every combination is offered.
    """

    local: Phase2Id | None
    remote: Phase2Id | None
    encryption: tuple[Algorithm, ...]
    integrity: tuple[Algorithm, ...]
    compression: tuple[str, ...]
    pfs_group: int | None
    lifetime: Lifetime
    origin: Span
    heading: Span
    peer: Identity | None = None
    group_name: str | None = None
    remote_ph1id: int = 0
    pfs_origin: Span | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A pre-shared key and whom it is for, as ``psk.txt`` lists them; ``peer`` is the text of the identity.

    ``principals`` are the names by which a KeyNote policy knows one who has the key.
    """

    peer: str
    addresses: AddressRange | None
    secret: Secret
    origin: Span
    principals: tuple[Passphrase, ...] = ()


@dataclass(frozen=True, slots=True)
class IkeListener:
    """An address and UDP port on which the daemon listens; ``nat_traversal`` marks the ESP-in-UDP port."""

    address: AddressRange
    port: int
    nat_traversal: bool
    origin: Span


@dataclass(frozen=True, slots=True)
class PathReference:
    """A file or folder that a configuration names: ``pre_shared_key``, ``certificate``, ``policy``, ``script`` …"""

    kind: str
    path: str
    origin: Span


@dataclass(frozen=True, slots=True)
class KeyDaemon:
    """A key exchange daemon as its configuration describes it; ``program`` is ``racoon`` or ``isakmpd``."""

    program: str
    origin: Span
    peers: tuple[IkePeer, ...] = ()
    phase2: tuple[Phase2Proposal, ...] = ()
    listeners: tuple[IkeListener, ...] = ()
    strict_address: bool = False
    paths: tuple[PathReference, ...] = ()
    log_level: str = ""
    log_origin: Span | None = None
    complex_bundle: bool = True
    nat_keepalive_seconds: int | None = None
    isakmpd: Isakmpd | None = None
