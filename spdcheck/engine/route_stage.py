"""The route of a packet: for this host, forwarded, or nowhere; rp_filter and switches of forwarding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.alike import alike
from spdcheck.engine.situation import End, Move
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.model.addresses import MULTICAST4, MULTICAST6, parse_prefix
from spdcheck.model.host import Platform
from spdcheck.semantics.conditions import destination
from spdcheck.semantics.fields import (
    DESTINATION,
    SOURCE,
    address_interval,
    address_range,
)
from spdcheck.semantics.forwarding import forwards
from spdcheck.semantics.predicate import in_set
from spdcheck.semantics.routing import RouteEntry
from spdcheck.semantics.sysctls import switched_on, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.host import Host
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.source import Span


def route(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Looks the destination up. On arrival the answer also says whether the frame is for this host."""
    if stage.hook == "again" and not situation.translated:
        yield Move(situation)
        return
    arriving = stage.hook == "arrival"
    table = simulator.topology.table(situation.host)
    key = ("routes", situation.host.name)
    destinations = simulator.division(key, lambda: [destination(entry.destination) for entry in table])
    parts = (part for traffic in _alike(situation, table) for part in traffic.split(destinations))
    for part in parts:
        here = situation.with_(frame=situation.frame.with_traffic(part.traffic))
        entry = _special(here, arriving=arriving) or (None if part.number is None else table[part.number])
        if entry is None:
            target = address_range(*part.traffic.side(DESTINATION)[0])
            step = Step(here.host.name, "ROUTE", Mark.FAIL, "no route", f"to {target}")
            yield Move(here.with_(step), end=End(Disposition.NO_ROUTE, f"{here.host.name} has no route to {target}"))
        elif arriving:
            yield from _admitted(simulator, table, here, entry)
        else:
            yield _on_departure(here, entry)


def _alike(situation: Situation, table: tuple[RouteEntry, ...]) -> Iterator[Traffic]:
    """The traffic by what else decides about its route: multicast or not, and whether its source is looked up."""
    for traffic in alike(situation.frame.traffic, DESTINATION, (MULTICAST4, MULTICAST6, *LOOPBACK)):
        group = address_range(*traffic.side(DESTINATION)[0])
        if MULTICAST4.contains(group) or MULTICAST6.contains(group):
            yield from alike(traffic, SOURCE, situation.host.addresses)
        elif _reverse_path_mode(situation):
            yield from alike(traffic, SOURCE, (entry.destination for entry in table))
        else:
            yield traffic


def _special(situation: Situation, *, arriving: bool) -> RouteEntry | None:
    """A multicast leaves by the interface that has its source address, and is for everybody where it arrives.

    Loopback addresses are every host's own.
    """
    target = address_range(*situation.frame.traffic.side(DESTINATION)[0])
    loopback = next((found for found in LOOPBACK if found.contains(target)), None)
    if loopback is not None and (not arriving or situation.in_interface == "lo"):
        return RouteEntry(loopback, "lo", None, None, local=True)
    group = MULTICAST4 if target.family == 4 else MULTICAST6
    if not group.contains(target):
        return None
    source = address_range(*situation.frame.traffic.side(SOURCE)[0])
    for interface in situation.host.interfaces:
        if any(address.address == source for address in interface.addresses):
            return RouteEntry(group, interface.name, None, interface.origin)
    if situation.in_interface:
        return RouteEntry(group, situation.in_interface, None, None, local=True)
    return None


def _admitted(
    simulator: Simulator, table: tuple[RouteEntry, ...], situation: Situation, entry: RouteEntry
) -> Iterator[Move]:
    """Parts what nobody can have sent from the rest (Linux: ``ip_route_input_slow``, ``fib_validate_source``)."""
    if not situation.path.refuses_martians or situation.in_interface == "lo":
        yield _on_arrival(table, situation, entry)
        return
    host, interface = situation.host, situation.in_interface
    accepted = switched_on(host, interface, "accept_local") is not None
    strange = simulator.division(("martians", host.name, accepted), lambda: _strange(host, own=not accepted))
    for part in situation.frame.traffic.split(strange):
        here = situation.with_(frame=situation.frame.with_traffic(part.traffic))
        if part.number is None:
            yield _on_arrival(table, here, entry)
            continue
        source, target = (address_range(*part.traffic.side(field)[0]) for field in (SOURCE, DESTINATION))
        if part.number == 1:
            why = f"{target} is no address of a wire"
        elif host.owns(source):
            why = f"{source} is an address of {host.name} itself"
        else:
            why = f"nobody can send from {source}"
        step = Step(host.name, "ROUTE", Mark.FAIL, "martian", why, interface)
        yield Move(here.with_(step), end=End(Disposition.DENIED_IN, f"{why}, and the packet comes in by {interface}"))


def _strange(host: Host, *, own: bool) -> tuple[Predicate, ...]:
    """What no wire brings: by its source, among them the host's ``own`` addresses, and by its destination."""
    sources = map(address_interval, host.addresses) if own else ()
    return in_set(SOURCE, *_NO_SOURCES, *sources), in_set(DESTINATION, *map(address_interval, LOOPBACK))


LOOPBACK = tuple(found for text in ("127.0.0.0/8", "::1/128") if (found := parse_prefix(text)) is not None)
_NO_SOURCES = tuple(
    address_interval(found)
    for text in ("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "ff00::/8")
    if (found := parse_prefix(text)) is not None
)
"""Addresses from which no packet comes over a wire."""


def _on_arrival(table: tuple[RouteEntry, ...], situation: Situation, entry: RouteEntry) -> Move:
    host = situation.host
    target = address_range(*situation.frame.traffic.side(DESTINATION)[0])
    group = MULTICAST4 if target.family == 4 else MULTICAST6
    refused = _reverse_path(table, situation)
    if refused is not None:
        return refused
    if entry.local or group.contains(target):
        return Move(situation.with_(route=entry, in_fragments=False), way=situation.path.local)
    passes_on, why, place = forwards(host, situation.frame.family, situation.in_interface)
    if passes_on and not situation.arrived:
        passes_on, why, place = _forwards_in_clear(host, situation.frame.family)
    if not passes_on:
        step = Step(host.name, "ROUTE", Mark.FAIL, "not ours", why, situation.in_interface, place)
        end = End(Disposition.NO_ROUTE, f"{host.name} does not forward: {why}", "Ip.InAddrErrors")
        return Move(situation.with_(step), end=end)
    move = _on_departure(situation.with_(forwarded=True), entry)
    return move if move.end is not None else Move(move.situation, way=situation.path.forward)


def _reverse_path(table: tuple[RouteEntry, ...], situation: Situation) -> Move | None:
    """Linux's rp_filter: strict wants the route back by the same interface, loose wants any; decrypted packets pass.

    The value in force is the larger one of ``all`` and of the interface (Documentation/networking/ip-sysctl).
    """
    mode = _reverse_path_mode(situation)
    if mode == 0:
        return None
    source = address_range(*situation.frame.traffic.side(SOURCE)[0])
    back = next((entry for entry in table if entry.destination.contains(source)), None)
    if back is not None and (mode == 2 or back.interface == situation.in_interface):
        return None
    origin = next(
        (place for value, place in values(situation.host, situation.in_interface, "rp_filter") if value), None
    )
    why = f"rp_filter: the way back to {source} is not by {situation.in_interface}"
    step = Step(situation.host.name, "ROUTE", Mark.FAIL, "rp_filter", why, situation.in_interface, origin)
    return Move(situation.with_(step), end=End(Disposition.DENIED_IN, why, "IPReversePathFilter"))


def _reverse_path_mode(situation: Situation) -> int:
    """0: not asked, 1: strict, 2: loose."""
    if situation.arrived or situation.in_interface in ("", "lo"):
        return 0
    return max((value for value, _ in values(situation.host, situation.in_interface, "rp_filter")), default=0)


def _forwards_in_clear(host: Host, family: int) -> tuple[bool, str, Span | None]:
    """OpenBSD with 2 as the value of its switch forwards only what came out of IPsec (ip_input.c ``ipforwarding``)."""
    key = "net.inet.ip.forwarding" if family == 4 else "net.inet6.ip6.forwarding"
    found = host.settings.get(key)
    if host.platform is Platform.OPENBSD and found is not None and found[0] == "2":
        return False, "it forwards only what came out of IPsec", found[1]
    return True, "", None


def _on_departure(situation: Situation, entry: RouteEntry) -> Move:
    host = situation.host.name
    if entry.blackhole:
        step = Step(host, "ROUTE", Mark.FAIL, "blackhole", str(entry), origin=entry.origin)
        return Move(situation.with_(step), end=End(Disposition.NO_ROUTE, f"{host} routes {entry.destination} nowhere"))
    if entry.local:
        step = Step(host, "ROUTE", Mark.OK, "this host", origin=entry.origin)
        if situation.path.own_packets_leave:
            return Move(situation.with_(step, out_interface="lo", gateway=None, route=entry))
        return Move(situation.with_(step, in_interface="lo", out_interface="lo", route=entry), way=situation.path.local)
    detail = str(entry) + (f" ({entry.inferred})" if entry.inferred else "")
    step = Step(host, "ROUTE", Mark.OK, entry.interface, detail, entry.interface, entry.origin)
    return Move(situation.with_(step, out_interface=entry.interface, gateway=entry.gateway, route=entry))
