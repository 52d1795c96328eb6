"""Addresses, ports and protocols of the model in the words of ipf.conf, ipnat.conf and ippool.conf."""

from __future__ import annotations

from spdcheck.formats import ipf_names as names
from spdcheck.model.addresses import address_text
from spdcheck.model.ipfilter import (
    TCP_UDP,
    Addresses,
    End,
    HostName,
    InlinePool,
    InterfaceNetwork,
    NetworkAddress,
    PoolEntry,
    PoolReference,
    Ports,
)
from spdcheck.model.protocols import ICMP6, protocol_name


def network_text(network: NetworkAddress | HostName) -> str:
    """``10.0.0.0/8``; a mask with holes is written out."""
    if isinstance(network, HostName):
        return network.name if network.length is None else f"{network.name}/{network.length}"
    length = names.length_of_mask(network.family, network.mask)
    mask = address_text(network.family, network.mask) if length is None else str(length)
    return f"{address_text(network.family, network.value)}/{mask}"


def addresses_text(addresses: Addresses) -> str:
    """The addresses of one side of a rule."""
    if isinstance(addresses, PoolReference):
        return f"{addresses.kind}/{addresses.name}"
    if isinstance(addresses, InlinePool):
        return f"{addresses.kind}=({','.join(map(entry_text, addresses.entries))})"
    if isinstance(addresses, InterfaceNetwork):
        if addresses.part == "address":
            return f"({addresses.interface})/{32 if addresses.length is None else addresses.length}"
        return f"({addresses.interface})/{addresses.part}"
    return network_text(addresses)


def entry_text(entry: PoolEntry) -> str:
    """One entry of a table."""
    return f"{'!' if entry.excluded else ''}{network_text(entry.network)}"


def ports_text(ports: Ports) -> str:
    """``port = 22``, ``port 1024:65535``, ``port 1 >< 10``."""
    if ports.operator == ":":
        return f"port {ports.first}:{ports.last}"
    if ports.operator in ("><", "<>"):
        return f"port {ports.first} {ports.operator} {ports.last}"
    return f"port {ports.operator} {ports.first}"


def end_text(end: End) -> str:
    """One side: ``!10.0.0.0/8 port = 22``."""
    text = "any" if end.addresses is None else addresses_text(end.addresses)
    text = f"!{text}" if end.negated else text
    return text if end.ports is None else f"{text} {ports_text(end.ports)}"


def protocols_text(protocols: tuple[int, ...]) -> str:
    """``tcp/udp``, ``ipv6-icmp``, ``50``."""
    if protocols == TCP_UDP:
        return "tcp/udp"
    (number,) = protocols
    return "ipv6-icmp" if number == ICMP6 else protocol_name(number)
