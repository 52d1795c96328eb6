"""Rules that are made from an earlier one say what they say when they are read by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats import ipfilter
from spdcheck.formats import pf as pf_format
from spdcheck.formats.base import Context
from spdcheck.formats.ipfilter.alike import AlikeRules as AlikeIpf
from spdcheck.formats.pf.alike import AlikeRules as AlikePf
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.formats.ipf_lexer import Vocabulary

SYSTEMS = ((Platform.OPENBSD, (7, 6)), (Platform.OPENBSD, (4, 4)), (Platform.FREEBSD, (13, 0)), (None, ()))
ADDRESSES = ("10.0.0.1", "10.1.0.0/16", "10.300.0.1", "10.0.0.1/33", "10/8", "2001:db8::1", "0/0", "any", "em0", "<t>",
             "! 10.0.0.1", "fe80::1%em0", "{ 10.0.0.1, 10.0.0.2 }", "10.0.0.1/8", "1", "10.1", "!10.0.0.0/8",
             "(em0)", "em0/32", "0.0.0.0/0")  # fmt: skip
PORTS = ("", "port 22", "port = 22", "port ssh", "port 70000", "port 1:10", "port = 80", "port > 1023", "port = www",
         "port 1 >< 5", "port { 22, 80 }")  # fmt: skip
BEFORE = ("pass in", "pass out quick on em0", "block in log on em0", "pass in quick on em0 inet", "pass in inet6",
          "block return-rst in")  # fmt: skip
PROTOCOLS = ("proto tcp", "proto udp", "proto icmp", "", "proto { tcp udp }", "proto tcp/udp")
BEHIND = ("", "keep state", "flags S/SA keep state", "label x", 'label "$srcaddr"', "tag T", "keep frags", "group 5",
          "head 7", "with short")  # fmt: skip


WORDS = ("pass", "in", "tcp/udp", "port=22", "10.0.0.1/8", "{", "}", "a,b", "->", "proto", "::1", "fe80::1/64", "-",
         "0x10", "S/SA", "\\x", "é", "!", "(", "<thishost>", "@1", " ", "\t", "\n")  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Rules of few shapes, repeated with other addresses and ports; settings in between."""
    shapes = draw(
        st.lists(
            st.tuples(st.sampled_from(BEFORE), st.sampled_from(PROTOCOLS), st.sampled_from(BEHIND)),
            min_size=1,
            max_size=2,
        )
    )
    lines = []
    for _ in range(draw(st.integers(2, 8))):
        before, protocol, behind = draw(st.sampled_from(shapes))
        source, target = draw(st.sampled_from(ADDRESSES)), draw(st.sampled_from(ADDRESSES))
        lines.append(
            f"{before} {protocol} from {source} {draw(st.sampled_from(PORTS))} to {target} "
            f"{draw(st.sampled_from(PORTS))} {behind}"
        )
        if draw(st.integers(0, 6)) == 0:
            lines.append("set block-policy return")
    return "\n".join(lines) + "\n"


@given(text=texts(), system=st.sampled_from(SYSTEMS))
def test_pf(text: str, system: tuple[Platform | None, tuple[int, ...]]) -> None:
    file, context = SourceFile("pf.conf", text), Context(platform=system[0], release=system[1])
    made = pf_format.read(file, context)
    with patch.object(AlikePf, "find", lambda *_: None):
        read = pf_format.read(file, context)
    assert made.facts == read.facts
    assert (made.statements, made.unparsed, made.unmodelled) == (read.statements, read.unparsed, read.unmodelled)


@given(text=texts())
def test_ipf(text: str) -> None:
    file = SourceFile("ipf.conf", text)
    made = ipfilter.read(file, Context())
    with patch.object(AlikeIpf, "find", lambda *_: None):
        read = ipfilter.read(file, Context())
    assert made.facts == read.facts
    assert (made.statements, made.unparsed, made.unmodelled) == (read.statements, read.unparsed, read.unmodelled)


@given(
    text=st.lists(
        st.sampled_from(WORDS),
        max_size=12,
    ).map(" ".join)
)  # fmt: skip
def test_words_are_cut_alike_alone_and_in_a_line(text: str) -> None:
    vocabulary: Vocabulary = ipfilter._statements().vocabulary
    found = vocabulary.read(text, 0, len(text))
    kinds, words, starts, _ = vocabulary._tokens(text, 0, len(text), plain=False)
    assert (list(found.kinds), found.texts, found.starts) == (kinds, words, starts)
