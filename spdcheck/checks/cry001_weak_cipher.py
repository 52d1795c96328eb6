"""CRY001: a cipher that is not to be used any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.grouped_uses import grouped
from spdcheck.model.algorithms import CIPHERS
from spdcheck.semantics.algorithm_uses import Stage, ciphers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.grouped_uses import Group
    from spdcheck.model.host import Host

_NO_ENCRYPTION = ("null", "simple")

_IN_PHASE1 = {
    "des-cbc": "RFC 8247 section 2.1 says MUST NOT",
    "3des-cbc": "its blocks of 64 bits leak, though RFC 8247 section 2.1 says MAY",
}
"""What is said of ciphers that IKE itself uses, where the RFC is another one than for ESP."""


class WeakCipher(Check):
    """A cipher is named that the RFCs have given up, or that encrypts nothing.

    ## What it does

    Looks up every cipher of phase 1, phase 2 and of associations given by hand in the tables of RFC 8221, RFC 8247 and
    RFC 9395. A weak cipher that stands behind a good one is a remark only: it is taken if the peer offers nothing
    better.

    ## Why it matters

    DES falls in hours. Ciphers with blocks of 64 bits (3DES, Blowfish, CAST-128) leak what they carry after a few
    gigabytes under one key (Sweet32).

    ## Example

    ```
    === gw/etc/racoon.conf
    sainfo anonymous {
        encryption_algorithm 3des;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## Correction

    ```
    === gw/etc/racoon.conf
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## References

    RFC 8221 section 5; RFC 8247 section 2.1; RFC 9395 section 5.
    """

    code = "CRY001"
    name = "weak-cipher"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each cipher and stage of a host."""
        for host in context.hosts:
            for group in grouped(ciphers(host)):
                finding = self._judge(host, group)
                if finding is not None:
                    yield finding

    def _judge(self, host: Host, group: Group) -> Finding | None:
        cipher = CIPHERS.get(group.name)
        if group.name in _NO_ENCRYPTION:
            message, mend = f"{group.name} {group.where} encrypts nothing", "use aes, or AH if that is what is meant"
        elif cipher is not None and cipher.advice.is_weak:
            verdict = f"{cipher.reference} says {cipher.advice.value}"
            if group.stage is Stage.PHASE1:
                verdict = _IN_PHASE1.get(group.name, "RFC 9395 section 5 deprecates it")
            message = f"{group.name} {group.where}: {verdict}"
            mend = "use aes (128 or 256 bits) at both peers"
        else:
            return None
        return self.finding(
            host,
            group.origin,
            message if group.first else f"{message}; it is a fallback here",
            label="weak",
            notes=group.notes,
            mend=mend,
            severity=self.severity if group.first else Severity.INFO,
            subject=group.stage.value,
        )
