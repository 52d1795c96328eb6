"""What a Shorewall directory says about its host besides the filter: interfaces, forwarding, whether it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Flag, Interface, Service

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.model.shorewall import Shorewall


def facts_of(desk: Desk, shorewall: Shorewall) -> None:
    """Adds them to the facts."""
    facts = desk.facts
    for entry in shorewall.interfaces:
        name = entry.physical
        if name.endswith("+") or entry.port:
            continue
        dynamic = any(option.name in ("dhcp", "optional") for option in entry.options)
        facts.interfaces.append(
            Interface(name, dynamic=dynamic, origin=entry.origin, inferred="Shorewall's interfaces names it")
        )
    setting = shorewall.settings.get("IP_FORWARDING")
    if setting is not None and setting.value.lower() in ("on", "yes", "off", "no"):
        facts.forwarding[shorewall.family] = Flag(setting.value.lower() in ("on", "yes"), setting.origin)
    started = shorewall.settings.get("STARTUP_ENABLED")
    if started is not None:
        product = "shorewall6" if shorewall.family == 6 else "shorewall"
        facts.services.append(
            Service(product, started.value.lower() == "yes", shorewall.folder or None, started.origin)
        )
