"""IKE006: the phase 2 identities that one peer offers are none that the other takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Direction
from spdcheck.semantics.counterpart import peers_of
from spdcheck.semantics.manual_keys import negotiated
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import InPolicies, Sainfos, ids_of, is_protecting
from spdcheck.semantics.remote_selection import for_peer, to_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer, KeyDaemon
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.quick_mode import Ids
    from spdcheck.source import Span


class IdsNotPolicy(Check):
    """The phase 2 identities that one side offers fit neither a policy nor a sainfo of the other.

    ## What it does

    Takes every negotiation that a host's policies can start and asks the peer's files what racoon asks: a `sainfo`
    whose addresses equal the offered ones (mirrored), and an `in` policy for them, unless `generate_policy` makes one.
    racoon also answers with a policy that is wider or narrower; that is said, as a warning.

    ## Why it matters

    Quick mode ends with "failed to get sainfo" or "no policy found". Where the peer answers with another policy, the
    tunnel is up and a part of the traffic is lost in it.

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
    spdadd 10.1.0.0/16 10.22.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.22.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
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
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
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

    RFC 2409 section 5.5; ipsec-tools src/racoon/isakmp_quick.c `get_sainfo_r`, `get_proposal_r`, policy.c `getsp_r`.
    """

    code = "IKE006"
    name = "ids-not-policy"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every negotiation between two racoons of the site, each complaint once for all its policies."""
        sides = {host.name: _Side(host) for host in context.site.hosts if _racoon(host) is not None}
        for host in context.hosts:
            initiator = sides.get(host.name)
            if initiator is None:
                continue
            if any(gap.part in (Part.IKE, Part.SPD) for gap in host.gaps):
                yield from self.undecided(host, (Part.IKE, Part.SPD))
                continue
            refusals: dict[tuple[str, str, int | None], list[_Refusal]] = {}
            strangers = set()
            for policy, ids in initiator.offers:
                peers = list(peers_of(context.peering, host, policy))
                far = far_address(policy)
                if not peers and far is not None and far not in strangers and not host.owns(far):
                    strangers.add(far)
                    reason = f"the peer {far} is not in the site, so that what it takes is not known"
                    yield Undecided(self.code, host.name, reason, policy.origin)
                for peer in peers:
                    if any(gap.part in (Part.IKE, Part.SPD) for gap in peer.gaps):
                        yield from self.undecided(peer, (Part.IKE, Part.SPD))
                    elif peer.name in sides and not peer.external:
                        refusal = _refusal(initiator, sides[peer.name], policy, ids)
                        if refusal is not None:
                            place = None if refusal.place is None else refusal.place.start
                            refusals.setdefault((peer.name, refusal.kind, place), []).append(refusal)
            for together in refusals.values():
                yield self._finding(host, together)

    def _finding(self, host: Host, together: list[_Refusal]) -> Finding:
        first = together[0]
        notes = [] if first.place is None else [Note(first.place, first.about)]
        notes += [Note(other.policy.origin, "the same for this one") for other in together[1:5]]
        return self.finding(
            host,
            first.policy.selector_origin,
            first.message,
            label=f"offered to {first.peer.name}",
            notes=notes,
            mend=first.mend,
            severity=Severity.WARNING if first.kind == "other policy" else Severity.ERROR,
            subject=f"{first.peer.name} {first.kind}",
        )


class _Refusal(NamedTuple):
    """Why a peer does not take what a policy offers."""

    kind: str
    policy: SecurityPolicy
    peer: Host
    message: str
    place: Span | None
    about: str
    mend: str


class _Side:
    """One racoon of the site with everything that it offers and looks up."""

    def __init__(self, host: Host) -> None:
        daemon = _racoon(host)
        if daemon is None:
            raise LookupError(host.name)
        self.host = host
        self.daemon = daemon
        self.sainfos = Sainfos(daemon)
        self.offers = [(policy, ids_of(policy)) for policy, _ in negotiated(host)]
        self.offered = {ids for _, ids in self.offers}
        self.policies = InPolicies(host)


def _refusal(initiator: _Side, responder: _Side, policy: SecurityPolicy, ids: Ids) -> _Refusal | None:
    near, far = initiator.host.public_address or near_address(policy), far_address(policy)
    if near is None or far is None or ids.carries_type:
        return None
    section = for_peer(initiator.daemon, far)
    if section is None or initiator.sainfos.select(ids, ph1id=section.ph1id).proposal is None:
        return None
    sections = to_answer(responder.daemon, near)
    if not sections:
        return None
    return _no_sainfo(responder, policy, sections, ids.reversed()) or _no_policy(responder, policy, sections, ids)


def _no_sainfo(responder: _Side, policy: SecurityPolicy, sections: tuple[IkePeer, ...], ids: Ids) -> _Refusal | None:
    """The peer's own policies complain in IKE005 about what they lack; here is only what nobody there asks for."""
    sainfos, peer = responder.sainfos, responder.host
    if any(sainfos.select(ids, ph1id=section.ph1id, answering=True).proposal for section in sections):
        return None
    if ids in responder.offered:
        return None
    near = sainfos.nearest(ids)
    return _Refusal(
        "sainfo",
        policy,
        peer,
        f"{peer.name} has no sainfo for {ids}, which this policy offers: it answers failed to get sainfo",
        near[0].heading if near else None,
        f"the nearest one there: {' and '.join(near[1])}" if near else "",
        f"add sainfo address {ids.local} any address {ids.remote} any {{ … }} to {peer.name}",
    )


def _no_policy(responder: _Side, policy: SecurityPolicy, sections: tuple[IkePeer, ...], ids: Ids) -> _Refusal | None:
    if any(section.generate_policy != "off" for section in sections):
        return None
    peer, taken = responder.host, responder.policies.answering(ids.reversed())
    mend = "write the same networks on both sides, source and destination swapped"
    if taken.policy is None:
        near = _nearest_policy(peer, policy)
        return _Refusal(
            "policy",
            policy,
            peer,
            f"{peer.name} has no in policy for {ids}, which this policy offers: it answers no policy found",
            near.selector_origin if near is not None else None,
            f"the nearest one there: {near.selector}" if near is not None else "",
            mend,
        )
    if not is_protecting(taken):
        return _Refusal(
            "no protection",
            policy,
            peer,
            f"{peer.name} meets the offer of {ids} with a policy that protects nothing, and refuses it",
            taken.policy.origin,
            "this one is asked first",
            f"put the policy for {ids} before it",
        )
    if taken.exact:
        return None
    return _Refusal(
        "other policy",
        policy,
        peer,
        f"{peer.name} answers the offer of {ids} with another in policy, {taken.policy.selector}",
        taken.policy.selector_origin,
        "this one is taken, though its networks are others",
        mend,
    )


def _nearest_policy(peer: Host, policy: SecurityPolicy) -> SecurityPolicy | None:
    """The ``in`` policy of the peer that shares most with what an ``out`` policy sends."""
    best: tuple[int, SecurityPolicy] | None = None
    for other in peer.spd.of(Direction.IN):
        same = sum(a == b for a, b in zip(other.selector, policy.selector, strict=True))
        ends = (other.selector.source == policy.selector.source) + (
            other.selector.destination == policy.selector.destination
        )
        if ends and (best is None or same > best[0]):
            best = (same, other)
    return None if best is None else best[1]


def _racoon(host: Host) -> KeyDaemon | None:
    return next((daemon for daemon in host.daemons if daemon.program == "racoon"), None)
