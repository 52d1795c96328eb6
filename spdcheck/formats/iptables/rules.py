"""One rule: its plan (:mod:`spdcheck.formats.iptables.planned`) filled with the values of its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.iptables.drafts import unquote
from spdcheck.formats.iptables.numbers import BadWord
from spdcheck.formats.iptables.planned import OptionPlan, Refusal
from spdcheck.formats.iptables.plans import plans
from spdcheck.formats.iptables.syntax import Stray
from spdcheck.formats.iptables.values import RAW, values_of
from spdcheck.model.netfilter import Match, NetfilterRule, Option, Target, Translation
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.iptables.syntax import Part, Rule
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shapes import Slot
    from spdcheck.model.netfilter import Value
    from spdcheck.source import SourceFile

_INWARD = ("INPUT", "PREROUTING")
_ONE_WAY = frozenset({*_INWARD, "OUTPUT", "POSTROUTING"})
_make = tuple.__new__
"""Makes a named tuple without the call of its own constructor, which costs more than the tuple."""


class Refused(Exception):  # noqa: N818 (it is caught where the rule is read, and never leaves)
    """iptables-restore refuses the rule: where, and why."""

    def __init__(self, span: Span, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.span, self.message, self.mend = span, message, mend


class RuleReader:
    """Reads the rules of one file for one family."""

    def __init__(self, file: SourceFile, family: int) -> None:
        self.file, self.family, self.plans = file, family, plans(family)
        self._addresses = values_of("addresses", family)

    def rule(self, line: Rule, tokens: Tokens, start: int, end: int, chain: str = "") -> NetfilterRule | None:
        """The rule of a chain; None where it is only for the other family. Raises :class:`Refused`."""
        try:
            plan = self.plans.find(line, tokens.texts)
        except Refusal as refusal:
            raise Refused(self._span(tokens, refusal.first, refusal.last), refusal.message, refusal.mend) from None
        if not plan.ours:
            return None
        if chain in _ONE_WAY:
            at, option = (plan.leaves, "-o") if chain in _INWARD else (plan.arrives, "-i")
            if at >= 0:
                raise Refused(self._span(tokens, at, at), f"`{option}` can't be used in {chain}")
        file, texts = self.file, tokens.texts
        starts, ends = tokens.places()
        matches = [
            _make(Match, (module, self._filled(options, texts, starts, ends),
                          _make(Span, (file, starts[first], ends[last])), known))
            for module, known, first, last, options in plan.matches
        ]  # fmt: skip
        if plan.has_policy:
            for match in matches:
                _tunnelled(match)
        target = None
        if plan.target is not None:
            name, quoted, goto, first, last, options, ports = plan.target
            text = unquote(texts[name]) if quoted else texts[name]
            filled = self._filled(options, texts, starts, ends) if options else ()
            if filled and not ports and isinstance(filled[0].value, Translation) and filled[0].value.ports is not None:
                message = f"{text} with ports needs `-p tcp`, `-p udp`, `-p sctp` or `-p dccp`"
                raise Refused(filled[0].origin, message)
            target = _make(Target, (text, filled, _make(Span, (file, starts[first], ends[last])), goto))
        return _make(NetfilterRule, (tuple(matches), target, _make(Span, (file, start, end))))

    def _filled(
        self, options: tuple[OptionPlan, ...], texts: Sequence[str], starts: Sequence[int], ends: Sequence[int]
    ) -> tuple[Option, ...]:
        file = self.file
        found = []
        for option in options:
            name, values, at, second, quoted, negated, first, last, fixed = option
            value: Value = None
            if values is not None:
                if second < 0 and not quoted and not fixed:
                    text = texts[at]
                elif values is RAW:
                    text = file.text[starts[first] : ends[last]]
                else:
                    text = fixed or self._words(option, texts)
                try:
                    value = values[text]
                except BadWord as bad:
                    raise Refused(Span(file, starts[last], ends[last]), str(bad)) from None
                if negated and values is self._addresses and isinstance(value, tuple) and len(value) > 1:
                    message = "`!` is not allowed with several addresses"
                    raise Refused(Span(file, starts[first], ends[last]), message)
            found.append(_make(Option, (name, value, negated, _make(Span, (file, starts[first], ends[last])))))
        return tuple(found)

    def _words(self, option: OptionPlan, texts: Sequence[str]) -> str:
        """The words of an option that has two of them, or quoted ones, joined by a blank."""
        places = (option.at,) if option.second < 0 else (option.at, option.second)
        return " ".join(unquote(texts[at]) for at in places)

    def parts(self, parts: tuple[Part, ...], tokens: Tokens) -> None:
        """Refuses options where none can be."""
        for part in parts:
            slot: Slot = part.negation if isinstance(part, Stray) else part.option
            message = f"`{tokens.texts[slot.at]}` does not belong to this command"
            raise Refused(self._span(tokens, slot.at, slot.at), message)

    def _span(self, tokens: Tokens, first: int, last: int) -> Span:
        return Span(self.file, tokens.start(first), tokens.end(last))


def _tunnelled(match: Match) -> None:
    """The policy match asks for end points in tunnel mode only."""
    if match.module != "policy":
        return
    ends = next((option for option in match.options if option.name in ("tunnel-src", "tunnel-dst")), None)
    if ends is not None and not any(option[:3] == ("mode", "tunnel", False) for option in match.options):
        raise Refused(ends.origin, f"`--{ends.name}` is only valid with `--mode tunnel`")
