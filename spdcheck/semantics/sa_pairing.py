"""Security associations given by hand come in fours: out and in, each at both peers.

The *reverse* of an SA runs the other way on the same host. Its *twin* is the same SA at the peer, without which that
peer can't read what is sent, or what it sends can't be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.manual_keys import effective_mode, family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import KeyedAlgorithm, SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.semantics.peering import Peering


class Way(NamedTuple):
    """One direction between two addresses under one protocol (``esp``, ``ah``, ``ipcomp``, ``tcp``)."""

    source: AddressRange
    destination: AddressRange
    protocol: str

    def back(self) -> Way:
        """The other direction."""
        return Way(self.destination, self.source, self.protocol)


def way_of(association: SecurityAssociation) -> Way:
    """The direction in which an SA runs."""
    return Way(association.source, association.destination, family_of(association.protocol))


class Associations:
    """The SAs of all hosts of a site by their direction."""

    def __init__(self, peering: Peering) -> None:
        self._peering = peering
        self._by_host: dict[str, dict[Way, list[SecurityAssociation]]] = {}
        self._holders: dict[Way, list[Host]] = {}
        for host in peering.site.hosts:
            ways: dict[Way, list[SecurityAssociation]] = {}
            for association in host.sad.associations:
                ways.setdefault(way_of(association), []).append(association)
            self._by_host[host.name] = ways
            for way in ways:
                self._holders.setdefault(way, []).append(host)

    def ways(self, host: Host) -> dict[Way, list[SecurityAssociation]]:
        """A host's SAs by direction, in the order in which its files add them."""
        return self._by_host[host.name]

    def on(self, host: Host, way: Way) -> list[SecurityAssociation]:
        """A host's SAs of one direction."""
        return self._by_host[host.name].get(way, [])

    def peer(self, host: Host, way: Way) -> Host | None:
        """The host at the other end of an SA: the owner of its far address, else another host that has such SAs."""
        for address in (way.destination, way.source):
            owner = self._peering.owner(address)
            if owner is not None and owner is not host:
                return owner
        for known in (way, way.back()):
            for other in self._holders.get(known, ()):
                if other is not host:
                    return other
        return None


def parameter_differences(
    ours: SecurityAssociation, theirs: SecurityAssociation, our_host: Host, their_host: Host
) -> Iterator[tuple[str, KeyedAlgorithm | None, KeyedAlgorithm | None]]:
    """What twins must agree on and do not, in words without keys, with the algorithms that a difference is about."""
    if ours.spi != theirs.spi:
        yield f"SPI {ours.spi:#x} here, {theirs.spi:#x} there", None, None
    if ours.protocol != theirs.protocol:
        yield f"{ours.protocol} here, {theirs.protocol} there", None, None
    modes = {effective_mode(ours, our_host.platform), effective_mode(theirs, their_host.platform)}
    if len(modes) == 2 and "any" not in {mode.value for mode in modes}:
        here, there = (effective_mode(sa, host.platform) for sa, host in ((ours, our_host), (theirs, their_host)))
        yield f"{here.value} mode here, {there.value} mode there", None, None
    for what, here_, there_ in (
        ("encryption", ours.encryption, theirs.encryption),
        ("authentication", ours.integrity, theirs.integrity),
    ):
        yield from _algorithm(what, here_, there_)
    if ours.compression != theirs.compression:
        yield f"compression {ours.compression or 'none'} here, {theirs.compression or 'none'} there", None, None
    if ours.extended_sequence != theirs.extended_sequence:
        yield "extended sequence numbers on one side only", None, None


def _algorithm(
    what: str, ours: KeyedAlgorithm | None, theirs: KeyedAlgorithm | None
) -> Iterator[tuple[str, KeyedAlgorithm | None, KeyedAlgorithm | None]]:
    if _name(ours) != _name(theirs):
        yield f"{what} {_name(ours)} here, {_name(theirs)} there", ours, theirs
    elif ours is not None and theirs is not None and ours.key != theirs.key:
        lengths = tuple(0 if a.key is None else a.key.bits for a in (ours, theirs))
        detail = f" ({lengths[0]} bits here, {lengths[1]} there)" if lengths[0] != lengths[1] else ""
        yield f"the {what} keys differ{detail}", ours, theirs
    elif ours is not None and theirs is not None:
        # Where no `auth-trunc` says the length, the kernel's table decides, and that is no part of the files.
        cuts = [a.icv_bytes for a in (ours, theirs) if a.icv_bytes is not None]
        if len(set(cuts)) > 1:
            yield f"the check value is cut to {8 * cuts[0]} bits here, to {8 * cuts[1]} there", ours, theirs


def _name(algorithm: KeyedAlgorithm | None) -> str:
    return "none" if algorithm is None else algorithm.name
