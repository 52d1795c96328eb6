from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given

from spdcheck.engine.trace import Disposition, Mark, Step, Trace, Wire
from spdcheck.output.columns import width_of
from spdcheck.output.terminal import Look
from spdcheck.output.trace_text import brief, render
from tests.output.trace_sample import PACKET, hosts, site, span, trace, traces

LONG = Step("a", "SPD out", Mark.PROTECT, "PROTECT", "10.0.0.1 → 10.0.0.2 any, esp/tunnel " * 4, origin=span())


def text_of(found: Trace, look: Look | None = None, *, verbose: bool = False) -> str:
    return "".join(render(found, site("a", "b"), look or Look(), verbose=verbose))


@pytest.mark.parametrize("width", [60, 80, 100, 132])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_row_is_wider_than_the_terminal(width: int, verbose: bool) -> None:
    steps = (LONG, Wire("a", "eth0", PACKET, "tcp", 60, False), Step("b", "ROUTE", Mark.OK, "eth0", "x " * 90, "eth0"))
    for row in text_of(trace(*steps), Look(width=width), verbose=verbose).splitlines():
        assert width_of(row) <= width, row


def test_columns_are_aligned_over_both_ways() -> None:
    there = trace(LONG, Step("b", "DELIVER", Mark.OK, "delivered", "here", "eth0"))
    back = trace(Step("b", "FILTER out", Mark.OK, "pass", "here", "enc0"), where="a")
    rows = [row for row in text_of(replace(there, reply=back)).splitlines() if row.endswith("here")]
    assert len({row.index("here") for row in rows}) == 1


def test_the_answer_comes_first_and_failures_of_the_reply_are_the_answer() -> None:
    back = replace(trace(where="a"), disposition=Disposition.DENIED_IN, sentence="pf of a blocks it")
    first = text_of(replace(trace(LONG), reply=back)).splitlines()[0]
    assert first == "✗ DENIED_IN  the reply does not get back: pf of a blocks it"


def test_long_details_are_cut_or_broken() -> None:
    assert "…" in text_of(trace(LONG), Look(width=80))
    assert "…" not in text_of(trace(LONG), Look(width=80), verbose=True)


def test_what_is_skipped_and_what_is_unknown_has_a_row() -> None:
    steps = (
        Step("a", "FILTER in", Mark.SKIP, "skipped", "decrypted packets skip the filters"),
        Step("a", "FILTER out", Mark.UNKNOWN, "unknown", "route-to is not modelled", origin=span("a/pf.conf")),
    )
    shown = text_of(trace(*steps, disposition=Disposition.UNKNOWN, where="a"))
    assert "– FILTER in" in shown
    assert "? FILTER out" in shown
    assert "not modelled" in shown
    assert shown.startswith("? UNKNOWN")


@given(traces, hosts)
def test_any_trace_can_be_shown_in_ascii(found: Trace, name: str) -> None:
    look = Look(ascii_only=True, width=80)
    for verbose in (False, True):
        assert "".join(render(found, site(name), look, verbose=verbose)).isascii()
    assert brief(found, site(name), look).isascii()


@given(traces, hosts)
def test_no_control_character_gets_through(found: Trace, name: str) -> None:
    shown = "".join(render(found, site(name), Look(), verbose=True)) + brief(found, site(name), Look())
    assert not {unicodedata.category(char) for char in shown.replace("\n", "")} & {"Cc", "Cf", "Cs"}


def test_brief_is_one_line() -> None:
    steps = (LONG, Wire("a", "eth0", PACKET, "esp{tcp}", 112, True), Step("b", "DECAP", Mark.CHANGE, "112→60 B"))
    assert brief(trace(*steps), site("a", "b"), Look()) == "a: SPD-out◆ ═ b: DECAP⇄ DELIVERED\n"


def test_equal_names_of_files_get_more_of_their_path() -> None:
    from spdcheck.model.host import FileReport, Host, Site
    from spdcheck.output.trace_parts import Places

    spans = [span("a/etc/racoon/x.conf"), span("a/usr/x.conf"), span("a/y.conf")]
    reports = tuple(FileReport(item.file, "setkey", 1, 1, 0, 0, 0) for item in spans)
    places = Places(Site("s", (Host(name="a", platform=None, files=reports),)))
    assert [places.short(item) for item in spans] == ["racoon/x.conf:1", "usr/x.conf:1", "y.conf:1"]
