"""Works out how a rule is built (:mod:`spdcheck.formats.iptables.planned`).

An option belongs to the module that was loaded last and has it, as in ``xtables_merge_options``; ``-p`` loads the match
of its protocol when one of its options comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.iptables.demands import TRANSLATED_PORTS, broken
from spdcheck.formats.iptables.modules import ALIASES, BUILT_IN, MATCHES, OF_PROTOCOL, TARGETS
from spdcheck.formats.iptables.modules import Option as Meaning
from spdcheck.formats.iptables.numbers import BadWord
from spdcheck.formats.iptables.planned import MatchPlan, OptionPlan, Refusal, RulePlan, TargetPlan
from spdcheck.formats.iptables.syntax import Flag, Paired, Rule, Stray, Unnamed, Valued
from spdcheck.formats.iptables.values import RAW, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.shapes import Slot

FAMILY = {"-4": 4, "--ipv4": 4, "-6": 6, "--ipv6": 6}
"""Options that make a rule one of a family only."""


class _Loaded:
    """A module that the rule has loaded."""

    __slots__ = ("first", "goto", "is_target", "known", "last", "meanings", "name", "named_at", "options")

    def __init__(self, name: str, meanings: dict[str, Meaning], first: int, last: int, *, known: bool) -> None:
        self.name, self.meanings, self.first, self.last, self.known = name, meanings, first, last, known
        self.is_target = self.goto = False
        self.named_at: Slot | None = None
        self.options: list[OptionPlan] = []


class Draft:
    """A plan while it is made."""

    __slots__ = ("family", "loaded", "own", "protocol", "target", "texts")

    def __init__(self, family: int, texts: Sequence[str]) -> None:
        self.family, self.texts = family, texts
        self.own: list[OptionPlan] = []
        self.loaded: list[_Loaded] = []
        self.target: _Loaded | None = None
        self.protocol: tuple[OptionPlan, int] | None = None

    def plan(self, line: Rule) -> RulePlan:
        """How the rule is built. Raises :class:`Refusal`."""
        if self._is_for_the_other(line):
            return RulePlan((), None, ours=False)
        for part in line.parts:
            if isinstance(part, Valued):
                self._valued(part)
            elif isinstance(part, Flag):
                if self.texts[part.option.at] not in FAMILY:
                    self._add(part, self.texts[part.option.at], None, part.option)
            elif isinstance(part, Paired):
                if BUILT_IN.get(self.texts[part.option.at]) is None:
                    self._add(part, self.texts[part.option.at], part.value, part.second, inner=part.inner is not None)
            elif isinstance(part, Unnamed):
                self._unnamed(part)
            else:
                self._stray(part)
        self._demands()
        matches = [MatchPlan("", True, self.own[0].first, self.own[0].last, tuple(self.own))] if self.own else []
        target = None
        for module in self.loaded:
            if module.is_target:
                assert module.named_at is not None
                name = module.named_at
                ports = self._number_of_protocol() in TRANSLATED_PORTS
                target = TargetPlan(
                    name.at, name.name == "QUOTED", module.goto, module.first, module.last, tuple(module.options), ports
                )
            else:
                matches.append(MatchPlan(module.name, module.known, module.first, module.last, tuple(module.options)))
        ways = {option.name: option.first for option in self.own}
        return RulePlan(
            tuple(matches),
            target,
            arrives=ways.get("in-interface", -1),
            leaves=ways.get("out-interface", -1),
            has_policy=any(match.module == "policy" for match in matches),
        )

    def _number_of_protocol(self) -> int | None:
        """The one protocol that the rule asks for."""
        return None if self.protocol is None or self.protocol[0].negated else self.protocol[1]

    def _demands(self) -> None:
        """Refuses what a module that we know refuses."""
        for module in self.loaded:
            if not module.known or module.goto:
                continue
            name = f"-{module.name}" if module.is_target else module.name
            for option, message in broken(name, module.options, self._number_of_protocol()):
                first, last = (module.first, module.last) if option is None else (option.first, option.last)
                raise Refusal(first, last, message)

    def _is_for_the_other(self, line: Rule) -> bool:
        """``-4`` and ``-6`` mark the rules of a file that both programs read; such a rule's words are not looked at."""
        flags = (self.texts[part.option.at] for part in line.parts if isinstance(part, Flag))
        return any(FAMILY.get(flag, self.family) != self.family for flag in flags)

    def _valued(self, part: Valued) -> None:
        option = self.texts[part.option.at]
        own = BUILT_IN.get(option)
        # The policy match has a `--proto` of its own, which iptables only understands as short for `--protocol`.
        if own is None or (option == "--proto" and self._owner(option) is not None):
            self._add(part, option, part.value, part.value, inner=part.inner is not None)
            return
        if own.name == "match":
            self._no_negation(part, option)
            value = unquoted(self.texts[part.value.at], part.value)
            name = ALIASES.get(value, value)
            known = name in MATCHES
            self.loaded.append(_Loaded(name, MATCHES.get(name, {}), part.option.at, part.value.at, known=known))
            return
        if own.name in ("jump", "goto"):
            self._jump(part, option, goto=own.name == "goto")
            return
        negated = part.negation is not None or part.inner is not None
        if any(earlier.name == own.name for earlier in self.own):
            raise Refusal(part.option.at, part.value.at, f"multiple `{option}` are not allowed")
        found = self._option(own, part.value, part.value, part.negation or part.option, negated=negated)
        self.own.append(found)
        if own.name == "protocol":
            self.protocol = found, self._number(part.value)

    def _number(self, slot: Slot) -> int:
        try:
            value = values_of("protocol", self.family)[unquoted(self.texts[slot.at], slot)]
        except BadWord as bad:
            raise Refusal(slot.at, slot.at, str(bad)) from None
        assert isinstance(value, int)
        return value

    def _jump(self, part: Valued, option: str, *, goto: bool) -> None:
        self._no_negation(part, option)
        if self.target is not None:
            raise Refusal(part.option.at, part.value.at, f"a second `{option}`: a rule has one target")
        value = unquoted(self.texts[part.value.at], part.value)
        meanings = TARGETS.get(value, {}) if not goto else {}
        known = goto or value in TARGETS
        self.target = _Loaded(value, meanings, part.option.at, part.value.at, known=known)
        self.target.is_target, self.target.goto, self.target.named_at = True, goto, part.value
        self.loaded.append(self.target)

    def _option(self, meaning: Meaning, value: Slot | None, last: Slot, first: Slot, *, negated: bool) -> OptionPlan:
        values = None if value is None else values_of(meaning.reader, self.family)
        at = -1 if value is None else value.at
        second = last.at if value is not None and last is not value else -1
        quoted = "QUOTED" in (last.name, "" if value is None else value.name)
        return OptionPlan(meaning.name, values, at, second, quoted, negated, first.at, last.at)

    def _add(
        self, part: Flag | Valued | Paired, option: str, value: Slot | None, last: Slot, *, inner: bool = False
    ) -> None:
        """An option of a module."""
        negated = part.negation is not None or inner
        first = part.negation or part.option
        if value is None and option in BUILT_IN:
            self.own.append(self._option(BUILT_IN[option], None, last, first, negated=negated))
            return
        module = self._owner(option)
        if module is None:
            self._unowned(option, first, last)
            return
        module.options.append(self._option(module.meanings[option], value, last, first, negated=negated))
        module.last = last.at

    def _owner(self, option: str) -> _Loaded | None:
        for module in reversed(self.loaded):
            if option in module.meanings:
                return module
        if self.protocol is None or self.protocol[0].negated:
            return None
        own, number = self.protocol
        name = OF_PROTOCOL.get(number)
        if name is None or option not in MATCHES[name] or any(module.name == name for module in self.loaded):
            return None
        module = _Loaded(name, MATCHES[name], own.first, own.last, known=True)
        self.loaded.append(module)
        return module

    def _unowned(self, option: str, first: Slot, last: Slot) -> None:
        """An option that no module which we know has: one that we do not know may have it."""
        stranger = next((module for module in reversed(self.loaded) if not module.known), None)
        if stranger is None:
            owners = [name for name, options in MATCHES.items() if option in options]
            named = f"`-p {owners[0]}` or " if owners and owners[0] in OF_PROTOCOL.values() else ""
            hint = f"{named}`-m {owners[0]}` must stand before it" if owners else ""
            raise Refusal(first.at, last.at, f"unknown option `{option}`", hint)
        stranger.options.append(_raw(option.lstrip("-"), first, last, negated=False))
        stranger.last = last.at

    def _unnamed(self, part: Unnamed) -> None:
        last = part.values[-1] if part.values else part.option
        first = part.negation or part.option
        option = self.texts[part.option.at]
        name, equals, value = option.partition("=")
        module, meaning = self._abbreviated(name)
        wanted = 0 if meaning is None or not meaning.reader else 2 if meaning.reader in ("pair", "flags") else 1
        given = 1 if equals else len(part.values)
        if module is None or meaning is None or given != wanted or (equals and part.values):
            self._unowned(option, first, last)
            return
        found = self._option(
            meaning, part.values[0] if part.values else None, last, first, negated=part.negation is not None
        )
        if equals:
            found = found._replace(values=values_of(meaning.reader, self.family), fixed=value)
        module.options.append(found)
        module.last = last.at

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
        if not found and len(name) > 3:
            implied = MATCHES.get(OF_PROTOCOL.get(self._number_of_protocol() or -1, ""), {})
            spellings = {meaning: spelling for spelling, meaning in implied.items() if spelling.startswith(name)}
            if len(spellings) == 1:
                return self._abbreviated(next(iter(spellings.values())))
        return found[0] if len({meaning for _, meaning in found}) == 1 else (None, None)

    def _stray(self, part: Stray) -> None:
        if not self.loaded or self.loaded[-1].known:
            text = f"found `! {self.texts[part.value.at]}`, expected an option behind `!`"
            raise Refusal(part.negation.at, part.value.at, text)
        self.loaded[-1].options.append(_raw("!", part.negation, part.value, negated=True))
        self.loaded[-1].last = part.value.at

    def _no_negation(self, part: Valued, option: str) -> None:
        slot = part.negation or part.inner
        if slot is not None:
            raise Refusal(slot.at, slot.at, f"`!` is not allowed with `{option}`")


def _raw(name: str, first: Slot, last: Slot, *, negated: bool) -> OptionPlan:
    """An option of a module that we do not know: its text is its value."""
    return OptionPlan(name, RAW, first.at, last.at, False, negated, first.at, last.at)


def unquoted(text: str, slot: Slot) -> str:
    """The word that a token stands for."""
    return unquote(text) if slot.name == "QUOTED" else text


def unquote(text: str) -> str:
    """A quoted word without its quotes; a backslash makes the next character ordinary."""
    if text[:1] != '"':
        return text
    body = text[1:-1]
    if "\\" not in body:
        return body
    characters = iter(body)
    return "".join(next(characters, "") if character == "\\" else character for character in characters)
