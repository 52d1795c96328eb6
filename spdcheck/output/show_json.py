"""The model as JSON: the values of ``spdcheck.model`` under their own names, each with its place.

A place is ``{"path", "line", "column"}``, an address range its text, a key the number of its bits. The SPD is given
by direction, in the order in which the host's kernel asks it. Text of files is never part of it.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from spdcheck.model.addresses import AddressRange
from spdcheck.model.policy import Direction, Spd
from spdcheck.model.secret import Secret
from spdcheck.model.selector import PortRange
from spdcheck.output.json import SCHEMA, dump, relative
from spdcheck.semantics.spd_order import asked_order
from spdcheck.source import SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.host import Host, Site


def render(sites: Iterable[Site]) -> str:
    """The sites as one document."""
    return dump({"schema": SCHEMA, "sites": [_site(site) for site in sites]})


def _site(site: Site) -> dict[str, Any]:
    return {
        "name": site.name,
        "hosts": [_host(host) for host in site.hosts],
        "intents": value(site.intents),
        "select": list(site.select),
        "ignore": list(site.ignore),
        "fail_on": site.fail_on,
    }


def _host(host: Host) -> dict[str, Any]:
    spd = {direction.value: value(asked_order(host, direction)) for direction in Direction if host.spd.of(direction)}
    return {
        item.name: spd if item.name == "spd" else value(getattr(host, item.name))
        for item in fields(host)
        if item.name != "diagnostics"
    }


def value(item: object) -> Any:
    """Any value of the model as plain JSON."""
    match item:
        case None | bool() | int() | str():
            return item
        case AddressRange() | PortRange():
            return str(item)
        case Secret():
            return {"bits": item.bits}
        case SourceFile():
            return relative(item.path)
        case Span():
            return {"path": relative(item.file.path), "line": item.begin.line, "column": item.begin.column}
        case Enum():
            return item.value
        case Spd():
            return value(item.policies)
        case dict():
            return {str(key): value(inner) for key, inner in item.items()}
        case frozenset():
            return sorted(value(inner) for inner in item)
    names = getattr(item, "_fields", None)
    if names is None and is_dataclass(item):
        names = [field.name for field in fields(item) if not field.name.startswith("_")]
    if names is not None:
        return {name: value(getattr(item, name)) for name in names}
    if isinstance(item, (tuple, list)):
        return [value(inner) for inner in item]
    message = f"the model has no JSON for {type(item).__name__}"
    raise TypeError(message)
