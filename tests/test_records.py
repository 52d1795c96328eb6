"""The fast decorator and the fast tuples are what the standard library makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import pytest

from spdcheck import records


def made(decorator: Any) -> tuple[type, type, type, type]:
    @decorator(frozen=True, slots=True)
    class Point:
        """A point."""

        x: int
        y: int = 0
        tags: tuple[str, ...] = ()
        hidden: list[int] = field(default_factory=list, repr=False, compare=False)

        @property
        def sum(self) -> int:
            return self.x + self.y

    @decorator(frozen=True, slots=True, kw_only=True)
    class Named(Point):
        """A point with a name."""

        name: str
        seen: dict[str, int] = field(default_factory=dict, init=False, compare=False)
        kind: str = field(default="plain", init=False)

        def __repr__(self) -> str:
            return f"<{self.name}>"

    @decorator(frozen=True, slots=True, eq=False)
    class Thing:
        """Equal to itself only."""

        x: int = 1

        def __post_init__(self) -> None:
            object.__setattr__(self, "x", self.x + 1)

    @decorator(frozen=True, slots=True)
    class Nothing:
        """No fields."""

    return Point, Named, Thing, Nothing


OURS = made(records.dataclass)
THEIRS = made(dataclasses.dataclass)


@pytest.mark.parametrize(
    ("which", "positional", "named"),
    [
        (0, (1,), {}),
        (0, (1, 2, ("a",)), {}),
        (0, (), {"x": 1, "hidden": [1]}),
        (1, (1,), {"name": "n"}),
        (1, (1, 2), {"name": "m", "tags": ("t",)}),
        (2, (), {}),
        (3, (), {}),
    ],
)
def test_the_same_values(which: int, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = OURS[which](*positional, **named), THEIRS[which](*positional, **named)
    assert repr(ours) == repr(theirs)
    for name in (f.name for f in dataclasses.fields(ours)):
        assert getattr(ours, name) == getattr(theirs, name)
    assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(theirs)]
    assert OURS[which].__match_args__ == THEIRS[which].__match_args__  # type: ignore[attr-defined]
    assert not hasattr(ours, "__dict__")
    again = OURS[which](*positional, **named)
    assert (ours == again) is (theirs == THEIRS[which](*positional, **named))
    assert (hash(ours) == hash(again)) is (which != 2)
    if which != 2:
        assert copy.copy(ours) == ours == copy.deepcopy(ours)
    assert dataclasses.replace(ours) == ours or which == 2


def test_what_counts_is_compared() -> None:
    point, named, *_ = OURS
    assert point(1, 2) != point(1, 3)
    assert point(1, hidden=[1]) == point(1, hidden=[2])
    assert point(1) != named(1, name="n")
    assert named(1, name="n") != named(1, name="m")
    assert len({point(1), point(1), point(2)}) == 2
    assert dataclasses.replace(point(1, 2), y=5) == point(1, 5)


def test_replaced() -> None:
    kept = Kept(1, (2,))
    assert records.replace(kept, y=()) == Kept(1)
    assert records.replace(kept) == kept
    thing = OURS[2]()
    assert records.replace(thing, x=5).x == dataclasses.replace(thing, x=5).x
    open_one = THEIRS[0](1)
    assert records.replace(open_one, y=2) == THEIRS[0](1, 2)
    named = OURS[1](1, name="n")
    assert records.replace(named, name="m") == dataclasses.replace(named, name="m")
    with pytest.raises(TypeError):
        records.replace(kept, z=1)


def test_nothing_is_assigned() -> None:
    point = OURS[0](1)
    changes: list[Any] = [lambda: setattr(point, "x", 2), lambda: setattr(point, "z", 2), lambda: delattr(point, "x")]
    for change in changes:
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert point.x == 1


@pytest.mark.parametrize("call", [lambda c: c(), lambda c: c(1, 2, 3, 4, 5), lambda c: c(1, z=2), lambda c: c(1, x=1)])
def test_the_same_mistakes(call: Any) -> None:
    texts = []
    for point in (OURS[0], THEIRS[0]):
        with pytest.raises(TypeError) as told:
            call(point)
        texts.append(str(told.value))
    assert texts[0] == texts[1]


@records.dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, as pickle wants it."""

    x: int
    y: tuple[int, ...] = ()


def test_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(1, (2,)))) == Kept(1, (2,))


def test_of_dataclasses_the_library_is_told_what_it_asks() -> None:
    for ours, theirs in zip(OURS, THEIRS, strict=True):
        assert dataclasses.is_dataclass(ours)
        named = [(f.name, f.type, f.default, f.init, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(ours)]
        assert named == [
            (f.name, f.type, f.default, f.init, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(theirs)
        ]
    assert dataclasses.asdict(OURS[0](1, 2)) == dataclasses.asdict(THEIRS[0](1, 2))


def test_the_first_instances_are_as_the_later_ones() -> None:
    point = made(records.dataclass)[0]
    several = [point(1, tags=("a",)) for _ in range(3 * records.FEW)]
    assert len(set(several)) == 1
    assert [one.hidden for one in several] == [[] for _ in several]
    assert len({id(one.hidden) for one in several}) == len(several)


def test_others_may_be_changed() -> None:
    @records.dataclass(slots=True)
    class Open:
        """May be changed."""

        x: int = 0
        seen: list[int] = field(default_factory=list)

    for _ in range(2 * records.FEW):
        it = Open()
        it.x = 3
        it.seen.append(1)
        assert it == Open(3, [1])
        assert not hasattr(it, "__dict__")
    with pytest.raises(TypeError, match="unhashable"):
        hash(it)
