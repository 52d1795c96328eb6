"""Port numbers of service names, frozen (``getservbyname`` differs from machine to machine)."""

from __future__ import annotations

import json
from functools import cache

from spdcheck.resources import table


@cache
def _table(name: str = "services.json") -> dict[str, dict[str, int]]:
    loaded: dict[str, dict[str, int]] = json.loads(table(name).read_text(encoding="utf-8"))
    return loaded


def service_port(name: str, protocol: str | None = None) -> int | None:
    """The port of a service, for ``tcp``, ``udp`` or either (None); None where the name is not known."""
    services = _table()
    if protocol is not None:
        return services.get(protocol, {}).get(name)
    for known in services.values():
        if name in known:
            return known[name]
    return None


def bsd_service_port(name: str, protocol: str) -> int | None:
    """The port of a service in the ``/etc/services`` of the BSDs, which know names that others lack.

    ``spamd`` is another program there, with another port. What only the others know counts too: an administrator may
    have added it.
    """
    services = _table("services-bsd.json")
    if any(name in known for known in services.values()):
        return services[protocol].get(name)
    return service_port(name, protocol)


def service_name(port: int, protocol: str) -> str | None:
    """The usual name of a port, or None."""
    for name, number in _table().get(protocol, {}).items():
        if number == port:
            return name
    return None
