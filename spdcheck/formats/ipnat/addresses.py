"""Addresses of ipnat.conf. ipnat reads numbers in another way than ipf: a lone number is the whole address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats import ipf_names as names
from spdcheck.model.addresses import address_text
from spdcheck.model.ipfilter import MAX_PORT, End, HostName, NetworkAddress, PoolReference, Ports
from spdcheck.model.ipnat import NatRange, NatSplit

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Slot
    from spdcheck.formats.base import Reading
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.model.ipfilter import Addresses
    from spdcheck.model.ipnat import NewAddress

_COMPARISONS = {"eq": "=", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}


class NatAddresses:
    """Reads the addresses of one rule. ``family`` is the one that it has so far, None as long as nothing tells."""

    def __init__(self, parsed: Parsed, reading: Reading, family: int | None) -> None:
        self._parsed = parsed
        self._reading = reading
        self.family = family

    def end(self, node: Node) -> End:
        """One side of ``from … to …``, or the address alone."""
        if node.rule != "end":
            return End(self.matched(node))
        address, *ports = node.nodes
        return End(self.matched(address), ports=self._ports(ports[0]) if ports else None)

    def matched(self, node: Node) -> Addresses | None:
        """What packets are compared with; None for any, and 0/0 is any too."""
        address = self.address(node)
        if isinstance(address, NetworkAddress) and address.mask == 0:
            return None
        return address

    def address(self, node: Node) -> NetworkAddress | HostName | PoolReference | None:
        """An address as it is written; None for ``any``."""
        if node.rule == "any":
            return None
        if node.rule in ("pool", "hash", "dstlist"):
            return PoolReference(node.rule, self._parsed.text(node.slot))
        host, *masks = node.nodes
        slot = host.slot
        if slot.name == "WORD":
            return self._name(slot, masks)
        family, value = self._value(slot)
        if not masks:
            return self._known(names.network(family, value, names.FULL[family]))
        return self._network(slot, family, value, masks[0].slot)

    def new(self, node: Node) -> NewAddress:
        """What an address becomes; ``any`` leaves it as it is."""
        if node.rule in ("addresses", "split"):
            first, second = (self.single(host) for host in node.nodes)
            if isinstance(first, HostName) or isinstance(second, HostName):
                return first if isinstance(first, HostName) else HostName("")
            if first.family != second.family:
                raise self._parsed.refuse(node.nodes[1].slot, "the two addresses are of different families")
            kind = NatRange if node.rule == "addresses" else NatSplit
            return kind(first.family, first.value, second.value)
        address = self.address(node)
        return NetworkAddress(self.family or 4, 0, 0) if address is None else address

    def single(self, host: Node) -> NetworkAddress | HostName:
        """A host without a mask."""
        slot = host.slot
        if slot.name == "WORD":
            return self._name(slot, [])
        family, value = self._value(slot)
        return self._known(names.network(family, value, names.FULL[family]))

    def _known(self, network: NetworkAddress) -> NetworkAddress:
        self.family = self.family or network.family
        return network

    def _name(self, slot: Slot, masks: list[Node]) -> NetworkAddress | HostName:
        text = self._parsed.text(slot)
        length = int(self._parsed.text(masks[0].slot)) if masks and masks[0].slot.name == "NUMBER" else None
        if text.lower() == "localhost":
            base = names.LOCALHOST[self.family or 4]
            mask = base.mask if length is None else names.mask_of_length(base.family, length) or 0
            return self._known(names.network(base.family, base.value, mask))
        self._reading.say(
            "CFG003",
            self._reading.file.span(*self._parsed.region(slot.at, slot.at)),
            f"`{text}` is a host name that nothing here resolves; ipnat asks the resolver while it loads the rules",
            mend="write the address",
            warning=True,
        )
        return HostName(text, length)

    def _network(self, slot: Slot, family: int, value: int, mask: Slot) -> NetworkAddress:
        text = self._parsed.text(mask)
        if mask.name == "NUMBER":
            length = int(text)
            if value == 0 and slot.name == "NUMBER" and self.family is None and length > 32:
                family = 6  # `0/128` is the address of the interface in a rule about IPv6
            bits = names.mask_of_length(family, length)
            if slot.name == "NUMBER" and value:
                bits = self._lone_number(slot, mask, family, value, length)
            elif bits is None:
                self._accident(
                    slot, mask, "is longer than an address, and ipnat takes the whole for 0/0 without a word"
                )
        elif mask.name == "HEX":
            bits = int(text, 16) & names.FULL[4]
        elif mask.name == "IPV6":
            bits = names.ipv6(text)
        else:
            bits = self._dotted(mask)
        if mask.name != "NUMBER" and (family == 6) != (mask.name == "IPV6"):
            raise self._parsed.refuse(mask, "address and mask are of different families")
        network = names.network(family, value, bits or 0)
        return self._known(network) if value or family == 6 or mask.name != "NUMBER" else network

    def _lone_number(self, slot: Slot, mask: Slot, family: int, value: int, length: int) -> int | None:
        """A number that is not 0 is an IPv4 address: ``10/8`` is 0.0.0.10 cut to 8 bits."""
        bits = names.mask_of_length(4, length)
        if family == 6 or bits is None:
            self._accident(
                slot, mask, "is a number where IPv6 is meant, and ipnat takes the whole for any without a word"
            )
            return 0
        if value & ~bits:
            read = address_text(4, value & bits)
            self._accident(slot, mask, f"is read as {read}/{length} by ipnat since 5.3, other than by ipf",
                           "write all four numbers of the address")  # fmt: skip
        return bits

    def _accident(self, first: Slot, last: Slot, what: str, mend: str = "") -> None:
        span = self._reading.file.span(*self._parsed.region(first.at, last.at))
        self._reading.accident(span, f"`{span.text}` {what}", mend=mend)

    def _value(self, slot: Slot) -> tuple[int, int]:
        text = self._parsed.text(slot)
        if slot.name == "IPV6":
            value = names.ipv6(text)
            if value is None:
                raise self._parsed.refuse(slot, f"`{text}` is no IPv6 address")
            self._agree(slot, 6)
            return 6, value
        if slot.name == "DOTTED":
            self._agree(slot, 4)
            return 4, self._dotted(slot)
        number = int(text)
        return (self.family or 4) if number == 0 or self.family == 6 else 4, number & names.FULL[4]

    def _agree(self, slot: Slot, family: int) -> None:
        if self.family not in (None, family):
            raise self._parsed.refuse(slot, f"`{self._parsed.text(slot)}` is not IPv{self.family}, as the rule is")

    def _dotted(self, slot: Slot) -> int:
        octets = names.dotted(self._parsed.text(slot))
        if isinstance(octets, str):
            raise self._parsed.refuse(slot, octets)
        if octets.octets < 4:
            raise self._parsed.refuse(slot, "ipnat wants all four numbers of an address", "write the zeros too")
        return octets.value

    def _ports(self, node: Node) -> Ports:
        operator = self._parsed.text(
            next(part for part in node.nodes if part.rule in ("comparison", "range")).slot
        ).lower()
        numbers = [port_number(self._parsed, part) for part in node.nodes if part.rule == "port"]
        return Ports(_COMPARISONS.get(operator, operator), *numbers)


def port_number(parsed: Parsed, node: Node) -> int:
    """A port given by number or by the name of its service."""
    slot = node.slot
    text = parsed.text(slot)
    if slot.name == "NUMBER":
        if int(text) > MAX_PORT:
            raise parsed.refuse(slot, f"`{text}` is no port: {MAX_PORT} is the highest")
        return int(text)
    port = names.any_port_of(text)
    if port is None:
        raise parsed.refuse(slot, f"`{text}` is no service", "write the number of the port")
    return port
