from __future__ import annotations

import json

import pytest

from spdcheck.checks import CHECKS
from spdcheck.checks.run import name_of
from spdcheck.cli import status
from tests.cli.run import spdcheck

CODES = [code for code, _, _ in CHECKS]


def test_every_check_is_listed() -> None:
    code, out, err = spdcheck("rules")
    assert (code, err) == (status.CLEAN, "")
    assert [line.split()[0] for line in out.splitlines() if not line.startswith(" ")] == CODES
    assert all(len(line) <= 100 for line in out.splitlines())


def test_json() -> None:
    document = json.loads(spdcheck("rules", "--format", "json").out)
    assert [rule["code"] for rule in document["rules"]] == CODES
    assert all(rule["sections"]["Correction"] for rule in document["rules"])


def test_markdown() -> None:
    rows = spdcheck("rules", "--format", "markdown").out.splitlines()
    assert len(rows) == 2 + len(CODES)
    assert rows[2].startswith("| CFG001 | unparsed-statement | error | ")


@pytest.mark.parametrize("code", CODES)
def test_every_check_has_a_page(code: str) -> None:
    page = spdcheck("explain", code.lower())
    assert page.code == status.CLEAN
    assert page == spdcheck("explain", name_of(code))
    assert page.out.startswith(f"{code} {name_of(code)} (")
    for title in ("What it does", "Why it matters", "Example", "Correction", "References"):
        assert f"\n{title}\n\n" in page.out
    assert "```" not in page.out


def test_several_pages() -> None:
    out = spdcheck("explain", "CFG002", "CFG001").out
    assert out.index("CFG002 unmodelled") < out.index("CFG001 unparsed")
