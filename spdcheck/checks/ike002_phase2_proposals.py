"""IKE002: no phase 2 proposal of the initiator is one that the responder takes."""

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
    from spdcheck.checks.negotiated import Failure


class Phase2Proposals(Check):
    """No phase 2 proposal of the initiator is one that the responder takes.

    ## What it does

    Repeats quick mode: racoon offers the templates of its policy with the algorithms of its `sainfo`, isakmpd its
    suites. A responding racoon wants the same protocols, modes and algorithms; a responding isakmpd takes everything
    that it can do and that its policy allows (IKE010), its own suites do not matter. Policies of two racoons that
    differ in protocol or mode are told by SPD005.

    ## Why it matters

    Phase 1 comes up, phase 2 never does: "no suitable policy found", "no proposal chosen", and every packet of the
    policy is dropped.

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
        authentication_algorithm hmac_sha1;
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

    RFC 2407 section 4.4; ipsec-tools src/racoon/proposal.c `cmpsaprop_alloc`.
    """

    code = "IKE002"
    name = "phase2-proposals"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Quick mode of every negotiation that gets so far."""
        yield from findings(self, context, Cause.PHASE2_PROPOSAL, only=_is_about_algorithms)


def _is_about_algorithms(failure: Failure) -> bool:
    """Protocols and modes that two racoons have from their policies are told by SPD005."""
    responder = failure.tried.responder
    both_racoon = failure.tried.started.daemon.is_racoon and all(d.program == "racoon" for d in responder.daemons)
    return not (both_racoon and failure.refusal.differing in ("protocol", "mode", "protocols"))
