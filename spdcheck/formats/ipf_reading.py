"""Reading the statements of ipf.conf, ipnat.conf and ippool.conf: chunk by chunk, each parsed alone.

What a format gets of a statement is a :class:`Parsed`: a tree of :class:`Node` values, one for each rule of the
grammar, and the tokens that its slots stand for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot, Unexpected
from spdcheck.formats.ipf_lexer import UNREADABLE, Spliced, Tokens, Undefined, Variables, Vocabulary, chunks
from spdcheck.formats.shapes import MAX_SHAPES, expectation
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping, Sequence

    from spdcheck.formats.automaton import Automaton
    from spdcheck.formats.base import Reading
    from spdcheck.model.diagnostic import Part
    from spdcheck.source import SourceFile, Span


class Node:
    """A rule of the grammar (or its alias) with what stands in it. ``nodes`` are its parts that are nodes.

    Statements of one shape share their nodes, so that what is looked up often is worked out once.
    """

    __slots__ = ("_slot", "nodes", "parts", "rule")

    def __init__(self, rule: str, parts: tuple[Node | Slot, ...]) -> None:
        self.rule = rule
        self.parts = parts
        self.nodes = tuple(part for part in parts if isinstance(part, Node))
        self._slot = next((part for part in parts if isinstance(part, Slot)), None)

    def __repr__(self) -> str:
        return f"{self.rule}({', '.join(map(repr, self.parts))})"

    @property
    def slot(self) -> Slot:
        """The first token directly in this node."""
        if self._slot is None:
            raise LookupError(f"no token in {self!r}")
        return self._slot

    def child(self, *rules: str) -> Node | None:
        """The first node directly in this one that has one of these names."""
        for node in self.nodes:
            if node.rule in rules:
                return node
        return None


def own_slots(node: Node) -> list[Slot]:
    """The tokens directly in a node."""
    return [part for part in node.parts if isinstance(part, Slot)]


def all_slots(node: Node) -> list[Slot]:
    """All tokens of a node, in order; never empty."""
    found: list[Slot] = []
    for part in node.parts:
        found += [part] if isinstance(part, Slot) else all_slots(part)
    return found or [Slot("", 0)]


class Shapes:
    """Parses sequences of token kinds and remembers the answers: files have many rules of few shapes."""

    def __init__(self, grammar: Automaton, names: Sequence[str]) -> None:
        self._grammar = grammar
        self._names = names
        self._known: dict[tuple[int, ...], Node | Unexpected] = {}

    def parse(self, kinds: tuple[int, ...]) -> Node | Unexpected:
        """The syntax of these tokens, or where it breaks."""
        known = self._known.get(kinds)
        if known is None:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            known = self._grammar.derive([self._names[kind] for kind in kinds], _node)
            self._known[kinds] = known
        return known


def _node(rule: str, parts: list[Node | Slot]) -> Node:
    return Node(rule, tuple(parts))


class RefusedError(Exception):
    """The real program refuses the statement: why, at which offset of the file, and what to do.

    Raised while a statement is converted and caught where it is read; it never leaves a format.
    """

    def __init__(self, message: str, start: int, end: int, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.mend = mend


class Parsed(NamedTuple):
    """A statement: its syntax, its tokens, and where the tokens came from. ``end`` is where its text ends."""

    file: SourceFile
    tree: Node
    tokens: Tokens
    spliced: Spliced | None
    start: int
    end: int

    def text(self, slot: Slot) -> str:
        """The text of a token, without quotes."""
        text = self.tokens.texts[slot.at]
        return text[1:-1] if slot.name == "STRING" else text

    def region(self, first: int, last: int) -> tuple[int, int]:
        """The region of the file of the tokens ``first`` to ``last``."""
        start, end = self.tokens.starts[first], self.tokens.end(last)
        if self.spliced is None:
            return start, end
        return self.spliced.source(start), max(self.spliced.source(end - 1), self.spliced.source(start)) + 1

    def refuse(self, slot: Slot, message: str, mend: str = "") -> RefusedError:
        """An exception about one token."""
        return RefusedError(message, *self.region(slot.at, slot.at), mend)


class Statements:
    """The parser of one of the three languages, with everything remembered that it has seen."""

    def __init__(
        self,
        grammar: Automaton,
        vocabulary: Vocabulary,
        *,
        begins: re.Pattern[str],
        words: Mapping[str, str],
        what: str,
        part: Part | tuple[Part, ...],
        groups: tuple[tuple[frozenset[str], str], ...] = (),
    ) -> None:
        self.vocabulary = vocabulary
        self._shapes = Shapes(grammar, vocabulary.names)
        self._begins = begins
        self._words = {
            name: words[name] if name in words else f"`{vocabulary.texts[kind]}`"
            for kind, name in enumerate(vocabulary.names)
            if name in words or kind in vocabulary.texts
        }
        self._what = what
        self._groups = groups
        self._part = part

    def read(self, reading: Reading) -> Iterator[Parsed]:
        """The statements of the file, in order; what can't be parsed is reported to ``reading``."""
        file = reading.file
        text = file.text
        variables = Variables()
        for chunk in chunks(file, self._begins):
            start = chunk.start
            while (after := variables.assignment(text, start, chunk.end)) is not None:
                reading.statements += 1
                reading.inert += 1
                start = after
                while start < chunk.end and text[start].isspace():
                    start += 1
            if start >= chunk.end:
                continue
            reading.statements += 1
            first = max(chunk.first, start)
            whole = self._parse(file, variables, start, chunk.end)
            if isinstance(whole, Parsed):
                yield whole
                continue
            alone = self._parse(file, variables, start, first) if first < chunk.end else whole
            if isinstance(alone, Parsed):
                yield alone
                reading.statements += 1
                self._report(reading, whole, file.span(first, chunk.end))
            else:
                self._report(reading, alone, file.span(start, min(chunk.end, first)))

    def _parse(self, file: SourceFile, variables: Variables, start: int, end: int) -> Parsed | RefusedError:
        text = file.text
        spliced: Spliced | None = None
        if "$" in (region := text[start:end]) or "\\\n" in region:
            result = variables.splice(text, start, end)
            if isinstance(result, Undefined):
                name = result.name
                message = f"`{name}` is not defined above this line"
                return RefusedError(
                    message, result.at, result.at + len(name), f"define it first: {name.strip('${}')}=value;"
                )
            spliced = result
            tokens = self.vocabulary.read(spliced.text, 0, len(spliced.text))
        else:
            tokens = self.vocabulary.read(text, start, end)
        found = self._shapes.parse(tokens.kinds)
        if isinstance(found, Node):
            return Parsed(file, found, tokens, spliced, start, end)
        return self._unexpected(found, tokens, spliced, end)

    def _unexpected(self, found: Unexpected, tokens: Tokens, spliced: Spliced | None, end: int) -> RefusedError:
        expected = expectation(found.expected, self._words, self._groups)
        if found.at >= len(tokens.kinds):
            return RefusedError(f"{self._what} ends here, {expected}", end, end, self._hint(found, tokens))
        start = tokens.starts[found.at]
        last = tokens.end(found.at)
        if spliced is not None:
            start, last = spliced.source(start), spliced.source(last - 1) + 1
        token = tokens.texts[found.at]
        what = "a character that can't be read" if tokens.kinds[found.at] == UNREADABLE else f"`{token}`"
        return RefusedError(f"unexpected {what}, {expected}", start, max(last, start + 1), self._hint(found, tokens))

    def _hint(self, found: Unexpected, tokens: Tokens) -> str:
        """What to do about the mistakes that everybody makes."""
        expected = {self._words.get(name, "") for name in found.expected}
        texts = tokens.texts
        if expected and expected <= {"`:`", "`><`", "`<>`"} and found.at >= 1:
            return f"write port = {texts[found.at - 1]}"
        if found.at <= 1 and len(texts) > 2 and texts[1] == "=" and texts[2][0].isdigit():
            return f'a value that begins with a digit needs quotes: {texts[0]}="…";'
        if found.at >= len(texts) or f"`{texts[found.at]}`" in self._words.values():
            return ""
        from difflib import get_close_matches

        words = [word.strip("`") for word in expected if word[1:2].isalpha() and word.endswith("`")]
        close = get_close_matches(texts[found.at], sorted(words), n=1, cutoff=0.7)
        return f"did you mean `{close[0]}`?" if close else ""

    def _report(self, reading: Reading, refused: RefusedError, statement: Span) -> None:
        """CFG001 at the token that is wrong; a place in another line than the statement's is where it says."""
        file = reading.file
        start, end = refused.start, refused.end
        if start >= statement.end or start < statement.start:
            start, end = (max(statement.end - 1, statement.start), statement.end)
        if end <= start:
            start, end = max(statement.start, start - 1), max(start, statement.start + 1)
        reading.unreadable(file.span(start, end), refused.message, part=self._part, mend=refused.mend)

    def refuse(self, reading: Reading, refused: RefusedError) -> None:
        """Reports a statement that parses but that the real program refuses."""
        reading.unreadable(
            reading.file.span(refused.start, max(refused.end, refused.start + 1)),
            refused.message,
            part=self._part,
            mend=refused.mend,
        )
