"""Shorewall's language: places of columns, dialects, and ways of saying the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context
from spdcheck.formats.shorewall import read
from spdcheck.formats.shorewall.expressions import BadExpression, UnknownValue, evaluate
from spdcheck.formats.shorewall.tables import RULES
from spdcheck.model.diagnostic import Part
from spdcheck.model.netfilter import Interval
from spdcheck.source import SourceFile
from tests.formats.shorewall_folder import read_text, shorewall_of, short

if TYPE_CHECKING:
    from spdcheck.model.shorewall import RuleEntry

BASE = """=== zones
fw firewall
net ipv4
loc ipv4
=== interfaces
?FORMAT 2
net eth0
loc eth1
=== policy
all all REJECT
"""
COLUMNS = {
    "action": ("ACCEPT", "DROP!", "SSH(ACCEPT)", "LOG:info", "REJECT:NFLOG(1,0,1):tag"),
    "source": ("net", "all!loc", "net:192.0.2.0/24,198.51.100.7!192.0.2.9", "loc:eth1:~02-00-5E-00-53-01", "net,loc+"),
    "dest": ("loc", "fw", "all+", "loc:!192.0.2.9"),
    "proto": ("tcp", "udp", "6"),
    "dport": ("80", "1024:65535,22", "!25"),
    "sport": ("123", "1024:"),
    "origdest": ("203.0.113.4", "!203.0.113.4"),
    "mark": ("1", "!0x10/0xff:C"),
    "connlimit": ("5:24", "d:!7"),
    "time": ("utc&weekdays=Mon,Tue",),
    "switch": ("night=1",),
}


def rules_of(text: str, before: str = "") -> tuple[RuleEntry, ...]:
    reading = read_text(f"{BASE}{before}=== rules\n{text}")
    assert [item.message for item in reading.facts.diagnostics] == []
    return shorewall_of(reading).rules


def said(rule: RuleEntry) -> dict[str, str]:
    """What a rule says, without the places."""
    return {name: short(getattr(rule, name)) for name in rule.__slots__ if name != "origin"}


columns = st.fixed_dictionaries(
    {name: st.sampled_from(COLUMNS[name]) for name in ("source", "dest")}
    | {"action": st.sampled_from(COLUMNS["action"])},
    optional={name: st.sampled_from(values) for name, values in COLUMNS.items() if name not in RULES[:3]},
).map(lambda found: found if "proto" in found else {k: v for k, v in found.items() if k not in ("dport", "sport")})


def plain(found: dict[str, str]) -> str:
    row = [found.get(name, "-") for name in RULES]
    while row[-1] == "-":
        row.pop()
    return "\t".join(row)


@given(columns, st.integers(0, 3), st.sampled_from(["; {}", "{{ {} }}", "{{{}}}"]), st.sampled_from([" ", ", "]))
def test_pairs_say_the_same_as_columns(found: dict[str, str], kept: int, form: str, between: str) -> None:
    first = [found.get(name, "-") for name in RULES[:kept]]
    pairs = [f'{name}="{value}"' if "," in value or ":" in value else f"{name}={value}"
             for name, value in found.items() if name not in RULES[:kept]]  # fmt: skip
    if not pairs or (kept == 0 and form.startswith(";")):
        return
    other = " ".join([*first, form.format(between.join(pairs))])
    assert said(rules_of(other)[0]) == said(rules_of(plain(found))[0])


@given(columns, st.data())
def test_a_line_may_be_continued_anywhere_between_columns(found: dict[str, str], data: st.DataObject) -> None:
    words = plain(found).split("\t")
    ways = ["\t", " ", " \\\n ", "\\\n\t", " \\  # more\n "]
    # Behind `,` and `:` the blanks of the next line go, so that the word would go on.
    joints = [
        data.draw(st.sampled_from([way for way in ways if word[-1] not in ",:" or way[0] != "\\"])) for word in words
    ]
    broken = "".join(word + joint for word, joint in zip(words[:-1], joints, strict=False)) + words[-1]
    assert said(rules_of(broken)[0]) == said(rules_of("\t".join(words))[0])


@given(columns, st.sets(st.sampled_from(RULES)), st.booleans())
def test_a_variable_is_what_it_stands_for(found: dict[str, str], hidden: set[str], braces: bool) -> None:
    params = "".join(f"V_{name}='{value}'\n" for name, value in found.items() if name in hidden)
    named = {n: (f"${{V_{n}}}" if braces else f"$V_{n}") if n in hidden else v for n, v in found.items()}
    rule = rules_of(plain(named), f"=== params\n{params}" if params else "")[0]
    assert said(rule) == said(rules_of(plain(found))[0])
    assert rule.action.origin.text == named["action"]
    assert rule.source[0].origin.text == named["source"]


def test_every_column_has_its_place() -> None:
    text = "DNAT:info  net:192.0.2.0/24!192.0.2.9\tloc:192.0.2.80:8080 tcp,udp 80,90:99 - 203.0.113.4 s:x:3/min"
    (rule,) = rules_of(text)
    assert rule.origin.text == text
    assert rule.action.log is not None
    assert rule.action.log.origin.text == "info"
    (source,), (dest,) = rule.source, rule.dest
    assert source.zones is not None
    assert source.zones.origin.text == "net"
    assert source.hosts is not None
    assert [a.origin.text for a in (*source.hosts.included, *source.hosts.excluded)] == ["192.0.2.0/24", "192.0.2.9"]
    assert dest.ports == Interval(8080, 8080)
    assert rule.protocols is not None
    assert [item.origin.text for item in rule.protocols.items] == ["tcp", "udp"]
    assert rule.rates[0].origin.text == "s:x:3/min"


def test_places_in_continued_lines_and_includes() -> None:
    reading = read_text(f"{BASE}=== rules\nINCLUDE more\n=== more\nACCEPT net:\\\n   192.0.2.7 \\\n   loc tcp 22\n")
    (rule,) = shorewall_of(reading).rules
    hosts = rule.source[0].hosts
    assert hosts is not None
    assert (hosts.origin.where, hosts.origin.begin.column, hosts.origin.text) == ("more:2", 4, "192.0.2.7")
    assert rule.dports is not None
    assert rule.dports.origin.where == "more:3"


@pytest.mark.parametrize(
    ("zones", "release", "dialect"),
    [
        ("net Internet The outside\n", (), 2),
        ("net ipv4\n", (), 5),
        ("fw firewall\nnet -\n", (), 5),
        ("loc local The local network\n", (), 2),
        ("net Internet\n", (5, 2), 5),
        ("net ipv4\n", (2, 4, 1), 2),
        ("?FORMAT 1\nnet Internet\n", (), 5),
    ],
)
def test_which_dialect_it_is(zones: str, release: tuple[int, ...], dialect: int) -> None:
    assert shorewall_of(read_text(f"=== zones\n{zones}", release)).dialect == dialect


def test_a_file_without_its_directory() -> None:
    reading = read(SourceFile("rules", "ACCEPT net loc tcp 80\nACCEPT net loc tcp eighty\n"), Context())
    assert [item.span.where for item in reading.facts.diagnostics] == ["rules:2"]
    assert len(shorewall_of(reading).rules) == 1


def test_any_file_of_the_directory_reads_them_all() -> None:
    text = f"=== rules\nACCEPT net loc\n{BASE}"
    reading = read_text(text)
    assert reading.file.path == "rules"
    assert {report.file.path for report in reading.reports()} == {"rules", "zones", "interfaces", "policy"}
    assert {file.path for file in reading.included} == {"zones", "interfaces", "policy"}


def test_a_line_that_cannot_be_read_leaves_the_others() -> None:
    reading = read_text(f"{BASE}=== rules\nACCEPT net loc tcp 1\nACCEPT net loc tcp x y z\nACCEPT net loc tcp 2\n")
    assert [short(rule.dports) for rule in shorewall_of(reading).rules] == ["(items=[1])", "(items=[2])"]
    assert {gap.part for gap in reading.facts.gaps} == {Part.FILTER, Part.NAT}


def test_a_release_before_5_takes_what_5_refuses() -> None:
    text = f"{BASE}=== rules\nSECTION NEW\nSSH/ACCEPT net loc\n"
    assert shorewall_of(read_text(text, (4, 4, 27))).refused is None
    refused = shorewall_of(read_text(text, (5, 2, 8))).refused
    assert refused is not None
    assert refused.where == "rules:1"
    unknown = read_text(text)
    assert [item.warning for item in unknown.facts.diagnostics] == [True]


@pytest.mark.parametrize("release", [(), (3, 4), (5, 2, 8)])
def test_options_of_interfaces_that_are_gone(release: tuple[int, ...]) -> None:
    reading = read_text(BASE.replace("eth0", "eth0 nobogons", 1), release)
    refused = shorewall_of(reading).refused
    assert (refused.where if refused else None) == ("interfaces:2" if release == (5, 2, 8) else None)
    assert len(reading.facts.diagnostics) == {(): 1, (3, 4): 0}.get(release, 1)


def test_what_the_host_learns() -> None:
    conf = "=== shorewall.conf\nIP_FORWARDING=Off\nSTARTUP_ENABLED=No\n"
    facts = read_text(BASE + conf).facts
    assert [interface.name for interface in facts.interfaces] == ["eth0", "eth1"]
    assert facts.forwarding[4].value is False
    assert [(service.name, service.enabled) for service in facts.services] == [("shorewall", False)]


def test_lines_that_need_what_a_program_computes_are_unknown() -> None:
    reading = read_text(f"{BASE}=== params\nA=$(hostname -i)\n=== rules\nACCEPT net:$A loc\nACCEPT net loc\n")
    assert len(shorewall_of(reading).rules) == 1
    assert [(item.code, item.span.where) for item in reading.facts.diagnostics] == [("CFG002", "rules:1")]
    assert reading.facts.gaps


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("$A eq 'x'", "1"),
        ("$A ne 'x'", ""),
        ("$N == 8080 && __POLICY_MATCH", "1"),
        ("! $B", "1"),
        ("$B || $N", "8080"),
        ("not 0 and 1", "1"),
        ("2 + 3 * 4 - 1", "13"),
        ("7 % 4", "3"),
        ("3 - 3", "0"),
        ("$A =~ /^X/i", "1"),
        ("$A !~ /x/", ""),
        ("$N > 1024 ? 'high' : 'low'", "high"),
        ("'$A$N' eq 'x8080'", "1"),
        ("\"a\" . 'b'", "ab"),
        ("0x10 == 16", "1"),
        ("__IPV4 && ! __IPV6", "1"),
        ("defined $B", "1"),
        ("passed($1)", ""),
    ],
)
def test_expressions(text: str, value: str) -> None:
    variables = {"A": "x", "N": "8080"}
    assert evaluate(text, lambda name: variables.get(name, ""), None, 4) == value


@pytest.mark.parametrize("text", ["1 +", "foo", "(1", "1 = 1", "__NO_SUCH", "$1", "'a", "1 % 0"])
def test_expressions_that_the_compiler_refuses(text: str) -> None:
    with pytest.raises(BadExpression):
        evaluate(text, lambda _: "", None, 4)


def test_an_expression_of_something_unknown() -> None:
    for text in ("$A", "__IPSET_MATCH || 1"):
        with pytest.raises(UnknownValue):
            evaluate(text, lambda _: None, None, 4)


def test_a_tunnel_in_capitals() -> None:
    """5.2.8 opens 500 and 4500 for the first gateway of `IPSEC`, and 500 for the others."""
    reading = read_text(f"{BASE}=== tunnels\nIPSEC net 192.0.2.1,192.0.2.2,192.0.2.3\nGRE net 192.0.2.4\n")
    assert [(item.code, item.span.text) for item in reading.facts.diagnostics] == [("CFG010", "IPSEC")]
    tunnels = [(t.type, len(t.gateways.included) if t.gateways else 0) for t in shorewall_of(reading).tunnels]
    assert tunnels == [("ipsecnat", 1), ("ipsec", 2), ("gre", 1)]


def test_parameters_of_actions_decide_their_lines() -> None:
    actions = "=== actions\nGate\n=== action.Gate\nDEFAULTS DROP,-\n?if passed($2)\n$1 - - tcp $2\n?else\n$1\n?endif\n"
    reading = read_text(f"{BASE}{actions}=== rules\nGate net loc\nGate(ACCEPT,22) net loc\n")
    found = shorewall_of(reading)
    assert reading.facts.diagnostics == []
    made: list[Any] = [found.action("Gate", rule.action.parameters) for rule in found.rules]
    assert [[said(line)["dports"] for line in body.rules] for body in made] == [["None"], ["(items=[22])"]]
    assert [body.rules[0].action.name for body in made] == ["DROP", "ACCEPT"]


@given(
    st.sampled_from(["net", "loc", "all", "lan"]),
    st.lists(st.integers(0, 300), min_size=4, max_size=4),
    st.integers(0, 40),
)
def test_the_usual_form_of_a_place_is_read_as_the_grammar_reads_it(zone: str, numbers: list[int], length: int) -> None:
    address = ".".join(map(str, numbers)) + (f"/{length}" if length else "")
    usual, other = (read_text(f"{BASE}=== rules\nACCEPT {zone}:{form} loc\n") for form in (address, f"({address})"))
    messages = [[item.code for item in reading.facts.diagnostics] for reading in (usual, other)]
    assert messages[0] == messages[1]
    found = [[short(rule.source) for rule in shorewall_of(reading).rules] for reading in (usual, other)]
    assert found[0] == found[1]


def test_texts_that_come_again_keep_their_own_places() -> None:
    text = "ACCEPT net:192.0.2.0/24!192.0.2.9 loc tcp 22,80:90\n"
    rules = rules_of(text * 4)
    assert len({said(rule)["source"] for rule in rules}) == 1
    for number, rule in enumerate(rules, 1):
        hosts = rule.source[0].hosts
        assert hosts is not None
        assert rule.dports is not None
        places = [rule.origin, rule.action.origin, rule.source[0].origin, hosts.excluded[0].origin, rule.dports.origin]
        assert {place.begin.line for place in places} == {number}
        assert [place.text for place in places[3:]] == ["192.0.2.9", "22,80:90"]
