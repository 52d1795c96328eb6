"""Selectors: two address ranges and an upper layer protocol to :class:`TrafficSelector`.

PF_KEY has two port fields and uses them for everything: ports, ICMP type and code, the halves of a GRE key. Zero is
always a wildcard there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.setkey.problems import NotModelled, Refused
from spdcheck.formats.setkey.words import read_address, read_port, read_prefix, read_upper
from spdcheck.model.host import Platform
from spdcheck.model.protocols import GRE, ICMP, ICMP6, MH, PORT_PROTOCOLS, protocol_name
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.formats.setkey.statement import Statement
    from spdcheck.formats.setkey.syntax import Port, Range, SpdEntry, Upper
    from spdcheck.formats.shapes import Slot
    from spdcheck.model.addresses import AddressRange

_WITH_PORTS = PORT_PROTOCOLS | {ANY_PROTOCOL}

Index = tuple[int | None, ...]
"""What tells one policy of a direction from another: the numbers of its selector, host bits included."""


class Selectors:
    """Reads the selectors of one script; words that come again are read once."""

    def __init__(self, dialect: Dialect) -> None:
        self._platform = dialect.platform
        self._sides: dict[tuple[str, str], AddressRange] = {}
        self._uppers: dict[str, int] = {}
        self._ports: dict[str, PortRange] = {}

    def read(self, entry: SpdEntry, statement: Statement) -> tuple[TrafficSelector, Index]:
        """The selector of a statement, and the kernel's index of it."""
        asked = options_of(entry.options, statement) if entry.options else NO_OPTIONS
        host_bits: list[int] = []
        source = self._side(entry.source, statement, asked, host_bits, 1)
        destination = self._side(entry.destination, statement, asked, host_bits, 2)
        if source[0] != destination[0]:
            message = f"the selector goes from IPv{source.family} to IPv{destination.family}"
            raise Refused(entry.destination.address.at, f"{message}; setkey says `parse failed` and stops")
        source_port = ANY_PORT if entry.source.port is None else self._port(entry.source.port, statement)
        destination_port = ANY_PORT if entry.destination.port is None else self._port(entry.destination.port, statement)
        protocol = self._protocol(entry.upper, statement)
        if entry.upper.detail is None and protocol in _WITH_PORTS:
            selector = TrafficSelector(source, destination, protocol, source_port, destination_port)
            above: Index = (protocol, source_port[0], destination_port[0], source_port[1], destination_port[1])
        else:
            plain = TrafficSelector(source, destination, protocol)
            selector = self._above(entry, plain, source_port, destination_port, statement)
            above = (protocol, selector.icmp_type, selector.icmp_code, selector.gre_key)
        # Plain numbers, and nothing nested: the garbage collector does not look at such tuples.
        return selector, (*source, *destination, *above, *host_bits)

    def _side(
        self, node: Range, statement: Statement, asked: Options, host_bits: list[int], number: int
    ) -> AddressRange:
        word = statement.texts[node.address.at]
        length = "" if node.prefix is None else statement.texts[node.prefix.length.at]
        addresses = self._sides.get((word, length))
        if addresses is None:
            address = read_address(word, node.address.at, names=not asked.numeric)
            at = node.address.at if node.prefix is None else node.prefix.length.at
            addresses, accident = read_prefix(address, length, at)
            if address.accident or accident:
                statement.odd(node.address, address.accident, f"write `{addresses}` if that is meant")
                if node.prefix is not None:
                    statement.odd(node.prefix.length, accident)
            if address.value != addresses.first:
                # The kernel keeps host bits and tells policies apart by them, though they match the same packets.
                host_bits += (number, address.value)
            elif not (address.accident or accident):
                self._sides[word, length] = addresses
        if asked.family:
            check_family(addresses.family, asked.family, node.address)
        return addresses

    def _port(self, node: Port, statement: Statement) -> PortRange:
        word = statement.texts[node.port.at]
        known = self._ports.get(word)
        if known is None:
            known, accident = read_port(word, node.port.at, self._platform)
            if accident:
                statement.odd(node.port, accident)
            else:
                self._ports[word] = known
        return known

    def _protocol(self, upper: Upper, statement: Statement) -> int:
        word = statement.texts[upper.protocol.at]
        known = self._uppers.get(word)
        if known is None:
            known, accident = read_upper(word, upper.protocol.at, self._platform)
            if accident:
                statement.odd(upper.protocol, accident)
            else:
                self._uppers[word] = known
        return known

    def _above(
        self, entry: SpdEntry, plain: TrafficSelector, source: PortRange, destination: PortRange, statement: Statement
    ) -> TrafficSelector:
        """What stands where other protocols have their ports."""
        protocol, detail = plain.protocol, entry.upper.detail
        name = protocol_name(protocol) if protocol != ANY_PROTOCOL else "any"
        if detail is not None:
            first, second = self._detail(protocol, name, detail, statement)
        elif source.is_any and destination.is_any:
            return plain
        else:
            first, second = source.first, destination.first
            if source.is_any:
                first = 0
            if destination.is_any:
                second = 0
        slot = detail or entry.upper.protocol
        if (protocol == ICMP and self._platform is Platform.FREEBSD) or (
            protocol == GRE and self._platform in (Platform.FREEBSD, Platform.NETBSD)
        ):
            raise NotModelled(
                slot.at, f"this kernel looks at nothing in {name} packets, so that the policy has no effect"
            )
        if protocol in (ICMP, ICMP6):
            if detail is None:
                statement.odd(slot, f"ports of {name} are its type and code", "write `TYPE,CODE` behind the protocol")
            if first == 0 and detail is not None:
                statement.odd(
                    slot, "type 0 is a wildcard to the kernel: this matches every type", error=True
                )  # fmt: skip
            return plain._replace(icmp_type=first or None, icmp_code=second or None)
        if protocol == GRE and first and second:
            return plain._replace(gre_key=first << 16 | second)
        if protocol == GRE:
            message = "one half of the key is 0, which the kernel takes as a wildcard: it matches other keys too"
            raise NotModelled(slot.at, message, "choose a key whose halves are both not 0")
        raise NotModelled(slot.at, f"{name} has no ports; what the kernel makes of them is not modelled")

    def _detail(self, protocol: int, name: str, detail: Slot, statement: Statement) -> tuple[int, int]:
        """``TYPE,CODE`` or a dotted quad, as the two numbers of PF_KEY (``fix_portstr`` in parse.y)."""
        text = statement.texts[detail.at]
        if self._platform is Platform.FREEBSD and protocol != ICMP6:
            raise Refused(
                detail.at, f"found `{text}` behind {name}; FreeBSD's setkey takes type and code of icmp6 only"
            )  # fmt: skip
        if protocol in (ICMP, ICMP6, MH):
            pair = re.match(r"([0-9]{1,5}),([0-9]{1,5})", text)
            if pair is None:
                raise Refused(
                    detail.at, f"found `{text}`, expected type and code with a comma between",
                    f"write both: `{name} 8,0`",
                )  # fmt: skip
            if protocol == MH:
                raise NotModelled(detail.at, "types of the mobility header are not modelled")
            self._rest(text, pair, detail, statement)
            return int(pair[1]) & 0xFFFF, int(pair[2]) & 0xFFFF
        if protocol == GRE:
            quad = re.match(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})", text)
            if quad is None or any(int(part) > 255 for part in quad.groups()):
                raise Refused(detail.at, f"found `{text}`, expected the key as a dotted quad", "write it like 0.1.0.2")
            self._rest(text, quad, detail, statement)
            a, b, c, d = (int(part) for part in quad.groups())
            return a << 8 | b, c << 8 | d
        raise Refused(detail.at, f"found `{text}`, expected `-P`; {name} takes nothing behind it")

    @staticmethod
    def _rest(text: str, match: re.Match[str], slot: Slot, statement: Statement) -> None:
        if match.end() < len(text):
            statement.odd(slot, f"`{text[match.end() :]}` at the end of `{text}` is ignored")


class Options(NamedTuple):
    """``-4`` and ``-6`` ask for a family (0: none), ``-n`` forbids host names."""

    family: int
    numeric: bool


NO_OPTIONS = Options(0, numeric=False)


def options_of(slots: tuple[Slot, ...], statement: Statement) -> Options:
    """The options behind a command; of ``-4`` and ``-6`` the last one wins."""
    family, numeric = 0, False
    for letter in "".join(statement.texts[slot.at] for slot in slots):
        if letter == "n":
            numeric = True
        elif letter in "46":
            family = int(letter)
    return Options(family, numeric)


def check_family(family: int, asked: int, slot: Slot) -> None:
    """Refuses an address of a family that the options forbid."""
    if asked and family != asked:
        raise Refused(slot.at, f"found an IPv{family} address behind `-{asked}`")
