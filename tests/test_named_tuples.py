"""The fast tuples are what the standard library makes."""

from __future__ import annotations

import copy
import pickle
import typing
from typing import Any

import pytest

from spdcheck import named_tuples


def made(base: Any) -> type:
    class Point(base):  # type: ignore[misc]
        """A point."""

        x: int
        y: int = 0
        tags: tuple[str, ...] = ()

        @property
        def sum(self) -> int:
            return self.x + self.y

        def __str__(self) -> str:
            return f"<{self.x}>"

    return Point


OURS: Any = made(named_tuples.NamedTuple)
THEIRS: Any = made(typing.NamedTuple)


@pytest.mark.parametrize(
    ("values", "named"),
    [((1,), {}), ((1, 2, ("a",)), {}), ((), {"x": 1, "tags": ()}), ((1,), {"y": 5}), ((1, 2), {"tags": ("b",)})],
)
@pytest.mark.parametrize("times", [1, 3 * named_tuples.FEW])
def test_the_same_values(values: tuple[Any, ...], named: dict[str, Any], times: int) -> None:
    kind: Any = made(named_tuples.NamedTuple)
    for _ in range(times):
        ours, theirs = kind(*values, **named), THEIRS(*values, **named)
        assert ours == theirs
        assert isinstance(ours, kind)
        assert (repr(ours), str(ours), hash(ours), ours.sum) == (repr(theirs), str(theirs), hash(theirs), theirs.sum)
        assert (ours.x, ours.y, ours.tags) == tuple(ours)
        assert ours._asdict() == theirs._asdict()
        assert ours._replace(y=7) == theirs._replace(y=7)
        assert copy.copy(ours) == ours == copy.deepcopy(ours)
        assert not hasattr(ours, "__dict__")


def test_the_class_says_the_same() -> None:
    for name in ("_fields", "_field_defaults", "__match_args__", "__doc__", "__slots__"):
        assert getattr(OURS, name) == getattr(THEIRS, name)
    assert OURS.__mro__[1:] == THEIRS.__mro__[1:] == (tuple, object)
    assert OURS._make([1, 2, ()]) == OURS(1, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c(),
        lambda c: c(1, 2, 3, 4),
        lambda c: c(1, z=2),
        lambda c: c(1, x=1),
        lambda c: c._make([1]),
        lambda c: c(1)._replace(z=1),
    ],
)
def test_the_same_mistakes(call: Any) -> None:
    texts = []
    for kind in (OURS, THEIRS):
        with pytest.raises((TypeError, ValueError)) as told:
            call(kind)
        texts.append(str(told.value).replace("made.<locals>.", ""))
    assert texts[0] == texts[1]


class Kept(named_tuples.NamedTuple):
    """At the top of a module, as pickle wants it."""

    x: int
    y: tuple[int, ...] = ()


def test_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(1, (2,)))) == Kept(1, (2,))
