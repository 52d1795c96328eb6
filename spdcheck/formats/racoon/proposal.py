"""``proposal`` blocks inside ``remote``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon.algorithms import HASHES, METHODS, PHASE1_CIPHERS, cipher, known
from spdcheck.formats.racoon.peer import ProposalDraft
from spdcheck.formats.racoon.syntax import Token
from spdcheck.formats.racoon.values import group, lifetime
from spdcheck.model.ike import AuthMethod

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.peer import PeerDraft
    from spdcheck.formats.racoon.syntax import Node, Statement


def start(desk: Desk, peer: PeerDraft, statement: Statement) -> ProposalDraft:
    """A new proposal at the end of the list; its lines follow."""
    node = statement.node
    assert node is not None
    draft = ProposalDraft(desk.span(node.first), desk.span(statement))
    peer.proposals.append(draft)
    return draft


def read_line(desk: Desk, peer: PeerDraft, draft: ProposalDraft, node: Node) -> None:
    """A line of a proposal; one that is refused leaves the proposal broken."""
    before = desk.reading.unparsed
    kind = node.first.type
    value, *rest = [part for part in node.parts[1:] if isinstance(part, Token)]
    length = rest[0] if rest and rest[0].type == "NUMBER" else None
    if kind == "ENCRYPTION_ALGORITHM":
        draft.encryption = cipher(desk, value, length, PHASE1_CIPHERS, "cipher of phase 1")
    elif kind == "HASH_ALGORITHM":
        draft.hash = known(desk, value, HASHES, "hash of phase 1")
        _needless(desk, length)
    elif kind == "AUTHENTICATION_METHOD":
        _method(desk, peer, draft, value)
        _needless(desk, length)
    elif kind == "DH_GROUP":
        draft.group, draft.group_origin = group(desk, value), desk.span(value)
    elif kind == "LIFETIME":
        found = lifetime(desk, node, phase1=False)
        # racoon takes 0 for "not given"
        draft.lifetime = found if found is not None and found.seconds else draft.lifetime
    elif kind == "GSS_ID" and draft.auth is not AuthMethod.GSSAPI:
        desk.refuse(node, "wrong Vendor ID for gssapi_id", mend="write `authentication_method gssapi_krb;` before it")
    draft.broken = draft.broken or desk.reading.unparsed > before


def _needless(desk: Desk, length: Token | None) -> None:
    if length is not None:
        desk.accident(length, f"racoon drops the number {length.text} here", mend="remove it")


def _method(desk: Desk, peer: PeerDraft, draft: ProposalDraft, value: Token) -> None:
    method = METHODS.get(value.text)
    if method is None:
        message = f"algorithm mismatched: found `{value.text}`, which is no authentication method"
        desk.refuse(value, message, mend="`pre_shared_key` and `rsasig` are the usual ones")
    elif method is AuthMethod.GSSAPI and draft.auth is AuthMethod.GSSAPI:
        desk.refuse(value, "Vendor ID mismatch for auth method: `gssapi_krb` comes twice", mend="remove one of the two")
    elif method is AuthMethod.RSA_SIG and peer.peer_certificate_kind == "plain_rsa" != peer.certificate_kind:
        mend = 'write `certificate_type plain_rsa "KEY";` above the proposal'
        desk.refuse(value, "Private PlainRSA key not set: only the peer's plain key is given", mend=mend)
    else:
        draft.auth, draft.auth_name, draft.auth_origin = method, value.text, desk.span(value)
