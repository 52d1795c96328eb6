"""What racoon demands of a ``remote`` block at its closing brace (``process_rmconf``, ``set_isakmp_proposal``).

Nothing is said to be missing that may only be missing because its line could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Note
from spdcheck.model.ike import ExchangeMode, IdentityType

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.peer import PeerDraft, ProposalDraft

_WITHOUT_CODE = (3, 4)


def check(desk: Desk, draft: PeerDraft) -> None:
    """Refuses a block as racoon does."""
    if not draft.broken:
        if draft.modes is None:
            desk.refuse(draft.heading, "no exchange mode specified", mend="add `exchange_mode main;`")
        if not draft.proposals:
            message = f"no remote specification found: {draft.shown_address} has no `proposal`"
            desk.refuse(draft.heading, message, mend="add `proposal { … }`")
        _check_identity(desk, draft)
    for proposal in draft.proposals:
        if not proposal.broken and not proposal.checked:
            _check_proposal(desk, proposal)
        proposal.checked = True
    if draft.modes is not None and ExchangeMode.AGGRESSIVE in draft.modes:
        _check_groups(desk, draft)


def _check_identity(desk: Desk, draft: PeerDraft) -> None:
    identity = draft.my_identity
    if identity is None or identity.type is not IdentityType.ASN1_DN or identity.value is not None:
        return
    if draft.certificate is None:
        mend = 'add `certificate_type x509 "CERT" "KEY";`'
        desk.refuse(identity.origin, "ASN1 ID not specified and no CERT defined", mend=mend)


def _check_proposal(desk: Desk, proposal: ProposalDraft) -> None:
    for present, missing, mend in (
        (proposal.encryption, "encryption algorithm", "encryption_algorithm aes 256;"),
        (proposal.hash, "hash algorithm", "hash_algorithm sha256;"),
        (proposal.group, "DH group", "dh_group 14;"),
        (proposal.auth, "authentication method", "authentication_method pre_shared_key;"),
    ):
        if present is None:
            desk.refuse(proposal.heading, f"{missing} required in a proposal", mend=f"add `{mend}`")


def _check_groups(desk: Desk, draft: PeerDraft) -> None:
    grouped = [(p.group, p.group_origin) for p in draft.proposals if p.group is not None and p.group_origin is not None]
    for number, origin in grouped:
        first, first_origin = grouped[0]
        if number != first:
            desk.refuse(
                origin, "DH group must be equal in all proposals when aggressive mode is used",
                mend="use one group, or take `aggressive` away", notes=(Note(first_origin, "the first one's group"),),
            )  # fmt: skip
            return
        if number in _WITHOUT_CODE:
            desk.refuse(origin, "failed to set DH value: racoon has no code for this group", mend="use group 14 or up")
            return
