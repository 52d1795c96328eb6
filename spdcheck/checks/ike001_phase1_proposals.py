"""IKE001: no phase 1 proposal of the initiator is one that the responder takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Severity
from spdcheck.checks.negotiated import findings
from spdcheck.semantics.ike.outcome import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.finding import Finding, Undecided


class Phase1Proposals(Check):
    """No phase 1 proposal of the initiator is one that the responder takes.

    ## What it does

    Repeats the negotiation of every two hosts, from either side: the initiator's proposals in its order, held against
    each of the responder's. racoon wants equal algorithms, and key lengths as `proposal_check` says; isakmpd compares
    what is offered with its transforms and their ranges. The nearest pair is named, with the attributes that differ.

    ## Why it matters

    Phase 1 fails. A responding racoon logs "no suitable proposal found" and sends nothing, so that the initiator only
    sees a time-out; isakmpd answers NO_PROPOSAL_CHOSEN.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === east/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    === west/etc/ipsec.conf
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    === west/etc/racoon.conf
    remote 192.0.2.1 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha1;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === east/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    === west/etc/ipsec.conf
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    === west/etc/racoon.conf
    remote 192.0.2.1 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    sainfo anonymous {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## References

    RFC 2409 section 5; ipsec-tools src/racoon/ipsec_doi.c `get_ph1approval`; isakmpd ike_phase_1.c
    `attribute_unacceptable`.
    """

    code = "IKE001"
    name = "phase1-proposals"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """The first messages of every negotiation."""
        yield from findings(self, context, Cause.PROPOSAL)
