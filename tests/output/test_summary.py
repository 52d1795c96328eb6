from __future__ import annotations

from dataclasses import replace

import pytest

from spdcheck.checks.finding import Severity, Undecided
from spdcheck.output.summary import Checked, Summary, Verdict, lines, open_questions
from spdcheck.output.terminal import Look
from tests.output.sample import EAST, MISMATCH, OPEN, WEAK, checked, place

UNMODELLED = replace(WEAK, code="CFG002", name="unmodelled-statement")
INFO = replace(WEAK, severity=Severity.INFO)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (checked(), Verdict.CLEAN),
        (checked(MISMATCH), Verdict.FINDINGS),
        (checked(WEAK), Verdict.FINDINGS),
        (checked(INFO), Verdict.CLEAN),
        (checked(INFO, fail_on="info"), Verdict.FINDINGS),
        (checked(WEAK, fail_on="error"), Verdict.CLEAN),
        (checked(MISMATCH, fail_on="never"), Verdict.CLEAN),
        (checked(undecided=(OPEN,)), Verdict.NO_VERDICT),
        (checked(INFO, undecided=(OPEN,)), Verdict.NO_VERDICT),
        (checked(MISMATCH, undecided=(OPEN,)), Verdict.FINDINGS),
        (checked(MISMATCH, undecided=(OPEN,), fail_on="never"), Verdict.NO_VERDICT),
        (checked(UNMODELLED), Verdict.NO_VERDICT),
        (checked(UNMODELLED, WEAK), Verdict.FINDINGS),
    ],
)
def test_verdicts(one: Checked, verdict: Verdict) -> None:
    assert one.verdict is verdict


def test_several_sites() -> None:
    assert Summary((checked(), checked(undecided=(OPEN,)))).verdict is Verdict.NO_VERDICT
    assert Summary((checked(MISMATCH), checked(undecided=(OPEN,)))).verdict is Verdict.FINDINGS
    assert Summary((checked(), checked())).verdict is Verdict.CLEAN


def test_a_clean_result_says_what_was_proved() -> None:
    one = checked()
    east = one.site.hosts[0]
    clean = replace(one, site=replace(one.site, hosts=(east,)))
    assert list(lines(Summary((clean,)), Look())) == ["no findings: 3 checks, 1 host, 1 file, 4 statements, all read"]


def test_no_verdict_is_said() -> None:
    assert list(lines(Summary((checked(undecided=(OPEN,)),)), Look())) == [
        "no verdict: west: west/etc/racoon.conf can't be opened (IKE005)",
        "no findings, no verdict: 3 checks, 2 hosts, 3 files, 6 statements, 1 not understood",
    ]


def test_one_cause_is_told_once() -> None:
    span = place(EAST, "spdflush")
    undecided = (
        Undecided("CFG002", "east", "security policies: east/etc/ipsec.conf:1 could not be read", span),
        Undecided("CFG002", "east", "security associations: east/etc/ipsec.conf:1 could not be read", span),
        Undecided("SPD001", "east", "east/etc/ipsec.conf:1 could not be read", span),
        Undecided("SPD004", "east", "east/etc/ipsec.conf:1 could not be read", span),
        Undecided("IKE004", "west", "one reason", None),
        Undecided("IKE005", "west", "another", None),
    )
    assert list(map(str, open_questions(undecided))) == [
        "east: security policies, security associations: east/etc/ipsec.conf:1 could not be read (SPD001, SPD004)",
        "west: one reason (IKE004)",
        "west: another (IKE005)",
    ]
    assert list(map(str, open_questions(undecided[:2]))) == [
        "east: security policies, security associations: east/etc/ipsec.conf:1 could not be read"
    ]
    assert list(map(str, open_questions(undecided[:1]))) == [
        "east: security policies: east/etc/ipsec.conf:1 could not be read"
    ]
