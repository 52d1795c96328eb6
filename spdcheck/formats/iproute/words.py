"""The words of one ``ip`` command, with their places in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Token, Tree

    from spdcheck.source import SourceFile, Span


class Words:
    """Places of tokens: a command was parsed from offset ``start`` of its text, which knows its places in the file."""

    def __init__(self, file: SourceFile, start: int, whole: Span) -> None:
        self.file = file
        self.start = start
        self.whole = whole

    def span(self, token: Token) -> Span:
        """The place of a token."""
        begin = self.start + (token.start_pos or 0)
        return self.file.span(begin, begin + len(token))

    def offset(self, token: Token) -> int:
        """Where a token begins in its command."""
        return self.start + (token.start_pos or 0)

    def around(self, tree: Tree[Any]) -> Span:
        """The place of all tokens of a node."""
        tokens = list(tree.scan_values(lambda _: True))
        return self.span(tokens[0]).join(self.span(tokens[-1])) if tokens else self.whole

    def values(self, tree: Tree[Any]) -> dict[str, str]:
        """The last word of each direct sub-node, by the node's name."""
        return {
            str(node.data): str(node.children[-1]) for node in tree.children if hasattr(node, "data") and node.children
        }
