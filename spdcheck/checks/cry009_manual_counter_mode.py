"""CRY009: a counter mode cipher with a key given by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.grouped_uses import grouped
from spdcheck.model.algorithms import CIPHERS
from spdcheck.semantics.algorithm_uses import Stage, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host


class ManualCounterMode(Check):
    """A counter mode cipher is used with a key given by hand.

    ## What it does

    Names the associations given by hand with AES-CTR, GCM, CCM, GMAC or ChaCha20-Poly1305. Such a cipher must never
    meet the same key and counter twice, which only a daemon that makes new keys can promise.

    ## Why it matters

    After a restart the counter begins again under the same key. Two packets under one counter give away the difference
    of their contents; with GCM and Poly1305 also the key that authenticates.

    ## Example

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -r 32 -E aes-ctr 0x3f9c1ad87be2504d6e91c75a08f2b36d9d4e7a15 -A hmac-sha1 0x5be01f72c49d38a6f7152ce09b84d63ea17f20c9;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -r 32 -E aes-cbc 0x3f9c1ad87be2504d6e91c75a08f2b36d -A hmac-sha1 0x5be01f72c49d38a6f7152ce09b84d63ea17f20c9;
    ```

    ## References

    RFC 8221 section 3: manual keying MUST NOT be used with such ciphers; RFC 3686 section 2.1; RFC 4106 section 2.
    """  # noqa: E501 (a key has the length that it has)

    code = "CRY009"
    name = "manual-counter-mode"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each such cipher of a host."""
        for host in context.hosts:
            for group in grouped(_uses(host)):
                times = f" ({group.times} associations)" if group.times > 1 else ""
                yield self.finding(
                    host,
                    group.origin,
                    f"{group.name} with a key given by hand{times}: after a restart it meets the same counters again",
                    label="counter mode",
                    notes=group.notes,
                    mend="let a key exchange daemon make the keys, or use aes-cbc with hmac-sha2-256",
                )


def _uses(host: Host) -> Iterator[Use]:
    for association in host.sad.associations:
        for algorithm in (association.encryption, association.integrity):
            cipher = None if algorithm is None else CIPHERS.get(algorithm.name)
            if algorithm is not None and cipher is not None and cipher.counter:
                yield Use(algorithm.name, Stage.MANUAL, True, algorithm.origin)
                break
