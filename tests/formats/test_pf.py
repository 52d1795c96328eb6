"""pf.conf as pfctl reads it: words, macros, lists, defaults by dialect, and no text that makes the reader fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context
from spdcheck.formats.pf import read, read_with
from spdcheck.formats.pf.alike import AlikeRules
from spdcheck.formats.pf.printing import lines
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.model.pf import PfRuleset

OLD = Context(platform=Platform.OPENBSD, release=(4, 4))
OLDEST = Context(platform=Platform.OPENBSD, release=(3, 2))
MODERN = Context(platform=Platform.OPENBSD, release=(7, 6))
FREEBSD = Context(platform=Platform.FREEBSD, release=(14,))

_WORDS = """
pass block match in out log quick on em0 ! inet inet6 proto tcp udp icmp { } , from to any all 10.0.0.0/8 10/8
    (em0) <t> port 22 > < >< : = flags S/SA keep state ( ) tag x tagged label anchor nat-to rdr-to -> nat rdr set skip
    table $m m = "a b" ' antispoof for include load binat-to af-to route-to no scrub - $ # é"""
WORDS = (*_WORDS.split(), "\n", "\\\n", "\0", "\n")


def ruleset_of(reading: Reading) -> PfRuleset:
    found: PfRuleset = reading.facts.packet_filters[0]  # type: ignore[assignment]
    return found


def rules(text: str, context: Context = MODERN) -> list[str]:
    ruleset = ruleset_of(read(SourceFile("pf.conf", text), context))
    assert ruleset.refusals == ()
    return lines(ruleset.rules, modern=ruleset.modern)


def refusals(text: str, context: Context = MODERN) -> list[tuple[int, str]]:
    return [(r.line, r.message) for r in ruleset_of(read(SourceFile("pf.conf", text), context)).refusals]


def test_a_macro_is_text() -> None:
    text = 'if = em0\nlan = "{ 10.0.0.9 }"\nlan = "{ 10.0.0.1 10.0.0.2 }"\nblock in from $lan to $if:network\n'
    assert rules(text) == [
        "block drop in inet from 10.0.0.1 to em0:network",
        "block drop in inet from 10.0.0.2 to em0:network",
    ]


def test_a_macro_inside_quotes_is_no_macro() -> None:
    assert refusals('if = em0\nlan = "$if"\nblock on $lan\n') == [(3, "syntax error")]


def test_a_macro_may_end_in_a_word() -> None:
    assert rules("net = 10.0\npass from $net.0.0/16 no state\n") == ["pass inet from 10.0.0.0/16 to any no state"]


def test_definitions_count_from_their_line_on() -> None:
    assert refusals("pass on $if\nif = em0\npass on $if\n") == [(1, "macro 'if' not defined")]


def test_macros_of_the_command_line_stay() -> None:
    reading = read_with(SourceFile("pf.conf", "if = wi0\nblock on $if\n"), MODERN, {"if": "em1"})
    assert lines(ruleset_of(reading).rules, modern=True) == ["block drop on em1 all"]


def test_comments_and_continued_lines() -> None:
    assert rules("# one \\\n two\nblock in \\\n  quick # three\n") == ["block drop in quick all"]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (MODERN, "pass in all flags S/SA keep state (floating)"),
        (OLD, "pass in all flags S/SA keep state (floating)"),
        (FREEBSD, "pass in all flags S/SA keep state (floating)"),
        (OLDEST, "pass in all no state"),
    ],
)
def test_what_pass_means(context: Context, expected: str) -> None:
    assert rules("pass in\n", context) == [expected]


def test_options_count_for_the_rules_behind_them() -> None:
    text = "block\nset block-policy return\nblock\nset state-policy if-bound\npass proto udp\n"
    assert rules(text) == ["block drop all", "block return all", "pass proto udp all keep state (if-bound)"]


def test_old_rules_stand_in_order() -> None:
    text = "pass\nnat on em0 from 10/8 to any -> em0\n"
    assert [line for line, _ in refusals(text, OLD)] == [2]
    assert refusals(f"set require-order no\n{text}", OLD) == []


def test_the_words_of_other_dialects_are_free() -> None:
    assert rules("pass label nat\n", MODERN) == ['pass all flags S/SA keep state (floating) label "nat"']
    assert refusals("nat on em0 from 10/8 to any -> em0\n", MODERN) == [(1, "syntax error")]
    assert rules('pass queue "x" label once\n', OLD) == [
        'pass all flags S/SA keep state (floating) label "once" queue x'
    ]


def test_families_that_contradict_each_other_are_left_out() -> None:
    text = "block from { 10.0.0.1 2001:db8::1 } to { 10.0.0.2 2001:db8::2 }\n"
    assert rules(text) == [
        "block drop inet from 10.0.0.1 to 10.0.0.2",
        "block drop inet6 from 2001:db8::1 to 2001:db8::2",
    ]


def test_binat_to_is_two_rules() -> None:
    assert rules("match on em0 from 10.0.0.1 to 10.9.0.0/16 binat-to 192.0.2.1\n") == [
        "match out on em0 inet from 10.0.0.1 to 10.9.0.0/16 nat-to 192.0.2.1 static-port",
        "match in on em0 inet from 10.9.0.0/16 to 192.0.2.1 rdr-to 10.0.0.1",
    ]


def test_yacc_is_silent_close_behind_an_error() -> None:
    reading = read(SourceFile("pf.conf", "pass label 88\nanchor 23\n"), MODERN)
    assert [r.line for r in ruleset_of(reading).refusals] == [1]
    assert reading.unparsed == 2


@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from([MODERN, OLD, OLDEST, FREEBSD, Context()]))
def test_no_text_makes_the_reader_fail(words: list[str], context: Context) -> None:
    reading = read(SourceFile("pf.conf", " ".join(words)), context)
    assert reading.inert + reading.unmodelled + reading.unparsed <= reading.statements


@given(st.text(max_size=80))
def test_no_characters_make_the_reader_fail(text: str) -> None:
    read(SourceFile("pf.conf", text), Context())


def test_the_quick_way_reads_what_the_slow_one_reads() -> None:
    text = "pass in on em0 inet proto tcp from 10.0.0.0/8 port 1:9 to (em1:0) port != 22 keep state (max 5, sloppy)\n"
    assert rules(text) == rules(text.replace(" to ", " \\\n to "))


def test_rules_that_are_alike_are_made_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"pass in quick on em0 proto tcp from 10.{n >> 8}.{n & 255}.0/24 to any port {n + 1}" for n in range(500)]
    lines[250:250] = [
        "set block-policy return",
        "block in from 10.9.9.9",
        "block in from 2001:db8::9",
        "block in from em7",
    ]
    text = "\n".join(lines) + "\n"
    quick = rules(text)
    read_one_by_one: list[object] = []
    monkeypatch.setattr(AlikeRules, "find", lambda *_: read_one_by_one.append(None))
    assert rules(text) == quick, "the same as read one by one"
    assert len(read_one_by_one) == 503


@pytest.mark.parametrize(
    "rule",
    [
        "nat on em0 from 10/8 to any -> (em0) endpoint-independent",
        "scrub in all fragment no reassemble",
        "pass in on em0 route-to (em1 2001:db8::1) prefer-ipv6-nexthop inet keep state",
        "pass in on em0 \\\n    proto icmp max-pkt-size 128",
        "altq on em0 bandwidth 10Mb \\\n    codelq queue default",
    ],
)
def test_words_that_only_freebsd_knows_tell_the_dialect(rule: str) -> None:
    reading = read(SourceFile("pf.conf", f"{rule}\npass\n"), Context())
    assert reading.dialect.startswith("FreeBSD")
    assert ruleset_of(reading).refusals == ()


def test_a_next_hop_of_the_other_family_needs_to_be_allowed() -> None:
    rule = "pass in on em0 route-to (em1 2001:db8::1) {} inet proto udp keep state"
    assert refusals(rule.format(""), FREEBSD) == [(1, "no routing address with matching address family found.")]
    assert refusals(rule.format("prefer-ipv6-nexthop"), FREEBSD) == []


def test_a_packet_size_is_asked_of_the_packet() -> None:
    reading = read(SourceFile("pf.conf", "pass in proto icmp max-pkt-size 128\n"), FREEBSD)
    assert [item.code for item in reading.facts.diagnostics] == ["CFG002"]
    assert refusals("pass in max-pkt-size 70000", FREEBSD) == [(1, "invalid max-pkt-size")]
    assert refusals("pass in max-pkt-size 1 max-pkt-size 2", FREEBSD) == [(1, "cannot respecify max-pkt-size")]


def test_spamd_is_the_one_of_the_bsds() -> None:
    assert rules("pass in proto tcp to port spamd") == rules("pass in proto tcp to port 8025")
    assert rules("pass in proto udp to port spamd-sync") == rules("pass in proto udp to port 8025")


def test_braces_about_frames_hold_only_rules_about_frames() -> None:
    text = 'ether anchor "a" {\n  ether pass\n  pass\n}\n'
    assert refusals(text, FREEBSD) == [(3, "syntax error")]


@pytest.mark.parametrize(
    "text",
    [
        'ether anchor "a" {\n  ether pass\n',
        "anchor in on {\n  pass\n",
        "queue root on em0 bandwidth 1G flows 10\nqueue a parent root flows 10\nqueue b parent root bandwidth 1G\n",
    ],
)
def test_a_statement_counts_once(text: str) -> None:
    reading = read(SourceFile("pf.conf", text), FREEBSD if "ether" in text else MODERN)
    assert ruleset_of(reading).refusals
    assert reading.inert + reading.unmodelled + reading.unparsed <= reading.statements


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("pass quick in on em0", "`in` stands before `quick`"),
        ("pass in from any to any proto tcp", "`proto tcp` stands before `from`"),
        ("pass out on em0 nat-to (em0) to { 10.0.0.1 10.0.0.2 }", "`to { 10.0.0.1 10.0.0.2 }` stands before `nat-to`"),
        ("pass in proto tcp to any { 22, 80 }", "ports need the word `port` before them"),
        ("pass in proto tcp to any port 22 flag S/SA", "did you mean `flags`?"),
        ("pas in on em0", "did you mean `pass`?"),
        ("table <t> persits", "did you mean `persist`?"),
        ("pass in on em0 any", "`any` can't stand here"),
    ],
)
def test_a_slip_is_named(text: str, mend: str) -> None:
    (found,) = read(SourceFile("pf.conf", text), MODERN).facts.diagnostics
    assert (found.code, found.mend) == ("CFG001", mend)
