"""One rule: its options sorted to the modules that they belong to, its words read.

An option belongs to the module that was loaded last and has it, as in ``xtables_merge_options``; ``-p`` loads the match
of its protocol when one of its options comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.iptables.modules import ALIASES, BUILT_IN, MATCHES, OF_PROTOCOL, TARGETS
from spdcheck.formats.iptables.modules import Option as Meaning
from spdcheck.formats.iptables.syntax import Flag, Paired, Rule, Stray, Unnamed, Valued
from spdcheck.formats.iptables.values import READERS, BadWord
from spdcheck.model.netfilter import Match, NetfilterRule, Option, Target
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.iptables.syntax import Part
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shapes import Slot
    from spdcheck.model.netfilter import Value
    from spdcheck.source import SourceFile

_FAMILY = {"-4": 4, "--ipv4": 4, "-6": 6, "--ipv6": 6}
_READ: dict[tuple[str, str, int], Value] = {}
_MOST_READ = 1 << 16


class Refused(Exception):  # noqa: N818 (it is caught where the rule is read, and never leaves)
    """iptables-restore refuses the rule: where, and why."""

    def __init__(self, span: Span, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.span, self.message, self.mend = span, message, mend


class _Loaded:
    """A module that the rule has loaded."""

    __slots__ = ("end", "known", "meanings", "name", "options", "start")

    def __init__(self, name: str, meanings: dict[str, Meaning], start: int, end: int, *, known: bool) -> None:
        self.name, self.meanings, self.start, self.end, self.known = name, meanings, start, end, known
        self.options: list[Option] = []


class RuleReader:
    """Reads the rules of one file for one family."""

    def __init__(self, file: SourceFile, family: int) -> None:
        self.file, self.family = file, family

    def rule(self, line: Rule, tokens: Tokens, start: int, end: int) -> NetfilterRule | None:
        """The rule; None where it is only for the other family. Raises :class:`Refused`."""
        return _Draft(self.file, self.family, tokens).read(line, start, end)

    def parts(self, parts: tuple[Part, ...], tokens: Tokens) -> None:
        """Refuses options where none can be."""
        for part in parts:
            slot = part.negation if isinstance(part, Stray) else part.option
            raise Refused(_place(self.file, tokens, slot), f"`{tokens.texts[slot.at]}` does not belong to this command")


def _place(file: SourceFile, tokens: Tokens, first: Slot, last: Slot | None = None) -> Span:
    return Span(file, tokens.start(first.at), tokens.end((last or first).at))


class _Draft:
    """A rule while it is read."""

    __slots__ = ("family", "file", "loaded", "own", "protocol", "target", "texts", "tokens")

    def __init__(self, file: SourceFile, family: int, tokens: Tokens) -> None:
        self.file, self.family, self.tokens, self.texts = file, family, tokens, tokens.texts
        self.own: list[Option] = []
        self.loaded: list[_Loaded] = []
        self.target: tuple[str, bool, Span] | None = None
        self.protocol: Option | None = None

    def read(self, line: Rule, start: int, end: int) -> NetfilterRule | None:
        if self._is_for_the_other(line):
            return None
        for part in line.parts:
            if isinstance(part, Valued):
                self._valued(part)
            elif isinstance(part, Flag):
                option = self.texts[part.option.at]
                if option not in _FAMILY:
                    self._add(part, option, None, part.option)
            elif isinstance(part, Paired):
                self._paired(part)
            elif isinstance(part, Unnamed):
                self._unnamed(part)
            else:
                self._stray(part)
        matches = [Match("", tuple(self.own), self.own[0].origin)] if self.own else []
        target = None
        for module in self.loaded:
            origin = Span(self.file, module.start, module.end)
            if module.name.startswith("-"):
                assert self.target is not None
                target = Target(self.target[0], tuple(module.options), origin, self.target[1])
            else:
                matches.append(Match(module.name, tuple(module.options), origin, module.known))
        return NetfilterRule(tuple(matches), target, Span(self.file, start, end))

    def _is_for_the_other(self, line: Rule) -> bool:
        """``-4`` and ``-6`` mark the rules of a file that both programs read; such a rule's words are not looked at."""
        flags = (self.texts[part.option.at] for part in line.parts if isinstance(part, Flag))
        return any(_FAMILY.get(flag, self.family) != self.family for flag in flags)

    def _valued(self, part: Valued) -> None:
        option, value = self.texts[part.option.at], self._text(part.value)
        own = BUILT_IN.get(option)
        # The policy match has a `--proto` of its own, which iptables only understands as short for `--protocol`.
        if own is None or (option == "--proto" and self._owner(option) is not None):
            self._add(part, option, value, part.value, inner=part.inner is not None)
            return
        if own.name == "match":
            self._no_negation(part, option)
            name = ALIASES.get(value, value)
            known = name in MATCHES
            at = part.option.at
            start, end = self.tokens.start(at), self.tokens.end(part.value.at)
            self.loaded.append(_Loaded(name, MATCHES.get(name, {}), start, end, known=known))
            return
        if own.name in ("jump", "goto"):
            self._no_negation(part, option)
            if self.target is not None:
                raise Refused(self._span(part.option, part.value), f"a second `{option}`: a rule has one target")
            span = self._span(part.option, part.value)
            self.target = (value, own.name == "goto", span)
            known = own.name == "goto" or value in TARGETS
            meanings = TARGETS.get(value, {}) if own.name == "jump" else {}
            self.loaded.append(_Loaded(f"-{value}", meanings, span.start, span.end, known=known))
            return
        negated = part.negation is not None or part.inner is not None
        parsed = self._value(own.reader, value, part.value)
        if any(earlier.name == own.name for earlier in self.own):
            raise Refused(self._span(part.option, part.value), f"multiple `{option}` are not allowed")
        if negated and isinstance(parsed, tuple) and own.reader == "addresses" and len(parsed) > 1:
            raise Refused(self._span(part.option, part.value), "`!` is not allowed with several addresses")
        found = Option(own.name, parsed, negated, self._span(part.negation or part.option, part.value))
        self.own.append(found)
        if own.name == "protocol":
            self.protocol = found

    def _paired(self, part: Paired) -> None:
        option = self.texts[part.option.at]
        if BUILT_IN.get(option) is None:
            text = f"{self._text(part.value)} {self._text(part.second)}"
            self._add(part, option, text, part.second, inner=part.inner is not None)

    def _add(
        self, part: Flag | Valued | Paired, option: str, value: str | None, last: Slot, *, inner: bool = False
    ) -> None:
        """An option of a module."""
        negated = part.negation is not None or inner
        if value is None and option in BUILT_IN:
            span = self._span(part.negation or part.option, last)
            self.own.append(Option(BUILT_IN[option].name, None, negated, span))
            return
        module = self._owner(option)
        if module is None:
            self._unowned(option, part.negation or part.option, last)
            return
        meaning = module.meanings[option]
        parsed = None if value is None else self._value(meaning.reader, value, last)
        module.options.append(Option(meaning.name, parsed, negated, self._span(part.negation or part.option, last)))
        module.end = self.tokens.end(last.at)

    def _owner(self, option: str) -> _Loaded | None:
        for module in reversed(self.loaded):
            if option in module.meanings:
                return module
        own = self.protocol
        if own is None or own.negated or not isinstance(own.value, int):
            return None
        name = OF_PROTOCOL.get(own.value)
        if name is None or option not in MATCHES[name] or any(module.name == name for module in self.loaded):
            return None
        module = _Loaded(name, MATCHES[name], own.origin.start, own.origin.end, known=True)
        self.loaded.append(module)
        return module

    def _unowned(self, option: str, first: Slot, last: Slot) -> None:
        """An option that no module which we know has: one that we do not know may have it."""
        stranger = next((module for module in reversed(self.loaded) if not module.known), None)
        span = self._span(first, last)
        if stranger is None:
            owners = [name for name, options in MATCHES.items() if option in options]
            named = f"`-p {owners[0]}` or " if owners and owners[0] in OF_PROTOCOL.values() else ""
            hint = f"{named}`-m {owners[0]}` must stand before it" if owners else ""
            raise Refused(span, f"unknown option `{option}`", hint)
        stranger.options.append(Option(option.lstrip("-"), span.text, False, span))
        stranger.end = span.end

    def _unnamed(self, part: Unnamed) -> None:
        last = part.values[-1] if part.values else part.option
        option = self.texts[part.option.at]
        name, equals, value = option.partition("=")
        module, meaning = self._abbreviated(name)
        words = [value] if equals else [self._text(slot) for slot in part.values]
        wanted = 0 if meaning is None or not meaning.reader else 2 if meaning.reader in ("pair", "flags") else 1
        if module is not None and meaning is not None and len(words) == wanted and not (equals and part.values):
            span = self._span(part.negation or part.option, last)
            parsed = self._value(meaning.reader, " ".join(words), last) if words else None
            module.options.append(Option(meaning.name, parsed, part.negation is not None, span))
            module.end = span.end
            return
        self._unowned(option, part.negation or part.option, last)

    def _abbreviated(self, name: str) -> tuple[_Loaded | None, Meaning | None]:
        """The option that a beginning of its name means, if there is only one (getopt_long)."""
        owner = self._owner(name)
        if owner is not None:
            return owner, owner.meanings[name]
        found = [
            (module, meaning)
            for module in self.loaded
            for spelling, meaning in module.meanings.items()
            if len(name) > 3 and spelling.startswith(name)
        ]
        return found[0] if len({meaning for _, meaning in found}) == 1 else (None, None)

    def _stray(self, part: Stray) -> None:
        span = self._span(part.negation, part.value)
        if not self.loaded or self.loaded[-1].known:
            raise Refused(span, f"found `! {self.texts[part.value.at]}`, expected an option behind `!`")
        self.loaded[-1].options.append(Option("!", span.text, True, span))
        self.loaded[-1].end = span.end

    def _no_negation(self, part: Valued, option: str) -> None:
        slot = part.negation or part.inner
        if slot is not None:
            raise Refused(self._span(slot), f"`!` is not allowed with `{option}`")

    def _value(self, reader: str, text: str, slot: Slot) -> Value:
        key = (reader, text, self.family)
        if key not in _READ:
            if len(_READ) >= _MOST_READ:
                _READ.clear()
            try:
                _READ[key] = READERS[reader](text, self.family)
            except BadWord as bad:
                raise Refused(self._span(slot), str(bad)) from None
        return _READ[key]

    def _text(self, slot: Slot) -> str:
        text = self.texts[slot.at]
        if slot.name != "QUOTED":
            return text
        body = text[1:-1]
        return body if "\\" not in body else "".join(_unescaped(body))

    def _span(self, first: Slot, last: Slot | None = None) -> Span:
        return Span(self.file, self.tokens.start(first.at), self.tokens.end((last or first).at))


def _unescaped(text: str) -> list[str]:
    """The characters of a quoted word; a backslash makes the next one ordinary."""
    characters = iter(text)
    return [next(characters, "") if character == "\\" else character for character in characters]
