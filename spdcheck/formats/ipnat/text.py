"""Translation rules of the model as ipnat(8) would read them again: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.ipf_text import addresses_text, end_text, network_text, protocols_text
from spdcheck.model.addresses import address_text
from spdcheck.model.ipfilter import HostName, NetworkAddress
from spdcheck.model.ipnat import NatKind, NatRange, NatSplit
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import protocol_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.ipfilter import End
    from spdcheck.model.ipnat import NatRule, NewAddress, NewPorts, Proxy


def nat_text(rule: NatRule) -> str:
    """The rule as one line of ipnat.conf."""
    return " ".join(_words(rule))


def _words(rule: NatRule) -> Iterator[str]:
    both = rule.kind in (NatKind.REWRITE, NatKind.DIVERT, NatKind.ENCAP)
    if rule.exempt:
        yield "no"
    yield rule.kind.value
    if both:
        yield f"{rule.direction.value} on"
    yield ",".join(rule.interfaces)
    if rule.family == 6:
        yield "inet6"
    if both and rule.protocols and rule.kind is NatKind.REWRITE:
        yield f"proto {protocols_text(rule.protocols)}"
    yield from _original(rule)
    if rule.exempt:
        if rule.protocols:
            yield protocols_text(rule.protocols)
        yield ";"
        return
    yield "->"
    yield from _both(rule) if both else _one(rule)


def _original(rule: NatRule) -> Iterator[str]:
    inward = rule.kind is NatKind.RDR
    if rule.written_out or rule.kind in (NatKind.REWRITE, NatKind.DIVERT, NatKind.ENCAP):
        yield f"from {end_text(rule.source)} to {end_text(rule.destination)}"
        return
    end = rule.destination if inward else rule.source
    yield _short(end, rule.family)
    if inward and end.ports is not None:
        last = f":{end.ports.last}" if end.ports.operator == ":" else ""
        yield f"port {end.ports.first}{last}"


def _short(end: End, family: int) -> str:
    if end.addresses is not None:
        return addresses_text(end.addresses)
    return "0/0" if family == 4 else "any"


def _one(rule: NatRule) -> Iterator[str]:
    inward = rule.kind is NatKind.RDR
    new = rule.new_destination if inward else rule.new_source
    if new is not None:
        yield _new(new)
    if rule.block_ports is not None:
        yield "ports auto" if rule.block_ports < 0 else f"ports {rule.block_ports}"
    if inward:
        ports = rule.destination_ports
        if ports is not None:
            yield f"port = {ports.first}" if ports.fixed else f"port {_pair(ports)}"
        yield protocols_text(rule.protocols) if rule.protocols else "ip"
    elif rule.source_ports is not None:
        yield from _mapped_ports(rule, rule.source_ports)
    elif rule.proxy is not None:
        yield from _proxy(rule.proxy)
    yield from _options(rule, inward=inward)


def _mapped_ports(rule: NatRule, ports: NewPorts) -> Iterator[str]:
    if ports.icmp:
        yield f"icmpidmap icmp {_pair(ports)}"
    else:
        yield f"portmap {protocols_text(rule.protocols)} {'auto' if ports.auto else _pair(ports)}"
    if ports.sequential:
        yield "sequential"


def _options(rule: NatRule, *, inward: bool) -> Iterator[str]:
    """The options, in the order in which ipnat wants them."""
    if rule.round_robin:
        yield "round-robin"
    if rule.frag:
        yield "frag"
    if rule.age is not None:
        yield f"age {rule.age[0]}/{rule.age[1]}"
    if inward and rule.sticky:
        yield "sticky"
    if rule.mssclamp is not None:
        yield f"mssclamp {rule.mssclamp}"
    if inward and rule.proxy is not None:
        yield from _proxy(rule.proxy)
    if rule.tag:
        yield f"tag {rule.tag}"
    if not inward and rule.protocols and rule.source_ports is None and rule.proxy is None:
        yield protocols_text(rule.protocols)
    if rule.purge:
        yield "purge"


def _both(rule: NatRule) -> Iterator[str]:
    divert = rule.kind is NatKind.DIVERT
    for word, new, ports in (
        ("src", rule.new_source, rule.source_ports),
        ("dst", rule.new_destination, rule.destination_ports),
    ):
        text = "0/0" if new is None else _new(new)
        if ports is not None:
            text += f" port = {ports.first}" if ports.fixed and not divert else f",{_pair(ports)}"
        yield f"{word} {text}"
    if divert:
        yield "udp"
    if rule.purge:
        yield "purge"
    yield ";"


def _new(new: NewAddress) -> str:
    if isinstance(new, NatRange):
        return f"range {address_text(new.family, new.first)}-{address_text(new.family, new.last)}"
    if isinstance(new, NatSplit):
        return f"{address_text(new.family, new.first)},{address_text(new.family, new.second)}"
    if isinstance(new, NetworkAddress) and new.value == 0 and new.family == 4:
        return f"0/{new.mask.bit_count()}"
    return network_text(new) if isinstance(new, (NetworkAddress, HostName)) else addresses_text(new)


def _pair(ports: NewPorts) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}:{ports.last}"


def _proxy(proxy: Proxy) -> Iterator[str]:
    if proxy.port is None:
        yield f"proxy {proxy.name}"
        return
    yield f"proxy port {proxy.port} {proxy.name}/{protocol_name(proxy.protocol or 0)}"
    if proxy.config:
        yield f"config {proxy.config}"


assert Direction.IN.value == "in"
