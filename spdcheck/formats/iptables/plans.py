"""The plans of rules, each worked out once.

How a rule is built depends on the options, the modules' names, the protocol and the target only; addresses and ports
are values. So the rules of a file have a few dozen plans (:mod:`spdcheck.formats.iptables.planned`).
"""

from __future__ import annotations

from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING

from spdcheck.formats.iptables.drafts import Draft
from spdcheck.formats.iptables.modules import BUILT_IN, TARGETS
from spdcheck.formats.iptables.syntax import Rule, Valued
from spdcheck.formats.shapes import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spdcheck.formats.iptables.planned import RulePlan

_DECIDING = ("match", "protocol")
MAX_PLANS = 4096
"""So many plans are remembered; a file with more of them starts the memory anew."""


class Plans:
    """The plans of one family's rules, by shape, options and the words that decide."""

    def __init__(self, family: int) -> None:
        self.family = family
        self._shapes: dict[Rule, _Shape] = {}
        self._count = 0

    def find(self, line: Rule, texts: Sequence[str]) -> RulePlan:
        """The plan of a rule. Raises :class:`Refusal`."""
        shape = self._shapes.get(line)
        if shape is None:
            shape = self._shapes[line] = _Shape(line)
        options = shape.options(texts)
        chosen = shape.known.get(options)
        if chosen is None:
            chosen = shape.known[options] = _Chosen(line, texts)
        target = texts[chosen.target]
        words = (chosen.words(texts), target if target in TARGETS else "")
        plan = chosen.plans.get(words)
        if plan is None:
            plan = Draft(self.family, texts).plan(line)
            self._count += 1
            if self._count > MAX_PLANS:
                self._shapes.clear()
                self._count = 0
            chosen.plans[words] = plan
        return plan


class _Shape:
    """One sequence of token types: where its options stand, and which options were met there."""

    __slots__ = ("known", "options")

    def __init__(self, line: Rule) -> None:
        places = [slot.at for part in line.parts for slot in part
                  if isinstance(slot, Slot) and slot.name not in ("WORD", "QUOTED")]  # fmt: skip
        self.options: Callable[[Sequence[str]], object] = _picker(sorted(places))
        self.known: dict[object, _Chosen] = {}


class _Chosen:
    """The same with the options known: where the names of modules, protocols and the target stand."""

    __slots__ = ("plans", "target", "words")

    def __init__(self, line: Rule, texts: Sequence[str]) -> None:
        places: list[int] = []
        # Without a target the verb stands for it, which is none.
        self.target = line.verb.at
        for part in line.parts:
            own = BUILT_IN.get(texts[part.option.at]) if isinstance(part, Valued) else None
            if own is None or not isinstance(part, Valued):
                continue
            if own.name in _DECIDING:
                places.append(part.value.at)
            elif own.name in ("jump", "goto"):
                self.target = part.value.at
        self.words = _picker(places)
        self.plans: dict[tuple[object, str], RulePlan] = {}


def _nothing(texts: Sequence[str]) -> object:
    del texts
    return None


def _picker(places: list[int]) -> Callable[[Sequence[str]], object]:
    """Picks the texts at some places, as something that a dictionary can look up."""
    return itemgetter(*places) if places else _nothing


@cache
def plans(family: int) -> Plans:
    """The plans of a family's rules, shared by all files of a process."""
    return Plans(family)
