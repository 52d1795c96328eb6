"""What a stage tried, what each rule missed, and what would mend it."""

from __future__ import annotations

from hypothesis import given

from spdcheck.engine.concrete import matches
from spdcheck.engine.evidence import Asked, decider, misses, nearest, tried
from spdcheck.engine.remedy import remedy
from spdcheck.engine.trace import Disposition, Mark, Step, Trace
from spdcheck.model.addresses import AddressRange
from spdcheck.model.host import Host, Platform, Site
from spdcheck.semantics import conditions as rule
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.fields import FIELDS
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.packet import Packet
from spdcheck.semantics.predicate import TRUE, Predicate
from spdcheck.source import SourceFile
from tests.strategies import packets, predicates

TEXT = """\
pass in quick on wm0 proto esp from 198.51.100.20 to any
pass in quick on wm0 proto udp from 198.51.100.2 port = 500 to any
block in quick on wm0 all
"""
FILE = SourceFile("a/ipf.conf", TEXT)
PEER = AddressRange(4, 0xC6336402, 0xC6336402)
NEAR = AddressRange(4, 0xC6336414, 0xC6336414)
ESP = Packet(0xC6336402, 0xCB007101, protocol=50, length=120)


def line(number: int) -> Entry:
    start = FILE.line_starts[number - 1]
    span = FILE.span(start, start + len(FILE.line(number)))
    condition = {
        1: rule.protocol(50) & rule.source(NEAR),
        2: rule.protocol(17) & rule.source(PEER) & rule.source_port((500, 500)),
        3: TRUE,
    }[number]
    return Entry(condition, Decide(Verdict.BLOCK if number == 3 else Verdict.PASS), span)


RULES = DecisionList((line(1), line(2), line(3)), Decide(Verdict.PASS))


@given(predicates(tuple(FIELDS.values())[:8], unknown=True), packets())
def test_a_rule_misses_something_unless_it_fits(condition: Predicate, packet: Packet) -> None:
    found = list(misses(condition, packet))
    assert bool(found) == (matches(condition, packet) is not True)


def test_the_rules_tried_and_the_one_that_decides() -> None:
    asked = Asked(ESP, rules=RULES)
    assert decider(asked) == 2
    rows = list(tried(asked))
    assert [str(miss) for miss in rows[0].misses] == ["source is 198.51.100.2, not 198.51.100.20"]
    assert rows[1].fits is False
    close = nearest(asked, lambda action: action is Verdict.PASS)
    assert close is not None
    assert close.number == 0


def test_a_block_names_the_nearest_miss_and_the_change() -> None:
    step = Step(
        "a", "FILTER in", Mark.FAIL, "block", "ipfilter", "wm0", RULES.entries[2].origin,  # type: ignore[arg-type]
        asked=Asked(ESP, rules=RULES),
    )  # fmt: skip
    trace = Trace(ESP, Disposition.DENIED_IN, "ipfilter of a blocks it", False, "a", "wm0", (step,))
    found = remedy(Site("x", (Host(name="a", platform=Platform.NETBSD),)), trace)
    assert found.mend == "change 198.51.100.20 to 198.51.100.2 in a/ipf.conf:1"
    assert [place.span.text for place in found.places] == ["block in quick on wm0 all", "198.51.100.20"]
    assert found.places[1].label == "nearest miss: the packet's source is 198.51.100.2"


def test_nothing_is_said_of_what_went_well() -> None:
    trace = Trace(ESP, Disposition.DELIVERED, "delivered", True, "a", "wm0", ())
    assert remedy(Site("x", ()), trace).places == ()
