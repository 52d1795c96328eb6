"""IKE011: a tunnel that only one side can bring up, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Severity
from spdcheck.checks.negotiated import unread
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.ike.outcome import Cause, Refused
from spdcheck.semantics.isakmpd_connections import peer_section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.finding import Finding, Undecided
    from spdcheck.checks.negotiated import Tried
    from spdcheck.model.host import Host


class OneInitiatorOnly(Check):
    """A tunnel comes up only if one side starts, although the other is to start too; or neither side can.

    ## What it does

    Names connections of isakmpd that both sides leave to the other (`Passive-connections` on both, or no `Address`),
    and policies whose racoon is `passive`. Where the other side does not start either, nothing ever comes up, which is
    an error. racoon that only answers and makes policies on request is meant so, and is not told.

    ## Why it matters

    Packets from the side that can't start are dropped, or leave in clear, until the other side happens to start.

    ## Example

    ```
    === east/etc/isakmpd/isakmpd.conf
    [General]
    Listen-on= 192.0.2.1
    [Phase 1]
    198.51.100.2= peer
    [Phase 2]
    Passive-connections= to-peer
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
    Passive-connections= to-peer
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
    Passive-connections= to-peer
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

    isakmpd.conf(5) Connections, Address; racoon.conf(5) passive; isakmpd connection.c, udp.c `udp_create`.
    """

    code = "IKE011"
    name = "one-initiator-only"
    severity = Severity.WARNING
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every connection and every policy that waits for its peer."""
        for host in context.hosts:
            told: set[str] = set()
            for tried in context.negotiated:
                outcome = tried.outcome
                waits = isinstance(outcome, Refused) and outcome.refusal.cause is Cause.CANNOT_START
                if tried.initiator is host and waits and tried.responder.name not in told:
                    told.add(tried.responder.name)
                    yield from self._waits(context, tried)
            yield from self._nobody(context, host)
        yield from unread(self, context)

    def _waits(self, context: Context, tried: Tried) -> Iterator[Finding]:
        assert isinstance(tried.outcome, Refused)
        refusal = tried.outcome.refusal
        far = tried.started.want.far
        section = None if far is None else next(iter(tried.started.daemon.remotes.to_answer(far)), None)
        starts = any(
            other.initiator is tried.responder and other.responder is tried.initiator and not _cannot_start(other)
            for other in context.negotiated
        )
        if starts and section is not None and section.generate_policy != "off":
            return
        if not starts and tried.initiator.name > tried.responder.name and _starts_in_vain(context, tried):
            return  # the other side says so
        first, *others = refusal.places
        yield self.finding(
            tried.initiator,
            first.span,
            f"{refusal.reason}, and "
            + (
                f"its policies wait until {tried.responder.name} starts"
                if starts
                else f"{tried.responder.name} does not start either: neither can, and nothing ever comes up"
            ),
            label=first.text,
            notes=[Note(tried.started.want.origin, "waits"), *(Note(place.span, place.text) for place in others)],
            mend=refusal.mend,
            severity=Severity.INFO if starts else Severity.ERROR,
            subject=tried.responder.name,
        )

    def _nobody(self, context: Context, host: Host) -> Iterator[Finding]:
        """Connections that both sides leave to the other."""
        for known in context.daemons.of(host):
            isakmpd = known.daemon.isakmpd
            for connection in () if isakmpd is None else isakmpd.connections:
                peer = peer_section(known.daemon, connection.peer)
                if peer is None or peer.address is None or (connection.active and not peer.passive):
                    continue
                other = context.peering.owner(peer.address)
                if other is None or other is host or other.external or not other.daemons or host.name > other.name:
                    continue
                pair = {host.name, other.name}
                if any(
                    item.responder is not None and {here.name, item.responder.name} == pair
                    for here in (host, other)
                    for item in context.daemons.started_by(here)
                ):
                    continue
                yield self.finding(
                    host,
                    connection.heading,
                    f"neither {host.name} nor {other.name} starts [{connection.name}]: each only answers, and nothing "
                    "ever comes up",
                    label="only answers",
                    notes=[Note(peer.heading, f"for {other.name}")],
                    mend="list the connection in Connections of one side, whose peer has an Address",
                    severity=Severity.ERROR,
                    subject=connection.name,
                )


def _starts_in_vain(context: Context, tried: Tried) -> bool:
    """The other side wants to start with this one, too, and can't."""
    return any(
        other.initiator is tried.responder and other.responder is tried.initiator for other in context.negotiated
    )


def _cannot_start(tried: Tried) -> bool:
    return isinstance(tried.outcome, Refused) and tried.outcome.refusal.cause is Cause.CANNOT_START
