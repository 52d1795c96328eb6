"""CRY004: aggressive mode with a pre-shared key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.model.ike import ExchangeMode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class AggressivePsk(Check):
    """Aggressive mode is allowed together with a pre-shared key.

    ## What it does

    Names the `remote` sections whose `exchange_mode` lists `aggressive` while a proposal authenticates with a
    pre-shared key. It is enough that a responder accepts it: the attacker asks.

    ## Why it matters

    In aggressive mode the responder sends a hash over the key in clear, to anybody who asks for it. From then on the
    key is guessed offline, at the speed of the attacker's machines. Identities are in clear as well.

    ## Example

    ```
    === gw/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode aggressive;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    ```

    ## Correction

    ```
    === gw/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    ```

    ## References

    RFC 2409 section 5.4; NIST SP 800-77 revision 1, section 3.2.
    """

    code = "CRY004"
    name = "aggressive-psk"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every remote section."""
        for host in context.hosts:
            told = set()
            for daemon in host.daemons:
                for peer in daemon.peers:
                    offer = next((offer for offer in peer.proposals if offer.auth.uses_psk), None)
                    if offer is None or ExchangeMode.AGGRESSIVE not in peer.modes or peer.modes_origin in told:
                        continue
                    told.add(peer.modes_origin)
                    who = "whoever asks" if peer.address is None else f"whoever speaks from {peer.address}"
                    yield self.finding(
                        host,
                        peer.modes_origin or peer.heading,
                        f"aggressive mode with a pre-shared key: {who} gets a hash to guess the key from",
                        label="accepts aggressive",
                        notes=[Note(offer.auth_origin, offer.auth.value)],
                        mend="write exchange_mode main, or authenticate with certificates",
                        subject=str(peer.address),
                    )
