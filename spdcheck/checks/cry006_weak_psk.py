"""CRY006: keys that can be guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.grouped_uses import grouped
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.algorithm_uses import Stage, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.ike import Credential
    from spdcheck.source import SourceFile

GUESSED_BITS = 60
"""Keys with less are guessed by anybody with a few graphics cards."""


class WeakPsk(Check):
    """A pre-shared key, or a key given by hand, is one that guessing finds.

    ## What it does

    Estimates, without keeping or showing the key, how many guesses it takes: its length and characters, words that
    every list starts with, repetitions, placeholders that nobody filled in. Keys given by hand are reported only where
    they are far from what random bytes look like.

    ## Why it matters

    Who guesses the key is the peer. In aggressive mode the guessing happens offline, and in main mode whoever can get
    between the peers has the same chance.

    ## Example

    ```
    === gw/etc/racoon/psk.txt
    198.51.100.2 thisisasecret
    ```

    ## Correction

    ```
    === gw/etc/racoon/psk.txt
    198.51.100.2 k7Bq-Zt31_pWm9xEoRf2vYc8
    ```

    ## References

    RFC 2409 section 5.4; NIST SP 800-77 revision 1, section 3.2.2; `openssl rand -base64 24` makes a good one.
    """

    code = "CRY006"
    name = "weak-psk"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every key file, with one finding for all placeholders of a file, and every key given by hand."""
        for host in context.hosts:
            placeholders: dict[SourceFile, list[Credential]] = {}
            for credential in host.credentials:
                if credential.secret.placeholder:
                    placeholders.setdefault(credential.origin.file, []).append(credential)
                elif credential.secret.weakness:
                    yield self._weak(host, credential)
            for credentials in placeholders.values():
                yield self._placeholders(host, credentials)
            for group in grouped(_patterned(host)):
                what = (
                    f"{group.times} keys given by hand are no random ones"
                    if group.times > 1
                    else ("this key given by hand is no random one")
                )
                yield self.finding(
                    host,
                    group.origin,
                    f"{what}: {group.name}",
                    label="easily guessed",
                    notes=group.notes,
                    mend="replace it at both peers by random bytes: openssl rand -hex, with the algorithm's length",
                    subject=group.name,
                )

    def _weak(self, host: Host, credential: Credential) -> Finding:
        secret = credential.secret
        guessed = secret.strength_bits < GUESSED_BITS
        return self.finding(
            host,
            credential.origin,
            f"the pre-shared key for {credential.peer or 'nobody'} takes at most 2^{secret.strength_bits} guesses: "
            f"{secret.weakness}",
            label="easily guessed" if guessed else "not strong",
            mend="replace it at both peers by a random one: openssl rand -base64 24",
            severity=Severity.WARNING if guessed else Severity.INFO,
            subject=credential.peer,
        )

    def _placeholders(self, host: Host, credentials: list[Credential]) -> Finding:
        first, *others = credentials
        return self.finding(
            host,
            first.origin,
            f"the pre-shared key for {first.peer or 'nobody'} looks like a placeholder that nobody filled in",
            label="a placeholder",
            notes=[Note(other.origin, f"so does the one for {other.peer or 'nobody'}") for other in others[:5]],
            mend="write a random key at both peers: openssl rand -base64 24",
            subject="placeholder",
        )


def _patterned(host: Host) -> Iterator[Use]:
    """The keys given by hand that are easily guessed, by what makes them so.

    Such a key takes less than half the guesses of random bytes of its length (which short random keys do not).
    """
    for association in host.sad.associations:
        for algorithm in (association.encryption, association.integrity):
            key = None if algorithm is None else algorithm.key
            if algorithm is not None and key is not None and key.weakness and key.strength_bits * 2 < key.bits:
                yield Use(key.weakness, Stage.MANUAL, True, algorithm.origin)
