"""All ``remote`` blocks of a configuration: their heads, ``inherit``, and two blocks for the same peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon.peer import PeerDraft
from spdcheck.formats.racoon.remote_checks import check
from spdcheck.formats.racoon.values import address, port
from spdcheck.model.diagnostic import Note, Part

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Node, Statement
    from spdcheck.model.addresses import AddressRange


class Peers:
    """All ``remote`` blocks of a configuration in file order, included files too."""

    def __init__(self) -> None:
        self.drafts: list[PeerDraft] = []
        self._by_name: dict[str, PeerDraft] = {}
        self._by_address: dict[AddressRange, list[PeerDraft]] = {}

    def start(self, desk: Desk, statement: Statement) -> PeerDraft:
        """The head of a block. Its lines follow, then :meth:`finish`."""
        node = statement.node
        assert node is not None
        own, *parents = node.nodes("peer_name", "peer_address")
        heading = desk.file.span(node.start, parents[-1].end if parents else own.end)
        origin = desk.span(statement)
        parent = self._parent(desk, parents[0]) if parents else None
        draft = parent.heir(heading, origin) if parent else PeerDraft(heading, origin, broken=bool(parents))
        if own.rule == "peer_name":
            draft.given_name = own.first.string
            self._refuse_known_name(desk, own, draft)
        else:
            _set_address(desk, draft, own)
        return draft

    def _refuse_known_name(self, desk: Desk, own: Node, draft: PeerDraft) -> None:
        known_as = self._by_name.get(draft.name)
        if known_as is not None:
            desk.refuse(
                own, f'named remoteconf "{draft.name}" already exists', mend="give one of the two another name",
                notes=(Note(known_as.heading, "first here"),),
            )  # fmt: skip

    def _parent(self, desk: Desk, node: Node) -> PeerDraft | None:
        """The block that is inherited from; None, with a word about it, where racoon finds none or more than one."""
        first = node.first
        if node.rule == "peer_name":
            found = self._by_name.get(first.string)
            if found is None:
                self._undefined(desk, node, f'named parent remoteconf "{first.string}" does not exist')
            return found
        if first.type == "ANONYMOUS":
            mend = 'name that block (`remote "base" { … }`) and inherit from the name'
            desk.refuse(node, "failed to get remoteconf for anonymous: nothing can inherit from it", mend=mend)
            return None
        wanted = address(desk, first)
        if wanted is None:
            return None
        candidates = self._by_address.get(wanted, [])
        if len(candidates) == 1:
            return candidates[0]
        shown = f"{first.text}[{port(desk, node.find('PORT'))}]"
        if not candidates:
            self._undefined(desk, node, f"failed to get remoteconf for {shown}: no block before this one is for it")
        else:
            notes = tuple(Note(draft.heading, "one of them") for draft in candidates[:2])
            desk.refuse(
                node, f"failed to get remoteconf for {shown}: {len(candidates)} blocks are for it",
                mend="name the block to inherit from", notes=notes,
            )  # fmt: skip
        return None

    def _undefined(self, desk: Desk, node: Node, message: str) -> None:
        span = desk.span(node)
        desk.reading.say("CFG003", span, message, mend="define it above, or correct the name")
        desk.reading.gap(span, f"{span.where} inherits from nothing", Part.IKE)

    def finish(self, desk: Desk, draft: PeerDraft) -> None:
        """The end of a block: what racoon checks there (``process_rmconf``), and what it forgets to check."""
        check(desk, draft)
        draft.identities = list(draft.identities)
        self._warn_of_second(desk, draft)
        self.drafts.append(draft)
        self._by_name.setdefault(draft.name, draft)
        if draft.address is not None:
            self._by_address.setdefault(draft.address, []).append(draft)

    def _warn_of_second(self, desk: Desk, draft: PeerDraft) -> None:
        """Two blocks for one peer: racoon says nothing, but as initiator it can't choose between them."""
        if draft.passive or draft.is_lost:
            return
        alike = self._by_address.get(draft.address, []) if draft.address else self._anonymous
        first = next((other for other in alike if not other.passive), None)
        if first is not None:
            who = draft.shown_address.partition("[")[0]
            desk.reading.say(
                "CFG004", draft.heading,
                f"a second remote for {who}: racoon can't start an exchange with it "
                "(`multiple non-exact configurations found`)",
                mend="make one of the two passive, or merge them", notes=(Note(first.heading, "first here"),),
                warning=True,
            )  # fmt: skip

    @property
    def _anonymous(self) -> list[PeerDraft]:
        return [draft for draft in self.drafts if draft.address is None and not draft.is_lost]


def _set_address(desk: Desk, draft: PeerDraft, own: Node) -> None:
    first = own.first
    draft.has_address = True
    draft.port = port(desk, own.find("PORT"))
    draft.address = None
    if first.type == "ADDRSTRING":
        draft.address = address(desk, first)
        if draft.address is None:
            draft.lost = draft.broken = True
