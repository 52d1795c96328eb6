"""pf's rules against an interpreter that knows nothing of decision lists: one packet, one rule after the other.

Rulesets are made as values, written out as pf.conf, read and compiled by spdcheck; the interpreter below reads the
values. It is written from pf.conf(5) and pf(4) alone: last match, ``quick``, anchors, tables, negation, tags.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.engine.run import outcomes
from spdcheck.formats.base import Context
from spdcheck.formats.pf import read
from spdcheck.model.host import Platform
from spdcheck.semantics.fields import TAG, name_number
from spdcheck.semantics.packet import packet
from spdcheck.semantics.rulesets.pf import PfFate, pf_list
from spdcheck.source import SourceFile

MODERN = Context(platform=Platform.OPENBSD, release=(7, 6))
OLD = Context(platform=Platform.OPENBSD, release=(4, 4))

NETS = ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "192.0.2.0/24", "192.0.2.9")
HOSTS = ("10.1.2.3", "10.1.2.4", "10.1.9.9", "10.7.0.1", "192.0.2.9", "192.0.2.77", "203.0.113.5")
PORTS = (22, 53, 80, 1024, 40000)
INTERFACES = ("em0", "em1", "lo0")
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}
TAGS = ("RED", "BLUE")


class Side(NamedTuple):
    """An end: networks, all of them negated or none; a table stands for networks with holes. Ports by operator."""

    nets: tuple[str, ...] = ()
    negated: bool = False
    table: str = ""
    port: tuple[str, int, int] | None = None


class Line(NamedTuple):
    """A rule, or an anchor with rules inside."""

    action: str
    direction: str = ""
    quick: bool = False
    on: str = ""
    not_on: bool = False
    family: str = ""
    protocols: tuple[str, ...] = ()
    source: Side = Side()
    target: Side = Side()
    flags: str = ""
    tag: str = ""
    tagged: str = ""
    body: tuple[Line, ...] | None = None


class Seen(NamedTuple):
    """A packet as the interpreter sees it."""

    direction: str
    interface: str
    protocol: str
    source: str
    target: str
    source_port: int
    target_port: int
    syn_only: bool
    tag: str = ""


# What the rules mean


def number(text: str) -> int:
    a, b, c, d = (int(part) for part in text.split("."))
    return a << 24 | b << 16 | c << 8 | d


def inside(address: str, net: str) -> bool:
    base, _, length = net.partition("/")
    shift = 32 - int(length or 32)
    return number(address) >> shift == number(base) >> shift


def in_table(address: str, entries: tuple[str, ...]) -> bool:
    """The longest prefix around the address decides."""
    around = [entry for entry in entries if inside(address, entry.lstrip("! "))]
    best = max(around, key=lambda entry: int((entry.partition("/")[2]) or 32), default="!")
    return not best.startswith("!")


def side_fits(side: Side, address: str, port: int, ported: bool, tables: dict[str, tuple[str, ...]]) -> bool:
    if side.table:
        if in_table(address, tables.get(side.table, ())) == side.negated:
            return False
    elif side.nets and side.negated:
        # A list is written out as one rule for each entry: what one excludes, another one takes.
        if all(inside(address, net) for net in side.nets):
            return False
    elif side.nets and not any(inside(address, net) for net in side.nets):
        return False
    if side.port is None:
        return True
    operator, a, b = side.port
    fits = {
        "=": port == a, "!=": port != a, "<": port < a, ">=": port >= a, ":": a <= port <= b, "><": a < port < b,
        "<>": port < a or port > b,
    }  # fmt: skip
    return ported and fits[operator]


def fits(line: Line, seen: Seen, tag: str, tables: dict[str, tuple[str, ...]], *, stateful: bool) -> bool:
    if line.direction and line.direction != seen.direction:
        return False
    if line.on and (line.on == seen.interface) == line.not_on:
        return False
    if line.family == "inet6":
        return False
    if line.protocols and seen.protocol not in line.protocols:
        return False
    ported = seen.protocol in ("tcp", "udp")
    if not side_fits(line.source, seen.source, seen.source_port, ported, tables):
        return False
    if not side_fits(line.target, seen.target, seen.target_port, ported, tables):
        return False
    asks_flags = line.flags == "S/SA" or (not line.flags and line.action == "pass" and stateful)
    if asks_flags and seen.protocol == "tcp" and not seen.syn_only:
        return False
    return not (line.tagged and line.tagged != tag)


def decide(lines: tuple[Line, ...], seen: Seen, tables: dict[str, tuple[str, ...]], *, stateful: bool) -> str:
    """The verdict of pf: ``pass``, ``block``, or ``default`` where no rule matches."""
    verdict, tag = "default", seen.tag

    def walk(block: tuple[Line, ...]) -> tuple[bool, bool]:
        """Whether it is over, and whether something in the block matched and decided."""
        nonlocal verdict, tag
        matched = False
        for line in block:
            if not fits(line, seen, tag, tables, stateful=stateful):
                continue
            if line.body is not None:
                over, inner = walk(line.body)
                matched = matched or inner
                if over or (line.quick and inner):
                    return True, True
                continue
            tag = line.tag or tag
            if line.action == "match":
                continue
            verdict, matched = line.action, True
            if line.quick:
                return True, True
        return False, matched

    walk(lines)
    return verdict


# How the rules are written


def side_text(side: Side, word: str) -> str:
    if side == Side():
        return ""
    if side.table:
        where = f"{'! ' if side.negated else ''}<{side.table}>"
    elif side.nets:
        nets = [f"{'! ' if side.negated else ''}{net}" for net in side.nets]
        where = nets[0] if len(nets) == 1 else f"{{ {', '.join(nets)} }}"
    else:
        where = "any"
    if side.port is None:
        return f"{word} {where}"
    operator, a, b = side.port
    port = {"=": f"{a}", ":": f"{a}:{b}", "><": f"{a} >< {b}", "<>": f"{a} <> {b}"}.get(operator, f"{operator} {a}")
    return f"{word} {where} port {port}"


def text_of(line: Line, depth: int = 0) -> str:
    parts = ["anchor" if line.body is not None else line.action, line.direction]
    if line.quick:
        parts.append("quick")
    if line.on:
        parts.append(f"on {'! ' if line.not_on else ''}{line.on}")
    parts.append(line.family)
    if line.protocols:
        parts.append(
            "proto " + (line.protocols[0] if len(line.protocols) == 1 else f"{{ {' '.join(line.protocols)} }}")
        )
    ends = [side_text(line.source, "from"), side_text(line.target, "to")]
    parts += ends if any(ends) or line.body is not None else ["all"]
    parts.append(line.flags and f"flags {line.flags}")
    parts.append(line.tag and f"tag {line.tag}")
    parts.append(line.tagged and f"tagged {line.tagged}")
    text = "\t" * depth + " ".join(part for part in parts if part)
    if line.body is None:
        return text
    inner = "\n".join(text_of(item, depth + 1) for item in line.body)
    return f"{text} {{\n{inner}\n{chr(9) * depth}}}"


# Random rules and packets


@st.composite
def sides(draw: st.DrawFn, ported: bool) -> Side:
    kind = draw(st.sampled_from(("any", "nets", "nets", "table")))
    port = None
    if ported and draw(st.booleans()):
        operator = draw(st.sampled_from(("=", "!=", "<", ">=", ":", "><", "<>")))
        a, b = sorted(draw(st.lists(st.sampled_from(PORTS), min_size=2, max_size=2, unique=True)))
        port = operator, a, b
    if kind == "any":
        return Side(port=port)
    if kind == "table":
        return Side(table=draw(st.sampled_from(("t", "nobody"))), negated=draw(st.booleans()), port=port)
    nets = draw(st.lists(st.sampled_from(NETS), min_size=1, max_size=3, unique=True))
    return Side(tuple(nets), draw(st.integers(0, 3)) == 0, "", port)


@st.composite
def rules(draw: st.DrawFn, depth: int = 0, modern: bool = True) -> Line:
    anchored = depth < 2 and draw(st.integers(0, 4)) == 0
    actions = ("pass", "block", "match") if modern else ("pass", "block")
    protocols = tuple(draw(st.lists(st.sampled_from(sorted(PROTOCOLS)), max_size=2, unique=True)))
    ported = bool(protocols) and set(protocols) <= {"tcp", "udp"}
    on = draw(st.sampled_from(("", *INTERFACES)))
    action = draw(st.sampled_from(actions))
    line = Line(
        action="pass" if anchored else action,
        direction=draw(st.sampled_from(("", "in", "out"))),
        quick=draw(st.booleans()) and (anchored or action != "match"),
        on=on,
        not_on=bool(on) and draw(st.integers(0, 3)) == 0,
        family=draw(st.sampled_from(("", "", "inet"))),
        protocols=protocols,
        source=draw(sides(ported)),
        target=draw(sides(ported)),
        tagged=draw(st.sampled_from(("", "", *TAGS))),
    )
    if anchored:
        # The condition of an anchor has no flags that pass rules ask for by default.
        inner = draw(st.lists(rules(depth + 1, modern), min_size=1, max_size=3))
        return line._replace(action="anchor", body=tuple(inner))
    flags = draw(st.sampled_from(("", "", "S/SA", "any"))) if protocols in ((), ("tcp",)) else ""
    return line._replace(flags=flags, tag=draw(st.sampled_from(("", "", *TAGS))))


packets = st.builds(
    Seen,
    st.sampled_from(("in", "out")),
    st.sampled_from(INTERFACES),
    st.sampled_from(sorted(PROTOCOLS)),
    st.sampled_from(HOSTS),
    st.sampled_from(HOSTS),
    st.sampled_from(PORTS),
    st.sampled_from(PORTS),
    st.booleans(),
    st.sampled_from(("", *TAGS)),
)
tables = st.lists(st.tuples(st.booleans(), st.sampled_from(NETS)), max_size=4, unique_by=lambda item: item[1]).map(
    lambda items: tuple(f"{'!' if negated else ''}{net}" for negated, net in items)
)


def compiled(text: str, context: Context, seen: Seen) -> str:
    reading = read(SourceFile("pf.conf", text), context)
    ruleset = reading.facts.packet_filters[0]
    assert not ruleset.refusals, (text, ruleset.refusals)  # type: ignore[attr-defined]
    ported = seen.protocol in ("tcp", "udp")
    where = "in_interface" if seen.direction == "in" else "out_interface"
    probe = packet(
        4,
        number(seen.source),
        number(seen.target),
        protocol=PROTOCOLS[seen.protocol],
        source_port=seen.source_port if ported else 0,
        destination_port=seen.target_port if ported else 0,
        tcp_flags=(2 if seen.syn_only else 16) if seen.protocol == "tcp" else 0,
        icmp_type=8 if seen.protocol == "icmp" else 0,
        tag=name_number(seen.tag, TAG) if seen.tag else 0,
        **{where: name_number(seen.interface)},
    )
    (outcome,) = outcomes(pf_list(ruleset, seen.direction), probe)  # type: ignore[arg-type]
    assert isinstance(outcome.decide.action, PfFate)
    return outcome.decide.action.word


def written(lines: list[Line], entries: tuple[str, ...]) -> str:
    return "\n".join([f"table <t> {{ {' '.join(entries)} }}", *map(text_of, lines)]) + "\n"


@given(lines=st.lists(rules(), min_size=1, max_size=6), entries=tables, seen=packets)
def test_modern_pf(lines: list[Line], entries: tuple[str, ...], seen: Seen) -> None:
    text = written(lines, entries)
    expected = decide(tuple(lines), seen, {"t": entries}, stateful=True)
    assert compiled(text, MODERN, seen) == expected, text


@given(lines=st.lists(rules(modern=False), min_size=1, max_size=6), entries=tables, seen=packets)
def test_old_pf(lines: list[Line], entries: tuple[str, ...], seen: Seen) -> None:
    text = written(lines, entries)
    expected = decide(tuple(lines), seen, {"t": entries}, stateful=True)
    assert compiled(text, OLD, seen) == expected, text
