"""One packet against many rules, prepared; and the mirror check of a thousand gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.lookup import Lookup
from spdcheck.engine.run import outcomes
from spdcheck.engine.selectors import mirror, uncovered
from spdcheck.model.addresses import prefix
from spdcheck.model.selector import TrafficSelector
from tests.bench.classbench import Rule, classbench_rules, decision_list, packets, random_rules
from tests.bench.measure import Measured, Row, row, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAKERS: dict[str, Callable[[int], list[Rule]]] = {"random": random_rules, "classbench": classbench_rules}


def looking_up(size: int = 10_000, count: int = 20_000) -> Iterator[Row]:
    """Seconds for one packet, after preparation; and unprepared for comparison."""
    for kind in MAKERS:
        yield row("one packet", kind, size, "spdcheck, prepared", prepared, kind, size, count)
        yield row("one packet", kind, size, "spdcheck, one by one", one_by_one, kind, size, count // 1000)


def prepared(kind: str, size: int, count: int) -> Measured:
    """Average time of a look-up."""
    rules = MAKERS[kind](size)
    lookup, samples = Lookup(decision_list(rules)), packets(rules, count)
    seconds, hits = timed(lambda: sum(lookup.entry(sample) is not None for sample in samples))
    return Measured(seconds / count, f"{hits} of {count} packets meet a rule")


def one_by_one(kind: str, size: int, count: int) -> Measured:
    """Average time of the plain interpreter, whose answers the look-up must give."""
    rules = MAKERS[kind](size)
    listed, samples = decision_list(rules), packets(rules, count)
    lookup = Lookup(listed)
    seconds, found = timed(lambda: [outcomes(listed, sample)[0].entry for sample in samples])
    same = found == [lookup.entry(sample) for sample in samples]
    return Measured(seconds / count, "the same answers" if same else "OTHER ANSWERS")


def mirroring(gateways: int = 1000, policies: int = 100) -> Iterator[Row]:
    """What every gateway sends against what its peers expect; one in a thousand was mistyped."""
    yield row("mirror check", f"{gateways} × {policies}", gateways * policies, "spdcheck", mirrored, gateways, policies)


def mirrored(gateways: int, policies: int) -> Measured:
    """All pairs, and the exact residue of those that have none."""
    sent, expected = [], []
    for gateway in range(gateways):
        for number in range(policies):
            peer = (gateway + 1 + number) % gateways
            source, destination = (prefix(4, 10 << 24 | host << 12 | number << 5, 27) for host in (gateway, peer))
            sent.append(TrafficSelector(source, destination))
            mistyped = (gateway * policies + number) % 1000 == 7
            expected.append(TrafficSelector(source, prefix(4, destination.first, 28) if mistyped else destination))

    def check() -> tuple[int, int]:
        found = mirror(sent, expected)
        rest = [expected[n] for n in found.only_expected]
        return len(found.pairs), sum(len(uncovered(sent[n], rest)) for n in found.only_sent)

    seconds, (pairs, regions) = timed(check)
    return Measured(seconds, f"{pairs} mirrored, {regions} regions without counterpart")
