"""CRY010: encryption that nobody authenticates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.grouped_uses import grouped
from spdcheck.model.algorithms import CIPHERS
from spdcheck.semantics.algorithm_uses import Stage, Use
from spdcheck.semantics.manual_keys import family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.association import KeyedAlgorithm
    from spdcheck.model.host import Host

_NOTHING = "null"


class UnauthenticatedEncryption(Check):
    """ESP encrypts, but nothing authenticates its packets.

    ## What it does

    Names ESP associations given by hand without `-A` (unless AH runs between the same addresses) and `sainfo` sections
    that offer `non_auth`, in both cases unless the cipher authenticates by itself (GCM, CCM, ChaCha20-Poly1305).

    ## Why it matters

    Who can change packets on their way can make the receiver decrypt what he likes, and by watching its answers read
    what is encrypted. Encryption without integrity protects from nobody but the most passive listener.

    ## Example

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -r 32 -E aes-cbc 0x3f9c1ad87be2504d6e91c75a08f2b36d;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -r 32 -E aes-cbc 0x3f9c1ad87be2504d6e91c75a08f2b36d -A hmac-sha1 0x5be01f72c49d38a6f7152ce09b84d63ea17f20c9;
    ```

    ## References

    RFC 8221 section 4: encryption MUST be authenticated; Paterson and Yau, Cryptography in Theory and Practice: The
    Case of Encryption in IPsec (2006).
    """  # noqa: E501 (a key has the length that it has)

    code = "CRY010"
    name = "unauthenticated-encryption"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every association given by hand and every sainfo."""
        for host in context.hosts:
            yield from self._by_hand(host)
            for daemon in host.daemons:
                for proposal in daemon.phase2:
                    for rank, algorithm in enumerate(proposal.integrity):
                        open_ciphers = [c for c in proposal.encryption if not _is_aead(c.name)]
                        if algorithm.name == _NOTHING and open_ciphers:
                            yield self.finding(
                                host,
                                algorithm.origin,
                                f"{open_ciphers[0].name} may be used without any authentication"
                                + ("" if rank == 0 else "; it is a fallback here"),
                                label="no authentication",
                                mend="write hmac_sha256 instead, at both peers",
                                severity=self.severity if rank == 0 else Severity.WARNING,
                            )

    def _by_hand(self, host: Host) -> Iterator[Finding]:
        for group in grouped(_bare(host)):
            what = f"{group.times} ESP associations use" if group.times > 1 else "this ESP association uses"
            yield self.finding(
                host,
                group.origin,
                f"{what} {group.name} and no authentication",
                label="no -A",
                notes=group.notes,
                mend="add -A hmac-sha2-256 with a key of 256 bits, at both peers",
                subject=group.name,
            )


def _bare(host: Host) -> Iterator[Use]:
    """The ESP associations that nothing authenticates, by their ciphers."""
    covered = {(sa.source, sa.destination) for sa in host.sad.associations if family_of(sa.protocol) == "ah"}
    for association in host.sad.associations:
        cipher = association.encryption
        if family_of(association.protocol) != "esp" or _is_real(association.integrity):
            continue
        if (association.source, association.destination) in covered or (cipher is not None and _is_aead(cipher.name)):
            continue
        yield Use(cipher.name if cipher is not None else "no cipher", Stage.MANUAL, True, association.origin)


def _is_aead(name: str) -> bool:
    cipher = CIPHERS.get(name)
    return cipher is not None and cipher.aead


def _is_real(algorithm: KeyedAlgorithm | None) -> bool:
    return algorithm is not None and algorithm.name != _NOTHING
