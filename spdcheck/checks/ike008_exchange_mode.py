"""IKE008: the initiator begins in an exchange mode in which the responder does not answer."""

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


class ExchangeModeDiffers(Check):
    """The initiator begins in an exchange mode in which the responder does not answer.

    ## What it does

    An initiating racoon uses the first mode of `exchange_mode`, a responding one takes any of its list. isakmpd has one
    `EXCHANGE_TYPE` for both. In aggressive mode isakmpd can offer one group only.

    ## Why it matters

    The responder drops the first message: "exchange Aggressive not allowed in any applicable rmconf" or "expected
    exchange type ID_PROT got AGGRESSIVE"; the initiator gets no answer at all.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === east/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode aggressive;
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

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === east/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main, aggressive;
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

    RFC 2409 section 5; racoon.conf(5) exchange_mode; isakmpd.conf(5) EXCHANGE_TYPE; isakmpd message.c.
    """

    code = "IKE008"
    name = "exchange-mode"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """The first message of every negotiation."""
        yield from findings(self, context, Cause.EXCHANGE_MODE)
