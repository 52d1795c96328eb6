"""The session table of ipnat, and how it chooses addresses and ports (ip_nat.c).

Which rule is asked about a packet comes from :mod:`spdcheck.semantics.rulesets.ipnat`; what the kernel then picks,
in its own order and with its own oddities, is done here as it does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spdcheck.engine.concrete import matches
from spdcheck.model.ipfilter import NetworkAddress
from spdcheck.model.ipnat import NatKind, NatRange, NatSplit
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import TCP, UDP
from spdcheck.semantics.rulesets.ipnat import asked, nat_condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.model.ipnat import NatRule
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
    from tests.conformance.ipf_wire import Datagram

FAILED = {4: 15, 6: 16}
"""The reasons for "no translation could be made"."""

_LOWEST_BLOCK_PORT = 1024
_USABLE_PORTS = 65536 - _LOWEST_BLOCK_PORT
_MOST_TRIES = 100_000
_BITS = {4: 32, 6: 128}
_ICMP_QUERIES = {4: (8, 10, 13, 15, 17), 6: (128, 130, 133, 135, 139)}
_ICMP_ANSWERS = {4: (0, 9, 14, 16, 18), 6: (129, 131, 134, 136, 140)}

Ends = tuple[int, int, int, int]
"""Source, its port (or ICMP id), destination, its port."""


@dataclass
class Session:
    """A connection: how it looks to the one who began it (``old``), and behind the translation (``new``)."""

    old: Ends
    new: Ends
    outbound: bool
    family: int
    protocol: int
    interfaces: tuple[str, str]


@dataclass(eq=False)
class Working:
    """A rule and the values that it picks next."""

    rule: NatRule
    condition: Predicate
    next_address: int = 0
    next_port: int = 0
    next_target: int = 0
    next_target_port: int = 0
    step: int = 0
    used: bool = False
    hosts: dict[tuple[int, int], int] = field(default_factory=dict)
    sticky: dict[tuple[int, int, int], int] = field(default_factory=dict)
    sticky_uses: int = 0


class ExhaustedError(Exception):
    """No address or port is free."""


class Nat:
    """The rules of one ipnat.conf at work."""

    def __init__(self, rules: Sequence[NatRule], names: IpfNames) -> None:
        self._rules = {
            direction: [_working(rule, names) for rule in asked(rules, direction)]
            for direction in (Direction.IN, Direction.OUT)
        }
        self.sessions: list[Session] = []
        self._touched: set[int] = set()

    def touched(self, packet: Datagram) -> bool:
        """The packet was translated when it came in."""
        return id(packet) in self._touched

    def arrive(self, packet: Datagram) -> int | None:
        """Translates a packet that comes in; the reason if it must be dropped."""
        reason, changed = self._pass(packet, Direction.IN)
        if changed:
            self._touched.add(id(packet))
        return reason

    def leave(self, packet: Datagram) -> int | None:
        """Translates a packet that leaves; the reason if it must be dropped."""
        return self._pass(packet, Direction.OUT)[0]

    def _pass(self, packet: Datagram, direction: Direction) -> tuple[int | None, bool]:
        if packet.offset:
            return None, False
        if packet.is_icmp_error:
            return None, self._error(packet, direction)
        ends = _ends(packet)
        known = self._known(ends, packet, direction)
        if known is not None:
            _rewrite(packet, known)
            return None, True
        failed = False
        seen = packet.packet()
        for working in self._rules[direction]:
            if matches(working.condition, seen) is not True:
                continue
            if working.rule.exempt:
                return None, False
            try:
                new = self._new(working, ends, packet, direction)
            except ExhaustedError:
                failed = True
                continue
            interfaces = working.rule.interfaces
            session = Session(
                ends, new, direction is Direction.OUT, packet.family, packet.protocol,
                (interfaces[0], interfaces[-1]),
            )  # fmt: skip
            self.sessions.insert(0, session)
            if working.rule.round_robin:
                self._rules[direction].remove(working)
                self._rules[direction].append(working)
            _rewrite(packet, new)
            return None, True
        return (FAILED[packet.family], False) if failed else (None, False)

    def _known(self, ends: Ends, packet: Datagram, direction: Direction) -> Ends | None:
        """What a packet of a known session becomes."""
        for session in self.sessions:
            if (session.family, session.protocol) != (packet.family, packet.protocol):
                continue
            name = session.interfaces[0 if direction is Direction.IN else 1]
            if name not in ("*", "-", packet.interface):
                continue
            own = session.outbound == (direction is Direction.OUT)
            found, becomes = (session.old, session.new) if own else (_turned(session.new), _turned(session.old))
            if found == ends:
                return becomes
        return None

    def _taken(self, ends: Ends, packet: Datagram, direction: Direction) -> bool:
        return self._known(ends, packet, direction) is not None

    def _error(self, packet: Datagram, direction: Direction) -> bool:
        """An ICMP error about a translated packet: the packet that it quotes is translated back, and its receiver."""
        inner = packet.inner
        if inner is None:
            return False
        quoted = _ends(inner)
        for session in self.sessions:
            if (session.family, session.protocol) != (inner.family, inner.protocol):
                continue
            own = session.outbound == (direction is Direction.OUT)
            # The quoted packet went the other way: it looks as the session's packets do on that side.
            found, becomes = (_turned(session.old), _turned(session.new)) if own else (session.new, session.old)
            if found == quoted:
                _rewrite_error(packet, inner, becomes, direction)
                return True
        return False

    def _new(self, working: Working, ends: Ends, packet: Datagram, direction: Direction) -> Ends:
        kind = working.rule.kind
        if kind is NatKind.REWRITE:
            return self._rewritten(working, ends, packet, direction)
        if direction is Direction.OUT:
            return self._mapped(working, ends, packet)
        return self._redirected(working, ends, packet)

    def _mapped(self, working: Working, ends: Ends, packet: Datagram) -> Ends:
        """``ipf_nat_newmap``: tries until nobody outside would mistake the connection for another one."""
        rule = working.rule
        source, source_port, destination, destination_port = ends
        new = rule.new_source
        key = (source, destination)
        first_host = working.hosts.get(key)
        start = (working.next_address, working.next_port)
        has_ports = packet.protocol in (TCP, UDP)
        ports = rule.source_ports
        single = _single(new, packet.family)
        held = True
        for attempt in range(_MOST_TRIES):
            address = working.next_address
            if attempt == 0:
                address = working.hosts.setdefault(key, address) if first_host is None else first_host
            elif attempt == 1 and held:
                working.hosts.pop(key, None)
                held = False
            if single and working.next_port == 0 and attempt:
                raise ExhaustedError
            port = 0
            if rule.kind is NatKind.BIMAP and _same_size(rule):
                assert isinstance(new, NetworkAddress)
                address = new.value | (source & ~new.mask & ((1 << _BITS[packet.family]) - 1))
            elif rule.kind is NatKind.MAP_BLOCK:
                address, port = _block(rule, source, source_port, attempt, has_ports)
            elif isinstance(new, NetworkAddress) and new.value == 0 and single:
                if attempt or packet.interface not in packet.link:
                    raise ExhaustedError
                address = packet.link[packet.interface]
            elif isinstance(new, NetworkAddress) and new.mask == 0:
                if attempt:
                    raise ExhaustedError
                address = source
            elif not single and working.next_port == 0 and attempt:
                working.next_address += 1
            if ports is not None and ports.auto and has_ports and rule.kind is not NatKind.MAP_BLOCK:
                size, per_address = _groups(rule)
                port = (source_port + attempt % size) % size + size * (source % per_address) + _LOWEST_BLOCK_PORT
            elif ports is not None and (has_ports or ports.icmp) and rule.kind is not NatKind.MAP_BLOCK:
                port = working.next_port
                working.next_port += 1
                if working.next_port > ports.last:
                    working.next_port = ports.first
                    if not single:
                        working.next_address += 1
            _wrap(working, new, packet.family)
            if port == 0:
                port = source_port
            mapped = (address, port, destination, destination_port)
            if not self._taken(_turned(mapped), packet, Direction.IN):
                if key not in working.hosts:
                    working.hosts[key] = address
                return mapped
            if working.next_port and (working.next_address, working.next_port) == start and working.next_address:
                raise ExhaustedError
        raise ExhaustedError

    def _redirected(self, working: Working, ends: Ends, packet: Datagram) -> Ends:
        """``ipf_nat_newrdr``, its treatment of ``sticky`` included."""
        rule = working.rule
        source, source_port, destination, port = ends
        new = rule.new_destination
        bits = (1 << _BITS[packet.family]) - 1
        if isinstance(new, NatSplit):
            address = working.next_target
            known = working.sticky.get((source, destination, port)) if rule.sticky else None
            if known is not None:
                address = 0
            else:
                working.next_target = new.second if address == new.first else new.first
        elif isinstance(new, NatRange):
            address = working.next_target
            working.next_target = new.first if address >= new.last else address + 1
        elif not isinstance(new, NetworkAddress) or new.mask == 0:
            address = destination
        elif new.value == 0:
            if packet.interface not in packet.link:
                raise ExhaustedError
            address = packet.link[packet.interface]
        elif rule.kind is NatKind.BIMAP:
            wanted = rule.destination.addresses
            size = wanted.mask if isinstance(wanted, NetworkAddress) else bits
            address = new.value | (destination & ~size & bits) if new.mask == size else new.value
        else:
            address = new.value
        new_port = _redirected_port(working, port) if packet.protocol in (TCP, UDP) else port
        if address == 0:
            if new_port == port:
                raise ExhaustedError
            address = destination
        redirected = (source, source_port, address, new_port)
        if self._taken(_turned(redirected), packet, Direction.OUT):
            raise ExhaustedError
        if rule.sticky:
            working.sticky[source, destination, port] = address
        return redirected

    def _rewritten(self, working: Working, ends: Ends, packet: Datagram, direction: Direction) -> Ends:
        """``rewrite``: source address, source port, destination address and destination port take turns."""
        rule = working.rule
        choices = (
            _addresses(rule.new_source, packet.family),
            _ports(rule.source_ports) if packet.protocol in (TCP, UDP) else None,
            _addresses(rule.new_destination, packet.family),
            _ports(rule.destination_ports) if packet.protocol in (TCP, UDP) else None,
        )
        values = [working.next_address, working.next_port, working.next_target, working.next_target_port]
        if not working.used:
            values = [0 if choice is None else choice[0] for choice in choices]
        for _ in range(_MOST_TRIES):
            if working.used:
                _advance(working, values, choices)
            working.used = True
            new = tuple(
                old if choice is None else value for old, value, choice in zip(ends, values, choices, strict=True)
            )
            working.next_address, working.next_port, working.next_target, working.next_target_port = values
            other = Direction.IN if direction is Direction.OUT else Direction.OUT
            if not self._taken(_turned(new), packet, other):  # type: ignore[arg-type]
                return new  # type: ignore[return-value]
        raise ExhaustedError


def _working(rule: NatRule, names: IpfNames) -> Working:
    working = Working(rule, nat_condition(rule, names))
    new = rule.new_source
    if isinstance(new, NetworkAddress):
        working.next_address = new.value if _single(new, rule.family) else new.value + 1
    elif isinstance(new, NatRange):
        working.next_address = new.first
    if rule.source_ports is not None and not rule.source_ports.auto:
        working.next_port = rule.source_ports.first
    target = rule.new_destination
    if isinstance(target, (NatSplit, NatRange)):
        working.next_target = target.first
    if rule.destination_ports is not None:
        working.next_target_port = rule.destination_ports.first
    return working


def _single(new: object, family: int) -> bool:
    return isinstance(new, NetworkAddress) and new.mask.bit_count() == _BITS[family]


def _same_size(rule: NatRule) -> bool:
    old = rule.source.addresses
    mask = old.mask if isinstance(old, NetworkAddress) else 0
    return isinstance(rule.new_source, NetworkAddress) and rule.new_source.mask == mask


def _wrap(working: Working, new: object, family: int) -> None:
    """Behind the last address comes the first."""
    if isinstance(new, NatRange):
        if working.next_address > new.last:
            working.next_address = new.first
    elif (
        isinstance(new, NetworkAddress)
        and not _single(new, family)
        and (working.next_address + 1) & new.mask > new.value
    ):
        working.next_address = new.value + 1


def _groups(rule: NatRule) -> tuple[int, int]:
    """``(ports for each inner address, inner addresses for each outer one)``."""
    old, new = rule.source.addresses, rule.new_source
    inner = (1 << 32) - (old.mask if isinstance(old, NetworkAddress) else 0)
    outer = (1 << 32) - (new.mask if isinstance(new, NetworkAddress) else 0)
    per_address = max(inner // outer, 1)
    return max(_USABLE_PORTS // per_address, 1), per_address


def _block(rule: NatRule, source: int, port: int, attempt: int, has_ports: bool) -> tuple[int, int]:
    """``map-block``: address and ports follow from the inner address."""
    new, old = rule.new_source, rule.source.addresses
    assert isinstance(new, NetworkAddress)
    if rule.block_ports == -1:
        size, per_address = _groups(rule)
    else:
        size = rule.block_ports or 1
        per_address = _USABLE_PORTS // size
    if attempt >= size or (attempt and not has_ports):
        raise ExhaustedError
    host = source & ~(old.mask if isinstance(old, NetworkAddress) else 0) & 0xFFFFFFFF
    address = (host // per_address & ~new.mask & 0xFFFFFFFF) + new.value
    if not has_ports or not rule.block_ports:
        return address, 0
    return address, (port + attempt) % size + size * (host % per_address) + _LOWEST_BLOCK_PORT


def _redirected_port(working: Working, port: int) -> int:
    rule = working.rule
    ports = rule.destination_ports
    if ports is None:
        return port
    wanted = rule.destination.ports
    if not ports.fixed and wanted is not None and wanted.operator == ":":
        return (port - wanted.first + ports.last) & 0xFFFF
    new = working.next_target_port
    working.next_target_port = ports.first if new >= ports.last else new + 1
    return new


def _addresses(new: object, family: int) -> tuple[int, int] | None:
    """The lowest and the highest address that a rule may pick; None where it keeps the old one."""
    if isinstance(new, NatRange):
        return new.first, new.last
    if not isinstance(new, NetworkAddress) or new.mask == 0:
        return None
    if _single(new, family):
        return new.value, new.value
    return new.value + 1, new.value + (1 << (_BITS[family] - new.mask.bit_count())) - 2


def _ports(ports: object) -> tuple[int, int] | None:
    from spdcheck.model.ipnat import NewPorts

    return (ports.first, ports.last) if isinstance(ports, NewPorts) else None


def _advance(working: Working, values: list[int], choices: Sequence[tuple[int, int] | None]) -> None:
    """The next one of the four that has a choice moves on."""
    for _ in range(4):
        at = working.step
        working.step = (working.step + 1) % 4
        choice = choices[at]
        if choice is not None and choice[0] != choice[1]:
            values[at] = choice[0] if values[at] >= choice[1] else values[at] + 1
            return


def _ends(packet: Datagram) -> Ends:
    """The ends of a packet; the id of an ICMP query is a port of the one who asks."""
    if packet.has_ports:
        return packet.source, packet.source_port, packet.destination, packet.destination_port
    if packet.is_icmp and packet.icmp_type in _ICMP_QUERIES[packet.family]:
        return packet.source, packet.icmp_id, packet.destination, 0
    if packet.is_icmp and packet.icmp_type in _ICMP_ANSWERS[packet.family]:
        return packet.source, 0, packet.destination, packet.icmp_id
    return packet.source, 0, packet.destination, 0


def _turned(ends: Ends) -> Ends:
    return ends[2], ends[3], ends[0], ends[1]


def _rewrite(packet: Datagram, new: Ends) -> None:
    if packet.has_ports:
        if packet.source_port != new[1]:
            packet.set_source_port(new[1])
        if packet.destination_port != new[3]:
            packet.set_destination_port(new[3])
    elif packet.is_icmp and new[1] | new[3] and packet.icmp_id != new[1] | new[3]:
        packet.set_icmp_id(new[1] | new[3])
    if packet.source != new[0]:
        packet.set_source(new[0])
    if packet.destination != new[2]:
        packet.set_destination(new[2])


def _rewrite_error(packet: Datagram, inner: Datagram, becomes: Ends, direction: Direction) -> None:
    """The quoted packet gets its old face; the checksum of the ICMP message follows what changed in it."""
    start = packet.l4 + 8
    quoted = inner.source_port, inner.destination_port
    before = bytes(packet.raw[start:])
    _rewrite(inner, becomes)
    packet.raw[start:] = inner.raw
    after = bytes(packet.raw[start:])
    size = len(before) & ~1
    if inner.has_ports and (inner.checksum is None or inner.checksum + 2 > len(inner.raw)):
        _ports_only(packet, quoted, (becomes[1], becomes[3]))
    else:
        packet.adjust(packet.l4 + 2, before[:size], after[:size])
    if direction is Direction.IN:
        packet.set_destination(becomes[0])
    else:
        packet.set_source(becomes[2])


def _ports_only(packet: Datagram, old: tuple[int, int], new: tuple[int, int]) -> None:
    """The checksum of an ICMP error whose quotation ends before the checksum of the quoted segment.

    The kernel's macro changes its arguments, and a port that gets smaller counts one too much (``CALC_SUMD``).
    """
    difference = 0
    for before, after in zip(old, new, strict=True):
        step = before - (after - 1 if before > after else after)
        difference += step if step >= 0 else step - 1 & 0xFFFFFFFF
    while difference >> 16:
        difference = (difference & 0xFFFF) + (difference >> 16)
    at = packet.l4 + 2
    total = (~packet.word(at) & 0xFFFF) + (~difference & 0xFFFF)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    packet.raw[at : at + 2] = (~total & 0xFFFF).to_bytes(2, "big")
