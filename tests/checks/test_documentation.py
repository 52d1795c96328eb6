"""The documentation of every check is true: its example is found, its correction is not, its code is the table's."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

from spdcheck.checks import CHECKS, load, load_all
from spdcheck.checks.base import SECTIONS
from spdcheck.checks.run import name_of
from tests.checks.rendering import findings_text
from tests.checks.site_of import asked, read
from tests.golden import SHARED

if TYPE_CHECKING:
    from pathlib import Path

CODES = [code for code, _, _ in CHECKS]
FAMILIES = ("CFG", "SPD", "SAD", "NAT", "FWL", "IKE", "CRY", "MTU", "INT")


def site_text(code: str, section: str) -> str:
    """The site in the fenced block of a section."""
    blocks = re.findall(r"^```\n(.*?)^```$", load(code).documentation()[section] + "\n", re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"{code}: {section} needs one block"
    text: str = blocks[0]
    assert text.startswith("=== "), f"{code}: {section} needs a line === PATH before each file"
    return text


@pytest.mark.parametrize("code", CODES)
def test_example_is_found(code: str, tmp_path: Path) -> None:
    findings, _ = asked(read(site_text(code, "Example"), tmp_path), code)
    assert findings


@pytest.mark.parametrize("code", CODES)
def test_correction_is_silent(code: str, tmp_path: Path) -> None:
    findings, _ = asked(read(site_text(code, "Correction"), tmp_path), code)
    assert findings_text(findings, ()) == ""


@pytest.mark.parametrize("code", CODES)
def test_sections_are_in_order(code: str) -> None:
    assert tuple(load(code).documentation()) == SECTIONS


@pytest.mark.parametrize("code", CODES)
def test_code_name_and_module_agree(code: str) -> None:
    check = load(code)
    assert check.code == code
    assert check.name == name_of(code)
    assert check.__module__.rpartition(".")[2] == f"{code.lower()}_{check.name.replace('-', '_')}"
    module = inspect.getmodule(check)
    assert module is not None
    assert (module.__doc__ or "").startswith(f"{code}: ")
    assert check.summary().endswith(".")
    assert "\n" not in check.summary()


def test_codes_are_in_order_and_used_once() -> None:
    assert sorted(CODES, key=lambda code: (FAMILIES.index(code[:3]), code)) == CODES
    assert len(set(CODES)) == len(CODES)
    assert len({check.name for check in load_all()}) == len(CODES)


@pytest.mark.skipif(not (SHARED / "DESIGN.md").exists(), reason="the design lies elsewhere")
def test_names_are_those_of_the_design() -> None:
    text = (SHARED / "DESIGN.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| ([A-Z]{3}\d{3}) \| ([\w-]+) \|", text, re.MULTILINE))
    for first, names in re.findall(r"^\| ([A-Z]{3}\d{3})(?: …|,) [^|]*\| ([^|]+) \|", text, re.MULTILINE):
        for number, name in enumerate(names.split(" · ")):
            table[f"{first[:3]}{int(first[3:]) + number:03}"] = name.strip()
    assert len(table) > 50
    for check in load_all():
        assert table.get(check.code, check.name) == check.name
