"""Whether both sides can prove who they are: the same pre-shared key on both, or keys for signatures that are named.

racoon looks a key up in its file by address, or outside main mode first by the identity; isakmpd takes the
``Authentication`` of the peer's section, in aggressive mode that of a section named after the identity. Keys are
compared by fingerprints. What is inside a certificate no configuration tells: that it is valid is assumed. Sources:
ipsec-tools src/racoon/oakley.c ``oakley_skeyid``; isakmpd ike_auth.c ``ike_auth_get_key``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import ExchangeMode, Identity
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics.ike.outcome import Cause, Doubt, Log, Place, Refusal, Step
from spdcheck.semantics.psk_lookup import for_peer

if TYPE_CHECKING:
    from spdcheck.model.ike import AuthMethod, Credential, IkePeer
    from spdcheck.semantics.ike.identities import Named
    from spdcheck.semantics.ike.sides import Side


class Proof(NamedTuple):
    """What a side proves itself and the other by: a line with a key, a refusal, or why nobody can tell.

    ``assumed`` is what no file tells and is taken to be right.
    """

    key: Credential | None = None
    refusal: Refusal | None = None
    doubt: Doubt | None = None
    assumed: Doubt | None = None


def proof(side: Side, section: IkePeer, auth: AuthMethod, mode: ExchangeMode, named: Named) -> Proof:
    """What a side has for the other, which names itself by ``named``."""
    if auth.uses_psk:
        return _racoon_key(side, section, mode, named) if side.is_racoon else _isakmpd_key(side, section, mode, named)
    return _certificate(side, section, auth)


def differing(first: Side, ours: Credential, second: Side, theirs: Credential, mode: ExchangeMode) -> Refusal | None:
    """What comes of two keys: nothing if they are equal."""
    if ours.secret == theirs.secret:
        return None
    effect = "message 5 can't be decrypted" if mode is ExchangeMode.MAIN else "the hash of message 2 is another"
    return Refusal(
        step=Step.CREDENTIALS,
        cause=Cause.CREDENTIAL,
        by=second.name if mode is ExchangeMode.MAIN else first.name,
        reason=f"{first.name} and {second.name} have different pre-shared keys for each other: {effect}",
        places=(
            Place(second.name, theirs.origin, f"{second.name}'s key for {first.name}"),
            Place(first.name, ours.origin, f"{first.name}'s key for {second.name}"),
        ),
        logs=tuple(_garbled(side, mode) for side in ((second,) if mode is ExchangeMode.MAIN else (first,))),
        differing="pre-shared key",
        mend="write the same key at both peers; blanks at the end of the line belong to it",
    )


def _garbled(side: Side, mode: ExchangeMode) -> Log:
    if mode is not ExchangeMode.MAIN:
        return Log(side.name, "HASH mismatched" if side.is_racoon else "ike_phase_1_recv_AUTH: hash does not match")
    if side.is_racoon:
        return Log(side.name, "ignore the packet, received unexpecting payload type")
    return Log(side.name, f"dropped message from {side.peer} port 500 due to notification type PAYLOAD_MALFORMED")


def _racoon_key(side: Side, section: IkePeer, mode: ExchangeMode, named: Named) -> Proof:
    keys = side.known.keys
    if keys.named is not None and keys.located.file is None:
        reason = f"{keys.named.path} is not among the files of {side.name}, so that its keys are not known"
        return Proof(doubt=Doubt(side.name, reason, keys.named.origin, elsewhere=True))
    if keys.named is None and keys.located.file is None:
        reason = f"no path pre_shared_key and no key file of {side.name} is given, so that its keys are not known"
        return Proof(doubt=Doubt(side.name, reason, section.heading, elsewhere=True))
    identity = None
    if named.origin is not None:
        identity = Identity(named.type, named.value, named.origin, named.addresses)
    used = replace(section, modes=(mode,))
    found = for_peer(keys.credentials, used, side.peer, identity) if keys.named is not None else None
    if found is not None and found.credential is not None:
        if found.by == "wildcard":
            reason = f"the key for {side.peer} is found by * only, which racoon knows only if it was built so"
            return Proof(key=found.credential, doubt=Doubt(side.name, reason, found.credential.origin))
        return Proof(key=found.credential)
    if keys.named is None:
        where, mend = "no path pre_shared_key names a key file", 'add path pre_shared_key "/etc/racoon/psk.txt";'
    else:
        path = keys.located.file.path if keys.located.file is not None else keys.named.path
        wanted = named.value if mode is not ExchangeMode.MAIN and named.value else str(side.peer)
        instead = "" if wanted == str(side.peer) else f", and none for {side.peer}"
        where, mend = f"{path} has no key for {wanted}{instead}", f"add a line for {wanted} to {path}"
    return Proof(
        refusal=Refusal(
            step=Step.CREDENTIALS,
            cause=Cause.CREDENTIAL,
            by=side.name,
            reason=f"{side.name} has no pre-shared key for {side.other}: {where}",
            places=(Place(side.name, section.heading, "needs a key"),),
            logs=(
                Log(side.name, f"couldn't find the pskey for {side.peer}."),
                Log(side.name, "failed to process ph1 packet (side: 1, status: 4)."),
            ),
            differing="pre-shared key",
            mend=mend,
        )
    )


def _isakmpd_key(side: Side, section: IkePeer, mode: ExchangeMode, named: Named) -> Proof:
    wanted = [section.heading.file.path]
    file_keys = [key for key in side.host.credentials if key.origin.file.path in wanted]
    sections = [section]
    if mode is not ExchangeMode.MAIN and named.value:
        by_id = [peer for peer in side.daemon.peers if peer.name and peer.name.lower() == named.value.lower()]
        sections = [*by_id, section]
    for candidate in sections:
        found = next((key for key in file_keys if _belongs(key, candidate, side)), None)
        if found is not None:
            return Proof(key=found)
    return Proof(
        refusal=Refusal(
            step=Step.CREDENTIALS,
            cause=Cause.CREDENTIAL,
            by=side.name,
            reason=f"[{section.name}] of {side.name} has no Authentication, so that there is no pre-shared key for "
            f"{side.other}",
            places=(Place(side.name, section.heading, "no Authentication here"),),
            logs=(Log(side.name, f"ike_phase_1_post_exchange_KE_NONCE: no key found for peer {side.peer}"),),
            differing="pre-shared key",
            mend=f"add Authentication= KEY to [{section.name}]",
        )
    )


def _belongs(key: Credential, section: IkePeer, side: Side) -> bool:
    """The key stands in this section: behind its heading and before the next one of a peer."""
    start = section.heading.start
    later = [peer.heading.start for peer in side.daemon.peers if peer.heading.start > start]
    return start <= key.origin.start < min(later, default=key.origin.start + 1)


def _certificate(side: Side, section: IkePeer, auth: AuthMethod) -> Proof:
    if side.is_racoon and auth.name in ("RSA_SIG", "DSS_SIG", "XAUTH_RSA"):
        if section.certificate is None and section.private_key is None:
            return Proof(
                refusal=Refusal(
                    step=Step.CREDENTIALS,
                    cause=Cause.CREDENTIAL,
                    by=side.name,
                    reason=f"{side.name} is to sign, but its section for {side.other} names no certificate and no key",
                    places=(Place(side.name, section.heading, "no certificate_type here"),),
                    logs=(Log(side.name, "failed to get private key."), Log(side.name, "failed to sign.")),
                    differing="certificate",
                    mend='add certificate_type x509 "own.pem" "own_key.pem";',
                )
            )
        reason = f"{section.certificate or section.private_key} of {side.name} is valid and {side.other} trusts it"
        return Proof(assumed=Doubt(side.name, reason, section.certificate_origin or section.heading))
    reason = f"the certificate and key of {side.name} are there and valid, and {side.other} trusts them"
    return Proof(assumed=Doubt(side.name, reason, section.heading))
