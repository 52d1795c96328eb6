"""SAD003: an association given by hand without its reverse, or without its twin at the peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.addresses import MULTICAST4, MULTICAST6
from spdcheck.model.diagnostic import Note, Part
from spdcheck.semantics.sa_pairing import Associations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.semantics.sa_pairing import Way


class UnpairedSa(Check):
    """An association given by hand has no reverse on this host, or no twin at the peer.

    ## What it does

    An SA is good for one direction. For each one given by hand there should be one with source and destination swapped
    on the same host, and the same one, with its SPI, in the files of the peer. An SA of the same direction whose SPI is
    another one is a matter of SAD004.

    ## Why it matters

    One direction works, the other does not: answers find no SA and are dropped, or arrive under an SPI that nobody
    knows.

    ## Example

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 198.51.100.2 192.0.2.1 ah 0x1002 -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    ```

    ## References

    RFC 4301 section 4.1: "to secure typical, bi-directional communication, a pair of SAs is required"; setkey(8) add.
    """  # noqa: E501 (a key has the length that it has)

    code = "SAD003"
    name = "unpaired-sa"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every direction in which a host has associations."""
        known = Associations(context.peering)
        for host in context.hosts:
            if host.gap_in(Part.SAD) is not None:
                yield from self.undecided(host, (Part.SAD,))
                continue
            strangers = set()
            for way, associations in known.ways(host).items():
                if (
                    way.protocol == "tcp"
                    or MULTICAST4.contains(way.destination)
                    or MULTICAST6.contains(way.destination)
                ):
                    continue
                if not known.on(host, way.back()):
                    yield self._no_reverse(host, way, associations[0])
                peer = known.peer(host, way)
                if peer is None:
                    strangers.add(way if way.source <= way.destination else way.back())
                elif not peer.external:
                    yield from self._twin(host, peer, way, associations, known)
            if not context.site.single_file:
                for way in sorted(strangers):
                    reason = (
                        f"neither {way.source} nor {way.destination} is another host of this site, so that the twins "
                        "of these associations can't be looked for"
                    )
                    place = next(iter(known.on(host, way) or known.on(host, way.back())))
                    yield Undecided(self.code, host.name, reason, place.origin)

    def _no_reverse(self, host: Host, way: Way, association: SecurityAssociation) -> Finding:
        return self.finding(
            host,
            association.origin,
            f"no association runs from {way.destination} to {way.source}: this {way.protocol} SA works one way only",
            label="has no reverse",
            mend=f"add the association from {way.destination} to {way.source}, with an SPI and keys of its own",
            subject="reverse",
        )

    def _twin(
        self, host: Host, peer: Host, way: Way, associations: list[SecurityAssociation], known: Associations
    ) -> Iterator[Finding | Undecided]:
        theirs = known.on(peer, way)
        if len(theirs) >= len(associations):
            return
        if peer.gap_in(Part.SAD) is not None:
            yield from self.undecided(peer, (Part.SAD,))
            return
        spis = {association.spi for association in theirs}
        left = [association for association in associations if association.spi not in spis]
        for association in left[: len(associations) - len(theirs)]:
            yield self.finding(
                host,
                association.origin,
                f"{peer.name} has no {way.protocol} association from {way.source} to {way.destination} with SPI "
                f"{association.spi:#x}",
                label=f"unknown at {peer.name}",
                notes=[Note(script.file.span(0, 0), f"{peer.name}'s associations") for script in peer.scripts[:1]],
                mend=f"add the same line to {peer.name}",
                subject="twin",
            )
