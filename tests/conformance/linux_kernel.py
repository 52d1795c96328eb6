"""Recorded fates of packets in a real Linux kernel, against the simulator.

Each scenario's ``ip`` lines are read by the format for them, its PF_KEY policies as setkey statements. A probe agrees
if it is delivered to the same nodes, if the packets on the wires are the same (node, interface, addresses, protocol,
SPI; lengths where a scenario is about sizes), and if the counter that grew is the one that we name.

Left out of the comparison: ICMP errors that a node sends back (the simulator ends with the reason instead), repeated
packets of one kind, and what a TCP handshake sends after its answer.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spdcheck.engine.simulate import Simulator, trace_of
from spdcheck.engine.trace import ARRIVED, Disposition, Wire
from spdcheck.engine.tracing import answer_to, back, source_towards
from spdcheck.engine.traffic import One
from spdcheck.formats.base import Context, Reading
from spdcheck.formats.iproute import read as read_ip
from spdcheck.formats.iptables import read as read_iptables
from spdcheck.formats.setkey import read as read_setkey
from spdcheck.model.addresses import AddressRange, parse_address, parse_prefix
from spdcheck.model.association import Sad
from spdcheck.model.host import Flag, Host, Interface, InterfaceAddress, Platform, Route, Site
from spdcheck.model.policy import Spd
from spdcheck.model.protocols import ICMP, protocol_name
from spdcheck.semantics.fields import DESTINATION, PROTOCOL, address_range
from spdcheck.semantics.intervals import single
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT, packet
from spdcheck.source import SourceFile
from tests.conformance.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.engine.situation import Leaf, State
    from spdcheck.engine.trace import Trace
    from spdcheck.semantics.packet import Packet

DEFAULT_TOPOLOGY: dict[str, Any] = {
    "HA": {"eth0": "10.0.1.10/24", "default": "10.0.1.1"},
    "A": {"lan0": "10.0.1.1/24", "wan0": "192.0.2.1/24", "default": "192.0.2.2"},
    "B": {"wan0": "192.0.2.2/24", "lan0": "10.0.2.1/24", "default": "192.0.2.1"},
    "HB": {"eth0": "10.0.2.10/24", "default": "10.0.2.1"},
}
GATEWAYS = ("A", "B")
LOOP = "the packet is in a loop"


def cases(root: Path) -> Iterator[Case]:
    """One case for each probe of each scenario; nft rules are no format that we read."""
    folder = root / "linux-kernel"
    if not (folder / "scenarios.json").exists():
        return
    loaded = json.loads((folder / "scenarios.json").read_text(encoding="utf-8"))
    scenarios = loaded if isinstance(loaded, list) else loaded["scenarios"]
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]
    for scenario in scenarios:
        if any("nft" in config for config in scenario.get("config", {}).values()):
            continue
        if scenario.get("topology") or scenario["name"] not in results:
            continue
        yield from replayed(scenario, results[scenario["name"]]["probes"])


def replayed(scenario: dict[str, Any], results: list[dict[str, Any]]) -> Iterator[Case]:
    """Every probe of a set-up, compared with what the kernel did."""
    name = scenario["name"]
    try:
        sender = Sender(_site(scenario))
    except Exception as error:
        yield Case(name, False, f"{type(error).__name__}: {error}")
        return
    for number, (probe, recorded) in enumerate(zip(scenario["probes"], results, strict=True)):
        try:
            reason = _compare(sender, probe, recorded, sizes=name.startswith(("m ", "n9", "n10")))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        yield Case(f"{name} [{number}]", not reason, reason)


def _site(scenario: dict[str, Any]) -> Site:
    config = scenario.get("config", {})
    before = scenario.get("pre", {})
    return Site("scenario", tuple(_host(name, config.get(name, {}), before.get(name, [])) for name in DEFAULT_TOPOLOGY))


def _host(name: str, config: dict[str, Any], before: list[str]) -> Host:
    interfaces: dict[str, Interface] = {}
    routes = []
    for device, text in DEFAULT_TOPOLOGY[name].items():
        if device == "default":
            everything = parse_prefix("0.0.0.0/0")
            assert everything is not None
            routes.append(Route(everything, parse_address(text), None, None))
            continue
        address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
        assert address is not None
        assert prefix is not None
        interfaces[device] = Interface(name=device, addresses=(InterfaceAddress(address, prefix, None, None),))
    lines = before + [f"ip xfrm {line}" for line in config.get("xfrm", [])] + list(config.get("commands", []))
    text = "\n".join(lines) + "\n"
    reading = read_ip(SourceFile(f"{name}.sh", text), Context(platform=Platform.LINUX))
    assert not [d for d in reading.facts.diagnostics if d.code == "CFG001"], reading.facts.diagnostics
    for interface in reading.facts.interfaces:
        interfaces[interface.name] = interface
    facts = reading.facts
    for deleted in [key for key in facts.settings if key.startswith("route.deleted.")]:
        gone = deleted.removeprefix("route.deleted.")
        routes = [route for route in routes if str(route.destination) != gone]
    policies = list(facts.policies) + _pfkey(config.get("pfkey", []))
    tables = read_iptables(SourceFile(f"{name}.rules", config.get("iptables", "") + "\n"), Context())
    assert not tables.facts.diagnostics, tables.facts.diagnostics
    forwards = facts.forwarding.get(4, Flag(name in GATEWAYS, None))
    return Host(
        name=name,
        platform=Platform.LINUX,
        release=(6, 1),
        interfaces=tuple(interfaces.values()),
        routes=(*routes, *facts.routes),
        spd=Spd(tuple(policies)),
        sad=Sad(tuple(facts.associations)),
        forwarding={4: forwards},
        settings=facts.settings | _switches(config, reading) | _sockets(config, reading),
        packet_filters=tuple(tables.facts.packet_filters) if "iptables" in config else (),
        gaps=tuple(facts.gaps),
    )


def _switches(config: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The sysctls that the scenario sets beside its commands."""
    return {name: (str(value), reading.file.span(0, 0)) for name, value in config.get("sysctl", {}).items()}


def _sockets(config: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """Which UDP ports have a socket for ESP in UDP."""
    ports = ",".join(str(port) for port in config.get("encap_listen", []))
    return {"udp-encapsulation": (ports, reading.file.span(0, 0))}


def _pfkey(entries: list[dict[str, Any]]) -> list[Any]:
    found = []
    for entry in entries:
        rules = " ".join(
            f"esp/{t['mode']}/"
            + (f"{t['src']}-{t['dst']}" if t.get("src") else "")
            + f"/{t.get('level', 'require')}"
            + (f":{t['reqid']}" if t.get("reqid") else "")
            for t in entry.get("tmpl", [])
        )
        action = f"ipsec {rules}" if rules else entry.get("action", "none")
        text = f"spdadd {entry['src']} {entry['dst']} {entry.get('proto', 'any')} -P {entry['dir']} {action};\n"
        context = Context(platform=Platform.LINUX, tools={"ipsec-tools": (0, 3)})
        reading = read_setkey(SourceFile("pfkey", text), context)
        assert len(reading.facts.policies) == 1, (text, reading.facts.diagnostics)
        found.append(replace(reading.facts.policies[0], priority=entry.get("priority", 0)))
    return found


class Sender:
    """The hosts that send the probes of a scenario, one after the other.

    They remember the path MTU that they were told, and every host the connections of earlier probes, as real ones do.
    Those of pings are forgotten: packets have no identifier here, so that another ping would belong to the same one.
    """

    def __init__(self, site: Site) -> None:
        self.simulator = Simulator(site)
        self.hosts = {host.name: host for host in site.hosts}
        self.learned: dict[tuple[str, str], int] = {}
        self.states: tuple[State, ...] = ()

    def send(self, probe: dict[str, Any]) -> list[Trace]:
        """The traces of what leaves for a probe: one, or one for each fragment; none where sendto fails at once."""
        start = self.hosts[probe["from"]]
        made = self._packet(start, probe)
        if made is None:
            return []
        key = (probe["from"], probe["dst"])
        limit = self.learned.get(key, 1500)
        wants_reply = bool(probe.get("echo")) or probe.get("type") in ("ping", "tcp")
        if made.length > limit and made.df:
            return []
        forwarding = probe["from"] in GATEWAYS
        pieces = _pieces(made, limit) if made.length > limit and not forwarding else [made]
        traces = []
        for piece in pieces:
            leaf = next(self.simulator.send(start, One(piece), self.states))
            found = self._as_far_as_arp(leaf, trace_of(leaf, piece))
            if found.disposition is Disposition.FRAGMENTATION_NEEDED:
                self.learned[key] = int(found.sentence.rpartition("mtu ")[2])
            arrived = found.disposition in ARRIVED
            answer = self._answer(leaf, piece) if wants_reply and arrived else None
            if answer is not None:
                leaf = next(back(self.simulator, leaf, One(answer), leaf.situation.states))
                found = replace(found, reply=self._as_far_as_arp(leaf, trace_of(leaf, answer)))
            traces.append(found)
            self.states = tuple(state for state in leaf.situation.states if state.before.side(PROTOCOL) != single(ICMP))
        return traces

    def _as_far_as_arp(self, leaf: Leaf, trace: Trace) -> Trace:
        """Nobody has an address that no node has: what is for it stays at the last node, which asks for it in vain."""
        target = address_range(*leaf.situation.frame.traffic.side(DESTINATION)[0])
        if not (leaf.end.disposition in ARRIVED or leaf.end.lost) or self.simulator.topology.owner(target) is not None:
            return trace
        if target.first >> 24 == 127:
            return trace
        last = max(number for number, step in enumerate(trace.steps) if isinstance(step, Wire))
        return replace(trace, disposition=Disposition.NO_ROUTE, steps=trace.steps[:last])

    def _answer(self, leaf: Leaf, asked: Packet) -> Packet | None:
        """What the other end answers: an echoing UDP socket sends from the address that its route gives it."""
        answer = answer_to(leaf)
        if answer is None or asked.protocol != 17:
            return answer
        own = source_towards(
            self.simulator, leaf.situation.host, AddressRange(4, answer.destination, answer.destination)
        )
        # The answer is the datagram with a letter before it.
        answer = replace(answer, length=answer.length + 1)
        return answer if own is None else replace(answer, source=own.first)

    def _packet(self, start: Host, probe: dict[str, Any]) -> Packet | None:
        target = parse_address(probe["dst"])
        assert target is not None
        chosen = source_towards(self.simulator, start, target)
        if chosen is None:
            return None
        source = parse_address(source_of(probe))
        assert source is not None
        kind = probe.get("type", "udp")
        number = {"udp": 17, "tcp": 6, "ping": 1, "raw": probe.get("proto", 255)}[kind]
        values = {"protocol": number, "length": probe.get("size") or {"tcp": 60}.get(kind, 41)}
        values["df"] = int(bool(probe.get("df", kind == "tcp")))
        if kind in ("udp", "tcp"):
            values["source_port"] = probe.get("sport", 40000)
            values["destination_port"] = probe.get("dport", 5000)
        if kind == "tcp":
            values["tcp_flags"] = 2
        if kind == "ping":
            values["icmp_type"] = 8
        return packet(4, source.first, target.first, **values)


def source_of(probe: dict[str, Any]) -> str:
    """The source address of a probe: the one that it names, else the first one of its node (its socket is bound)."""
    named: str = probe.get("src") or ""
    if named:
        return named
    first = next(text for device, text in DEFAULT_TOPOLOGY[probe["from"]].items() if device != "default")
    return str(first).partition("/")[0]


def _pieces(whole: Packet, limit: int) -> list[Packet]:
    """The fragments in which a host sends a packet that is longer than the path MTU."""
    payload = (limit - 20) // 8 * 8
    pieces = []
    for offset in range(0, whole.length - 20, payload):
        length = 20 + min(payload, whole.length - 20 - offset)
        later = {"source_port": 0, "destination_port": 0} if offset else {}
        pieces.append(replace(whole, length=length, fragment=LATER_FRAGMENT if offset else FIRST_FRAGMENT, **later))
    return pieces


def _compare(sender: Sender, probe: dict[str, Any], recorded: dict[str, Any], *, sizes: bool) -> str:
    traces = sender.send(probe)
    arrived = bool(traces) and all(t.disposition in ARRIVED for t in traces)
    nodes = [traces[0].where] if arrived else []
    said = "; ".join(f"{t.disposition.value}: {t.sentence}" for t in traces) or "not sent"
    if nodes != recorded["delivered_to"]:
        return f"delivered to {nodes}, the kernel to {recorded['delivered_to']} ({said})"
    parts = [part for t in traces for part in (t, t.reply) if part is not None]
    if any(part.sentence.startswith(LOOP) for part in parts):
        # Nobody follows it until its TTL is used up.
        return ""
    ours = sorted({_wire(wire, sizes=sizes) for part in parts for wire in part.wires})
    theirs = sorted(
        {_recorded(line, sizes=sizes) for line in _handshake(recorded["wire"], probe) if _counts(line, probe)}
    )
    if ours != theirs:
        return f"wire {ours}, the kernel {theirs} ({said})"
    grown = {counter for counters in recorded["xfrm_stat"].values() for counter in counters}
    named = {part.counter for part in parts if part.counter.startswith("Xfrm")}
    if grown != named:
        return f"counter {sorted(named)}, the kernel {sorted(grown)} ({said})"
    return ""


def _handshake(lines: list[str], probe: dict[str, Any]) -> list[str]:
    """What a TCP sender puts on the wire up to the answer to its SYN: 60 bytes long, or 120 once encrypted."""
    return [line for line in lines if " len=52" not in line] if probe.get("type") == "tcp" else lines


def _wire(wire: Any, *, sizes: bool) -> str:
    seen: Packet = wire.packet
    ends = [AddressRange(4, value, value) for value in (seen.source, seen.destination)]
    text = f"{wire.host}.{wire.interface} {ends[0]}>{ends[1]} {protocol_name(seen.protocol)}"
    if wire.spi is not None and seen.protocol == 50:
        text += f" spi={wire.spi:#010x}"
    return text + (f" len={wire.length}" if sizes else "")


def _recorded(line: str, *, sizes: bool) -> str:
    names = {"ipip": "ipencap", "ipencap": "ipencap"}
    node, ends, protocol, *rest = line.split()
    kept = [word for word in rest if word.startswith("spi=") or (sizes and word.startswith("len="))]
    return " ".join([node, ends, names.get(protocol, protocol), *kept])


def _counts(line: str, probe: dict[str, Any]) -> bool:
    """ICMP on the wire counts only where it is the ping or its answer, told by its length; else it is an error.

    An error holds the packet that it is about, and is longer. Fragments are told by their target.
    """
    if " icmp " not in line:
        return True
    if probe.get("type") != "ping":
        return False
    if " frag=" in line or "size" in probe:
        return probe["dst"] in line.split()[1].split(">")
    return " len=41" in line
