"""IKE006: the phase 2 identities that one peer offers are none that the other takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.negotiated import concerns_isakmpd, findings
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Direction
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.counterpart import peers_of
from spdcheck.semantics.ike.outcome import Cause
from spdcheck.semantics.ike.quick_ids import Answer
from spdcheck.semantics.offers import racoon_of
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.quick_mode import ids_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.ike import Phase2Proposal
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.offers import Racoon
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
        """Every negotiation between two racoons of the site; what fails both ways for one reason is said once."""
        racoons = {host.name: racoon for host in context.site.hosts if (racoon := racoon_of(host)) is not None}
        told: set[tuple[object, ...]] = set()
        for host in context.hosts:
            initiator = racoons.get(host.name)
            if initiator is None:
                continue
            if host.gap_in(Part.IKE, Part.SPD) is not None:
                yield from self.undecided(host, (Part.IKE, Part.SPD))
                continue
            yield from self._strangers(context, initiator)
            refusals: dict[tuple[object, ...], list[_Refusal]] = {}
            for policy, ids in initiator.offers:
                for peer in peers_of(context.peering, host, policy):
                    responder = racoons.get(peer.name)
                    if responder is None or peer.external:
                        continue
                    if peer.gap_in(Part.IKE, Part.SPD) is not None:
                        yield from self.undecided(peer, (Part.IKE, Part.SPD))
                        continue
                    refusal = _refusal(initiator, responder, policy, ids)
                    if refusal is not None and refusal.reason(host) not in told:
                        told.add(refusal.reason(host))
                        refusals.setdefault((peer.name, refusal.answer, refusal.place), []).append(refusal)
            for together in refusals.values():
                yield self._finding(host, together)
        yield from findings(self, context, Cause.IDS, only=concerns_isakmpd)

    def _strangers(self, context: Context, initiator: Racoon) -> Iterator[Undecided]:
        host, seen = initiator.host, set()
        for policy, _ in initiator.offers:
            far = far_address(policy)
            if far is None or far in seen or host.owns(far) or any(peers_of(context.peering, host, policy)):
                continue
            seen.add(far)
            reason = f"the peer {far} is not in the site, so that what it takes is not known"
            yield Undecided(self.code, host.name, reason, policy.origin)

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
            severity=Severity.WARNING if first.answer is Answer.OTHER_POLICY else Severity.ERROR,
            subject=f"{first.peer.name} {first.answer.value}",
        )


class _Refusal(NamedTuple):
    """Why a peer does not take what a policy offers; ``nearest`` are the identities that it would take instead."""

    answer: Answer
    policy: SecurityPolicy
    peer: Host
    ids: Ids
    nearest: Ids | None
    message: str
    place: Span | None
    about: str
    mend: str

    def reason(self, host: Host) -> tuple[object, ...]:
        """The same for both directions of one disagreement between two hosts."""
        pairs = frozenset(frozenset((ids, ids.reversed())) for ids in (self.ids, self.nearest) if ids is not None)
        return (frozenset((host.name, self.peer.name)), self.answer, pairs)


def _refusal(initiator: Racoon, responder: Racoon, policy: SecurityPolicy, ids: Ids) -> _Refusal | None:
    answer, theirs = responder.answer(initiator, policy, ids)[:2]
    peer = responder.host
    if answer is Answer.NO_SAINFO:
        return _no_sainfo(responder, policy, ids)
    mend = "write the same networks on both sides, source and destination swapped"
    if answer is Answer.NO_POLICY:
        near = _nearest_policy(peer, policy)
        return _Refusal(
            answer,
            policy,
            peer,
            ids,
            None if near is None else ids_of(near),
            f"{peer.name} has no in policy for {ids}, which this policy offers: it answers no policy found",
            near.selector_origin if near is not None else None,
            f"the nearest one there: {near.selector}" if near is not None else "",
            mend,
        )
    if theirs is None or answer in (Answer.ACCEPTED, Answer.UNKNOWN):
        return None
    if answer is Answer.NO_PROTECTION:
        message = f"{peer.name} meets the offer of {ids} with a policy that protects nothing, and refuses it"
        about, mend = "this one is asked first", f"put the policy for {ids} before it"
    else:
        message = f"{peer.name} answers the offer of {ids} with another in policy, {theirs.selector}"
        about = "this one is taken, though its networks are others"
    return _Refusal(answer, policy, peer, ids, ids_of(theirs), message, theirs.selector_origin, about, mend)


def _no_sainfo(responder: Racoon, policy: SecurityPolicy, ids: Ids) -> _Refusal | None:
    """The peer's own policies complain in IKE005 about what they lack; here is only what nobody there asks for."""
    ours, peer = ids.reversed(), responder.host
    if ours in responder.offered:
        return None
    near = responder.sainfos.nearest(ours)
    return _Refusal(
        Answer.NO_SAINFO,
        policy,
        peer,
        ids,
        None if near is None else _ids_of_sainfo(near[0], ours),
        f"{peer.name} has no sainfo for {ours}, which this policy offers: it answers failed to get sainfo",
        near[0].heading if near else None,
        f"the nearest one there: {' and '.join(near[1])}" if near else "",
        f"add {ours.as_sainfo} {{ … }} to {peer.name}",
    )


def _ids_of_sainfo(proposal: Phase2Proposal, instead_of: Ids) -> Ids:
    local = proposal.local.addresses if proposal.local is not None else None
    remote = proposal.remote.addresses if proposal.remote is not None else None
    return instead_of._replace(local=local or instead_of.local, remote=remote or instead_of.remote)


def _nearest_policy(peer: Host, policy: SecurityPolicy) -> SecurityPolicy | None:
    """The ``in`` policy of the peer that shares most with what an ``out`` policy sends."""
    best: tuple[int, SecurityPolicy] | None = None
    for other in peer.spd.of(Direction.IN):
        same = sum(a == b for a, b in zip(other.selector, policy.selector, strict=True))
        shared = other.selector.source == policy.selector.source
        shared = shared or other.selector.destination == policy.selector.destination
        if shared and (best is None or same > best[0]):
            best = (same, other)
    return None if best is None else best[1]
