"""Phase 2 identities: what racoon offers, which ``sainfo`` it takes, and which ``in`` policy the responder finds.

Both identities come from the selector of the ``out`` policy. ``sainfo`` sections are sorted by how much they say and
the first that fits wins; addresses must be equal, no network contains another. Releases before 0.7 compare the upper
layer protocol and the port too, later ones do not. Sources: ipsec-tools src/racoon/sainfo.c ``getsainfo``, ipsec_doi.c
``ipsecdoi_chkcmpids`` and ``ipsecdoi_setid2``, isakmp_quick.c ``get_proposal_r``, policy.c ``getsp_r``.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.policy import Action, Direction
from spdcheck.model.protocols import protocol_name
from spdcheck.model.selector import ANY_PROTOCOL
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon, Phase2Id, Phase2Proposal
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import PortRange, TrafficSelector


class Ids(NamedTuple):
    """A pair of phase 2 identities as one side sees it; protocol and ports are None for "any".

    ``carries_type`` marks a selector with an ICMP type or a GRE key, which travels in the port field.
    """

    local: AddressRange
    remote: AddressRange
    protocol: int | None = None
    local_port: int | None = None
    remote_port: int | None = None
    carries_type: bool = False

    def reversed(self) -> Ids:
        """The same pair as the other side sees it."""
        return Ids(self.remote, self.local, self.protocol, self.remote_port, self.local_port, self.carries_type)

    def covers(self, other: Ids) -> bool:
        """All packets of the other pair are packets of this one."""
        ports = ((self.local_port, other.local_port), (self.remote_port, other.remote_port))
        return (
            self.local.contains(other.local)
            and self.remote.contains(other.remote)
            and self.protocol in (None, other.protocol)
            and all(own in (None, theirs) for own, theirs in ports)
        )

    @property
    def as_sainfo(self) -> str:
        """The heading of the ``sainfo`` that fits: ``sainfo address 10.1.0.0/16 any address 10.2.0.0/16 any``."""
        upper = _upper(self.protocol)
        ends = ((self.local, self.local_port), (self.remote, self.remote_port))
        return "sainfo " + " ".join(f"address {_end(addresses, port)} {upper}" for addresses, port in ends)

    def __str__(self) -> str:
        upper = "" if self.protocol is None else f" {protocol_name(self.protocol)}"
        return f"{_end(self.local, self.local_port)} ↔ {_end(self.remote, self.remote_port)}{upper}"


class Fit(Enum):
    """How a ``sainfo`` fits: in everything, in the addresses only, or not at all."""

    WHOLE = "whole"
    ADDRESSES = "addresses"
    NOT = "not"


class Selection(NamedTuple):
    """The ``sainfo`` that racoon takes; ``by_addresses`` if releases before 0.7 would not take it."""

    proposal: Phase2Proposal | None
    by_addresses: bool = False


class Taken(NamedTuple):
    """The ``in`` policy with which a responder answers; ``exact`` if its selector is that of the identities."""

    policy: SecurityPolicy | None
    exact: bool = False


def ids_of(policy: SecurityPolicy) -> Ids:
    """The identities that racoon offers for a policy, seen from its own side."""
    selector = policy.selector if policy.direction is Direction.OUT else policy.selector.reversed()
    protocol = None if selector.protocol == ANY_PROTOCOL else selector.protocol
    return Ids(
        selector.source,
        selector.destination,
        protocol,
        _port(selector.source_port),
        _port(selector.destination_port),
        selector.icmp_type is not None or selector.gre_key is not None,
    )


def compares_upper_layer(host: Host) -> bool | None:
    """The host's racoon compares protocol and port of a ``sainfo``: releases before 0.7; None if nobody says."""
    release = host.tools.get("ipsec-tools") or host.tools.get("racoon")
    return None if not release else release < (0, 7)


def score(proposal: Phase2Proposal) -> int:
    """How much a ``sainfo`` says; racoon asks those that say more first (``prisainfo``)."""
    return (
        (3 if proposal.remote_ph1id else 0)
        + (3 if proposal.peer is not None else 0)
        + (proposal.local is not None)
        + (proposal.remote is not None)
    )


def fit(proposal: Phase2Proposal, ids: Ids) -> Fit:
    """How well a ``sainfo`` fits a pair of identities."""
    ends = (
        (proposal.local, ids.local, ids.local_port),
        (proposal.remote, ids.remote, ids.remote_port),
    )
    whole = True
    for end, addresses, port in ends:
        if end is None or end.is_client_address:
            continue
        if end.addresses is None or end.addresses != addresses or end.host_bits is not None:
            return Fit.NOT
        end_port = _port(end.port)
        whole = whole and end.protocol == ids.protocol and (ids.carries_type or end_port == port)
    return Fit.WHOLE if whole else Fit.ADDRESSES


def differences(proposal: Phase2Proposal, ids: Ids) -> tuple[str, ...]:
    """What keeps a ``sainfo`` from fitting, in words; empty if it fits."""
    words = []
    ends = (
        ("local", proposal.local, ids.local, ids.local_port),
        ("remote", proposal.remote, ids.remote, ids.remote_port),
    )
    for side, end, addresses, port in ends:
        if end is None or end.is_client_address:
            continue
        if end.addresses is None:
            words.append(f"its {side} side is a name, not {addresses}")
        elif end.addresses != addresses:
            words.append(f"its {side} side is {end.addresses}, not {addresses}")
        elif end.host_bits is not None:
            words.append(f"its {side} side is {end.host_bits}/{addresses.prefix_length}, whose last bits count too")
        elif _port(end.port) != port and not ids.carries_type:
            words.append(f"its {side} port is {_port_text(_port(end.port))}, not {_port_text(port)}")
    named = next((end for end in (proposal.local, proposal.remote) if end is not None), None)
    if named is not None and not named.is_client_address and named.protocol != ids.protocol:
        words.append(f"its protocol is {_upper(named.protocol)}, not {_upper(ids.protocol)}")
    return tuple(words)


class Sainfos:
    """The ``sainfo`` sections of one racoon in the order in which it asks them, ready for many questions."""

    def __init__(self, daemon: KeyDaemon) -> None:
        self._sections = sorted(daemon.phase2, key=score, reverse=True)
        self._by_ends: dict[tuple[AddressRange | None, AddressRange | None], list[int]] = {}
        for number, proposal in enumerate(self._sections):
            self._by_ends.setdefault((_addresses(proposal.local), _addresses(proposal.remote)), []).append(number)

    def select(self, ids: Ids, *, ph1id: int = 0, answering: bool = False, strict: bool = False) -> Selection:
        """The ``sainfo`` for a pair of identities, seen from the daemon's own side.

        ``ph1id`` is the number of the remote section in use. ``answering`` lets ``clientaddr`` sections take part,
        which bind the remote identity to the address that a client was given. ``strict`` compares protocols and ports.
        """
        loose = None
        for proposal in self._candidates(ids):
            if proposal.remote_ph1id != ph1id or (_is_client(proposal) and not answering):
                continue
            found = fit(proposal, ids)
            if found is Fit.WHOLE:
                return Selection(proposal)
            if found is Fit.ADDRESSES and loose is None:
                loose = proposal
        return Selection(None) if strict or loose is None else Selection(loose, by_addresses=True)

    def _candidates(self, ids: Ids) -> Iterator[Phase2Proposal]:
        keys = ((ids.local, ids.remote), (ids.local, None), (None, ids.remote), (None, None))
        for number in sorted(number for key in keys for number in self._by_ends.get(key, ())):
            yield self._sections[number]

    def nearest(self, ids: Ids) -> tuple[Phase2Proposal, tuple[str, ...]] | None:
        """The ``sainfo`` that comes closest to a pair of identities, and what differs; None where there is none."""
        best: tuple[int, Phase2Proposal, tuple[str, ...]] | None = None
        for proposal in self._sections:
            words = differences(proposal, ids)
            distance = len(words) * 2 + _strangeness(proposal, ids)
            if len(words) > 1 and fit(proposal, ids.reversed()) is not Fit.NOT:
                words, distance = ("its local and remote sides are swapped",), 1
            if best is None or distance < best[0]:
                best = (distance, proposal, words)
        return None if best is None else best[1:]


class InPolicies:
    """The ``in`` policies of one host as racoon goes through them when it answers."""

    def __init__(self, host: Host) -> None:
        self._ordered = asked_order(host, Direction.IN)
        self._exact: dict[Ids, SecurityPolicy] = {}
        for policy in self._ordered:
            self._exact.setdefault(ids_of(policy), policy)

    def answering(self, ids: Ids) -> Taken:
        """The policy for an offer (identities seen from the responder's side).

        An equal one if there is any; else the first whose networks hold the offered ones' first addresses, which is
        how racoon compares. Prefix lengths need not be equal.
        """
        equal = self._exact.get(ids)
        if equal is not None:
            return Taken(equal, exact=True)
        return Taken(next((policy for policy in self._ordered if _takes(policy.selector, ids)), None))


def is_protecting(taken: Taken) -> bool:
    """The policy found demands IPsec; racoon refuses an offer for a ``none`` or ``discard`` policy."""
    return taken.policy is not None and taken.policy.action is Action.PROTECT


def _takes(selector: TrafficSelector, ids: Ids) -> bool:
    source, destination = selector.source, selector.destination
    protocol = None if selector.protocol == ANY_PROTOCOL else selector.protocol
    return (
        source.family == ids.remote.family
        and destination.family == ids.local.family
        and source.first <= ids.remote.first <= source.last
        and destination.first <= ids.local.first <= destination.last
        and _meet(protocol, ids.protocol)
        and _meet(_port(selector.source_port), ids.remote_port)
        and _meet(_port(selector.destination_port), ids.local_port)
    )


def _meet(a: int | None, b: int | None) -> bool:
    return a is None or b is None or a == b


def _strangeness(proposal: Phase2Proposal, ids: Ids) -> int:
    """Breaks ties: a section whose networks overlap the wanted ones is nearer."""
    count = 0
    for end, wanted in ((proposal.local, ids.local), (proposal.remote, ids.remote)):
        if end is not None and end.addresses is not None and not end.addresses.overlaps(wanted):
            count += 1
    return count


def _addresses(end: Phase2Id | None) -> AddressRange | None:
    return None if end is None or end.is_client_address else end.addresses


def _is_client(proposal: Phase2Proposal) -> bool:
    return any(end is not None and end.is_client_address for end in (proposal.local, proposal.remote))


def _port(ports: PortRange | None) -> int | None:
    return None if ports is None or ports.is_any else ports.first


def _end(addresses: AddressRange, port: int | None) -> str:
    return str(addresses) if port is None else f"{addresses}[{port}]"


def _port_text(port: int | None) -> str:
    return "any" if port is None else str(port)


def _upper(protocol: int | None) -> str:
    return "any" if protocol is None else protocol_name(protocol)
