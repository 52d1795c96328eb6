"""The compound commands of a shell script, as far as it takes to tell which simple commands it runs, and how often.

A script that is not quite right is read as far as it goes: what closes nothing, and what nothing closes, is skipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.formats.shell_tokens import Kind, Token, document_end
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Document(NamedTuple):
    """A here-document: a region of the script. ``plain`` if its delimiter is quoted, so that nothing is put in."""

    start: int
    end: int
    plain: bool


class Simple(NamedTuple):
    """A simple command: its words and its here-document; ``piped`` if it reads what the command before it writes."""

    words: tuple[Token, ...]
    document: Document | None
    piped: bool


class For(NamedTuple):
    """``for NAME in WORDS``; ``words`` is None for the script's own arguments."""

    name: str
    words: tuple[Token, ...] | None
    body: tuple[Node, ...]


class Branches(NamedTuple):
    """``if``: the commands of each condition and of each branch, in their order. ``several``: there is an ``else``."""

    parts: tuple[tuple[Node, ...], ...]
    several: bool


class Case(NamedTuple):
    """``case WORD in``: patterns and commands of each branch."""

    subject: Token | None
    branches: tuple[tuple[tuple[str, ...], tuple[Node, ...]], ...]


class Group(NamedTuple):
    """Commands that run once: ``{ … }``, ``( … )``, and (as far as we follow them) the bodies of other loops."""

    body: tuple[Node, ...]


class Function(NamedTuple):
    """A function; its commands run where it is called."""

    name: str
    body: tuple[Node, ...]


Node: TypeAlias = "Simple | For | Branches | Case | Group | Function"

_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", ">|"})
_DOCUMENTS = frozenset({"<<", "<<-"})
_DEEPEST = 60


def parse(text: str, tokens: Sequence[Token]) -> tuple[Node, ...]:
    """The commands of a script."""
    parser = _Parser(text, [token for token in tokens if token.kind is not Kind.COMMENT])
    nodes: list[Node] = []
    while parser.position < len(parser.tokens):
        nodes += parser.commands(frozenset())
        parser.position += 1
    return tuple(nodes)


class _Parser:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text, self.tokens, self.position = text, tokens, 0
        self._depth = 0
        self._piped = False
        self._documents = _documents(text, tokens)

    def _text(self, ahead: int = 0) -> str:
        at = self.position + ahead
        return self.tokens[at].text if at < len(self.tokens) else ""

    def commands(self, ends: frozenset[str]) -> tuple[Node, ...]:
        """Commands up to one of the words that end the list here, or to the end; the word itself is left."""
        nodes: list[Node] = []
        self._depth += 1
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token.text in ends and token.kind in (Kind.WORD, Kind.OPERATOR):
                break
            if token.kind is Kind.NEWLINE or (token.kind is Kind.OPERATOR and token.text != "("):
                self._piped = token.text == "|" or (self._piped and token.kind is Kind.NEWLINE)
                if token.text in (*_REDIRECTIONS, *_DOCUMENTS):
                    self.position += 1
                self.position += 1
                continue
            if self._depth > _DEEPEST:
                self.position += 1
                continue
            nodes.append(self._command(token))
            self._piped = False
        self._depth -= 1
        return tuple(nodes)

    def _skip(self, *wanted: str) -> None:
        if self._text() in wanted:
            self.position += 1

    def _command(self, token: Token) -> Node:
        self.position += 1
        if token.text == "if":
            return self._if()
        if token.text in ("while", "until"):
            self.commands(frozenset({"do"}))
            return Group(self._loop_body())
        if token.text == "for":
            return self._for()
        if token.text == "case":
            return self._case()
        if token.text in ("{", "("):
            end = "}" if token.text == "{" else ")"
            body = self.commands(frozenset({end}))
            self._skip(end)
            return Group(body)
        if token.text == "function" or (self._text() == "(" and self._text(1) == ")"):
            return self._function(token)
        if token.text in ("!", "then", "else", "do", "time"):
            return Group(())
        self.position -= 1
        return self._simple()

    def _if(self) -> Branches:
        parts = [self.commands(frozenset({"then"}))]
        several = False
        while self.position < len(self.tokens):
            self._skip("then", "else")
            parts.append(self.commands(frozenset({"elif", "else", "fi"})))
            word = self._text()
            if word == "elif":
                self.position += 1
                parts.append(self.commands(frozenset({"then"})))
            several |= word in ("elif", "else")
            if word not in ("elif", "else"):
                break
        self._skip("fi")
        return Branches(tuple(parts), several)

    def _loop_body(self) -> tuple[Node, ...]:
        self._skip("do")
        body = self.commands(frozenset({"done"}))
        self._skip("done")
        return body

    def _for(self) -> For:
        name = self._text()
        self.position += 1
        words: list[Token] | None = None
        if self._text() == "in":
            self.position += 1
            words = []
            while self.position < len(self.tokens) and self.tokens[self.position].kind is Kind.WORD:
                words.append(self.tokens[self.position])
                self.position += 1
        self.commands(frozenset({"do"}))
        return For(name, None if words is None else tuple(words), self._loop_body())

    def _case(self) -> Case:
        subject = self.tokens[self.position] if self.position < len(self.tokens) else None
        while self.position < len(self.tokens) and self._text() != "in":
            self.position += 1
        self.position += 1
        branches = []
        while self.position < len(self.tokens):
            patterns: list[str] = []
            while self.position < len(self.tokens) and self._text() not in (")", "esac"):
                token = self.tokens[self.position]
                if token.kind is Kind.WORD:
                    patterns.append(token.text.strip("\"'"))
                self.position += 1
            if self._text() != ")":
                break
            self.position += 1
            body = self.commands(frozenset({";;", "esac"}))
            branches.append((tuple(patterns), body))
            self._skip(";;")
        self._skip("esac")
        return Case(subject, tuple(branches))

    def _function(self, token: Token) -> Function:
        name = token.text
        if name == "function":
            name = self._text()
            self.position += 1
        self._skip("(")
        self._skip(")")
        while self.position < len(self.tokens) and self.tokens[self.position].kind is Kind.NEWLINE:
            self.position += 1
        if self.position >= len(self.tokens):
            return Function(name, ())
        body = self._command(self.tokens[self.position])
        return Function(name, body.body if isinstance(body, Group) else (body,))

    def _simple(self) -> Simple:
        words: list[Token] = []
        document = None
        piped = self._piped
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token.kind is Kind.NEWLINE:
                break
            if token.kind is Kind.OPERATOR:
                if token.text in _DOCUMENTS:
                    document = self._documents.get(self.position)
                elif token.text not in _REDIRECTIONS:
                    break
                if words and words[-1].end == token.start and re.fullmatch(r"[0-9]", words[-1].text):
                    words.pop()
                self.position += 1
            else:
                words.append(token)
            self.position += 1
        return Simple(tuple(words), document, piped)


def _documents(text: str, tokens: Sequence[Token]) -> dict[int, Document]:
    """The here-documents by the place of their operator among the tokens."""
    found: dict[int, Document] = {}
    waiting: list[tuple[int, str, bool]] = []
    for number, token in enumerate(tokens):
        if token.text in _DOCUMENTS and token.kind is Kind.OPERATOR and number + 1 < len(tokens):
            waiting.append((number, tokens[number + 1].text, token.text == "<<-"))
        elif token.kind is Kind.NEWLINE and waiting:
            position = token.end
            for operator, word, tabs in waiting:
                delimiter = re.sub(r"[\"'\\]", "", word)
                behind = document_end(text, position, delimiter, tabs=tabs)
                last = text.rfind("\n", position, max(position, behind - 1)) + 1
                end = max(position, last) if behind else position
                found[operator] = Document(position, end, delimiter != word)
                position = behind
            waiting = []
    return found
