"""The files that a racoon.conf names, and the folders that ``path`` gives for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import PathReference

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Token


class Paths:
    """Collects every path, relative ones joined to the folder that ``path`` has set so far (``getpathname``)."""

    def __init__(self) -> None:
        self.references: list[PathReference] = []
        self._folders: dict[str, str] = {}

    def declare(self, desk: Desk, kind: str, token: Token) -> PathReference | None:
        """``path KIND "…";``; the one before of the same kind, or None."""
        before = next((known for known in reversed(self.references) if known.kind == kind), None)
        self._folders[kind] = token.string
        self.references.append(PathReference(kind, token.string, desk.span(token)))
        return before

    def folder(self, kind: str) -> str | None:
        """What ``path`` says for a kind, or None."""
        return self._folders.get(kind)

    def joined(self, kind: str, name: str) -> str:
        """A file's full path as racoon makes it up."""
        folder = self._folders.get(kind)
        return name if name.startswith("/") or folder is None else f"{folder.rstrip('/')}/{name}"

    def refer(self, desk: Desk, what: str, kind: str, token: Token) -> None:
        """A file that a statement names, below the folder of ``path KIND``."""
        self.references.append(PathReference(what, self.joined(kind, token.string), desk.span(token)))
