"""How a rule is built, as values: which option belongs to which module, and where its words stand among the tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.iptables.values import Values


class Refusal(Exception):  # noqa: N818 (it is told where the rule is read, and never leaves)
    """iptables-restore refuses the rule: the first and the last token that it is about, and why."""

    def __init__(self, first: int, last: int, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.first, self.last, self.message, self.mend = first, last, message, mend


class OptionPlan(NamedTuple):
    """One option: what reads its value (None for a flag), the tokens of the value and of the whole.

    ``second`` is the second word of an option that takes two, -1 otherwise; ``quoted`` says that quotes must go.
    ``fixed`` is the value where the option is written together with it (``--dport=80``).
    """

    name: str
    values: Values | None
    at: int
    second: int
    quoted: bool
    negated: bool
    first: int
    last: int
    fixed: str = ""


class MatchPlan(NamedTuple):
    """One match: module, whether we know it, the tokens from its ``-m`` (or ``-p``) to its last option."""

    module: str
    known: bool
    first: int
    last: int
    options: tuple[OptionPlan, ...]


class TargetPlan(NamedTuple):
    """The target: the token of its name, and its options; ``ports`` says that it can translate ports."""

    name: int
    quoted: bool
    goto: bool
    first: int
    last: int
    options: tuple[OptionPlan, ...]
    ports: bool = False


class RulePlan(NamedTuple):
    """A whole rule; ``ours`` is False for one that is only for the other family.

    ``arrives`` and ``leaves`` are the tokens that begin ``-i`` and ``-o``, -1 where there are none.
    ``has_policy`` says that it asks for IPsec.
    """

    matches: tuple[MatchPlan, ...]
    target: TargetPlan | None
    ours: bool = True
    arrives: int = -1
    leaves: int = -1
    has_policy: bool = False
