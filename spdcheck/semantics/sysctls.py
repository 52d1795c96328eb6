"""The switches of Linux's interfaces (``net.ipv4.conf.IF.NAME``): which value is in force for one of them.

A value of its own, else what a pattern (``net.ipv4.conf.*.NAME``, sysctl.d(5)) says, else that of ``default``, which an
interface gets when it appears. What ``all`` means depends on the switch (Documentation/networking/ip-sysctl): the
larger one of both for ``rp_filter``, either of both for the others.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.source import Span

SCOPE = "net.ipv4.conf."


def switched_on(host: Host, interface: str, name: str) -> Span | None:
    """The place that sets a switch for an interface or for all of them."""
    return next((place for value, place in values(host, interface, name) if value), None)


def values(host: Host, interface: str, name: str) -> Iterator[tuple[int, Span]]:
    """The value for the interface and that for all of them, where anything is said."""
    for scope in (interface, "all"):
        found = _of(host, scope, name)
        if found is not None:
            yield found


def own_value(host: Host, interface: str, name: str) -> tuple[int, Span] | None:
    """The value that a line gives to an interface, by name or by pattern."""
    return _of(host, interface, name, inherits=False)


def _of(host: Host, scope: str, name: str, *, inherits: bool = True) -> tuple[int, Span] | None:
    settings = host.settings
    key = f"{SCOPE}{scope}.{name}"
    found = settings.get(key)
    if found is None and f"-{key}" not in settings:
        found = next(
            (value for pattern, value in settings.items() if "*" in pattern and fnmatchcase(key, pattern)), None
        )
    if found is None and inherits and scope not in ("all", "lo"):
        found = settings.get(f"{SCOPE}default.{name}")
    if found is None:
        return None
    try:
        return int(found[0], 0), found[1]
    except ValueError:
        return None
