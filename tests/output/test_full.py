from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.model.diagnostic import Note
from spdcheck.output.full import render
from spdcheck.output.terminal import Look
from tests.output.sample import EAST, MISMATCH, OPEN, UNOPENED, WEAK, checked, place
from tests.output.test_columns import shown_width


def test_a_finding_with_both_peers_its_witness_and_the_mend() -> None:
    assert (
        "".join(render([checked(MISMATCH)], Look()))
        == """\
error[SPD004] selector-mismatch: west protects only half of what east sends
  --> east/etc/ipsec.conf:2:8 (east)
   │
 2 │ spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
   │        ━━━━━━━━━━━ all of 10.1.0.0/16
   │
  ::: west/etc/ipsec.conf:1:8 (west)
   │
 1 │ spdadd 10.1.0.0/17 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
   │        ─────────── only 10.1.0.0/17
   │
   = witness: tcp 10.1.128.1:40000 → 10.2.0.9:443
   = mend: write 10.1.0.0/16 at west

1 error: 3 checks, 2 hosts, 3 files, 6 statements, 1 not understood
"""
    )


def test_a_file_without_text_has_no_excerpt_and_a_mend_of_several_lines_keeps_them() -> None:
    assert (
        "".join(render([checked(UNOPENED, WEAK, undecided=(OPEN,))], Look()))
        == """\
error[CFG001] unparsed-statement: west/etc/racoon.conf can't be opened: Permission denied
  --> west/etc/racoon.conf (west)
   = certainty: possible: the model is incomplete here

warning[CRY001] weak-cipher: this key is used by hand
  --> east/etc/ipsec.conf:6:50 (east)
   │
 6 │ add 192.0.2.1 198.51.100.2 esp 0x1000 -E aes-cbc "••••••••••••••••";
   │                                                  ━━━━━━━━━━━━━━━━━━
   │
   = mend: write:
       remote 198.51.100.2 { }
   = certainty: modelled

no verdict: west: west/etc/racoon.conf can't be opened (IKE005)
1 error, 1 warning: 3 checks, 2 hosts, 3 files, 6 statements, 1 not understood
"""
    )


def test_several_sites_have_headings() -> None:
    text = "".join(render([checked(), checked(WEAK)], Look()))
    assert re.findall(r"^── (.*?) ─+$", text, re.MULTILINE) == ["branch", "branch", "all 2 sites"]
    assert text.endswith("1 warning: 3 checks, 4 hosts, 6 files, 12 statements, 2 not understood\n")


def test_colours_say_nothing_that_the_text_does_not_say() -> None:
    findings = (MISMATCH, WEAK, UNOPENED)
    coloured = "".join(render([checked(*findings, undecided=(OPEN,))], Look(colour=True)))
    assert "\x1b[1;31merror[SPD004]" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == "".join(render([checked(*findings, undecided=(OPEN,))], Look()))


def test_ascii_is_ascii() -> None:
    assert "".join(render([checked(MISMATCH, WEAK)], Look(ascii_only=True))).isascii()


def test_a_finding_of_many_places_shows_some_and_counts_the_others() -> None:
    many = tuple(Note(place(EAST, "spdflush"), f"culprit {number}") for number in range(20))
    text = "".join(render([checked(replace(MISMATCH, notes=many))], Look()))
    assert text.count("culprit") == 12
    assert "= note: and 8 more places" in text


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200), st.integers(40, 120))
def test_every_line_fits_the_terminal(message: str, label: str, mend: str, width: int) -> None:
    mend = " ".join(mend.split())
    finding = replace(MISMATCH, message=message, label=label, mend=mend)
    for line in "".join(render([checked(finding)], Look(width=width))).splitlines():
        assert shown_width(line) <= width
