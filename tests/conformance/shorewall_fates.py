"""What the real netfilter did with single packets, against our datapath with the same rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition, Step, Wire
from spdcheck.engine.traffic import One
from spdcheck.model.addresses import parse_address, parse_prefix
from spdcheck.model.host import Flag, Host, Interface, InterfaceAddress, Platform, Route, Site
from spdcheck.model.protocols import protocol_number
from spdcheck.semantics.fields import SOURCE, flags_number
from spdcheck.semantics.intervals import contains, single
from spdcheck.semantics.packet import packet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from spdcheck.engine.situation import Leaf
    from spdcheck.model.rulesets import RuleSet
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.packet import Packet


class Fate(NamedTuple):
    """One line of ``expected.fates.jsonl``: the packet, and what the kernel did with it."""

    number: int
    sent: dict[str, str]
    verdict: str
    out: dict[str, Any] | None


class Guided(One):
    """A packet that takes the source that the kernel chose, wherever a rule leaves the choice."""

    __slots__ = ("wanted",)
    wanted: int

    @classmethod
    def to(cls, sent: Packet, out: dict[str, Any] | None) -> One:
        """The packet, if anything is known of how it left."""
        address = parse_address(str((out or {}).get("src", "")))
        return One(sent) if address is None else cls._made(sent, None, address.first)

    @classmethod
    def _made(cls, sent: Packet, first: Packet | None, wanted: int) -> Guided:
        made = cls(sent, first)
        object.__setattr__(made, "wanted", wanted)
        return made

    def rewritten(self, values: Mapping[Field, IntervalSet]) -> One:
        """See :class:`Guided`."""
        if SOURCE in values and contains(values[SOURCE], single(self.wanted)):
            values = {**values, SOURCE: single(self.wanted)}
        made = One.rewritten(self, values)
        return self._made(made.packet, made.first, self.wanted)


def read_fates(path: Path) -> tuple[dict[str, Any], list[Fate]]:
    """The head (interfaces, default route) and the lines."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    fates = [Fate(n, line["packet"], line["verdict"], line.get("out")) for n, line in enumerate(lines[1:], 2)]
    return lines[0], fates


def firewall(head: dict[str, Any], rules: tuple[RuleSet, ...]) -> Host:
    """The machine with the interfaces of the head and these rules."""
    interfaces = []
    for name, text in head["interfaces"].items():
        address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
        assert address is not None
        assert prefix is not None
        interfaces.append(Interface(name=name, addresses=(InterfaceAddress(address, prefix, None, None),)))
    everything = parse_prefix("0.0.0.0/0")
    assert everything is not None
    return Host(
        name="firewall",
        platform=Platform.LINUX,
        release=(6, 1),
        interfaces=tuple(interfaces),
        routes=(Route(everything, None, head["default"], None),),
        forwarding={4: Flag(True, None)},
        packet_filters=rules,
    )


def wrong(host: Host, fates: list[Fate]) -> Iterator[tuple[Fate, str]]:
    """Every line with the reason why we disagree, empty where we don't."""
    simulator = Simulator(Site("fates", (host,)))
    for fate in fates:
        yield fate, _reason(simulator, host, fate)


def _packet(sent: dict[str, str]) -> Packet:
    source, destination = parse_address(sent["src"]), parse_address(sent["dst"])
    assert source is not None
    assert destination is not None
    text = sent.get("proto", "tcp")
    number = int(text) if text.isdigit() else protocol_number(text)
    assert number is not None
    values = {"protocol": number}
    if number in (6, 17):
        values["source_port"] = int(sent.get("sport", "0"))
        values["destination_port"] = int(sent.get("dport", "0"))
    if number == 6:
        values["tcp_flags"] = flags_number(sent.get("flags", "S")) or 0
    if number == 1:
        values["icmp_type"] = int(sent.get("dport", "8"))
    return packet(4, source.first, destination.first, **values)


def _reason(simulator: Simulator, host: Host, fate: Fate) -> str:
    sent = _packet(fate.sent)
    if fate.sent["in"] == "local":
        leaf = next(simulator.send(host, Guided.to(sent, fate.out)))
    else:
        leaf = next(simulator.arrive(host, fate.sent["in"], Guided.to(sent, fate.out)))
    found, place = _verdict(leaf)
    if found != fate.verdict:
        return f"{found} ({leaf.end.sentence}{place}), the kernel: {fate.verdict}"
    return _left(leaf, fate)


def _verdict(leaf: Leaf) -> tuple[str, str]:
    steps = [step for step in leaf.situation.steps if isinstance(step, Step)]
    place = next((f", {step.origin.where}" for step in reversed(steps) if step.origin is not None), "")
    end = leaf.end.disposition
    if end in (Disposition.DENIED_IN, Disposition.DENIED_OUT):
        return ("rejected" if steps[-1].verdict == "reject" else "dropped"), place
    if end is Disposition.UNKNOWN and not _wires(leaf):
        return "unknown", place
    if not _wires(leaf):
        return "delivered", place
    return ("forwarded" if leaf.situation.in_interface else "sent"), place


def _wires(leaf: Leaf) -> list[Wire]:
    return [step for step in leaf.situation.steps if isinstance(step, Wire)]


def _left(leaf: Leaf, fate: Fate) -> str:
    """What is different in the header as it left."""
    if fate.out is None or not _wires(leaf):
        return ""
    wire = _wires(leaf)[0]
    shown = wire.packet
    for name, value in fate.out.items():
        ours: object = {
            "src": str(_text(shown.source)), "dst": str(_text(shown.destination)), "proto": shown.protocol,
            "sport": shown.source_port, "dport": shown.destination_port, "dev": wire.interface,
        }.get(name, value)  # fmt: skip
        if ours != value:
            return f"{name} is {ours} as it leaves, the kernel: {value}"
    return ""


def _text(address: int) -> str:
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
