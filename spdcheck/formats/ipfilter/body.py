"""The body of a rule of ipf.conf: which packets it is about.

The parts come in a fixed order, and some of them depend on what was said before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipf_reading import all_slots, own_slots
from spdcheck.formats.ipfilter.addresses import AddressReader, read_ports
from spdcheck.model.ipfilter import (
    EXTENSION_HEADERS,
    IP_OPTIONS,
    SECURITY_CLASSES,
    TCP_UDP,
    End,
    ExtensionHeaders,
    HostName,
    InterfaceNetwork,
    IpOptions,
    NetworkAddress,
    OptionClasses,
    Ports,
    TcpFlags,
    Trait,
)
from spdcheck.model.protocols import ICMP, ICMP6, TCP, UDP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.base import Reading
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.model.ipfilter import Addresses

_TRAITS = {"ipopt": "ipopts", "frags": "frag", "multicast": "mcast"}
_ALL_FLAGS = 0x3F
"""The mask of ``flags S``: FIN, SYN, RST, PSH, ACK and URG."""


class BodyReader:
    """Reads the body. ``file_family`` is that of the whole file: 6 for ipf6.conf, else None."""

    def __init__(self, parsed: Parsed, node: Node, reading: Reading, file_family: int | None) -> None:
        self._parsed = parsed
        self._node = node
        self._reading = reading
        self._file_family = file_family
        self._family = file_family
        self.looks_at_headers = False
        """The rule has a body, other than ``all`` alone."""
        self.written_family = ""
        """``inet`` or ``inet6``, where the rule says it."""
        self._protocols: tuple[int, ...] = ()
        self._interfaces: tuple[str, ...] = ()
        self._values: dict[str, Any] = {}
        self._lists: list[tuple[str, Sequence[Any]]] = []
        self.nested: Node | None = None
        """Rules in braces behind this one."""

    def _text(self, node: Node) -> str:
        return self._parsed.text(node.slot)

    def _number(self, node: Node) -> int:
        return int(self._text(node), 0)

    def _put(self, name: str, items: Sequence[Any]) -> None:
        """One value, or a list that makes several rules."""
        if len(items) == 1 and "." not in name:
            self._values[name] = items[0]
        else:
            self._lists.append((name, items))

    def _read_family(self, node: Node) -> None:
        family = 4 if node.rule == "inet" else 6
        if self._file_family and family != self._file_family:
            raise self._parsed.refuse(all_slots(self._node)[0], f"`{node.rule}` in a file of rules about IPv6")
        self._family = family
        self.written_family = node.rule

    def _read_tos(self, node: Node) -> None:
        self.looks_at_headers = True
        self._put("tos", [self._number(part) & 255 for part in node.nodes])

    def _read_hop_limit(self, node: Node) -> None:
        self.looks_at_headers = True
        self._put("ttl", [self._number(part) & 255 for part in node.nodes])

    def _read_proto(self, node: Node) -> None:
        self.looks_at_headers = True
        slots = own_slots(node)
        words = [self._parsed.text(slot).lower() for slot in slots]
        if words in (["tcp", "udp"], ["tcp-udp"]):
            self._protocols = TCP_UDP
            return
        if len(words) > 1:
            raise self._parsed.refuse(slots[1], f"only `tcp/udp` may have a slash, found `{'/'.join(words)}`")
        if slots[0].name == "NUMBER":
            number = int(words[0])
            if number > 255:
                self._reading.accident(
                    self._reading.file.span(*self._parsed.region(slots[0].at, slots[0].at)),
                    f"`{number}` is no protocol: ipf takes the rest of a division by 256, {number & 255}",
                )
            self._protocols = (number & 255,)
            return
        protocol = names.protocol_of(words[0])
        if protocol is None:
            raise self._parsed.refuse(slots[0], f"`{words[0]}` is no protocol", "write its number")
        self._protocols = (protocol,)

    def _read_all(self, _: Node) -> None:
        pass

    def _read_from_to(self, node: Node) -> None:
        self.looks_at_headers = True
        self._end("source", node.nodes[0])
        if len(node.nodes) > 1:
            self._end("destination", node.nodes[1])

    def _read_to(self, node: Node) -> None:
        self.looks_at_headers = True
        self._end("destination", node.nodes[0])

    def _end(self, side: str, node: Node) -> None:
        end = End()
        for part in node.nodes:
            if part.rule == "not":
                end = end._replace(negated=True)
            elif part.rule.startswith("port_"):
                ports = self._ports(part)
                if len(ports) == 1:
                    end = end._replace(ports=ports[0])
                else:
                    self._lists.append((f"{side}.ports", ports))
            else:
                choices = self._addresses(part)
                if len(choices) == 1:
                    end = end._replace(addresses=choices[0])
                else:
                    self._lists.append((f"{side}.addresses", choices))
                    self._warn_of_negated_list(part, end)
        self._values[side] = end

    def _addresses(self, node: Node) -> list[Addresses | None]:
        choices = node.nodes if node.rule == "address_list" else (node,)
        reader = AddressReader(self._parsed, self._reading, self._family, self._interfaces)
        found = []
        for choice in choices:
            addresses = reader.read(choice)
            if isinstance(addresses, (NetworkAddress, HostName, InterfaceNetwork)) and reader.family is None:
                reader.family = addresses.family if isinstance(addresses, NetworkAddress) else 4
            found.append(addresses)
        self._family = reader.family
        return found

    def _warn_of_negated_list(self, part: Node, end: End) -> None:
        if end.negated:
            slots = all_slots(part)
            self._reading.accident(
                self._reading.file.span(*self._parsed.region(slots[0].at, slots[-1].at)),
                "`!` before a list makes one rule for each entry, and together they match everything",
                mend="use `!pool=(…)`, or rules with `quick` for the entries",
            )

    def _ports(self, node: Node) -> list[Ports]:
        if self._protocols not in ((), (TCP,), (UDP,), TCP_UDP):
            raise self._parsed.refuse(all_slots(node)[0], "a port needs `proto tcp`, `udp` or `tcp/udp`")
        self.looks_at_headers = True
        return read_ports(self._parsed, node, self._protocols)

    def _read_flags(self, node: Node) -> None:
        if self._protocols != (TCP,):
            raise self._parsed.refuse(all_slots(node)[0], "`flags` needs `proto tcp`")
        bits = [self._flag_set(part) for part in node.nodes]
        if node.rule == "no_flags":
            flags = TcpFlags(0, bits[0])
        else:
            flags = TcpFlags(bits[0], bits[1] if len(bits) > 1 else _ALL_FLAGS)
        self._values["flags"] = flags
        if flags.value & ~flags.mask:
            start, end = self._parsed.region(node.nodes[0].slot.at, node.nodes[-1].slot.at)
            self._reading.accident(
                self._reading.file.span(start, end),
                "this never matches: flags are asked for that the mask leaves out",
            )

    def _flag_set(self, node: Node) -> int:
        text = self._text(node)
        if node.slot.name != "WORD":
            return int(text, 0) & 255
        bits = names.flag_bits(text)
        if bits is None:
            raise self._parsed.refuse(node.slot, f"`{text}` are no TCP flags", f"the letters are {names.TCP_FLAGS}")
        return bits

    def _read_icmp(self, node: Node) -> None:
        self.looks_at_headers = True
        if self._family is None:
            self._family = 4
        wanted = ICMP if self._family == 4 else ICMP6
        if self._protocols != (wanted,):
            need = "icmp" if self._family == 4 else "ipv6-icmp"
            raise self._parsed.refuse(all_slots(node)[0], f"`icmp-type` needs `proto {need}` here")
        types, *codes = node.nodes
        self._put("icmp_type", [self._icmp_type(name) for name in types.nodes])
        if codes:
            self._put("icmp_code", [self._icmp_code(name) for name in codes[0].nodes])

    def _icmp_type(self, node: Node) -> int:
        text = self._text(node)
        if node.slot.name == "NUMBER":
            return int(text) & 255
        kinds = names.ICMP_TYPES.get(text.lower())
        kind = None if kinds is None else kinds[0 if self._family == 4 else 1]
        if kind is None:
            raise self._parsed.refuse(node.slot, f"`{text}` is no ICMP type of IPv{self._family}", "write its number")
        return kind

    def _icmp_code(self, node: Node) -> int:
        text = self._text(node)
        if node.slot.name == "NUMBER":
            return int(text) & 255
        code = names.ICMP_CODES.get(text.lower())
        if code is None:
            raise self._parsed.refuse(node.slot, f"`{text}` is no ICMP code", "write its number")
        return code

    def _read_with(self, node: Node) -> None:
        self.looks_at_headers = True
        found: list[Any] = []
        for condition in node.nodes:
            negated = condition.child("negated") is not None
            parts = [part for part in condition.nodes if part.rule != "negated"]
            if condition.rule == "trait_condition":
                word = self._text(parts[0]).lower()
                found.append(Trait(_TRAITS.get(word, word), negated))
            elif condition.rule == "header_condition":
                found.append(self._headers(condition, parts, negated))
            else:
                found += self._options(parts, negated)
        self._values["conditions"] = tuple(found)

    def _headers(self, node: Node, parts: list[Node], negated: bool) -> ExtensionHeaders:
        if self._family != 6:
            raise self._parsed.refuse(all_slots(node)[0], "`v6hdr` needs `inet6`")
        words = [self._text(part).lower() for part in parts]
        for word, part in zip(words, parts, strict=True):
            if word not in EXTENSION_HEADERS:
                raise self._parsed.refuse(part.slot, f"`{word}` is no IPv6 extension header")
        return ExtensionHeaders(tuple(words), negated)

    def _options(self, parts: list[Node], negated: bool) -> list[IpOptions | OptionClasses]:
        if self._family == 6:
            raise self._parsed.refuse(all_slots(parts[0])[0], "IP options are part of IPv4, and the rule is about IPv6")
        self._family = 4
        found: list[IpOptions | OptionClasses] = []
        plain: list[str] = []
        for part in parts:
            slots = own_slots(part)
            words = [self._parsed.text(slot).lower() for slot in slots]
            known = SECURITY_CLASSES if part.rule == "security_classes" else IP_OPTIONS
            for word, slot in zip(words, slots, strict=True):
                if word not in known:
                    what = "security class" if known is SECURITY_CLASSES else "IP option"
                    raise self._parsed.refuse(slot, f"`{word}` is no {what}")
            if part.rule == "security_classes":
                found.append(OptionClasses(tuple(words), negated))
            elif part.nodes:
                found.append(IpOptions(tuple(words), negated, self._number(part.nodes[0])))
            else:
                plain += words
        if plain:
            found.insert(0, IpOptions(tuple(plain), negated))
        return found
