"""A host by identity, as a key of what was made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.host import Host


@dataclass(frozen=True, slots=True, eq=False)
class SameHost:
    """A host by identity: hosts hold dictionaries and have no hash of their own."""

    host: Host

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameHost) and other.host is self.host

    def __hash__(self) -> int:
        return id(self.host)
