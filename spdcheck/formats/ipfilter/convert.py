"""Statements of ipf.conf to rules of the model; braces are written out in the order in which ipf(8) does it.

What ipf refuses is a :class:`~spdcheck.formats.ipf_reading.Refused`; what it takes for something else than it looks
like is said as CFG010.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipfilter.addresses import AddressReader, read_ports
from spdcheck.formats.ipfilter.state import group_name, read_frags, read_state
from spdcheck.formats.shapes import Slot
from spdcheck.model.ipfilter import (
    TCP_UDP,
    Call,
    End,
    Expression,
    ExtensionHeaders,
    HostName,
    InterfaceNetwork,
    IpfAction,
    IpfRule,
    IpOptions,
    Log,
    NetworkAddress,
    Ports,
    Reply,
    SecurityClasses,
    Target,
    TcpFlags,
    Trait,
)
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import ICMP, ICMP6, TCP, UDP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spdcheck.formats.base import Reading
    from spdcheck.formats.ipf_reading import Node, Parsed
    from spdcheck.model.ipfilter import Addresses
    from spdcheck.source import Span

_TRAITS = {"ipopt": "ipopts", "frags": "frag", "multicast": "mcast"}
_ALL_FLAGS = 0x3F
"""The mask of ``flags S``: FIN, SYN, RST, PSH, ACK and URG."""

_TAG_LENGTH = 16


class RuleReader:
    """One rule of a statement. ``file_family`` is that of the whole file: 6 for ipf6.conf, else None.

    The parts of a rule come in a fixed order, and some of them depend on what was said before: ``family`` and
    ``protocols`` are what is known so far.
    """

    def __init__(self, parsed: Parsed, node: Node, reading: Reading, file_family: int | None) -> None:
        self._parsed = parsed
        self._node = node
        self._reading = reading
        self._file_family = file_family
        self._family = file_family
        self._looks_at_headers = False
        self._protocols: tuple[int, ...] = ()
        self._interfaces: tuple[str, ...] = ()
        self._values: dict[str, Any] = {}
        self._lists: list[tuple[str, Sequence[Any]]] = []
        self.nested: Node | None = None

    def rules(self, origin: Span) -> list[IpfRule]:
        """The rules that the node stands for."""
        for part in self._node.nodes:
            _step(part.rule)(self, part)
        family = self._family
        if family and not self._looks_at_headers and not self._file_family and "expression" not in self._values:
            self._reading.accident(
                origin,
                f"with nothing behind it, `inet{'6' if family == 6 else ''}` does not keep out the other family",
            )
            family = None
        rule = IpfRule(
            origin=origin,
            family=family,
            protocols=self._protocols,
            interfaces=self._interfaces,
            **self._values,
        )
        rules = [rule]
        for name, items in self._lists:
            rules = [_set(rule, name, item) for item in items for rule in rules]
        return rules

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

    def insert(self, node: Node) -> None:
        self._values["insert"] = self._number(node.nodes[0])

    def collection(self, node: Node) -> None:
        self._values["collection"] = self._number(node.nodes[0])

    def action(self, node: Node) -> None:
        self._values["action"] = IpfAction(node.rule)
        for answer in node.nodes:
            code = answer.child("code")
            kind = answer.rule.replace("_", "-")
            self._values["reply"] = Reply(kind, None if code is None else self._icmp_code(code))

    def log_action(self, node: Node) -> None:
        self._values["action"] = IpfAction.LOG
        self.log(node)

    def skip(self, node: Node) -> None:
        self._values.update(action=IpfAction.SKIP, skip=self._number(node.nodes[0]))

    def call(self, node: Node) -> None:
        function = next(part for part in node.nodes if part.rule == "word")
        self._values["action"] = IpfAction.CALL
        number = self._parsed.text(_own_slots(node)[-1])
        self._values["call"] = Call(self._text(function), number, node.child("now") is not None)

    def direction(self, node: Node) -> None:
        self._values["direction"] = Direction.IN if node.rule == "inward" else Direction.OUT

    def log(self, node: Node) -> None:
        known: Log = self._values.get("log") or Log()
        words = list(known.words)
        level = known.level
        for option in node.nodes:
            if option.rule == "log_level":
                level = self._log_level(option)
            else:
                word = option.rule.removeprefix("log_").replace("_", "-")
                if word not in words:
                    words.append(word)
        self._values["log"] = Log(tuple(words), level)

    def _log_level(self, node: Node) -> str:
        text = self._text(node).lower()
        facility, dot, priority = text.rpartition(".")
        if priority not in names.PRIORITIES or (dot and facility not in names.FACILITIES):
            raise self._parsed.refuse(
                node.slot, f"`{text}` is no log level", "write FACILITY.PRIORITY, as in auth.info"
            )
        return text

    def quick(self, _: Node) -> None:
        self._values["quick"] = True

    def fastroute(self, _: Node) -> None:
        self._values["fastroute"] = True

    def on(self, node: Node) -> None:
        interfaces, *via = node.nodes
        self._interfaces = tuple(self._interface(part) for part in interfaces.nodes)
        if via:
            self._values["via"] = tuple(self._interface(part) for part in via[0].nodes)

    def on_list(self, node: Node) -> None:
        choices = [tuple(self._interface(part) for part in item.nodes) for item in node.nodes]
        self._interfaces = choices[0]
        if len(choices) > 1:
            start, end = self._parsed.region(node.nodes[0].nodes[0].slot.at, node.nodes[-1].nodes[-1].slot.at)
            self._reading.accident(
                self._reading.file.span(start, end),
                "ipf accepts a list of interfaces, but only the first of them ever matches",
                mend="write one rule for each interface",
            )

    def _interface(self, node: Node) -> str:
        return next((self._parsed.text(slot) for slot in _own_slots(node)), "-")

    def target(self, node: Node) -> Target:
        name = self._parsed.text(node.slot)
        if node.rule == "target_list":
            return Target(name, list=True)
        host = node.child("host", "own_host")
        if host is None:
            return Target(name)
        gateway = AddressReader(self._parsed, self._reading, self._family, ()).host(host)
        if isinstance(gateway, NetworkAddress):
            self._family = self._family or gateway.family
            return Target(name, gateway)
        return Target(name, gateway if isinstance(gateway, HostName) else None)

    def route_to(self, node: Node) -> None:
        self._values["route_to"] = self.target(node.nodes[0])

    def dup_to(self, node: Node) -> None:
        self._values["dup_to"] = self.target(node.nodes[0])

    def reply_to(self, node: Node) -> None:
        self._values["reply_to"] = self.target(node.nodes[0])

    def body(self, node: Node) -> None:
        for part in node.nodes:
            _step(part.rule)(self, part)

    def bpf(self, node: Node) -> None:
        self._values["expression"] = Expression("bpf", self._text(node))

    def expression(self, node: Node) -> None:
        self._values["expression"] = Expression("exp", self._text(node))

    def family(self, node: Node) -> None:
        family = 4 if node.rule == "inet" else 6
        if self._file_family and family != self._file_family:
            raise self._parsed.refuse(_slots(self._node)[0], f"`{node.rule}` in a file of rules about IPv6")
        self._family = family

    def tos(self, node: Node) -> None:
        self._looks_at_headers = True
        self._put("tos", [self._number(part) & 255 for part in node.nodes])

    def hop_limit(self, node: Node) -> None:
        self._looks_at_headers = True
        self._put("ttl", [self._number(part) & 255 for part in node.nodes])

    def proto(self, node: Node) -> None:
        self._looks_at_headers = True
        slots = _own_slots(node)
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

    def all(self, _: Node) -> None:
        pass

    def from_to(self, node: Node) -> None:
        self._looks_at_headers = True
        self._end("source", node.nodes[0])
        if len(node.nodes) > 1:
            self._end("destination", node.nodes[1])

    def to(self, node: Node) -> None:
        self._looks_at_headers = True
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
            slots = _slots(part)
            self._reading.accident(
                self._reading.file.span(*self._parsed.region(slots[0].at, slots[-1].at)),
                "`!` before a list makes one rule for each entry, and together they match everything",
                mend="use `!pool=(…)`, or rules with `quick` for the entries",
            )

    def _ports(self, node: Node) -> list[Ports]:
        if self._protocols not in ((), (TCP,), (UDP,), TCP_UDP):
            raise self._parsed.refuse(_slots(node)[0], "a port needs `proto tcp`, `udp` or `tcp/udp`")
        self._looks_at_headers = True
        return read_ports(self._parsed, node, self._protocols)

    def flags(self, node: Node) -> None:
        if self._protocols != (TCP,):
            raise self._parsed.refuse(_slots(node)[0], "`flags` needs `proto tcp`")
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

    def icmp(self, node: Node) -> None:
        self._looks_at_headers = True
        if self._family is None:
            self._family = 4
        wanted = ICMP if self._family == 4 else ICMP6
        if self._protocols != (wanted,):
            need = "icmp" if self._family == 4 else "ipv6-icmp"
            raise self._parsed.refuse(_slots(node)[0], f"`icmp-type` needs `proto {need}` here")
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

    def with_(self, node: Node) -> None:
        self._looks_at_headers = True
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
            raise self._parsed.refuse(_slots(node)[0], "`v6hdr` needs `inet6`")
        words = [self._text(part).lower() for part in parts]
        for word, part in zip(words, parts, strict=True):
            if word not in names.EXTENSION_HEADERS:
                raise self._parsed.refuse(part.slot, f"`{word}` is no IPv6 extension header")
        return ExtensionHeaders(tuple(words), negated)

    def _options(self, parts: list[Node], negated: bool) -> list[IpOptions | SecurityClasses]:
        if self._family == 6:
            raise self._parsed.refuse(_slots(parts[0])[0], "IP options are part of IPv4, and the rule is about IPv6")
        self._family = 4
        found: list[IpOptions | SecurityClasses] = []
        plain: list[str] = []
        for part in parts:
            slots = _own_slots(part)
            words = [self._parsed.text(slot).lower() for slot in slots]
            known = names.SECURITY_CLASSES if part.rule == "security_classes" else names.IP_OPTIONS
            for word, slot in zip(words, slots, strict=True):
                if word not in known:
                    what = "security class" if known is names.SECURITY_CLASSES else "IP option"
                    raise self._parsed.refuse(slot, f"`{word}` is no {what}")
            if part.rule == "security_classes":
                found.append(SecurityClasses(tuple(words), negated))
            elif part.nodes:
                found.append(IpOptions(tuple(words), negated, self._number(part.nodes[0])))
            else:
                plain += words
        if plain:
            found.insert(0, IpOptions(tuple(plain), negated))
        return found

    def keep_state(self, node: Node) -> None:
        self._values["keep_state"] = read_state(self._parsed, node, self._protocols)

    def keep_frags(self, node: Node) -> None:
        self._values["keep_frags"] = read_frags(node)

    def head_group(self, node: Node) -> None:
        for name, part in zip(("head", "group"), node.nodes, strict=False):
            self._values[name] = group_name(self._parsed, part)

    def group_head(self, node: Node) -> None:
        for name, part in zip(("group", "head"), node.nodes, strict=False):
            self._values[name] = group_name(self._parsed, part)

    def tags(self, node: Node) -> None:
        verb = "set" if node.rule == "set_tag" else "match"
        for tag in node.nodes:
            if tag.rule == "log_tag":
                self._values[f"{verb}_log_tag"] = self._number(tag.nodes[0])
            else:
                self._values[f"{verb}_nat_tag"] = self._text(tag)[:_TAG_LENGTH]

    def pps(self, node: Node) -> None:
        self._values["packets_per_second"] = self._number(node.nodes[0])

    def rule_ttl(self, node: Node) -> None:
        self._values["rule_ttl"] = self._number(node.nodes[0])

    def comment(self, node: Node) -> None:
        self._values["comment"] = self._text(node)

    def group_below(self, node: Node) -> None:
        self.nested = node

    def ignored(self, _: Node) -> None:
        """``age`` only times states out."""


def _set(rule: IpfRule, name: str, item: Any) -> IpfRule:
    end, _, field = name.partition(".")
    if not field:
        return replace(rule, **{name: item})
    return replace(rule, **{end: getattr(rule, end)._replace(**{field: item})})


def _slots(node: Node) -> list[Slot]:
    """All tokens of a node, in order."""
    found: list[Slot] = []
    for part in node.parts:
        found += [part] if isinstance(part, Slot) else _slots(part)
    return found or [Slot("", 0)]


def _own_slots(node: Node) -> list[Slot]:
    return [part for part in node.parts if isinstance(part, Slot)]


_ACTIONS = ("pass", "block", "count", "nomatch", "auth", "preauth", "decapsulate")
_STEPS: dict[str, Callable[[RuleReader, Node], None]] = {
    **dict.fromkeys(_ACTIONS, RuleReader.action),
    "inward": RuleReader.direction, "outward": RuleReader.direction,
    "inet": RuleReader.family, "inet6": RuleReader.family,
    "no_flags": RuleReader.flags,
    "with": RuleReader.with_,
    "set_tag": RuleReader.tags, "match_tag": RuleReader.tags,
    "age": RuleReader.ignored,
    "nested": RuleReader.group_below,
    "ttl": RuleReader.rule_ttl,
}  # fmt: skip


@cache
def _step(rule: str) -> Callable[[RuleReader, Node], None]:
    step: Callable[[RuleReader, Node], None] = _STEPS.get(rule) or getattr(RuleReader, rule)
    return step
