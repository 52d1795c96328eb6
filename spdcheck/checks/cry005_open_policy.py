"""CRY005: authenticated peers choose their own policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.keynote_claims import keynote_claims
from spdcheck.model.diagnostic import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon, Phase2Proposal


class OpenPolicy(Check):
    """The gateway makes policies for whatever networks an authenticated peer claims.

    ## What it does

    Names `remote` sections with `generate_policy` for which some `sainfo` leaves the remote side open. `sainfo …
    clientaddr` binds a client to the address that it was given, and is fine. `sainfo anonymous` with policies that are
    written down is fine too: they decide. isakmpd always installs what its peer proposes: there, the KeyNote policy is
    asked whether it lets a peer claim 0.0.0.0/0.

    ## Why it matters

    Every holder of a certificate or key may claim 0.0.0.0/0, or the network of another client, and gets its traffic.

    ## Example

    ```
    === gw/etc/racoon.conf
    path certificate "/etc/certs";
    remote anonymous {
        exchange_mode main;
        passive on;
        generate_policy on;
        certificate_type x509 "gw.pem" "gw_key.pem";
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method rsasig;
            dh_group 14;
        }
    }
    sainfo anonymous {
        pfs_group 14;
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## Correction

    ```
    === gw/etc/racoon.conf
    path certificate "/etc/certs";
    remote anonymous {
        exchange_mode main;
        passive on;
        generate_policy on;
        certificate_type x509 "gw.pem" "gw_key.pem";
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method rsasig;
            dh_group 14;
        }
    }
    sainfo subnet 192.168.1.0/24 any clientaddr {
        pfs_group 14;
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## References

    racoon.conf(5) generate_policy, sainfo; isakmpd.policy(5); RFC 4301 section 4.4.3.
    """

    code = "CRY005"
    name = "open-policy"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every remote section that generates policies, and every policy of isakmpd."""
        for host in context.hosts:
            yield from keynote_claims(self, host)
            told = set()
            for daemon in host.daemons:
                for peer in daemon.peers:
                    wide = None if peer.generate_policy == "off" else _open_sainfo(daemon, peer)
                    if wide is not None and peer.generate_policy_origin not in told:
                        told.add(peer.generate_policy_origin)
                        yield self._finding(host, peer, wide)

    def _finding(self, host: Host, peer: IkePeer, wide: Phase2Proposal) -> Finding:
        if peer.address is None:
            who, severity = "every authenticated peer", Severity.ERROR
        else:
            who, severity = str(peer.address), Severity.WARNING
        what = (
            "whatever networks it claims, on both sides" if wide.local is None else "whatever remote network it claims"
        )
        return self.finding(
            host,
            peer.generate_policy_origin or peer.heading,
            f"{who} gets policies for {what}",
            label="policies by request",
            notes=[
                Note(wide.heading, "takes any identities" if wide.local is None else "takes any remote identity"),
                *([Note(peer.heading, "for everybody")] if peer.address is None else []),
            ],
            mend="write the networks into sainfo, or sainfo … clientaddr for clients with given addresses",
            severity=severity,
            subject=str(peer.address),
        )


def _open_sainfo(daemon: KeyDaemon, peer: IkePeer) -> Phase2Proposal | None:
    """The widest sainfo whose remote side is open and which this section can lead to."""
    fitting = [p for p in daemon.phase2 if p.remote is None and p.remote_ph1id == peer.ph1id]
    return min(fitting, key=lambda proposal: proposal.local is not None, default=None)
