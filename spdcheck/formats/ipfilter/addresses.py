"""The two sides of a rule of ipf.conf: addresses in all their forms, and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats import ipf_names as names
from spdcheck.model.ipfilter import (
    MAX_PORT,
    HostName,
    InlinePool,
    InterfaceNetwork,
    NetworkAddress,
    PoolEntry,
    PoolReference,
    Ports,
)

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Slot
    from spdcheck.formats.base import Reading
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.model.ipfilter import Addresses

COMPARISONS = {"eq": "=", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_PARTS = {
    "broadcast": "broadcast", "bcast": "broadcast", "network": "network", "net": "network", "netmasked": "netmasked",
    "peer": "peer",
}  # fmt: skip


class AddressReader:
    """Reads the addresses of one statement. ``interfaces`` are those of the rule: their names may stand for addresses.

    ``family`` is the one that the rule has so far (None: not known yet).
    """

    def __init__(self, parsed: Parsed, reading: Reading, family: int | None, interfaces: tuple[str, ...]) -> None:
        self._parsed = parsed
        self._reading = reading
        self.family = family
        self._interfaces = interfaces

    def read(self, node: Node) -> Addresses | None:
        """The addresses of a node; None for ``any``."""
        kind = node.rule
        if kind == "any":
            return None
        if kind == "host_address":
            return self.host(node.nodes[0])
        if kind == "network":
            return self._network(node.nodes[0], node.nodes[1])
        if kind == "dynamic":
            return self._dynamic(node)
        if kind in ("pool", "hash"):
            return PoolReference(kind, self._parsed.text(node.slot))
        entries = tuple(self._entry(entry) for entry in node.nodes)
        return InlinePool("pool" if kind == "inline_pool" else "hash", entries)

    def _entry(self, node: Node) -> PoolEntry:
        parts = [part for part in node.nodes if part.rule != "not"]
        network = self._network(parts[0], parts[1]) if len(parts) == 2 else self.host(parts[0])
        if not isinstance(network, (NetworkAddress, HostName)):
            network = NetworkAddress(4, 0, 0) if network is None else HostName(str(network))
        return PoolEntry(network, node.child("not") is not None)

    def host(self, node: Node) -> Addresses:
        """A single address or name."""
        slot = node.slot
        text = self._parsed.text(slot)
        if node.rule == "own_host":
            return HostName(text.lower())
        if slot.name == "WORD":
            if text in self._interfaces:
                return InterfaceNetwork(text)
            if text.lower() == "localhost":
                return names.LOCALHOST[self.family or 4]
            self._unresolved(slot, text)
            return HostName(text)
        family, value = self._value(slot)
        return names.network(family, value, names.FULL[family])

    def _network(self, host: Node, mask: Node) -> Addresses | None:
        slot = host.slot
        text = self._parsed.text(slot)
        part, length, full = self._mask(mask)
        if host.rule == "own_host" or slot.name == "WORD":
            if text in self._interfaces:
                return InterfaceNetwork(text, part or "address", None if part else length)
            if part:
                raise self._parsed.refuse(
                    mask.slot, f"`{part}` is an address of an interface, and `{text}` is none of this rule",
                    "write `on` with this interface",
                )  # fmt: skip
            if text.lower() == "localhost" and length is not None:
                base = names.LOCALHOST[self.family or 4]
                return names.network(base.family, base.value, names.mask_of_length(base.family, length) or 0)
            self._unresolved(slot, text)
            return HostName(text, length)
        if part:
            raise self._parsed.refuse(mask.slot, f"`{part}` needs an interface before the `/`, not `{text}`")
        family, value = self._value(slot)
        bits = None if length is None else names.mask_of_length(family, length)
        if bits is None:
            self._reading.accident(
                self._reading.file.span(*self._parsed.region(slot.at, mask.slot.at)),
                f"`{full}` is no mask of an IPv{family} address, and ipf takes the whole for `any` without a word",
                mend="write a prefix length from 0 to 32" if family == 4 else "write a prefix length from 0 to 128",
            )
            return NetworkAddress(family, 0, 0)
        return names.network(family, value, bits)

    def _dynamic(self, node: Node) -> Addresses:
        name = self._parsed.text(node.slot)
        mask = node.child("mask")
        if mask is None:
            return InterfaceNetwork(name)
        part, length, _ = self._mask(mask)
        return InterfaceNetwork(name, part or "address", None if part else length)

    def _mask(self, node: Node) -> tuple[str, int | None, str]:
        """``(part of an interface, prefix length, text)``; no length where the mask makes no prefix."""
        slot = node.slot
        text = self._parsed.text(slot)
        if slot.name == "NUMBER":
            return "", int(text), text
        if slot.name == "HEX":
            return "", names.length_of_mask(4, int(text, 16) & names.FULL[4]), text
        if slot.name == "IPV6":
            return "", names.length_of_mask(6, names.ipv6(text) or 0), text
        if slot.name == "DOTTED":
            octets = names.dotted(text)
            if isinstance(octets, str):
                raise self._parsed.refuse(slot, octets)
            return "", names.length_of_mask(4, octets.value), text
        part = _PARTS.get(text.lower())
        if part is None:
            raise self._parsed.refuse(slot, f"`{text}` is no mask", "write a prefix length")
        return part, None, text

    def _value(self, slot: Slot) -> tuple[int, int]:
        """``(family, value)`` of a numeric address."""
        text = self._parsed.text(slot)
        if slot.name == "IPV6":
            value = names.ipv6(text)
            if value is None:
                raise self._parsed.refuse(slot, f"`{text}` is no IPv6 address")
            if self.family == 4:
                raise self._parsed.refuse(slot, f"`{text}` is an IPv6 address in a rule about IPv4")
            return 6, value
        if self.family == 6 and (slot.name == "DOTTED" or int(text, 0)):
            raise self._parsed.refuse(slot, f"`{text}` is an IPv4 address in a rule about IPv6")
        if slot.name == "DOTTED":
            octets = names.dotted(text)
            if isinstance(octets, str):
                raise self._parsed.refuse(slot, octets)
            if octets.octets < 4 and not self._has_mask(slot):
                self._reading.accident(
                    self._reading.file.span(*self._parsed.region(slot.at, slot.at)),
                    f"`{text}` is read as one host, not as a network",
                    mend="write the prefix length behind it",
                )
            return 4, octets.value
        return self.family or 4, names.little_endian(int(text, 0)) if self.family != 6 else 0

    def _has_mask(self, slot: Slot) -> bool:
        kinds = self._parsed.tokens.texts
        return slot.at + 1 < len(kinds) and kinds[slot.at + 1].lower() in ("/", "mask")

    def _unresolved(self, slot: Slot, text: str) -> None:
        span = self._reading.file.span(*self._parsed.region(slot.at, slot.at))
        self._reading.say(
            "CFG003",
            span,
            f"`{text}` is a host name that nothing here resolves; ipf asks the resolver while it loads the rules",
            mend="write the address",
            warning=True,
        )


def read_ports(parsed: Parsed, node: Node, protocols: tuple[int, ...]) -> list[Ports]:
    """The comparisons of a ``port`` part: several where it holds a list."""
    nodes = node.nodes
    if node.rule == "port_list":
        return [_item(parsed, item, protocols) for item in nodes]
    ports = [port_number(parsed, part, protocols) for part in nodes if part.rule == "port"]
    operator = parsed.text(next(part for part in nodes if part.rule in ("comparison", "range")).slot).lower()
    if node.rule == "port_compared":
        return [Ports(COMPARISONS.get(operator, operator), ports[0])]
    return [Ports(operator, ports[0], ports[1])]


def _item(parsed: Parsed, node: Node, protocols: tuple[int, ...]) -> Ports:
    ports = [port_number(parsed, part, protocols) for part in node.nodes]
    if len(ports) == 1:
        return Ports("=", ports[0])
    inside = "><" in parsed.tokens.texts[node.nodes[0].slot.at : node.nodes[1].slot.at]
    return Ports("><" if inside else ":", ports[0], ports[1])


def port_number(parsed: Parsed, node: Node, protocols: tuple[int, ...]) -> int:
    """A port given by number or by the name of its service."""
    slot = node.slot
    text = parsed.text(slot)
    if slot.name == "NUMBER":
        if int(text) > MAX_PORT:
            raise parsed.refuse(slot, f"`{text}` is no port: {MAX_PORT} is the highest")
        return int(text)
    port = names.port_of(text, protocols)
    if port is None:
        raise parsed.refuse(slot, f"`{text}` is no service that this rule's protocol knows", "write the number")
    return port
