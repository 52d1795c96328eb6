"""``sainfo`` blocks: the two identities, and what may protect the traffic between them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.algorithms import COMPRESSION, INTEGRITY, PHASE2_CIPHERS, cipher, known, no_length
from spdcheck.formats.racoon.identities import identity
from spdcheck.formats.racoon.phase2_ids import CLIENT, ComparedId, phase2_id
from spdcheck.formats.racoon.sainfo_list import SainfoKey, SainfoList
from spdcheck.formats.racoon.syntax import Node, Token
from spdcheck.formats.racoon.values import DEFAULT_LIFETIME, group, lifetime
from spdcheck.model.diagnostic import Note
from spdcheck.model.ike import IdentityType, Phase2Id, Phase2Proposal
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Statement
    from spdcheck.model.ike import Algorithm, Identity, Lifetime
    from spdcheck.source import Span


@dataclass(slots=True)
class SainfoDraft:
    """A ``sainfo`` block while it is being read; ``broken`` if a part of it could not be."""

    heading: Span
    origin: Span
    local: Phase2Id | None = None
    remote: Phase2Id | None = None
    local_key: ComparedId = None
    remote_key: ComparedId = None
    peer: Identity | None = None
    group_name: str | None = None
    encryption: list[Algorithm] = field(default_factory=list)
    integrity: list[Algorithm] = field(default_factory=list)
    compression: list[str] = field(default_factory=list)
    pfs_group: int | None = None
    pfs_origin: Span | None = None
    lifetime: Lifetime = DEFAULT_LIFETIME
    remote_ph1id: int = 0
    nameless: bool = False
    broken: bool = False

    @property
    def shown(self) -> str:
        """The block as racoon prints it (``sainfo2str``)."""
        if self.nameless:
            return self.heading.text
        peer = self.peer.value if self.peer else "ANY"
        return f"loc='{_shown(self.local)}', rmt='{_shown(self.remote)}', peer='{peer}', id={self.remote_ph1id}"

    @property
    def key(self) -> SainfoKey:
        """What racoon compares when it looks for the block."""
        peer = None if self.peer is None else (self.peer.type, self.peer.value)
        return SainfoKey(self.remote_ph1id, peer, self.local_key, self.remote_key)

    def finished(self) -> Phase2Proposal:
        """The block as the rest of spdcheck knows it."""
        return Phase2Proposal(
            local=self.local,
            remote=self.remote,
            encryption=tuple(self.encryption),
            integrity=tuple(self.integrity),
            compression=tuple(self.compression),
            pfs_group=self.pfs_group,
            lifetime=self.lifetime,
            origin=self.origin,
            heading=self.heading,
            peer=self.peer,
            group_name=self.group_name,
            remote_ph1id=self.remote_ph1id,
            pfs_origin=self.pfs_origin,
        )


def _shown(end: Phase2Id | None) -> str:
    if end is None:
        return "ANONYMOUS"
    if end.is_client_address:
        return "CLIENTADDR"
    return str(end.addresses) if end.addresses is not None else str(end.name.value if end.name else "")


def read_head(desk: Desk, statement: Statement) -> SainfoDraft:
    """``sainfo NAME [from ID | group "…"] {``."""
    node = statement.node
    assert node is not None
    *_, last = (token for token in node.tokens if token.type != "BOC")
    draft = SainfoDraft(desk.file.span(node.start, last.end), desk.span(statement))
    ends = [part for part in node.parts if not isinstance(part, Token) or part.type in ("ANONYMOUS", "CLIENTADDR")]
    ends = [end for end in ends if isinstance(end, Token) or end.rule not in ("from", "group")]
    draft.local, draft.local_key = _end(desk, draft, ends[0])
    if len(ends) > 1:
        draft.remote, draft.remote_key = _end(desk, draft, ends[1])
    for restriction in node.nodes("from", "group"):
        if restriction.rule == "group":
            name = restriction.find("QUOTEDSTRING")
            draft.group_name = name.string if name else None
        else:
            draft.peer = _from(desk, draft, restriction)
    return draft


def _end(desk: Desk, draft: SainfoDraft, end: Token | Node) -> tuple[Phase2Id | None, ComparedId]:
    if isinstance(end, Token):
        if end.type == "ANONYMOUS":
            return None, None
        return Phase2Id(None, None, None, desk.span(end), is_client_address=True), CLIENT
    found = phase2_id(desk, end)
    if found is None:
        draft.nameless = True
        return None, None
    return found


def _from(desk: Desk, draft: SainfoDraft, node: Node) -> Identity | None:
    found = identity(desk, node)
    if found is None or (found.value is None and found.type is not IdentityType.KEY_ID):
        if found is not None:
            desk.refuse(node, "racoon crashes on a `from` without a value", mend='write `from fqdn "NAME"`')
        draft.nameless = True
        return None
    if found.type is IdentityType.ADDRESS:
        desk.accident(
            node, "no peer's identity ever equals `from address`, so that racoon never uses this sainfo",
            mend="leave `from` away, or name the peer by another kind of identity",
        )  # fmt: skip
    return found


def read_line(desk: Desk, draft: SainfoDraft, node: Node) -> None:
    """A statement inside the block."""
    before = desk.reading.unparsed
    _line(desk, draft, node)
    draft.broken = draft.broken or desk.reading.unparsed > before


def _line(desk: Desk, draft: SainfoDraft, node: Node) -> None:
    kind = node.first.type
    if kind == "PFS_GROUP":
        token = node.find("ALGORITHMTYPE", "NUMBER")
        if token is not None:
            draft.pfs_group, draft.pfs_origin = group(desk, token), desk.span(node)
    elif kind == "REMOTEID":
        token = node.find("NUMBER")
        draft.remote_ph1id = token.number if token else 0
    elif kind == "LIFETIME":
        draft.lifetime = lifetime(desk, node, phase1=False) or draft.lifetime
    else:
        for algorithm in node.nodes("algorithm"):
            _algorithm(desk, draft, kind, algorithm)


def _algorithm(desk: Desk, draft: SainfoDraft, kind: str, node: Node) -> None:
    """One of a list; a second list of the same kind adds to the first."""
    name, length = node.first, node.find("NUMBER")
    if kind == "ENCRYPTION_ALGORITHM":
        found = cipher(desk, name, length, PHASE2_CIPHERS, "cipher of phase 2")
        draft.encryption += [found] if found else []
        return
    is_integrity = kind == "AUTHENTICATION_ALGORITHM"
    found = known(desk, name, *((INTEGRITY, "integrity algorithm") if is_integrity else (COMPRESSION, "compression")))
    if found is None or not no_length(desk, name, length):
        return
    if is_integrity:
        draft.integrity.append(found)
    else:
        draft.compression.append(found.name)


def finish(desk: Desk, draft: SainfoDraft, earlier: SainfoList) -> Phase2Proposal | None:
    """The end of a block: what racoon checks there; None for one that can't be used."""
    if not draft.broken:
        for present, kind, mend in (
            (draft.encryption, "encryption", "encryption_algorithm aes 256;"),
            (draft.integrity, "authentication", "authentication_algorithm hmac_sha256;"),
            (draft.compression, "compression", "compression_algorithm deflate;"),
        ):
            if not present:
                why = "add it, racoon wants it even though nothing is compressed" if kind == "compression" else "add it"
                desk.refuse(draft.heading, f"no {kind} algorithm at {draft.shown}", mend=f"{why}: `{mend}`")
    if draft.nameless:
        return None
    clash = earlier.clash(draft.key)
    if clash is not None:
        desk.refuse(
            draft.heading, f"duplicated sainfo: {draft.shown}",
            mend="keep one of the two",
            notes=(Note(clash, "this one takes the same traffic"),),
        )  # fmt: skip
        return None
    twin = earlier.add(draft.key, draft.heading)
    if twin is not None:
        desk.reading.say(
            "CFG004", draft.heading, "racoon never uses this sainfo: one for the same traffic stands above it",
            mend="remove one of the two", notes=(Note(twin, "this one counts"),), warning=True,
        )  # fmt: skip
    return draft.finished()
