"""Shorewall's directories for people: zones with where they lie, tunnels, policies, and how many rules there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.shorewall import Shorewall
from spdcheck.output.summary import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.shorewall import PolicyEntry, TunnelEntry, Zone
    from spdcheck.model.shorewall_columns import Hosts, Option, Zones


def sections(host: Host) -> Iterator[tuple[str, Iterable[tuple[str, ...]]]]:
    """Titles and rows for each directory of a host."""
    for found in host.packet_filters:
        if isinstance(found, Shorewall):
            name = "Shorewall6" if found.family == 6 else "Shorewall"
            yield f"{name}: zones", _zones(found)
            yield f"{name}: tunnels", _tunnels(found)
            yield f"{name}: policies", _policies(found)
            yield f"{name}: rules", _counts(found)


def _zones(found: Shorewall) -> Iterator[tuple[str, ...]]:
    for zone in found.zones:
        yield zone.name, _kind(zone), ", ".join(_places(found, zone.name)) or "-", zone.origin.where


def _kind(zone: Zone) -> str:
    words = [zone.type]
    words += [f"inside {', '.join(zone.parents)}"] if zone.parents else []
    for title, options in (("", zone.options), ("in: ", zone.in_options), ("out: ", zone.out_options)):
        words += [title + ",".join(_option(option) for option in options)] if options else []
    return " ".join(words)


def _option(option: Option) -> str:
    if option.value is None:
        return option.name
    return f"{option.name}{'!' * option.negated}={option.value}"


def _places(found: Shorewall, zone: str) -> Iterator[str]:
    for interface in found.interfaces:
        if interface.zone == zone:
            yield interface.physical
    for entry in found.hosts:
        if entry.zone == zone:
            mark = " (ipsec)" if any(option.name == "ipsec" for option in entry.options) else ""
            yield f"{entry.interface}:{_hosts(entry.hosts)}{mark}"


def _hosts(hosts: Hosts | None) -> str:
    if hosts is None:
        return "anybody"
    included = ",".join(address.name for address in hosts.included)
    excluded = ",".join(address.name for address in hosts.excluded)
    return included + (f"!{excluded}" if excluded else "")


def _tunnels(found: Shorewall) -> Iterator[tuple[str, ...]]:
    for tunnel in found.tunnels:
        inner = f"zones {', '.join(tunnel.gateway_zones)}" if tunnel.gateway_zones else ""
        yield _type(tunnel), f"{tunnel.zone}:{_hosts(tunnel.gateways)}", inner, tunnel.origin.where


def _type(tunnel: TunnelEntry) -> str:
    word = {True: ":ah", False: ":noah", None: ""}[tunnel.ah]
    port = f":{tunnel.port.first}" if tunnel.port is not None else ""
    return f"{tunnel.type}{word}{port}"


def _policies(found: Shorewall) -> Iterator[tuple[str, ...]]:
    for entry in found.policies:
        log = f"logged as {entry.log.level}" if entry.log is not None else ""
        yield f"{_names(entry.source)} → {_names(entry.dest)}", _policy(entry), log, entry.origin.where


def _policy(entry: PolicyEntry) -> str:
    return f"{entry.policy}({entry.queue})" if entry.queue else entry.policy


def _names(zones: Zones) -> str:
    word = ",".join(zones.names) or zones.wildcard
    without = f"!{','.join(zones.excluded)}" if zones.excluded else ""
    return word + "+" * zones.intrazone + without


def _counts(found: Shorewall) -> Iterator[tuple[str, ...]]:
    sections: dict[str, int] = {}
    for rule in (*found.blrules, *found.rules):
        sections[rule.section] = sections.get(rule.section, 0) + 1
    for section, count in sections.items():
        yield section, counted(count, "rule")
    for title, entries in (
        ("source NAT", found.snat), ("one-to-one NAT", found.nat), ("netmap", found.netmap),
        ("conntrack", found.conntrack), ("mangle", found.mangle),
        ("while stopped", (*found.stoppedrules, *found.routestopped)),
    ):  # fmt: skip
        if entries:
            yield title, counted(len(entries), "line")
