"""IKE014: isakmpd is to bring up a connection whose peer has no address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.isakmpd_connections import connections, peer_section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon
    from spdcheck.model.isakmpd import Connection


class CannotBegin(Check):
    """`Connections` of isakmpd.conf lists a connection that this side can't begin.

    ## What it does

    Looks for connections that isakmpd is to bring up by itself (`Connections` in `[Phase 2]`) whose peer's section has
    no `Address`. Such a section can only answer, and its connections belong into `Passive-connections`.

    ## Why it matters

    isakmpd tries again at every Check-interval and logs `udp_create: no address configured for "peer"`. The tunnel is
    there only after the peer has begun, whatever this side has to send.

    ## Example

    ```
    === gw/etc/isakmpd/isakmpd.conf
    [Phase 1]
    Default= clients
    [Phase 2]
    Connections= office-clients
    [clients]
    Phase= 1
    Configuration= main-mode
    [office-clients]
    Phase= 2
    ISAKMP-peer= clients
    Configuration= quick-mode
    Local-ID= office
    [office]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14-RSA_SIG
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-PFS-GRP14-SUITE
    ```

    ## Correction

    ```
    === gw/etc/isakmpd/isakmpd.conf
    [Phase 1]
    Default= clients
    [Phase 2]
    Passive-connections= office-clients
    [clients]
    Phase= 1
    Configuration= main-mode
    [office-clients]
    Phase= 2
    ISAKMP-peer= clients
    Configuration= quick-mode
    Local-ID= office
    [office]
    ID-type= IPV4_ADDR_SUBNET
    Network= 10.1.0.0
    Netmask= 255.255.0.0
    [main-mode]
    EXCHANGE_TYPE= ID_PROT
    Transforms= AES-SHA2-256-GRP14-RSA_SIG
    [quick-mode]
    EXCHANGE_TYPE= QUICK_MODE
    Suites= QM-ESP-AES-SHA2-256-PFS-GRP14-SUITE
    ```

    ## References

    isakmpd.conf(5), "Phase 2"; isakmpd connection.c `connection_checker`, udp.c `udp_create`.
    """

    code = "IKE014"
    name = "cannot-begin"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every connection that some isakmpd is to bring up."""
        for host in context.hosts:
            for daemon, connection in connections(host):
                peer = peer_section(daemon, connection.peer)
                if connection.active and peer is not None and peer.passive:
                    yield self._finding(host, daemon, connection, peer)

    def _finding(self, host: Host, daemon: KeyDaemon, connection: Connection, peer: IkePeer) -> Finding:
        interval = daemon.isakmpd.check_interval if daemon.isakmpd is not None else 60
        return self.finding(
            host,
            peer.heading,
            f"Connections lists [{connection.name}], but its peer [{peer.name}] has no Address: isakmpd can't begin it "
            f'and logs udp_create: no address configured for "{peer.name}" every {interval} s',
            label="no Address",
            notes=[Note(connection.heading, "to be brought up by this side")],
            mend=f"list {connection.name} in Passive-connections, or give [{peer.name}] an Address",
            subject=connection.name,
        )
