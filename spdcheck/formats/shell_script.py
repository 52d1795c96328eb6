"""The simple commands that a shell script runs, one after the other, with the values of its variables.

Nothing is run: what depends on more than the text (arguments, files, the output of programs) leaves a variable without
a value, and a command that uses it says so. Of an ``if`` all branches are taken for run, of a ``case`` the one that its
subject names, else the one that starts something; a function runs where it is called.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from spdcheck.formats.shell_syntax import Branches, Case, For, Function, Group, Simple, parse
from spdcheck.formats.shell_text import Weaver, Woven
from spdcheck.formats.shell_tokens import Kind, tokens
from spdcheck.formats.shell_words import Value, Word, Words
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spdcheck.formats.shell_syntax import Node
    from spdcheck.source import SourceFile

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_DECLARING = frozenset({"export", "readonly", "local", "declare", "typeset"})
_BEFORE_COMMANDS = frozenset({"sudo", "exec", "command", "nohup", "env", "time", "doas"})
_STARTING = ("start", "up", "on", "add", "enable", "ifup", "restart", "reload", "create", "setup", "")
_ALGORITHM = re.compile(r"(?<![\w\"'])(?:[a-z]+|rfc[0-9]+[a-z]*)\([a-z0-9_,-]+(?:\([a-z0-9_,-]+\))?\)")
"""``cbc(aes)`` without quotes, as listings of commands have it (and ``ip -batch`` takes it): one word."""

_DEEPEST = 20
_ROUNDS = 4
"""A script that runs more commands than so many times what it holds is given up (a few short loops are never)."""


class Command(NamedTuple):
    """One simple command: its words, and what it reads from a here-document or from the command before it.

    ``unknown`` are references to variables whose values nobody knows; ``doubtful`` says that it is one of several
    branches.
    """

    words: tuple[Word, ...]
    text: Woven
    unknown: tuple[str, ...]
    fed: Word | None
    doubtful: bool = False

    @property
    def name(self) -> str:
        """The program, without its folder."""
        return self.words[0].text.text.rpartition("/")[2]

    def texts(self) -> list[str]:
        """The words."""
        return [word.text.text for word in self.words]


class Script:
    """The commands of one script.

    ``broken`` is where a quote begins that never ends; ``cut`` says that not all commands were followed.
    """

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self._words = Words(file)
        self._functions: dict[str, tuple[Node, ...]] = {}
        self._running: set[str] = set()
        self._count = self._most = 0
        self.broken: int | None = None
        self.cut = False

    def commands(self) -> Iterator[Command]:
        """All commands that run, in their order."""
        text = _ALGORITHM.sub(lambda match: re.sub(r"[()]", "_", match[0]), self.file.text)
        found = tokens(text)
        if found and found[-1].kind is Kind.UNCLOSED:
            self.broken = found[-1].start
            found.pop()
        nodes = parse(text, found)
        self._most = 1000 + _ROUNDS * sum(token.kind is not Kind.WORD for token in found)
        yield from self._run(nodes, {}, 0, doubtful=False)

    def _run(
        self, nodes: tuple[Node, ...], known: dict[str, Value | None], depth: int, *, doubtful: bool
    ) -> Iterator[Command]:
        last: Command | None = None
        for node in nodes:
            if depth > _DEEPEST or self._count > self._most:
                self.cut = True
                return
            if isinstance(node, Simple):
                words = self._simple(node, known)
                if not words:
                    continue
                name = words[0].text.text
                called = self._functions.get(name)
                if called is not None and name not in self._running:
                    self._running.add(name)
                    yield from self._run(called, self._called(known, words[1:]), depth + 1, doubtful=doubtful)
                    self._running.discard(name)
                    continue
                if name in ("exit", "return") and not doubtful:
                    return
                last = self._command(node, words, known, last, doubtful=doubtful)
                self._count += 1
                yield last
            else:
                yield from self._compound(node, known, depth, doubtful=doubtful)

    def _compound(self, node: Node, known: dict[str, Value | None], depth: int, *, doubtful: bool) -> Iterator[Command]:
        if isinstance(node, Function):
            self._functions[node.name] = node.body
        elif isinstance(node, Group):
            yield from self._run(node.body, known, depth + 1, doubtful=doubtful)
        elif isinstance(node, Branches):
            for number, part in enumerate(node.parts):
                yield from self._run(part, known, depth + 1, doubtful=doubtful or (node.several and number > 0))
        elif isinstance(node, Case):
            yield from self._case(node, known, depth, doubtful=doubtful)
        elif isinstance(node, For):
            yield from self._for(node, known, depth, doubtful=doubtful)

    def _case(self, node: Case, known: dict[str, Value | None], depth: int, *, doubtful: bool) -> Iterator[Command]:
        subject = None
        if node.subject is not None:
            word = self._words.word(node.subject.start, node.subject.end, known)
            subject = None if word.unknown else word.text.text
        if subject is None:
            wanted = next(
                (body for name in _STARTING for patterns, body in node.branches if name and name in patterns), None
            )
            chosen = [body for _, body in node.branches] if wanted is None else [wanted]
            several = wanted is None
        else:
            fits = (body for patterns, body in node.branches if any(fnmatchcase(subject, p) for p in patterns))
            found = next(fits, None)
            chosen, several = ([] if found is None else [found]), False
        for body in chosen:
            yield from self._run(body, known, depth + 1, doubtful=doubtful or several)

    def _for(self, node: For, known: dict[str, Value | None], depth: int, *, doubtful: bool) -> Iterator[Command]:
        rounds: list[Value | None] = [None]
        if node.words is not None:
            words = [self._words.word(token.start, token.end, known) for token in node.words]
            if not any(word.unknown or set(word.text.text) & set("{*?`") for word in words):
                rounds = [
                    Value(part, _sources(word)) for word in words
                    for part in ([word.text.text] if word.quoted else word.text.text.split())
                ]  # fmt: skip
        for value in rounds:
            known[node.name] = value
            yield from self._run(node.body, known, depth + 1, doubtful=doubtful)

    def _simple(self, node: Simple, known: dict[str, Value | None]) -> tuple[Word, ...]:
        """Takes the assignments; gives the words of what is left."""
        text = self.file.text
        rest = list(node.words)
        declaring = bool(rest) and rest[0].text in _DECLARING
        if declaring:
            rest.pop(0)
        while rest and ((match := _ASSIGNMENT.match(rest[0].text)) or (declaring and rest)):
            token = rest.pop(0)
            if match is None:
                if re.fullmatch(r"[A-Za-z_]\w*", token.text) and token.text not in known:
                    known[token.text] = None
                continue
            start = token.start + match.end()
            word = self._words.word(start, token.end, known)
            if text[start : start + 1] == "(" or word.unknown:
                known[match[1]] = None
            else:
                known[match[1]] = Value(word.text.text, _sources(word))
        if rest and rest[0].text in ("read", "mapfile", "readarray", "getopts", "unset"):
            for token in rest[1:]:
                known[token.text] = None
        if rest and rest[0].text in (".", "source") and not rest[-1].text.startswith("/lib/"):
            # Another file may give any variable another value.
            known.update(dict.fromkeys(known))
        words = [self._words.word(token.start, token.end, known) for token in rest]
        while len(words) > 1 and words[0].text.text in _BEFORE_COMMANDS:
            words.pop(0)
            while len(words) > 1 and words[0].text.text.startswith("-"):
                words.pop(0)
        return tuple(words)

    def _called(self, known: dict[str, Value | None], arguments: tuple[Word, ...]) -> dict[str, Value | None]:
        inside = {name: value for name, value in known.items() if not name.isdigit()}
        for number, word in enumerate(arguments, start=1):
            inside[str(number)] = None if word.unknown else Value(word.text.text, _sources(word))
        return inside

    def _command(
        self, node: Simple, words: tuple[Word, ...], known: Mapping[str, Value | None], last: Command | None,
        *, doubtful: bool,
    ) -> Command:  # fmt: skip
        weaver = Weaver()
        for number, word in enumerate(words):
            if number:
                at = word.text.pieces[0].start if word.text.pieces else 0
                weaver.put(" ", at, at)
            weaver.join(word.text)
        fed = None
        if node.document is not None:
            start, end, plain = node.document
            fed = self._words.plain(start, end) if plain else self._words.document(start, end, known)
        elif node.piped and last is not None:
            fed = _written(last)
        unknown = tuple(reference for word in words for reference in word.unknown)
        return Command(words, weaver.woven(self.file), unknown, fed, doubtful)


def _sources(word: Word) -> tuple[tuple[int, int], ...]:
    return tuple(word.text.regions(0, len(word.text.text)))


def _written(command: Command) -> Word | None:
    """What ``echo``, ``printf`` or ``cat`` with a here-document writes."""
    if command.name == "cat":
        return command.fed
    if command.name not in ("echo", "printf"):
        return None
    weaver = Weaver()
    unknown: list[str] = []
    for number, word in enumerate(word for word in command.words[1:] if not word.text.text.startswith("-")):
        if number:
            weaver.put(" ", word.text.pieces[0].start, word.text.pieces[0].start) if word.text.pieces else None
        weaver.join(word.text)
        unknown += word.unknown
    return Word(weaver.woven(command.text.script), tuple(unknown))
