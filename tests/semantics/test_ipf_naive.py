"""ipf's and ipnat's rules against interpreters that know nothing of decision lists.

Rules are made as values, written out as ipf.conf and ipnat.conf, read and compiled by spdcheck; the interpreters read
the values. They are written from ipf(5), ipnat(5) and what ipftest does: last match, ``quick``, groups, ``skip`` and
collections, a second copy of a rule that is refused, the longest prefix of ipnat.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.run import outcomes
from spdcheck.formats import ipfilter, ipnat
from spdcheck.formats.base import Context
from spdcheck.model.policy import Direction
from spdcheck.semantics.fields import DESTINATION, SOURCE, name_number, value_text
from spdcheck.semantics.packet import Packet, packet
from spdcheck.semantics.rulesets.ipfilter import IpfFate, ipf_list
from spdcheck.semantics.rulesets.ipnat import nat_list
from spdcheck.source import SourceFile

NETS = ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "192.0.2.0/24")
HOSTS = ("10.1.2.3", "10.1.2.4", "10.1.9.9", "10.7.0.1", "192.0.2.9", "203.0.113.5")
PORTS = (22, 53, 80, 1024)
INTERFACES = ("wm0", "wm1")
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}


class Rule(NamedTuple):
    """A rule of ipf.conf; ``skip`` is its number where the action is that."""

    action: str
    direction: str
    quick: bool = False
    on: str = ""
    protocol: str = ""
    source: str = ""
    source_negated: bool = False
    target: str = ""
    port: tuple[str, int, int] | None = None
    flags: str = ""
    collection: int = 0
    skip: int = 0
    head: str = ""
    group: str = ""


class Seen(NamedTuple):
    """A packet as the interpreters see it."""

    direction: str
    interface: str
    protocol: str
    source: str
    target: str
    source_port: int
    target_port: int
    syn_only: bool


def number(text: str) -> int:
    a, b, c, d = (int(part) for part in text.split("."))
    return a << 24 | b << 16 | c << 8 | d


def inside(address: str, net: str) -> bool:
    base, _, length = net.partition("/")
    shift = 32 - int(length or 32)
    return number(address) >> shift == number(base) >> shift


def text_of(rule: Rule) -> str:
    parts = [str(rule.collection) if rule.collection else "", rule.action]
    parts += [str(rule.skip) if rule.action == "skip" else "", rule.direction, "quick" if rule.quick else ""]
    parts += [f"on {rule.on}" if rule.on else "", f"proto {rule.protocol}" if rule.protocol else ""]
    source = f"{'!' if rule.source_negated else ''}{rule.source or 'any'}"
    port = ""
    if rule.port is not None:
        operator, a, b = rule.port
        port = f" port {a} {operator} {b}" if operator in ("><", "<>", ":") else f" port {operator} {a}"
    parts.append(f"from {source} to {rule.target or 'any'}{port}")
    parts += [f"flags {rule.flags}" if rule.flags else "", f"head {rule.head}" if rule.head else ""]
    parts.append(f"group {rule.group}" if rule.group else "")
    return " ".join(part for part in parts if part)


def fits(rule: Rule, seen: Seen) -> bool:
    if rule.on and rule.on != seen.interface:
        return False
    if rule.protocol and seen.protocol not in rule.protocol.split("/"):
        return False
    if rule.source and inside(seen.source, rule.source) == rule.source_negated:
        return False
    if rule.target and not inside(seen.target, rule.target):
        return False
    if rule.port is not None:
        operator, a, b = rule.port
        port = seen.target_port
        found = {"=": port == a, "!=": port != a, "<": port < a, ">": port > a, "<=": port <= a, ">=": port >= a,
                 "><": a < port < b, "<>": port < a or port > b, ":": a <= port <= b}  # fmt: skip
        if seen.protocol not in ("tcp", "udp") or not found[operator]:
            return False
    # Neither S nor S/SA fits a bare ACK.
    return not (rule.flags and not seen.syn_only)


def decide(rules: list[Rule], seen: Seen) -> str:
    """``pass``, ``block`` or ``default``: the scan of one list, groups inside it."""
    lists: dict[str, list[Rule]] = {}
    for rule in rules:
        own = lists.setdefault(rule.group, [])
        # What says the same as an earlier rule of its list is refused.
        if rule.direction == seen.direction and rule not in own:
            own.append(rule)
    for own in lists.values():
        own.sort(key=lambda rule: rule.collection)

    def scan(name: str, result: str, depth: int) -> tuple[str, bool, bool]:
        """The result, whether the scan is over, and whether a rule of the list decided."""
        left, decided = 0, False
        for rule in lists.get(name, ()):
            if left:
                left -= 1
                continue
            if not fits(rule, seen):
                continue
            if rule.action == "skip":
                left = rule.skip
                continue
            if rule.action == "log":
                continue
            result, decided, over = rule.action, True, rule.quick
            if rule.head and depth < 16:
                inner, inner_over, inner_decided = scan(rule.head, result, depth + 1)
                if inner_decided:
                    # The rule of the group takes the place of its head, `quick` included.
                    result, over = inner, inner_over
            if over:
                return result, True, True
        return result, False, decided

    return scan("", "default", 0)[0]


@st.composite
def filter_rules(draw: st.DrawFn, direction: str, group: str = "", head: str = "") -> Rule:
    protocol = draw(st.sampled_from(("", "tcp", "udp", "icmp", "tcp/udp")))
    port = None
    if protocol in ("tcp", "udp", "tcp/udp") and draw(st.booleans()):
        a, b = sorted(draw(st.lists(st.sampled_from(PORTS), min_size=2, max_size=2, unique=True)))
        port = draw(st.sampled_from(("=", "!=", "<", ">", "<=", ">=", "><", "<>", ":"))), a, b
    action = draw(st.sampled_from(("pass", "pass", "block", "block", "log", "skip")))
    if head:
        action = draw(st.sampled_from(("pass", "block")))
    source = draw(st.sampled_from(("", *NETS)))
    return Rule(
        action=action,
        direction=direction,
        quick=action in ("pass", "block") and draw(st.booleans()),
        on=draw(st.sampled_from(("", *INTERFACES))),
        protocol=protocol,
        source=source,
        source_negated=bool(source) and draw(st.integers(0, 3)) == 0,
        target=draw(st.sampled_from(("", *NETS))),
        port=port,
        flags=draw(st.sampled_from(("", "S", "S/SA"))) if protocol == "tcp" else "",
        collection=draw(st.sampled_from((0, 0, 0, 1, 2))),
        skip=draw(st.integers(1, 3)) if action == "skip" else 0,
        head=head,
        group=group,
    )


@st.composite
def rulesets(draw: st.DrawFn) -> list[Rule]:
    made: list[Rule] = []
    for _ in range(draw(st.integers(1, 5))):
        direction = draw(st.sampled_from(("in", "in", "out")))
        if draw(st.integers(0, 3)) == 0:
            name = str(100 + len(made))
            made.append(draw(filter_rules(direction, head=name)))
            made += draw(st.lists(filter_rules(direction, group=name), max_size=3))
        else:
            made.append(draw(filter_rules(direction)))
        if draw(st.integers(0, 4)) == 0:
            made.append(made[0])
    return made


packets = st.builds(
    Seen,
    st.sampled_from(("in", "in", "out")),
    st.sampled_from(INTERFACES),
    st.sampled_from(sorted(PROTOCOLS)),
    st.sampled_from(HOSTS),
    st.sampled_from(HOSTS),
    st.sampled_from(PORTS),
    st.sampled_from(PORTS),
    st.booleans(),
)


def probe(seen: Seen) -> Packet:
    ported = seen.protocol in ("tcp", "udp")
    where = "in_interface" if seen.direction == "in" else "out_interface"
    return packet(
        4,
        number(seen.source),
        number(seen.target),
        protocol=PROTOCOLS[seen.protocol],
        source_port=seen.source_port if ported else 0,
        destination_port=seen.target_port if ported else 0,
        tcp_flags=(2 if seen.syn_only else 16) if seen.protocol == "tcp" else 0,
        icmp_type=8 if seen.protocol == "icmp" else 0,
        **{where: name_number(seen.interface)},
    )


def way(seen: Seen) -> Direction:
    return Direction.IN if seen.direction == "in" else Direction.OUT


@given(rules=rulesets(), seen=packets)
def test_ipf(rules: list[Rule], seen: Seen) -> None:
    text = "\n".join(map(text_of, rules)) + "\n"
    reading = ipfilter.read(SourceFile("ipf.conf", text), Context())
    assert not reading.unparsed, (text, reading.facts.diagnostics)
    ruleset = reading.facts.packet_filters[0]
    (outcome,) = outcomes(ipf_list(ruleset.rules, way(seen)), probe(seen))  # type: ignore[attr-defined]
    assert isinstance(outcome.decide.action, IpfFate)
    assert outcome.decide.action.word == decide(rules, seen), text


class Nat(NamedTuple):
    """A rule of ipnat.conf: what it takes by source (``map``) or destination (``rdr``), and the new address."""

    kind: str
    on: str
    net: str
    new: str
    exempt: bool = False
    port: int = 0


def nat_text(rule: Nat) -> str:
    if rule.exempt:
        return f"no {rule.kind} {rule.on} {rule.net};"
    port = f" port {rule.port}" if rule.port else ""
    new_port = f" port {rule.port} tcp" if rule.port else ""
    return f"{rule.kind} {rule.on} {rule.net}{port} -> {rule.new}{'' if rule.kind == 'rdr' else '/32'}{new_port}"


def translated(rules: list[Nat], seen: Seen) -> tuple[str, str]:
    """Source and destination behind the rule with the longest prefix; among equals the first of the file."""
    kept = list(dict.fromkeys(rule._replace(new="") if rule.exempt else rule for rule in rules))
    kind = "rdr" if seen.direction == "in" else "map"
    taken = [rule for rule in kept if rule.kind == kind and rule.on == seen.interface]
    side = seen.target if kind == "rdr" else seen.source
    taken = [rule for rule in taken if inside(side, rule.net)]
    taken = [rule for rule in taken if not rule.port or (seen.protocol == "tcp" and seen.target_port == rule.port)]
    if not taken:
        return seen.source, seen.target
    best = max(taken, key=lambda rule: int(rule.net.partition("/")[2]))
    if best.exempt:
        return seen.source, seen.target
    return (seen.source, best.new) if kind == "rdr" else (best.new, seen.target)


nats = st.builds(
    lambda kind, on, net, new, port, exempt: Nat(
        kind, on, net, new, exempt, port if kind == "rdr" and not exempt else 0
    ),
    st.sampled_from(("map", "rdr")),
    st.sampled_from(INTERFACES),
    st.sampled_from(NETS),
    st.sampled_from(("198.51.100.1", "198.51.100.2")),
    st.sampled_from((0, 22, 80)),
    st.sampled_from((False, False, True)),
)


@given(rules=st.lists(nats, min_size=1, max_size=6), seen=packets)
def test_ipnat(rules: list[Nat], seen: Seen) -> None:
    text = "\n".join(map(nat_text, rules)) + "\n"
    reading = ipnat.read(SourceFile("ipnat.conf", text), Context())
    assert not reading.unparsed, (text, reading.facts.diagnostics)
    ruleset = reading.facts.packet_filters[0]
    (outcome,) = outcomes(nat_list(ruleset.rules, way(seen)), probe(seen))  # type: ignore[attr-defined]
    after = outcome.packet
    found = value_text(SOURCE, after.source), value_text(DESTINATION, after.destination)
    assert found == translated(rules, seen), text
