"""Zones with their hosts, and interfaces with their options, as the compiler sees them.

A zone's hosts come from interfaces (all addresses, or ``nets=``) and from the file hosts. Each group is of one of two
kinds: what comes or leaves by IPsec, and the rest. As soon as any group is of the first kind, every rule asks which.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Network
from spdcheck.model.shorewall_columns import Address, AddressKind
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics.shorewall.matches import EVERYTHING, MULTICAST, address, parse_network, policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.shorewall import Shorewall, Zone
    from spdcheck.model.shorewall_columns import Option
    from spdcheck.semantics.shorewall.chains import Matches
    from spdcheck.source import Span


class Group(NamedTuple):
    """Hosts of a zone behind one interface: one line of hosts, or of interfaces."""

    interface: str
    nets: tuple[Address, ...]
    excluded: tuple[Address, ...]
    ipsec: bool
    options: dict[str, str]
    origin: Span

    @property
    def kind(self) -> str:
        """What ``--pol`` says about its packets."""
        return "ipsec" if self.ipsec else "none"


@dataclass(slots=True, eq=False)
class Interface:
    """An interface: its name in the files, the kernel's, what it is used for."""

    name: str
    physical: str
    bridge: str
    port: bool
    options: dict[str, str]
    sfilter: tuple[Address, ...]
    origin: Span
    zone: str = ""
    zones: dict[str, None] = field(default_factory=dict)
    nets: int = 0
    ports: int = 0
    with_options: set[str] = field(default_factory=set)

    def has(self, name: str) -> bool:
        """An option that is there and not switched off."""
        return name in self.options and self.options[name] != "0"


@dataclass(slots=True, eq=False)
class ZoneUse:
    """A zone with its hosts. ``above`` says that a zone for IPsec lies inside of it, although it is none itself."""

    name: str
    type: str
    parents: tuple[str, ...]
    entry: Zone | None
    origin: Span
    groups: list[Group] = field(default_factory=list)
    interfaces: dict[str, None] = field(default_factory=dict)
    complex: bool = False
    routeback: bool = False
    above: bool = False

    @property
    def is_firewall(self) -> bool:
        """The zone of this host itself."""
        return self.type == "firewall"

    @property
    def is_local(self) -> bool:
        """Part of this host: the firewall, or a vserver on it."""
        return self.type in ("firewall", "vserver")

    def sorted_groups(self) -> list[Group]:
        """Plain groups before those for IPsec."""
        return sorted(self.groups, key=lambda group: group.ipsec)

    def options(self, way: str) -> tuple[Option, ...]:
        """The options of the policy match in one direction (``in``, ``out``)."""
        if self.entry is None:
            return ()
        own = self.entry.in_options if way == "in" else self.entry.out_options
        return tuple(option for option in (*self.entry.options, *own) if option.name in POLICY_OPTIONS)

    def mss(self, column: str) -> int | None:
        """``mss=`` of OPTIONS, IN_OPTIONS or OUT_OPTIONS."""
        if self.entry is None:
            return None
        given = {"": self.entry.options, "in": self.entry.in_options, "out": self.entry.out_options}[column]
        return next((int(o.value) for o in given if o.name == "mss" and o.value and o.value.isdigit()), None)


POLICY_OPTIONS = frozenset({"reqid", "spi", "proto", "mode", "tunnel-src", "tunnel-dst", "strict", "next"})


class Layout:
    """All zones, interfaces and groups of one configuration."""

    def __init__(self, source: Shorewall) -> None:
        self.source, self.family = source, source.family
        self.firewall = source.firewall
        self.zones: dict[str, ZoneUse] = {}
        self.interfaces: dict[str, Interface] = {}
        for entry in source.zones:
            self._add_zone(entry)
        if self.firewall not in self.zones:
            self.zones[self.firewall] = ZoneUse(self.firewall, "firewall", (), None, source.origin)
        self._add_interfaces()
        self._add_hosts()
        self.ipsec = any(zone.type == "ipsec" for zone in self.zones.values()) or any(
            group.ipsec for zone in self.zones.values() for group in zone.groups
        )
        for zone in self.zones.values():
            zone.complex = zone.complex or len(zone.interfaces) > 1
        self.order = self._ordered()

    # Zones

    def _add_zone(self, entry: Zone) -> None:
        zone = ZoneUse(entry.name, entry.type, entry.parents, entry, entry.origin)
        options = (*entry.options, *entry.in_options, *entry.out_options)
        zone.complex = entry.type == "ipsec" or any(option.name in POLICY_OPTIONS for option in options)
        self.zones[entry.name] = zone
        if entry.type == "ipsec":
            for parent in entry.parents:
                self._mark_above(parent)

    def _mark_above(self, name: str) -> None:
        zone = self.zones.get(name)
        if zone is not None and zone.type != "ipsec" and not zone.above:
            zone.above = True
            for parent in zone.parents:
                self._mark_above(parent)

    def _ordered(self) -> list[str]:
        """Zones in the order of their file, but each behind those inside of it."""
        names = list(self.zones)
        if self.source.dialect == 2:
            return names
        children = {name: [z.name for z in self.zones.values() if name in z.parents] for name in names}
        done: dict[str, None] = {}
        while len(done) < len(names):
            ready = (n for n in names if n not in done and all(child in done for child in children[n]))
            done[next(ready, next(n for n in names if n not in done))] = None
        return list(done)

    def off_firewall(self) -> list[str]:
        """Zones that are not part of this host, in their order."""
        return [name for name in self.order if not self.zones[name].is_local]

    def without_parents(self) -> list[str]:
        """Those of them that lie in no other zone."""
        return [name for name in self.off_firewall() if not self.zones[name].parents]

    # Interfaces and hosts

    def _add_interfaces(self) -> None:
        for entry in self.source.interfaces:
            options = {option.name: option.value or "1" for option in entry.options}
            if any(option.name == "ignore" and option.value is None for option in entry.options):
                # Without a value it exempts from the hairpin filter too.
                options["ignore"] = "3"
            name = entry.port or entry.name
            sfilter = next((o for o in entry.options if o.name == "sfilter"), None)
            interface = Interface(
                name, entry.physical, entry.name, bool(entry.port), options,
                tuple(self._listed(sfilter)[0]) if sfilter is not None else (), entry.origin,
            )  # fmt: skip
            self.interfaces[name] = interface
            if entry.port and entry.name in self.interfaces:
                self.interfaces[entry.name].ports += 1
            if self.source.dialect == 5:
                options.setdefault("tcpflags", "1")
                if interface.has("bridge"):
                    options.setdefault("routeback", "1")
            if entry.zone is not None and entry.zone in self.zones:
                self._add_own_group(interface, entry.zone, entry.options)
        self.interfaces = self._ports_first()
        for interface in self.interfaces.values():
            if interface.has("bridge") and not interface.ports and self.source.dialect == 5:
                interface.options["routeback"] = "1"

    def _ports_first(self) -> dict[str, Interface]:
        """Ports come right before their bridge."""
        ordered: dict[str, Interface] = {}
        for name, interface in self.interfaces.items():
            if interface.port:
                continue
            ordered.update({n: p for n, p in self.interfaces.items() if p.port and p.bridge == name})
            ordered[name] = interface
        return ordered

    def _add_own_group(self, interface: Interface, zone: str, options: tuple[Option, ...]) -> None:
        shared = {name: interface.options[name] for name in HOST_OPTIONS if interface.has(name)}
        nets = next((option for option in options if option.name == "nets"), None)
        included, excluded = self._listed(nets) if nets is not None else ([], [])
        origin = interface.origin
        everything = [Address(AddressKind.NETWORK, EVERYTHING[self.family], "", origin)]
        ipsec = self.zones[zone].type == "ipsec"
        if nets is not None:
            shared["broadcast"] = "1"
        self._join(zone, interface.name, included or everything, excluded, shared, origin, ipsec=ipsec)
        if nets is not None and interface.zone != zone:
            groups = [Address(AddressKind.NETWORK, MULTICAST[self.family], "", origin)]
            self._join(zone, interface.name, groups, [], {"destonly": "1"}, origin, ipsec=ipsec)

    def _listed(self, option: Option) -> tuple[list[Address], list[Address]]:
        """The addresses of ``nets=(a,b!c)``."""
        included: list[Address] = []
        excluded: list[Address] = []
        into = included
        for text in option.values or ((option.value,) if option.value else ()):
            for number, part in enumerate(text.strip("()").split("!")):
                into = excluded if number else into
                for word in filter(None, re.sub(r"[\[\]<>]", "", part).split(",")):
                    net = parse_network(word)
                    kind = AddressKind.NETWORK if net is not None else AddressKind.SET
                    into.append(Address(kind, net, "" if net is not None else word.lstrip("+"), option.origin))
        return included, excluded

    def _add_hosts(self) -> None:
        for entry in self.source.hosts:
            zone = self.zones.get(entry.zone)
            name = self.known(entry.interface)
            if zone is None or name is None:
                continue
            options = {option.name: option.value or "1" for option in entry.options}
            ipsec = "ipsec" in options or zone.type == "ipsec"
            if "ipsec" in options or any(address.kind is AddressKind.SET for address in entry.hosts.included):
                zone.complex = True
            included = list(entry.hosts.included) or [
                Address(AddressKind.NETWORK, EVERYTHING[self.family], "", entry.origin)
            ]
            self._join(entry.zone, name, included, list(entry.hosts.excluded), options, entry.origin, ipsec=ipsec)

    def _join(
        self, name: str, interface: str, nets: list[Address], excluded: list[Address], options: dict[str, str],
        origin: Span, *, ipsec: bool,
    ) -> None:  # fmt: skip
        zone, device = self.zones[name], self.interfaces[interface]
        zone.interfaces[interface] = None
        device.zones[name] = None
        device.nets += len(nets) + len(excluded)
        own_kind = ipsec == (zone.type == "ipsec")
        if own_kind and nets and nets[0].value == EVERYTHING[self.family]:
            device.zone = name
            if not ipsec:
                device.options["allip"] = "1"
        if device.has("destonly"):
            options["destonly"] = "1"
        if "routeback" in options and options["routeback"] != "0":
            zone.routeback = True
            if not ipsec:
                device.options["routeback"] = "1"
        earlier = [g for g in zone.groups if g.interface == interface and g.ipsec == ipsec]
        if earlier or len(nets) > 1 or excluded or options.get("routeback", "0") != "0":
            zone.complex = True
        zone.groups.append(Group(interface, tuple(nets), tuple(excluded), ipsec, options, origin))

    def known(self, name: str) -> str | None:
        """The interface that a name means: its own, the kernel's, or a wildcard that covers it."""
        if name in self.interfaces:
            return name
        for interface in self.interfaces.values():
            if interface.physical == name:
                return interface.name
        wild = (i for i in self.interfaces.values() if i.name.endswith("+") and name.startswith(i.name[:-1]))
        return next((interface.name for interface in wild), None)

    def physical(self, name: str) -> str:
        """The kernel's name of an interface; one that a wildcard covers keeps its own."""
        interface = self.interfaces.get(name)
        return name if interface is None else interface.physical

    # Questions

    def real_interfaces(self) -> list[Interface]:
        """All of them."""
        return list(self.interfaces.values())

    def match_in(self, zone: ZoneUse, group: Group) -> Matches:
        """The policy match of what comes from a group."""
        if zone.above or zone.type == "vserver":
            return ()
        return self._match("in", zone, group)

    def match_out(self, zone: ZoneUse, group: Group) -> Matches:
        """The policy match of what goes to a group."""
        return () if zone.type == "vserver" else self._match("out", zone, group)

    def _match(self, way: str, zone: ZoneUse, group: Group) -> Matches:
        if zone.type == "ipsec":
            return policy(way, "ipsec", group.origin, zone.options(way))
        if not self.ipsec:
            return ()
        return policy(way, group.kind, group.origin, zone.options(way) if group.ipsec else ())

    def nets_in(self, group: Group) -> Iterator[Matches]:
        """``-s`` of each net."""
        return (address(net, source=True) for net in group.nets)

    def with_option(self, name: str) -> list[tuple[str, str, Address | None, tuple[Address, ...], Span]]:
        """Hosts with an option: interface, kind (empty where nothing is asked), net, exclusions, the line."""
        found: list[tuple[str, str, Address | None, tuple[Address, ...], Span]] = []
        whole: set[str] = set()
        for interface in self.interfaces.values():
            if not interface.zone and interface.has(name):
                found.append((interface.name, "", None, (), interface.origin))
                whole.add(interface.name)
        for zone_name in self.order:
            zone = self.zones[zone_name]
            if zone.is_firewall:
                continue
            for group in zone.sorted_groups():
                if group.interface in whole or group.options.get(name, "0") == "0":
                    continue
                found += [(group.interface, group.kind, net, group.excluded, group.origin) for net in group.nets]
        return found

    def bare(self, net: Address | None) -> bool:
        """All addresses are meant."""
        return net is None or (isinstance(net.value, Network) and not net.value.mask)


HOST_OPTIONS = (
    "maclist", "nosmurfs", "tcpflags", "routeback", "destonly", "sourceonly", "norfc1918", "nobogons", "blacklist",
)  # fmt: skip
"""Options of an interface that its hosts have too."""
