"""IKE012: a responder that takes whatever lifetime and PFS the initiator proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.model.ike import ProposalCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.ike import IkePeer
    from spdcheck.source import Span


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
        """Every statement, once for all sections that inherit it."""
        for host in context.hosts:
            places: dict[Span, list[IkePeer]] = {}
            for daemon in host.daemons:
                for peer in daemon.peers:
                    if peer.proposal_check is ProposalCheck.OBEY:
                        places.setdefault(peer.proposal_check_origin or peer.heading, []).append(peer)
            for place, peers in places.items():
                who = " and ".join("anybody" if peer.address is None else str(peer.address) for peer in peers)
                yield self.finding(
                    host,
                    place,
                    f"{who} dictate{'s' if len(peers) == 1 else ''} lifetime, key length and PFS by starting the "
                    "negotiation",
                    label="takes everything",
                    notes=[Note(peer.heading, "inherits it") for peer in peers[1:5]],
                    mend="write proposal_check strict, or claim to cut lifetimes down to our own",
                    subject=str(peers[0].address),
                )
