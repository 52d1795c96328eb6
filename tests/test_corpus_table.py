"""The tables of the corpus' README, held against the golden files: each site says what its row claims."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = "## Which finding shows what is known of the published set-ups"
HEADING = "## The roaming client of 2002, row by row"
CODE = re.compile(r"[A-Z]{3}\d{3}")
TOLD = re.compile(r"(?:error|warning|info)\[(?P<site>[A-Z]{3}\d{3})\]|^(?P<case>[A-Z]{3}\d{3}) ", re.MULTILINE)


def rows(heading: str) -> list[list[str]]:
    """The cells of each row below a heading, with the first cell of the row before where it is empty."""
    text = (CORPUS / "README.md").read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    found: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith(("| row ", "| set-up ")):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found.append([cells[0] or found[-1][0], *cells[1:]])
    return found


def golden_of(site: str) -> Path:
    """The golden file of a site, a variant or a case of a check."""
    if site.startswith("variants/"):
        return CORPUS / f"{site}.out"
    if site.startswith("checks/"):
        return CORPUS / f"{site}.out"
    return CORPUS / "sites" / site / "expected.txt"


ROWS = rows(HEADING)
OF_PUBLISHED = rows(PUBLISHED)
OF_GATEWAYS = [*rows("## BSD gateways with pf and ipfilter")[1:], *rows("## Shorewall gateways")[1:]]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[2]}")
def test_row(row: list[str]) -> None:
    codes = CODE.findall(row[3])
    assert codes, "a row names codes"
    for site in row[2].split(", "):
        said = golden_of(site).read_text(encoding="utf-8")
        told = {found["site"] or found["case"] for found in TOLD.finditer(said)}
        if row[3].startswith("silent"):
            assert not told & set(codes), f"{site} says {sorted(told & set(codes))}"
        else:
            assert told & set(codes), f"{site} says none of {codes}"
            if site == row[2]:
                assert set(codes) <= told, f"{site} does not say {sorted(set(codes) - told)}"


@pytest.mark.parametrize("row", OF_PUBLISHED, ids=lambda row: f"{row[0]} {row[2]}")
def test_row_of_a_published_set_up(row: list[str]) -> None:
    claimed = row[3]
    if "its traces" in claimed:
        assert any((CORPUS / "sites" / row[2] / "traces").glob("*.txt"))
    codes = set(CODE.findall(claimed))
    assert codes or claimed == "its traces"
    told: set[str] = set()
    for site in row[2].split(", ") if codes else ():
        said = golden_of(site).read_text(encoding="utf-8")
        here = {found["site"] or found["case"] for found in TOLD.finditer(said)}
        if claimed.startswith("no verdict"):
            here = {code for listed in re.findall(r"\(([A-Z0-9, ]+)\)", said) for code in CODE.findall(listed)}
        elif claimed.startswith("silent"):
            assert not here & codes, f"{site} says {sorted(here & codes)}"
            here = codes
        assert here & codes, f"{site} says none of {sorted(codes)}"
        told |= here
    assert codes <= told, f"nothing says {sorted(codes - told)}"


def test_every_row_of_the_list_is_there() -> None:
    known = {row[0] for row in ROWS}
    assert {f"S3-{number:02}" for number in range(1, 31)} - known <= NOT_SHOWN


NOT_SHOWN = {"S3-29"}
"""It is about the lengths of captured packets, which no configuration tells."""


@pytest.mark.parametrize("row", OF_GATEWAYS, ids=lambda row: row[1])
def test_row_of_the_gateways(row: list[str]) -> None:
    told: set[str] = set()
    for site in row[1].split(", "):
        said = golden_of(f"variants/{site}").read_text(encoding="utf-8")
        here = {found["site"] or found["case"] for found in TOLD.finditer(said)}
        assert here & set(CODE.findall(row[2])), f"{site} says none of {row[2]}"
        assert "$ spdcheck trace" in said or "no verdict" in said, f"{site} is explained by a trace, or has none"
        told |= here
    assert set(CODE.findall(row[2])) <= told


@pytest.mark.parametrize("family", ["bsd", "shorewall"])
def test_every_variant_of_the_gateways_is_in_its_table(family: str) -> None:
    named = {site for row in OF_GATEWAYS for site in row[1].split(", ")}
    assert {path.stem for path in (CORPUS / "variants").glob(f"{family}-*.variant")} <= named
