"""SAD004: the same association, written differently at the two peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.sa_pairing import Associations, parameter_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.association import KeyedAlgorithm, SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.semantics.sa_pairing import Way


class SaParametersDiffer(Check):
    """The two peers give the same association different parameters.

    ## What it does

    Puts the associations that run the same way at both peers side by side, by SPI first, and compares SPI, algorithms,
    keys, mode, compression and sequence numbers. Keys are compared, never shown.

    ## Why it matters

    What one peer encrypts the other can't decrypt: packets arrive and vanish, and only a counter ("authentication
    failed", "no SA found") grows.

    ## Example

    ```
    === east/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 198.51.100.2 192.0.2.1 ah 0x1002 -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    === west/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1010 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 198.51.100.2 192.0.2.1 ah 0x1002 -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 198.51.100.2 192.0.2.1 ah 0x1002 -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    === west/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 198.51.100.2 192.0.2.1 ah 0x1002 -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    ```

    ## References

    RFC 4301 section 4.4.2; setkey(8) add.
    """  # noqa: E501 (a key has the length that it has)

    code = "SAD004"
    name = "sa-parameters-differ"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every direction that two hosts have associations for, once a pair of hosts."""
        known = Associations(context.peering)
        done = set()
        for host in context.hosts:
            for way, ours in known.ways(host).items():
                peer = known.peer(host, way)
                if peer is None or peer.external or (peer.name, way) in done:
                    continue
                done.add((host.name, way))
                for here, there in _side_by_side(ours, known.on(peer, way)):
                    yield from self._compare(host, peer, here, there, _swapped(known, host, peer, way))

    def _compare(
        self, host: Host, peer: Host, ours: SecurityAssociation, theirs: SecurityAssociation, swapped: bool
    ) -> Iterator[Finding]:
        differences = list(parameter_differences(ours, theirs, host, peer))
        if not differences:
            return
        words = [words for words, _, _ in differences]
        here, there = _place(ours, differences[0][1]), _place(theirs, differences[0][2])
        if swapped and ours.spi != theirs.spi:
            words.append("the SPIs of the two directions are swapped")
        yield self.finding(
            host,
            here.origin,
            f"the association from {ours.source} to {ours.destination} differs from {peer.name}'s: {'; '.join(words)}",
            label=f"differs from {peer.name}",
            notes=[Note(there.origin, f"{peer.name}'s side of it")],
            mend="write the same line at both peers",
            subject=f"{ours.spi:#x}",
        )


def _side_by_side(
    ours: list[SecurityAssociation], theirs: list[SecurityAssociation]
) -> Iterator[tuple[SecurityAssociation, SecurityAssociation]]:
    """Pairs with equal SPIs; then what is left on both sides, in the order of the files."""
    waiting = list(theirs)
    left = []
    for association in ours:
        twin = next((other for other in waiting if other.spi == association.spi), None)
        if twin is None:
            left.append(association)
        else:
            waiting.remove(twin)
            yield association, twin
    yield from zip(left, waiting, strict=False)


def _swapped(known: Associations, host: Host, peer: Host, way: Way) -> bool:
    """The peer has our outgoing SPIs on its own outgoing side and the other way round."""
    ours, theirs = ({sa.spi for sa in known.on(owner, way)} for owner in (host, peer))
    ours_back, theirs_back = ({sa.spi for sa in known.on(owner, way.back())} for owner in (host, peer))
    return bool(ours) and ours == theirs_back and theirs == ours_back and ours != theirs


def _place(association: SecurityAssociation, algorithm: KeyedAlgorithm | None) -> SecurityAssociation | KeyedAlgorithm:
    return association if algorithm is None else algorithm
