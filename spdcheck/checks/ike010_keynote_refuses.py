"""IKE010: the policy file of isakmpd refuses what is proposed, or what isakmpd itself asks for."""

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


class KeynoteRefuses(Check):
    """The policy file of isakmpd refuses what is proposed, or what isakmpd itself asks for.

    ## What it does

    Asks the KeyNote policy about every phase 2 proposal, with the attributes that isakmpd sets: as responder before it
    answers, and as initiator when the answer comes. The attribute that decides is named. Where the outcome hangs on a
    certificate, one that the policy licenses is supposed.

    ## Why it matters

    A responder answers NO_PROPOSAL_CHOSEN and logs "check_policy: negotiated SA failed policy check". An initiator is
    refused by its own policy, which is easily forgotten since only the peer seems to be meant by it.

    ## Example

    ```
    === east/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 192.0.2.1
    [Phase 1]
    198.51.100.2= peer
    [Phase 2]
    Connections= to-peer
    [peer]
    Phase= 1
    Address= 198.51.100.2
    Configuration= main-mode
    Authentication= k7Bq-Zt31pWm9xEoRf2vYc8
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14
    [to-peer]
    Phase= 2
    ISAKMP-peer= peer
    Configuration= quick-mode
    Local-ID= local-net
    Remote-ID= remote-net
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-SUITE
    [local-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    [remote-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.2.0.0
    Netmask= 255.255.0.0
    === east/etc/isakmpd/isakmpd.policy
    Authorizer: "POLICY"
    Conditions: app_domain == "IPsec policy" && esp_enc_alg == "aes" -> "true";
    === west/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 198.51.100.2
    [Phase 1]
    192.0.2.1= peer
    [Phase 2]
    Connections= to-peer
    [peer]
    Phase= 1
    Address= 192.0.2.1
    Configuration= main-mode
    Authentication= k7Bq-Zt31pWm9xEoRf2vYc8
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14
    [to-peer]
    Phase= 2
    ISAKMP-peer= peer
    Configuration= quick-mode
    Local-ID= local-net
    Remote-ID= remote-net
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-SUITE
    [local-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.2.0.0
    Netmask= 255.255.0.0
    [remote-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    === west/etc/isakmpd/isakmpd.policy
    Authorizer: "POLICY"
    Conditions: app_domain == "IPsec policy" && esp_enc_alg == "3des" -> "true";
    ```

    ## Correction

    ```
    === east/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 192.0.2.1
    [Phase 1]
    198.51.100.2= peer
    [Phase 2]
    Connections= to-peer
    [peer]
    Phase= 1
    Address= 198.51.100.2
    Configuration= main-mode
    Authentication= k7Bq-Zt31pWm9xEoRf2vYc8
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14
    [to-peer]
    Phase= 2
    ISAKMP-peer= peer
    Configuration= quick-mode
    Local-ID= local-net
    Remote-ID= remote-net
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-SUITE
    [local-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    [remote-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.2.0.0
    Netmask= 255.255.0.0
    === east/etc/isakmpd/isakmpd.policy
    Authorizer: "POLICY"
    Conditions: app_domain == "IPsec policy" && esp_enc_alg == "aes" -> "true";
    === west/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 198.51.100.2
    [Phase 1]
    192.0.2.1= peer
    [Phase 2]
    Connections= to-peer
    [peer]
    Phase= 1
    Address= 192.0.2.1
    Configuration= main-mode
    Authentication= k7Bq-Zt31pWm9xEoRf2vYc8
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14
    [to-peer]
    Phase= 2
    ISAKMP-peer= peer
    Configuration= quick-mode
    Local-ID= local-net
    Remote-ID= remote-net
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-SUITE
    [local-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.2.0.0
    Netmask= 255.255.0.0
    [remote-net]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    === west/etc/isakmpd/isakmpd.policy
    Authorizer: "POLICY"
    Conditions: app_domain == "IPsec policy" && esp_enc_alg == "aes" -> "true";
    ```

    ## References

    isakmpd.policy(5); RFC 2704; isakmpd policy.c `check_policy`.
    """

    code = "IKE010"
    name = "keynote-refuses"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """The policies of both sides."""
        yield from findings(self, context, Cause.KEYNOTE)
