"""NAT004: a NAT between two peers that do not both know NAT traversal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Severity
from spdcheck.checks.negotiated import failures, finding
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Protocol
from spdcheck.semantics.ike.outcome import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.finding import Finding, Undecided
    from spdcheck.checks.negotiated import Tried
    from spdcheck.model.ike import IkePeer
    from spdcheck.semantics.ike.sides import Daemon


class NatTraversalNeeded(Check):
    """A NAT stands between two peers, but not both put ESP into UDP.

    ## What it does

    Looks at the pairs of hosts that negotiate and of which one has a `public-address` (a NAT device stands before it),
    or whose own filter translates its key exchange. Both must know NAT traversal: `nat_traversal on` of racoon, with an
    `isakmp_natt` address where `listen` is used; isakmpd has it since OpenBSD 3.6, its port to FreeBSD never.

    ## Why it matters

    ESP has no ports. Behind a NAT the key exchange may still come up, and then no packet arrives, or only those of one
    client.

    ## Example

    ```
    === spdcheck.toml
    [host.east]
    public-address = "203.0.113.9"
    [host.east.interface.em0]
    addresses = ["192.0.2.1/24"]
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
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-203.0.113.9/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/203.0.113.9-198.51.100.2/require;
    === west/etc/racoon.conf
    remote 203.0.113.9 {
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
    === spdcheck.toml
    [host.east]
    public-address = "203.0.113.9"
    [host.east.interface.em0]
    addresses = ["192.0.2.1/24"]
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === east/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        nat_traversal on;
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
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-203.0.113.9/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/203.0.113.9-198.51.100.2/require;
    === west/etc/racoon.conf
    remote 203.0.113.9 {
        exchange_mode main;
        nat_traversal on;
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

    RFC 3947, RFC 3948; racoon.conf(5) nat_traversal, isakmp_natt.
    """

    code = "NAT004"
    name = "nat-traversal-needed"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every pair of hosts with a NAT in between."""
        judged = {host.name for host in context.hosts}
        told: set[frozenset[str]] = set()
        for tried in context.negotiated:
            pair = frozenset((tried.initiator.name, tried.responder.name))
            if pair in told or not _needs_esp(tried):
                continue
            nat = _translated(context, tried)
            if not nat:
                continue
            told.add(pair)
            found = self._judge(context, tried, nat)
            if found is not None and found.host in judged:
                yield found
        for failure in failures(context, Cause.NAT):
            found = finding(self, failure)
            if found.host in judged:
                yield found

    def _judge(self, context: Context, tried: Tried, nat: str) -> Finding | None:
        want = tried.started.want
        assert want.near is not None
        seen = tried.initiator.public_address or want.near
        sides: list[tuple[Daemon, IkePeer]] = []
        section = tried.started.daemon.starting_section(want)
        if section is not None:
            sides.append((tried.started.daemon, section))
        for known in context.daemons.of(tried.responder):
            sides += [(known, item) for item in known.answering_sections(seen)[:1]]
        lacking = [(known, item) for known, item in sides if item.nat_traversal == "off"]
        if not lacking:
            return None
        (known, item), *others = lacking
        why = "has nat_traversal off" if known.is_racoon else "has an isakmpd without NAT traversal"
        return self.finding(
            known.host,
            item.nat_traversal_origin or item.heading,
            f"{nat}, but {known.host.name} {why}: ESP has no ports that a NAT could tell apart",
            label="no NAT traversal",
            notes=[
                Note(other.nat_traversal_origin or other.heading, f"nor {side.host.name}") for side, other in others
            ],
            mend="write nat_traversal on at both peers, and let udp 4500 pass"
            if known.is_racoon
            else "use a later release, or a NAT that maps one address to one host",
            subject=f"{tried.initiator.name} {tried.responder.name}",
        )


def _needs_esp(tried: Tried) -> bool:
    policy = tried.started.want.policy
    return policy is None or any(template.protocol is Protocol.ESP for template in policy.templates)


def _translated(context: Context, tried: Tried) -> str:
    """The NAT between the two in words; empty where there is none."""
    want = tried.started.want
    for host, own in ((tried.initiator, want.near), (tried.responder, want.far)):
        outer = host.public_address
        inner = any(address != outer for address in host.addresses)
        if (
            outer is not None
            and inner
            and not any(item.address == outer for interface in host.interfaces for item in interface.addresses)
        ):
            return f"a NAT stands before {host.name} ({own if own != outer else 'its own address'} is {outer} outside)"
    if want.near is None or want.far is None or not tried.initiator.packet_filters:
        return ""
    way = context.ways.simulator.negotiations.transport(tried.initiator, want.near, want.far)
    if way.seen is None:
        return ""
    return f"the key exchange of {tried.initiator.name} is translated from {want.near} to {way.seen}"
