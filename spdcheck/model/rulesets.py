"""Packet filters of a host as their files say them; each language has its own value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spdcheck.source import Span


class RuleSet(Protocol):
    """One loaded file of a packet filter. ``kind`` names the language: ``ipf``, ``ipnat``, ``ippool``, ``pf`` …"""

    @property
    def kind(self) -> str:
        """The language."""
        ...

    @property
    def origin(self) -> Span:
        """The whole file."""
        ...
