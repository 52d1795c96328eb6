"""The syntax of columns and of ``?IF`` expressions: one value for each rule of the grammars, named like it."""

from __future__ import annotations

from spdcheck.formats.shapes import Slot, nodes_of
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass


class Slash(NamedTuple):
    """``/ACCEPT``, the old way to give a macro its parameter."""

    name: Slot
    parentheses: Slot | None


class Group(NamedTuple):
    """``(parameters)``, with ``+`` or ``!`` behind it."""

    parentheses: Slot
    suffix: Slot | None


class Level(NamedTuple):
    """What stands behind a colon of an action; empty where nothing does."""

    parts: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """An ACTION column."""

    name: Slot
    suffix: Slot | None
    group: Group | None
    slash: Slash | None
    angles: Slot | None
    levels: tuple[Level, ...]


class Item(NamedTuple):
    """One word of a list, with the brackets that belong to it."""

    parts: tuple[Slot, ...]


class Exclusion(NamedTuple):
    """``!a,b``."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What stands between two colons of a SOURCE or DEST: a list, an exclusion, both or nothing."""

    items: tuple[Item, ...] | None
    exclusion: Exclusion | None


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A SOURCE or DEST column."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """A column of zones."""

    items: tuple[Item, ...]
    exclusion: Exclusion | None


@dataclass(frozen=True, slots=True, eq=False)
class Addresses:
    """A list of addresses with its exclusion."""

    items: tuple[Item, ...] | None
    exclusion: Exclusion | None


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """``!a,b`` of ports or protocols."""

    negation: Slot | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """``name``, ``name=value`` or ``name!=value``."""

    name: Slot
    equals: Slot | None
    value: Item | None


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """A list of options."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """A RATE column."""

    per: Slot | None
    table: Slot | None
    amount: Slot
    burst: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A MARK column."""

    negation: Slot | None
    value: Slot
    mask: Slot | None
    connection: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class Connlimit:
    """A CONNLIMIT column."""

    side: Slot | None
    negation: Slot | None
    limit: Slot
    prefix: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """A USER column."""

    negation: Slot | None
    user: Slot | None
    group: Slot | None


def _item(*parts: Slot) -> Item:
    return Item(parts)


def _level(*parts: Slot) -> Level:
    return Level(parts)


def _exclusion(items: tuple[Item, ...]) -> Exclusion:
    return Exclusion(items)


def _place(*parts: Part) -> Place:
    return Place(parts)


def _listed(negation: Slot | None, *items: Item) -> Listed:
    return Listed(negation, items)


def _options(*options: Option) -> Options:
    return Options(options)


NODES = nodes_of(
    (Slash, Group, Action, Part, Zones, Addresses, Option, Rate, Mark, Connlimit, User),
    lists=("levels", "items", "elements"),
) | {
    "level": _level,
    "item": _item,
    "element": _item,
    "port": _item,
    "protocol": _item,
    "value": _item,
    "exclusion": _exclusion,
    "without": _exclusion,
    "place": _place,
    "ports": _listed,
    "protocols": _listed,
    "options": _options,
}  # fmt: skip """What makes each rule's value."""
