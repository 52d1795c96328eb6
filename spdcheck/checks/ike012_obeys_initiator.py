"""IKE012: a responder that takes whatever lifetime and PFS the initiator proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.ike import ProposalCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class ObeysInitiator(Check):
    """With `proposal_check obey` the responder lets the initiator dictate lifetime, key length and PFS.

    ## What it does

    Names the `remote` sections with `proposal_check obey`. `strict`, which is the default, refuses longer lifetimes and
    shorter keys than its own and demands the PFS group that it is configured for; `claim` cuts lifetimes down.

    ## Why it matters

    A peer that is misconfigured, or taken over, gets keys that live for ever and phase 2 keys that all hang on one
    exchange. The two peers also rekey at different times, and nobody sees why.

    ## Example

    ```
    === gw/etc/racoon/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal_check obey;
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
    === gw/etc/racoon/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal_check strict;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    ```

    ## References

    racoon.conf(5) proposal_check; ipsec-tools src/racoon/ipsec_doi.c `checkisakmpsa`, proposal.c `cmpsaprop_alloc`.
    """

    code = "IKE012"
    name = "obeys-initiator"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every remote section."""
        for host in context.hosts:
            for daemon in host.daemons:
                for peer in daemon.peers:
                    if peer.proposal_check is not ProposalCheck.OBEY:
                        continue
                    who = "anybody" if peer.address is None else str(peer.address)
                    yield self.finding(
                        host,
                        peer.proposal_check_origin or peer.heading,
                        f"{who} dictates lifetime, key length and PFS when it starts the negotiation",
                        label="takes everything",
                        mend="write proposal_check strict, or claim to cut lifetimes down to our own",
                        subject=str(peer.address),
                    )
