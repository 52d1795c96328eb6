"""The two sides of a negotiation: a host, its daemon, and the addresses by which it knows itself and the other."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_address
from spdcheck.model.ike import Algorithm, AuthMethod, ExchangeMode, IkePeer
from spdcheck.model.isakmpd import Life, NumberRange, Phase1Transform
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.isakmpd_connections import peer_section
from spdcheck.semantics.psk_lookup import KeyFile, key_file
from spdcheck.semantics.quick_mode import InPolicies, Sainfos, compares_upper_layer
from spdcheck.semantics.remote_selection import Remotes

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon
    from spdcheck.model.isakmpd import Connection
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.quick_mode import Ids
    from spdcheck.source import Span

ISAKMP_PORT, NAT_T_PORT = 500, 4500
BUILT_IN = "Default-phase-1"
"""The section that isakmpd makes by itself and answers with where ``[Phase 1]`` says nothing."""


class Want(NamedTuple):
    """What a host starts a negotiation for: racoon's policy or isakmpd's connection, and for which identities.

    ``near`` and ``far`` are the addresses between which it speaks; None where nothing tells. ``ids`` is None for phase
    1 alone. ``why_not`` says why it can't start at all.
    """

    near: AddressRange | None
    far: AddressRange | None
    ids: Ids | None
    origin: Span
    policy: SecurityPolicy | None = None
    connection: Connection | None = None


class Daemon:
    """A daemon of a host, with what its look-ups need, each worked out once."""

    def __init__(self, host: Host, daemon: KeyDaemon) -> None:
        self.host = host
        self.daemon = daemon
        self.is_racoon = daemon.program == "racoon"
        self.remotes = Remotes(daemon)

    @cached_property
    def sainfos(self) -> Sainfos:
        """The ``sainfo`` sections in racoon's order."""
        return Sainfos(self.daemon)

    @cached_property
    def in_policies(self) -> InPolicies:
        """The ``in`` policies as racoon goes through them."""
        return InPolicies(self.host)

    @cached_property
    def keys(self) -> KeyFile:
        """racoon's key file."""
        return key_file(self.host, self.daemon)

    @cached_property
    def is_strict(self) -> bool:
        """racoon compares protocols and ports of a ``sainfo`` (before 0.7)."""
        return compares_upper_layer(self.host) is True

    def answering_sections(self, peer: AddressRange) -> tuple[IkePeer, ...]:
        """The sections with which the daemon may answer a peer with this address; isakmpd has but one."""
        if self.is_racoon:
            return self.remotes.to_answer(peer)
        section = self._incoming(peer)
        return () if section is None else (section,)

    def _incoming(self, peer: AddressRange) -> IkePeer | None:
        assert self.daemon.isakmpd is not None
        lines = self.daemon.isakmpd.incoming
        exact = next((line for line in lines if line.address and parse_address(line.address) == peer), None)
        found = exact or next((line for line in lines if line.address is None), None)
        if found is None or found.section.lower() == BUILT_IN.lower():
            own = peer_section(self.daemon, BUILT_IN)
            return own or _built_in(self.daemon.origin if found is None else found.origin)
        return peer_section(self.daemon, found.section)

    def starting_section(self, want: Want) -> IkePeer | None:
        """The section with which the daemon starts what it wants."""
        if want.connection is not None:
            return peer_section(self.daemon, want.connection.peer)
        return None if want.far is None else self.remotes.to_initiate(want.far).section


class Side:
    """One side of one negotiation. ``own`` and ``peer`` are addresses as this side sees them."""

    def __init__(self, daemon: Daemon, own: AddressRange, peer: AddressRange, other: Host) -> None:
        self.known = daemon
        self.host = daemon.host
        self.daemon = daemon.daemon
        self.is_racoon = daemon.is_racoon
        self.own = own
        self.peer = peer
        self.other = other.name
        self.port = ISAKMP_PORT
        self.exchange_name = "<unnamed>"

    @property
    def program(self) -> str:
        """``racoon`` or ``isakmpd``."""
        return self.daemon.program

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name


def _built_in(place: Span) -> IkePeer:
    """isakmpd's own default peer: 3DES, SHA, RSA signatures, group 2, an hour (``conf_load_defaults``)."""
    transform = Phase1Transform(
        name="3DES-SHA-RSA_SIG",
        encryption=Algorithm("3des-cbc", None, place),
        hash=Algorithm("sha1", None, place),
        auth=AuthMethod.RSA_SIG,
        group=2,
        key_bits=None,
        lives=(Life("LIFE_MAIN_MODE", "seconds", NumberRange(3600, 60, 86400), place),),
        origin=place,
        is_generated=True,
    )
    return IkePeer(
        address=None,
        port=ISAKMP_PORT,
        name=BUILT_IN,
        modes=(ExchangeMode.MAIN,),
        proposals=(),
        origin=place,
        heading=place,
        passive=True,
        nat_traversal="on",
        transforms=(transform,),
    )
