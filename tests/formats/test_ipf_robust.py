"""No text makes the readers of ipf.conf, ipnat.conf and ippool.conf raise, and no statement goes unaccounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats import ipfilter, ipnat, ippool
from spdcheck.formats.base import Context
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.base import Reading

READERS: dict[str, Callable[[SourceFile, Context], Reading]] = {
    "ipfilter": ipfilter.read,
    "ipnat": ipnat.read,
    "ippool": ippool.read,
}
WORDS = (
    "pass", "block", "log", "in", "out", "quick", "all", "from", "to", "any", "on", "em0", "proto", "tcp", "udp",
    "icmp", "port", "=", "!=", "22", "1:2", "10.0.0.1", "10.0.0.0/8", "2001:db8::1", "flags", "S/SA", "keep",
    "state", "frags", "head", "group", "100", "with", "short", "opt", "lsrr", "{", "}", "(", ")", ",", ";", "!", "@",
    "->", "/24", "map", "rdr", "bimap", "map-block", "portmap", "tcp/udp", "1:10", "auto", "rewrite", "src", "dst",
    "pool/1", "hash", "table", "role", "type", "tree", "number", "name", "group-map", "level", "auth.info", "$x",
    "${x}", "x=1;", "x=any;", "#", "'", "0x10", "99999", "10.1", "<thishost>", "0/0", "0/32", "skip", "call", "now",
    "a/1", "exp", '"', "\\\n", "\n",
)  # fmt: skip

texts = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
)


@pytest.mark.parametrize("name", READERS)
@given(text=texts)
def test_any_text_is_read(name: str, text: str) -> None:
    reading = READERS[name](SourceFile("x.conf", text), Context())
    states = (reading.inert, reading.unmodelled, reading.unparsed)
    assert min(states) >= 0
    assert sum(states) <= reading.statements
    codes = [item.code for item in reading.facts.diagnostics]
    assert codes.count("CFG001") == reading.unparsed
    for item in reading.facts.diagnostics:
        assert 0 <= item.span.start <= item.span.end <= len(text)
        assert item.span.begin.line >= 1


@pytest.mark.parametrize("name", READERS)
def test_a_bad_statement_leaves_the_others(name: str) -> None:
    good = {
        "ipfilter": "pass in all",
        "ipnat": "map em0 0/0 -> 0/32",
        "ippool": "table role = ipf type = tree number = 1 { 10.0.0.0/8; };",
    }[name]
    reading = READERS[name](SourceFile("x.conf", f"{good}\nbad statement\n{good}\n"), Context())
    (found,) = reading.facts.packet_filters
    assert len(getattr(found, "rules", getattr(found, "pools", ()))) == 2
    assert reading.unparsed == 1
    assert [item.span.begin.line for item in reading.facts.diagnostics if item.code == "CFG001"] == [2]


def test_continued_lines_and_variables_keep_their_places() -> None:
    text = 'host="10.0.0.1";\npass in from \\\n  $host to \\\n  any port = no-such\n'
    reading = ipfilter.read(SourceFile("x.conf", text), Context())
    (item,) = reading.facts.diagnostics
    assert (item.span.text, item.span.begin) == ("no-such", (4, 14))


def test_a_word_may_be_joined_in_its_middle() -> None:
    reading = ipfilter.read(SourceFile("x.conf", "pass in from 1\\\n0.0.\\\n0.1 to any\n"), Context())
    (found,) = reading.facts.packet_filters
    assert isinstance(found.rules[0].source.addresses, tuple)  # type: ignore[attr-defined]
    assert found.rules[0].source.addresses.value == 0x0A000001  # type: ignore[attr-defined]


def test_groups_give_their_members_protocol_and_family() -> None:
    text = "block in proto tcp/udp all head 10\npass in from 10.0.0.1 to any port = 53 group 10\n"
    reading = ipfilter.read(SourceFile("x.conf", text), Context())
    (found,) = reading.facts.packet_filters
    assert found.rules[1].protocols == (6, 17)  # type: ignore[attr-defined]


def test_ports_that_run_backwards_are_named_where_they_stand() -> None:
    reading = ipnat.read(SourceFile("ipnat.conf", "map em0 0/0 -> 0/32 portmap tcp/udp 11:4 sequential\n"), Context())
    (accident,) = reading.facts.diagnostics
    assert "11:4" in accident.span.text


def test_a_mistyped_word_is_named() -> None:
    reading = ipfilter.read(SourceFile("ipf.conf", "block in log quik on em0 all\n"), Context())
    (found,) = reading.facts.diagnostics
    assert found.mend == "did you mean `quick`?"


def test_what_ipf_prints_for_an_icmp_code_is_read_again() -> None:
    texts = ["block return-icmp(preced-cutoff) in all", "block return-icmp(cutoff-preced) in all"]
    texts += [
        "pass in proto icmp all icmp-type unreach code preced-cutoff",
        "pass in proto icmp all icmp-type routersolcit",
    ]
    reading = ipfilter.read(SourceFile("ipf.conf", "\n".join(texts) + "\n"), Context())
    assert reading.facts.diagnostics == []
