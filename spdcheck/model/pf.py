"""Rulesets of pf: what a pf.conf says after macros, lists and defaults are expanded.

Every rule stands for exactly one rule of the kernel, except that names of interfaces, groups and hosts are still names
(:class:`Named`): which addresses they have is known only when the host is known. ``spdcheck.semantics.pf`` puts the
addresses in.

Rules of one list are in the order in which the kernel looks at them. Old rulesets have five lists (scrub, nat, rdr,
binat and filter); modern ones have the filter list only.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.pf_conditions import Condition, Literal, Named, PfAddress
    from spdcheck.source import Span


# Effects


class Pool(NamedTuple):
    """The addresses that a translation or route chooses from, with the ports.

    ``first_port`` and ``last_port`` are 0 where the port stays. ``how`` is how one is chosen: ``""`` for a single
    address, ``round-robin``, ``random``, ``source-hash …``, ``bitmask`` (the host part stays), ``least-states``.
    ``options`` are kept as text (``sticky-address``, ``map-e-portset 6/8/52``); ``weights`` belong to the addresses.
    """

    addresses: tuple[PfAddress, ...]
    first_port: int = 0
    last_port: int = 0
    how: str = ""
    options: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    interfaces: tuple[str, ...] = ()


class AfTo(NamedTuple):
    """``af-to``: the packet becomes one of the other family, from one pool and (if given) to another."""

    family: int
    source: Pool
    destination: Pool | None


class PfRoute(NamedTuple):
    """``route-to``, ``reply-to``, ``dup-to`` or ``fastroute`` with the pool of next hops."""

    kind: str
    pool: Pool


class StateKeeping(NamedTuple):
    """``keep``, ``modulate`` or ``synproxy state``; ``options`` as text in pf's order.

    ``if_bound`` states match on the interface that made them only. ``implied`` marks that no line says so.
    """

    kind: str = "keep"
    if_bound: bool = False
    options: tuple[str, ...] = ()
    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PfRule:
    """A filter rule. ``action`` is ``pass``, ``block`` or ``match``.

    ``answer`` says how a block answers: ``drop``, ``return``, ``return-rst``, ``return-icmp(…)``. ``state`` is None for
    ``no state``. ``nat`` and ``rdr`` are the modern translations, ``static_port`` in ``nat.options``. ``kept`` are
    options without effect on the model, as text (``queue``, ``set prio``, ``label`` …).
    """

    action: str
    condition: Condition
    origin: Span
    answer: str = ""
    log: str = ""
    quick: bool = False
    state: StateKeeping | None = None
    nat: Pool | None = None
    rdr: Pool | None = None
    af_to: AfTo | None = None
    route: PfRoute | None = None
    divert: str = ""
    scrub: tuple[str, ...] = ()
    tag: str = ""
    labels: tuple[str, ...] = ()
    allow_opts: bool = False
    once: bool = False
    rtable: int | None = None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """An old ``nat``, ``rdr`` or ``binat`` rule; without a pool it is a ``no nat`` (the packet stays as it is).

    ``passes`` (``nat pass``) lets the packet through without asking the filter rules.
    """

    kind: str
    condition: Condition
    origin: Span
    pool: Pool | None = None
    passes: bool = False
    log: str = ""
    tag: str = ""
    rtable: int | None = None

    @property
    def exempts(self) -> bool:
        """``no nat``, ``no rdr`` or ``no binat``."""
        return self.pool is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubRule:
    """An old ``scrub`` rule, or ``no scrub``."""

    condition: Condition
    origin: Span
    exempts: bool = False
    log: str = ""
    options: tuple[str, ...] = ()
    rtable: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorCall:
    """A rule that evaluates the ruleset of an anchor for the packets of its condition.

    ``kind`` is ``anchor``, ``nat-anchor``, ``rdr-anchor``, ``binat-anchor`` …; ``name`` is empty for a nameless inline
    anchor. ``body`` are the rules written inline; None where the rules come from elsewhere: from ``load anchor``, or
    at run time.
    """

    kind: str
    name: str
    condition: Condition
    origin: Span
    quick: bool = False
    body: tuple[FilterEntry, ...] | None = None
    labels: tuple[str, ...] = ()
    tag: str = ""
    kept: tuple[str, ...] = ()


FilterEntry: TypeAlias = "PfRule | AnchorCall"
TranslationEntry: TypeAlias = "Translation | AnchorCall"
ScrubEntry: TypeAlias = "ScrubRule | AnchorCall"


class TableEntry(NamedTuple):
    """An address of a table; negated ones are holes. The longest prefix that matches decides."""

    address: Literal | Named
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table. ``entries`` is what the file gives it; ``files`` are the files that the entries partly come from.

    ``unknown`` says why its content is not known: it is filled at run time, or a file can't be read.
    """

    name: str
    origin: Span
    flags: tuple[str, ...] = ()
    entries: tuple[TableEntry, ...] = ()
    given: bool = False
    files: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A ``set`` option or a queue definition, kept as pf prints it."""

    text: str
    origin: Span


class Refusal(NamedTuple):
    """A message of pfctl that makes it refuse the whole ruleset: ``file:line: message``."""

    span: Span
    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PfRuleset:
    """A main ruleset or the content of a loaded anchor.

    ``skip`` are the interfaces and groups of ``set skip on``. ``loaded`` are the anchors that ``load anchor`` fills, by
    path. A ruleset with ``refusals`` is not loaded at all: the host keeps what it had.
    """

    origin: Span
    dialect: str
    modern: bool
    rules: tuple[FilterEntry, ...] = ()
    nat: tuple[TranslationEntry, ...] = ()
    rdr: tuple[TranslationEntry, ...] = ()
    binat: tuple[TranslationEntry, ...] = ()
    scrub: tuple[ScrubEntry, ...] = ()
    tables: tuple[Table, ...] = ()
    skip: tuple[str, ...] = ()
    reassemble: bool = True
    settings: tuple[Setting, ...] = ()
    queues: tuple[Setting, ...] = ()
    loaded: tuple[tuple[str, PfRuleset], ...] = ()
    macros: tuple[tuple[str, str], ...] = ()
    refusals: tuple[Refusal, ...] = field(default=())

    @property
    def kind(self) -> str:
        """``pf``."""
        return "pf"

    def table(self, name: str) -> Table | None:
        """The table of this name, or None."""
        return next((table for table in self.tables if table.name == name), None)
