"""Rule sets for the benchmarks: random ones, wide ones, and ones that look like ClassBench's (Taylor and Turner, 2005).

ClassBench's filter sets are drawn from seeds of real ACLs, firewalls and IP chains. This is a generator of our own with
the properties that matter: addresses from one skewed tree of prefixes, a few typical pairs of prefix lengths, port
classes (any, high, low, exact, range), few protocols, specific rules before general ones. All are reproducible.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from spdcheck.model.addresses import AddressRange, prefix
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    address_interval,
)
from spdcheck.semantics.packet import Packet
from spdcheck.semantics.predicate import all_of, in_set

ANY = (0, 65535)
_WELL_KNOWN = (20, 21, 22, 23, 25, 53, 80, 110, 123, 143, 161, 443, 500, 514, 1433, 1521, 3306, 4500, 5060, 8080)


class Rule(NamedTuple):
    """A five-tuple rule as ClassBench writes it. ``protocol`` is None for any; ports are closed intervals."""

    source: AddressRange
    destination: AddressRange
    protocol: int | None
    source_port: tuple[int, int]
    destination_port: tuple[int, int]
    action: str


def random_rules(count: int, seed: int = 1) -> list[Rule]:
    """Prefixes of 8 to 32 bits anywhere, a port or a range or none, tcp mostly: hardly any structure."""
    draw = random.Random(seed)
    return [
        Rule(
            _prefix(draw, draw.choice((8, 12, 16, 16, 20, 24, 24, 24, 28, 32, 32))),
            _prefix(draw, draw.choice((0, 8, 16, 16, 20, 24, 24, 28, 32, 32))),
            draw.choice((None, 6, 6, 6, 17, 17, 1)),
            ANY if draw.random() < 0.8 else _range(draw),
            _port(draw),
            draw.choice(("pass", "block")),
        )
        for _ in range(count)
    ]


def wide_rules(count: int, seed: int = 1) -> list[Rule]:
    """Random hyper-rectangles in five fields: nearly everything overlaps nearly everything."""
    draw = random.Random(seed)

    def span(most: int) -> tuple[int, int]:
        low, high = sorted((draw.randrange(most), draw.randrange(most)))
        return low, high

    return [
        Rule(
            AddressRange(4, *span(1 << 32)),
            AddressRange(4, *span(1 << 32)),
            None if draw.random() < 0.5 else draw.choice((6, 17)),
            span(65536),
            span(65536),
            draw.choice(("pass", "block")),
        )
        for _ in range(count)
    ]


def classbench_rules(count: int, seed: int = 1) -> list[Rule]:
    """Rules like those of an ACL: shared networks, typical port classes, specific before general."""
    draw = random.Random(seed)
    networks = [_prefix(draw, draw.choice((14, 16, 16, 18, 20))) for _ in range(max(8, count // 60))]
    weights = [1 / (rank + 1) for rank in range(len(networks))]
    pairs = ((32, 32), (24, 32), (32, 24), (24, 24), (16, 24), (0, 32), (32, 0), (0, 24), (16, 16), (28, 28))
    rules: list[Rule] = []
    while len(rules) < count:
        if rules and draw.random() < 0.01:
            # Grown rule sets: a network was split in two, and its old rule is still there.
            rules += _halves(rules[-1])[: count - len(rules)]
        source_bits, destination_bits = draw.choice(pairs)
        one, other = draw.choices(networks, weights, k=2)
        protocol = draw.choices((6, 17, 1, None, 50), (70, 18, 4, 7, 1))[0]
        ported = protocol in (6, 17)
        rules.append(
            Rule(
                _inside(draw, one, source_bits),
                _inside(draw, other, destination_bits),
                protocol,
                draw.choices((ANY, (1024, 65535), _range(draw)), (90, 8, 2))[0] if ported else ANY,
                _classed(draw) if ported else ANY,
                draw.choice(("pass", "block")),
            )
        )
    del rules[count:]
    rules.sort(key=lambda rule: rule.source.size.bit_length() + rule.destination.size.bit_length() + draw.randrange(12))
    return rules


def decision_list(rules: list[Rule]) -> DecisionList:
    """The rules as a first-match list with ``block`` at its end."""
    return DecisionList(
        tuple(
            Entry(
                all_of(
                    (
                        in_set(SOURCE, address_interval(rule.source)),
                        in_set(DESTINATION, address_interval(rule.destination)),
                        in_set(PROTOCOL, (0, 255) if rule.protocol is None else (rule.protocol, rule.protocol)),
                        in_set(SOURCE_PORT, rule.source_port),
                        in_set(DESTINATION_PORT, rule.destination_port),
                    )
                ),
                Decide(rule.action),
                number,
            )
            for number, rule in enumerate(rules)
        ),
        Decide("block"),
    )


def packets(rules: list[Rule], count: int, seed: int = 2) -> list[Packet]:
    """Packets half of which are inside some rule, half anywhere."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        rule = draw.choice(rules)
        source, destination = (
            draw.randint(r.first, r.last) if number % 2 else draw.getrandbits(32)
            for r in (rule.source, rule.destination)
        )
        found.append(
            Packet(
                source,
                destination,
                draw.choice((6, 17)) if rule.protocol is None else rule.protocol,
                draw.randint(*rule.source_port),
                draw.randint(*rule.destination_port),
            )
        )
    return found


def _prefix(draw: random.Random, bits: int) -> AddressRange:
    return prefix(4, draw.getrandbits(32), bits)


def _inside(draw: random.Random, network: AddressRange, bits: int) -> AddressRange:
    return prefix(4, draw.randint(network.first, network.last), bits)


def _halves(rule: Rule) -> list[Rule]:
    middle = (rule.destination.first + rule.destination.last) // 2
    if rule.destination.is_host:
        return []
    return [
        rule._replace(destination=rule.destination._replace(last=middle)),
        rule._replace(destination=rule.destination._replace(first=middle + 1)),
    ]


def _range(draw: random.Random) -> tuple[int, int]:
    low, high = sorted((draw.randrange(65536), draw.randrange(65536)))
    return low, high


def _port(draw: random.Random) -> tuple[int, int]:
    kind = draw.random()
    if kind < 0.35:
        return ANY
    if kind < 0.8:
        port = draw.choice(_WELL_KNOWN)
        return port, port
    return _range(draw)


def _classed(draw: random.Random) -> tuple[int, int]:
    exact = draw.choice(_WELL_KNOWN)
    low = draw.randrange(1024, 60000)
    classes = (ANY, (exact, exact), (1024, 65535), (0, 1023), (low, low + draw.choice((1, 9, 99, 1023))))
    return draw.choices(classes, (20, 55, 8, 2, 15))[0]
