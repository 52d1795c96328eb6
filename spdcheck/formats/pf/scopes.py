"""Where filter rules go: the main list, or the braces of an anchor that is still open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.model.pf import AnchorCall, FilterEntry

IN_ANCHORS = frozenset(("filter_rule", "anchor", "include"))
"""What may stand in the braces of an anchor."""

IN_ETHER_ANCHORS = frozenset(("ether_rule", "ether_anchor"))
"""What may stand in those of an anchor of rules about Ethernet frames."""

IN_REFUSED = IN_ANCHORS | IN_ETHER_ANCHORS
"""Whose braces they are was not understood."""


class Scope:
    """The rules of the main list or of the braces of an anchor, as they come.

    ``statement`` opened the braces; ``counted`` tells that the reading counts it as not understood already, and
    ``allowed`` what may stand inside.
    """

    def __init__(
        self,
        calls: tuple[AnchorCall, ...] = (),
        statement: Statement | None = None,
        *,
        counted: bool = False,
        allowed: frozenset[str] = IN_ANCHORS,
    ) -> None:
        self.calls = calls
        self.statement = statement
        self.counted = counted
        self.allowed = allowed
        self.rules: list[FilterEntry] = []
        self.inline: set[str] = set()
