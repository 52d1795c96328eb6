"""SPD and SAD as the kernel keeps them while a script runs: what is there twice, what is replaced and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.setkey.selectors import Index
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.policy import SecurityPolicy


class PolicyDatabase:
    """The policies by direction and index, in the order in which the kernel keeps them."""

    def __init__(self, platform: Platform | None) -> None:
        self._platform = platform
        self._entries: dict[tuple[str | int | None, ...], SecurityPolicy] = {}

    def add(self, direction: str, index: Index, policy: SecurityPolicy) -> SecurityPolicy | None:
        """Adds a policy; the one that is there already stays, and is returned (EEXIST)."""
        key = (direction, *index)
        existing = self._entries.get(key)
        if existing is None:
            self._entries[key] = policy
        return existing

    def replace(self, direction: str, index: Index, policy: SecurityPolicy) -> None:
        """``spdupdate``: adds a policy in place of one with the same index.

        Linux leaves it where it was if the priority is the same (``xfrm_policy_insert_list``); KAME and its children
        put it at the end (``key_spdadd``).
        """
        key = (direction, *index)
        existing = self._entries.get(key)
        if existing is not None and (self._platform is Platform.NETBSD or existing.priority != policy.priority):
            del self._entries[key]
        self._entries[key] = policy

    def delete(self, direction: str, index: Index) -> None:
        """``spddelete``; nothing happens if there is no such policy."""
        self._entries.pop((direction, *index), None)

    def clear(self) -> None:
        """``spdflush``."""
        self._entries.clear()

    def __iter__(self) -> Iterator[SecurityPolicy]:
        return iter(self._entries.values())


class AssociationDatabase:
    """The associations in the order in which they were added; two with one identity are both kept, for a check."""

    def __init__(self) -> None:
        self._entries: dict[int, SecurityAssociation] = {}
        self._found: dict[tuple[object, ...], list[int]] = {}
        self._added = 0

    def add(self, association: SecurityAssociation) -> None:
        """``add``."""
        kind = _kind(association.protocol)
        self._added += 1
        self._entries[self._added] = association
        for key in (
            (association.destination, kind, association.spi),
            (association.source, association.destination, kind),
            (kind,),
        ):
            self._found.setdefault(key, []).append(self._added)

    def delete(self, destination: AddressRange, protocol: str, spi: int) -> None:
        """``delete``: of any protocol if none is given."""
        for kind in _kinds(protocol):
            self._drop((destination, kind, spi))

    def delete_all(self, source: AddressRange, destination: AddressRange, protocol: str) -> None:
        """``deleteall``: of any protocol if none is given."""
        for kind in _kinds(protocol):
            self._drop((source, destination, kind))

    def flush(self, protocol: str) -> None:
        """``flush``: of any protocol if none is given."""
        for kind in _kinds(protocol):
            self._drop((kind,))

    def _drop(self, key: tuple[object, ...]) -> None:
        for number in self._found.pop(key, ()):
            self._entries.pop(number, None)

    def __iter__(self) -> Iterator[SecurityAssociation]:
        return iter(self._entries.values())


def _kind(protocol: str) -> str:
    """PF_KEY's type of an SA: ``esp-old`` and ``esp-udp`` are ESP too."""
    return protocol.removesuffix("-old").removesuffix("-udp")


def _kinds(protocol: str) -> tuple[str, ...]:
    return (_kind(protocol),) if protocol else ("esp", "ah", "ipcomp", "tcp")
