"""A directory while its files are read: what each of them adds to the model."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.memo import Memo
from spdcheck.formats.shorewall.plans import Plans
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Container

    from spdcheck.model.shorewall import (
        ActionBody,
        BlacklistEntry,
        HostEntry,
        InterfaceEntry,
        KeptEntry,
        MacEntry,
        Macro,
        NetmapEntry,
        OneToOne,
        PlainEntry,
        PolicyEntry,
        ProxyArpEntry,
        RouteStoppedEntry,
        RuleEntry,
        SourceNat,
        TunnelEntry,
        Zone,
    )
    from spdcheck.model.shorewall_columns import Option
    from spdcheck.source import Span


@dataclass(slots=True)
class Draft:
    """Lists that the files fill, and ``declared``: the actions of the file actions with their options and places.

    ``open_zones`` and ``open_interfaces``: nobody knows which there are, since their file is not at hand.
    """

    firewall: str = "fw"
    open_zones: bool = False
    open_interfaces: bool = False
    memo: Memo = field(default_factory=Memo)
    plans: Plans = field(default_factory=Plans)
    zones: dict[str, Zone] = field(default_factory=dict)
    interfaces: dict[str, InterfaceEntry] = field(default_factory=dict)
    hosts: list[HostEntry] = field(default_factory=list)
    tunnels: list[TunnelEntry] = field(default_factory=list)
    policies: list[PolicyEntry] = field(default_factory=list)
    rules: list[RuleEntry] = field(default_factory=list)
    blrules: list[RuleEntry] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    actions: dict[tuple[str, tuple[str, ...]], ActionBody] = field(default_factory=dict)
    declared: dict[str, tuple[tuple[Option, ...], Span]] = field(default_factory=dict)
    snat: list[SourceNat] = field(default_factory=list)
    nat: list[OneToOne] = field(default_factory=list)
    netmap: list[NetmapEntry] = field(default_factory=list)
    proxyarp: list[ProxyArpEntry] = field(default_factory=list)
    routestopped: list[RouteStoppedEntry] = field(default_factory=list)
    stoppedrules: list[PlainEntry] = field(default_factory=list)
    blacklist: list[BlacklistEntry] = field(default_factory=list)
    conntrack: list[PlainEntry] = field(default_factory=list)
    mangle: list[PlainEntry] = field(default_factory=list)
    maclist: list[MacEntry] = field(default_factory=list)
    kept: list[KeptEntry] = field(default_factory=list)

    _known: frozenset[str] = frozenset()

    def known_zones(self) -> Container[str]:
        """All names of zones, the firewall's among them."""
        if self.open_zones:
            return _Anything()
        if len(self._known) < len(self.zones) or self.firewall not in self._known:
            self._known = frozenset(self.zones) | {self.firewall}
        return self._known


class _Anything:
    """Holds every name."""

    def __contains__(self, _: object) -> bool:
        return True
