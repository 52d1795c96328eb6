"""IKE004: the peers can't prove to each other who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.checks.negotiated import concerns_isakmpd, findings
from spdcheck.model.addresses import parse_address
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.ike import AuthMethod, ExchangeMode
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.file_places import Place
from spdcheck.semantics.ike.outcome import Cause
from spdcheck.semantics.manual_keys import negotiated
from spdcheck.semantics.near_miss import nearest
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.psk_lookup import for_peer, key_file
from spdcheck.semantics.remote_selection import Remotes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.negotiated import Failure
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import Credential as Key
    from spdcheck.model.ike import Identity, IkePeer, KeyDaemon
    from spdcheck.semantics.psk_lookup import KeyFile
    from spdcheck.source import Span

_SIGNATURES = (AuthMethod.RSA_SIG, AuthMethod.DSS_SIG, AuthMethod.XAUTH_RSA)


class Credential(Check):
    """A pre-shared key is missing or differs between the peers, or a signature needs a certificate that is not named.

    ## What it does

    For every peer that racoon is to talk to with a pre-shared key, the key file is searched as racoon does: in main
    mode for the peer's address alone, otherwise for its identity first. Keys of both peers are compared by
    fingerprints, never shown; isakmpd's are those of its peer sections. Signatures need a `certificate_type`, and a
    relative file name a `path certificate`.

    ## Why it matters

    Phase 1 fails: "couldn't find the pskey for 198.51.100.2", or, with different keys, garbage after decryption and
    "phase1 negotiation failed due to time up".

    ## Example

    ```
    === gw/etc/racoon/racoon.conf
    path pre_shared_key "/etc/racoon/psk.txt";
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    === gw/etc/racoon/psk.txt
    198.51.100.20 k7Bq-Zt31_pWm9xEoRf2vYc8
    === peer/etc/racoon/racoon.conf
    listen { isakmp 198.51.100.2; }
    ```

    ## Correction

    ```
    === gw/etc/racoon/racoon.conf
    path pre_shared_key "/etc/racoon/psk.txt";
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    === gw/etc/racoon/psk.txt
    198.51.100.2 k7Bq-Zt31_pWm9xEoRf2vYc8
    === peer/etc/racoon/racoon.conf
    listen { isakmp 198.51.100.2; }
    ```

    ## References

    RFC 2409 section 5.4; ipsec-tools src/racoon/oakley.c `oakley_skeyid`, localconf.c `getpsk`.
    """

    code = "IKE004"
    name = "credential"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """The key file and the certificates of every racoon, then the keys of every pair of hosts."""
        pairs: dict[tuple[str, str], list[Key]] = {}
        told: set[frozenset[str]] = set()
        for host in context.hosts:
            if host.gap_in(Part.IKE, Part.CREDENTIALS) is not None:
                yield from self.undecided(host, (Part.IKE, Part.CREDENTIALS))
                continue
            for daemon in host.daemons:
                if daemon.program != "racoon":
                    continue
                yield from self._certificates(host, daemon)
                needs = list(_needs(context, host, daemon))
                if not needs:
                    continue
                keys = key_file(host, daemon)
                if keys.named is None or not context.site.single_file:
                    yield from self._key_file(host, keys, needs[0].place)
                if keys.located.file is None:
                    continue
                for need in needs:
                    found = self._look_up(host, keys, need)
                    if isinstance(found, Finding | Undecided):
                        yield found
                        if need.peer is not None:
                            told.add(frozenset((host.name, need.peer.name)))
                    elif need.peer is not None:
                        pairs.setdefault((host.name, need.peer.name), []).append(found)
                if not context.site.single_file:
                    yield from self._strangers(host, needs)
        yield from self._compare(pairs)
        told |= {frozenset(pair) for pair in pairs if pair[::-1] in pairs}
        yield from findings(self, context, Cause.CREDENTIAL, only=lambda f: concerns_isakmpd(f) or _is_left(f, told))

    def _key_file(self, host: Host, keys: KeyFile, place: Span) -> Iterator[Finding]:
        if keys.named is None:
            yield self.finding(
                host,
                place,
                "racoon is to use a pre-shared key, but no path pre_shared_key names the file that holds it",
                label="needs a key file",
                notes=[Note(keys.located.file.span(0, 0), "never opened")] if keys.located.file else [],
                mend='add path pre_shared_key "/etc/racoon/psk.txt"; there is no default',
                subject="path",
            )
        elif keys.located.place is Place.ABSENT:
            yield self.finding(
                host,
                keys.named.origin,
                f"{keys.named.path} is not among the files of {host.name}, so that its keys are not known",
                label="no such file here",
                notes=[Note(place, "a key is needed here")],
                mend="add the key file to the host's folder (its keys are never shown)",
                severity=Severity.WARNING,
                certainty=Certainty.POSSIBLE,
                subject="path",
            )

    def _look_up(self, host: Host, keys: KeyFile, need: _Need) -> Key | Finding | Undecided:
        """The line for a peer, or what is wrong with it."""
        lookup = for_peer(keys.credentials, need.section, need.address, need.identity)
        if lookup.credential is None:
            by_identity = bool(need.section.modes) and ExchangeMode.MAIN not in need.section.modes
            if by_identity and need.identity is None and not lookup.refused:
                reason = (
                    f"nobody says by which identity {need.address} names itself, so that its key can't be looked for"
                )
                return Undecided(self.code, host.name, reason, need.place)
            return self._missing(host, keys, need, refused=lookup.refused)
        if lookup.by != "wildcard":
            return lookup.credential
        return self.finding(
            host,
            lookup.credential.origin,
            f"the key for {need.address} is found only by *, which racoon knows only if it was built so",
            label="for everybody",
            notes=[Note(need.place, "the key is needed here")],
            mend=f"write {need.address} instead of *",
            severity=Severity.WARNING,
            certainty=Certainty.POSSIBLE,
        )

    def _missing(self, host: Host, keys: KeyFile, need: _Need, *, refused: bool) -> Finding:
        where = keys.located.file
        name = where.path if where is not None else "the key file"
        wanted, notes = str(need.address), list(_near_misses(host, keys, need.address))
        if refused:
            message = (
                f"with verify_identifier on, racoon looks for the key of {need.address} by the peer's identity only, "
                f"and an address is none that {name} can hold"
            )
            notes, mend = [], "write exchange_mode main, or let the peer name itself by fqdn"
        else:
            if ExchangeMode.MAIN not in need.section.modes and need.identity is not None and need.identity.value:
                wanted = need.identity.value
            message, mend = f"{name} has no key for {wanted}", f"add a line for {wanted} to {name}"
        return self.finding(
            host,
            need.place,
            message,
            label="needs a key",
            notes=notes,
            mend=mend,
            subject=str(need.address),
        )

    def _certificates(self, host: Host, daemon: KeyDaemon) -> Iterator[Finding]:
        named = any(path.kind == "certificate" for path in daemon.paths)
        for section in daemon.peers:
            signing = next((offer for offer in section.proposals if offer.auth in _SIGNATURES), None)
            if signing is None:
                continue
            if section.certificate is None and section.private_key is None:
                yield self.finding(
                    host,
                    signing.auth_origin,
                    "this proposal signs, but its remote section names no certificate",
                    label=signing.auth.value,
                    notes=[Note(section.heading, "no certificate_type here")],
                    mend='add certificate_type x509 "own.pem" "own_key.pem";',
                    subject="certificate",
                )
            elif not named and section.certificate is not None and not section.certificate.startswith("/"):
                yield self.finding(
                    host,
                    section.certificate_origin or section.heading,
                    f"{section.certificate} is looked for below path certificate, which no statement sets",
                    label="relative to nothing",
                    mend='add path certificate "/etc/racoon/certs";',
                    subject="certificate",
                )

    def _strangers(self, host: Host, needs: list[_Need]) -> Iterator[Undecided]:
        for need in needs:
            if need.peer is None:
                reason = f"the peer {need.address} is not in the site, so that its key can't be compared"
                yield Undecided(self.code, host.name, reason, need.place)

    def _compare(self, pairs: dict[tuple[str, str], list[Key]]) -> Iterator[Finding]:
        for (host, peer), ours in pairs.items():
            theirs = pairs.get((peer, host))
            if theirs is None or host > peer:
                continue
            if {key.secret for key in ours} & {key.secret for key in theirs}:
                continue
            yield self.finding(
                host,
                ours[0].origin,
                f"{host} and {peer} have different pre-shared keys for each other",
                label=f"{host}'s key for {peer}",
                notes=[Note(theirs[0].origin, f"{peer}'s key for {host}")],
                mend="write the same key at both peers; blanks at the end of the line belong to it",
            )


def _is_left(failure: Failure, told: set[frozenset[str]]) -> bool:
    """Two racoons of which one answers whoever comes (``remote anonymous``): its keys are no peer's until one comes."""
    ends = (failure.tried.initiator, failure.tried.responder)
    keys = [key for host in ends for key in host.daemons]
    racoons = bool(keys) and all(daemon.program == "racoon" for daemon in keys)
    by_key = failure.refusal.differing == "pre-shared key"
    return by_key and racoons and frozenset(host.name for host in ends) not in told


class _Need(NamedTuple):
    """A peer for which a pre-shared key is needed: its section, how it names itself, where the need is written."""

    address: AddressRange
    section: IkePeer
    place: Span
    peer: Host | None
    identity: Identity | None


def _needs(context: Context, host: Host, daemon: KeyDaemon) -> Iterator[_Need]:
    """The peers of policies, each once; those of sections where policies are made on request or not known."""
    addresses: dict[AddressRange, None] = {}
    for policy, _ in negotiated(host):
        far = far_address(policy)
        if far is not None:
            addresses.setdefault(far)
    unknown, remotes = not addresses, Remotes(daemon)
    for section in daemon.peers:
        if section.address is not None and (unknown or section.generate_policy != "off"):
            addresses.setdefault(section.address)
    for address in addresses:
        chosen = remotes.for_peer(address)
        if chosen is None:
            continue
        offer = next((offer for offer in chosen.proposals if offer.auth.uses_psk), None)
        if offer is not None:
            owner = context.peering.owner(address)
            yield _Need(address, chosen, offer.auth_origin, owner, _identity(host, chosen, owner))


def _identity(host: Host, section: IkePeer, peer: Host | None) -> Identity | None:
    """How the peer names itself: what its own files say, else what ours expect."""
    for daemon in peer.daemons if peer is not None else ():
        for theirs in daemon.peers:
            if (theirs.address is None or host.owns(theirs.address)) and theirs.my_identity is not None:
                return theirs.my_identity
    return section.peer_identities[0] if section.peer_identities else None


def _near_misses(host: Host, keys: KeyFile, address: AddressRange) -> Iterator[Note]:
    """Lines that were perhaps meant."""
    for credential in keys.credentials:
        if parse_address(credential.peer) == address:
            yield Note(credential.origin, f"is compared as text: write {address} as the resolver does")
            return
    for credential in keys.credentials:
        if credential.addresses is not None and host.owns(credential.addresses):
            yield Note(credential.origin, "this is the host itself; a key file lists the peers")
            return
    candidates = {credential.addresses: credential for credential in keys.credentials if credential.addresses}
    close = nearest(address, candidates)
    if close is not None:
        yield Note(candidates[close].origin, f"the nearest line is for {close}")
