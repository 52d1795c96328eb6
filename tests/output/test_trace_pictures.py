"""SVG and Mermaid: well-formed whatever the names are, and without anything that could run."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given

from spdcheck.engine.trace import Disposition, Mark, Step, Trace, Wire
from spdcheck.output.trace_mermaid import escaped
from spdcheck.output.trace_mermaid import render as as_mermaid
from spdcheck.output.trace_svg import render as as_svg
from tests.output.trace_sample import PACKET, hosts, site, span, trace, traces, words

HOSTILE = '<script>alert("1")</script>&]]>\x00\x1b[31m'


@given(traces, hosts)
def test_svg_is_well_formed_for_any_text(found: Trace, name: str) -> None:
    root = ElementTree.fromstring(as_svg(found, site(name)))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "tspan", "g", "path", "line"}
    assert not any(key.startswith("on") or "href" in key for element in root.iter() for key in element.attrib)


@given(traces, hosts)
def test_mermaid_keeps_to_its_syntax_for_any_text(found: Trace, name: str) -> None:
    lines = as_mermaid(found, site(name)).splitlines()
    assert lines[:2] == ["sequenceDiagram", "    autonumber"]
    known = re.compile(r"    (participant h\d+ as .*|Note over h\d+(,h\d+)?: .*|h\d+(->>|-->>|--x)h\d+: .*)")
    assert all(known.fullmatch(line) for line in lines[2:])


@given(words)
def test_mermaid_escapes_what_it_could_read_as_syntax(text: str) -> None:
    shown = escaped(text)
    assert "\n" not in shown
    assert ";" not in re.sub(r"#\d+;", "", shown)
    assert "end" not in shown.lower().split(" ")


def test_hostile_names_are_shown_not_run() -> None:
    step = Step(HOSTILE, "SPD out", Mark.FAIL, HOSTILE, HOSTILE, HOSTILE, span(HOSTILE, HOSTILE))
    text = as_svg(trace(step, where=HOSTILE), site(HOSTILE))
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\x00" not in text


def test_a_picture_has_every_stage_and_its_line() -> None:
    found = trace(
        Step("a", "ROUTE", Mark.OK, "eth0", "default", "eth0"),
        Step("a", "SPD out", Mark.PROTECT, "PROTECT", "10.0.0.1 → 10.0.0.2", origin=span()),
        Wire("a", "eth0", PACKET, "esp{tcp}", 112, True, 0x1000),
        Step("b", "DECAP", Mark.CHANGE, "112→60 B", "esp/tunnel", "eth0"),
    )
    text = as_svg(found, site("a", "b"))
    for word in ("ROUTE eth0", "SPD out", "PROTECT", "ipsec.conf:1", "spdadd 10.0.0.1", "DECAP", "0x00001000"):
        assert word in text, word
    assert "prefers-color-scheme:dark" in text
    assert 'class="wire"' in text
    mermaid = as_mermaid(found, site("a", "b"))
    assert "h0->>h1: tcp 10.0.0.1:40000 → 10.0.0.2:443" in mermaid
    assert "2 ◆ SPD out PROTECT ipsec.conf:1" in mermaid


def test_a_peer_that_is_not_reached_is_drawn_too() -> None:
    failed = Step("a", "SA", Mark.FAIL, "none", "no section")
    found = trace(failed, disposition=Disposition.NO_SA, where="a")
    assert "not reached" in as_svg(found, site("a", "b"))


def test_a_clear_wire_is_red_and_says_so() -> None:
    found = trace(
        Step("a", "ROUTE", Mark.OK, "eth0"),
        Wire("a", "eth0", PACKET, "tcp", 60, True),
        Step("b", "DELIVER", Mark.OK, "delivered"),
    )
    text = as_svg(found, site("a", "b"))
    assert 'class="wire clear"' in text
    assert ">in clear<" in text
    assert "h0-->>h1" in as_mermaid(found, site("a", "b"))
