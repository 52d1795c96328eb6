"""The corpus of iptables-save files: ``ok`` is read without a word and shown as facts, ``err`` is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.grammar import automaton
from spdcheck.formats.iptables import read
from spdcheck.formats.iptables.language import LineReader, parser
from spdcheck.formats.iptables.modules import BUILT_IN, spellings
from spdcheck.model.netfilter import Interval, NetfilterRuleset, Network, Option
from spdcheck.source import SourceFile
from tests.formats.rendering import said
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

GOOD = sorted((CORPUS / "iptables" / "ok").glob("*.rules"))
BAD = sorted((CORPUS / "iptables" / "err").glob("*.rules"))


def reading_of(text: str, path: str = "iptables.rules") -> Reading:
    return read(SourceFile(path, text), Context())


def ruleset_of(text: str) -> NetfilterRuleset:
    found = reading_of(text)
    assert found.facts.diagnostics == []
    ruleset = found.facts.packet_filters[0]
    assert isinstance(ruleset, NetfilterRuleset)
    return ruleset


def options(found: tuple[Option, ...]) -> str:
    return ", ".join(f"{'! ' * option.negated}{option.name} {option.value}" for option in found)


def shown(ruleset: NetfilterRuleset) -> str:
    """Every chain and every rule as it was understood."""
    lines = [f"IPv{ruleset.family}"]
    for table in ruleset.tables:
        for chain in table.chains:
            lines.append(f"{table.name} {chain.name} {chain.policy or '-'}")
            for rule in chain.rules:
                parts = [f"{match.module or 'ip'}({options(match.options)})" for match in rule.matches]
                target = rule.target
                if target is not None:
                    parts.append(f"{'goto' if target.goto else 'jump'} {target.name}({options(target.options)})")
                lines.append(f"  {rule.origin.begin.line}: " + " ".join(parts))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = reading_of(path.read_text(encoding="utf-8"), path.name)
    assert reading.facts.diagnostics == []
    ruleset = reading.facts.packet_filters[0]
    assert isinstance(ruleset, NetfilterRuleset)
    golden.check(path.with_name(path.name + ".model"), shown(ruleset))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_name(path.name + ".out"), said(reading_of(path.read_text(encoding="utf-8"), path.name)))


def test_the_grammar_knows_every_option_of_every_module() -> None:
    terminals = {terminal.name: terminal.regexp for terminal in automaton("iptables", placeholders=True).terminals}
    for name, flags, pairs in (("FLAG", True, False), ("VALUED", False, False), ("PAIRED", False, True)):
        for option in spellings(flags=flags, pairs=pairs):
            assert re.fullmatch(terminals[name], option), f"{option} is no {name}"
    for option in BUILT_IN:
        assert any(re.fullmatch(terminals[name], option) for name in ("FLAG", "VALUED", "PAIRED")), option


def test_every_word_has_its_place() -> None:
    ruleset = ruleset_of("*filter\n-A INPUT ! -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n")
    (rule,) = ruleset.rules()
    own, tcp = rule.matches
    assert [option.origin.text for option in own.options] == ["! -s 10.0.0.0/8", "-p tcp"]
    assert own.options[0].value == (Network(4, 10 << 24, 255 << 24),)
    assert [(o.origin.text, o.value) for o in tcp.options] == [("--dport 22", Interval(22, 22))]
    assert rule.target is not None
    assert rule.target.origin.text == "-j ACCEPT"


def test_an_option_belongs_to_the_module_loaded_last() -> None:
    text = "*mangle\n-A FORWARD -m mark --mark 1 -m connmark --mark 2 -j MARK --set-mark 3\nCOMMIT\n"
    (rule,) = ruleset_of(text).rules()
    assert [(m.module, m.options[0].name) for m in rule.matches] == [("mark", "mark"), ("connmark", "mark")]


def test_the_policy_match_has_a_protocol_of_its_own() -> None:
    text = "*filter\n-A INPUT -m policy --dir in --pol ipsec --proto esp -j ACCEPT\n-A INPUT --proto esp\nCOMMIT\n"
    found = [[(m.module, o.name) for m in rule.matches for o in m.options][-1] for rule in ruleset_of(text).rules()]
    assert found == [("policy", "proto"), ("", "protocol")]


def test_options_can_be_abbreviated_and_joined_to_their_words() -> None:
    text = "*nat\n-A PREROUTING -p tcp -m tcp --dport=80 -j REDIRECT --to-port 3128\nCOMMIT\n"
    (rule,) = ruleset_of(text).rules()
    assert [o[:2] for m in rule.matches[1:] for o in m.options] == [("dport", Interval(80, 80))]
    assert rule.target is not None
    assert [o[:2] for o in rule.target.options] == [("to-ports", Interval(3128, 3128))]


def test_old_and_new_negation_say_the_same() -> None:
    old = ruleset_of("*filter\n-A INPUT -s ! 10.0.0.1 -p tcp --dport ! 22\nCOMMIT\n")
    new = ruleset_of("*filter\n-A INPUT ! -s 10.0.0.1 -p tcp ! --dport 22\nCOMMIT\n")
    both = [[o[:3] for m in rule.matches for o in m.options] for ruleset in (old, new) for rule in ruleset.rules()]
    assert both[0] == both[1]


_WORDS = [
    "-A", "-I", "INPUT", "!", "-m", "tcp", "--dport", "-j", "-p", "-s", "10.0.0.1", "[1:2]", "[1:2", "--x",
    "--to-port=80", "--tcp-flags", "SYN,ACK", "COMMIT", "*filter", ":a", "-", "--", "!x", "--syn", "-syn", "--dports",
    '"', '"a', "é", "\u00a0x", "a\x0bb", "-4", "-f", "--set", "COMMITx",
]  # fmt: skip
_QUOTED = ['"a"', '"a b"', '""', '"a""b"', '"x"y', 'y"x"', '"-s"', '"a\\\\"', '"a\\""']
_LINE = st.lists(st.sampled_from(_WORDS + _QUOTED), max_size=14)


@settings(max_examples=300, deadline=None)
@given(_LINE, st.lists(st.sampled_from([" ", "  ", "\t", " \t"]), min_size=14, max_size=14))
def test_cutting_at_blanks_gives_the_tokens_of_the_lexer(words: list[str], blanks: list[str]) -> None:
    line = "".join(word + blank for word, blank in zip(words, blanks, strict=False)).strip(" \t\r")
    if not line:
        return
    text = f"*filter\n{line}\nCOMMIT\n"
    start, end = 8, 8 + len(line)
    ours, cut = LineReader().read(text, start, end)
    theirs, tokens = parser().read(text, start, end)
    assert ours == theirs
    assert list(cut.texts) == list(tokens.texts)
    assert [list(side) for side in cut.places()] == [list(side) for side in tokens.places()]


def test_rules_of_one_plan_keep_their_own_words() -> None:
    text = "*filter\n:one - [0:0]\n:two - [0:0]\n"
    text += "".join(
        f"-A INPUT -s 10.0.0.{n} -p tcp -m tcp --dport {n} -j {('one', 'two', 'DROP')[n % 3]}\n" for n in range(9)
    )
    found = list(ruleset_of(text + "COMMIT\n").rules())
    assert [rule.target.name for rule in found if rule.target is not None] == ["one", "two", "DROP"] * 3
    assert [rule.matches[1].options[0].value for rule in found] == [Interval(n, n) for n in range(9)]
    assert [rule.matches[0].options[0].origin.text for rule in found] == [f"-s 10.0.0.{n}" for n in range(9)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["*filter", "COMMIT", ":a", "-", "-A", "INPUT", "!", "-m", "tcp", "--dport", "-j", '"',
                                 "[1:2]", "\n", "10.0.0.1", "-s", "-p", "--x", "é"]), max_size=30))  # fmt: skip
def test_never_raises(words: list[str]) -> None:
    reading_of(" ".join(words).replace("\n ", "\n"))
