"""Every check against its corpus: ``good-*`` must stay silent, ``bad-*`` must say what the golden file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.checks import CHECKS
from tests.checks.rendering import findings_text
from tests.checks.site_of import asked, read
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden import Golden

CASES = sorted((CORPUS / "checks").glob("*/*.site"))
LEAST = 2
"""Good and bad cases that every check must have."""


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path, tmp_path: Path, golden: Golden) -> None:
    code = path.parent.name
    findings, undecided = asked(read(path.read_text(encoding="utf-8"), tmp_path), code)
    said = findings_text(findings, undecided)
    if path.name.startswith("good-"):
        assert said == ""
    else:
        assert path.name.startswith("bad-"), "a case is called good-… or bad-…"
        assert findings, f"{code} found nothing"
        golden.check(path.with_suffix(".out"), said)


@pytest.mark.parametrize("code", [code for code, _, _ in CHECKS])
def test_every_check_has_cases(code: str) -> None:
    names = [path.name for path in CASES if path.parent.name == code]
    for kind in ("good-", "bad-"):
        assert sum(name.startswith(kind) for name in names) >= LEAST, f"{code} needs {LEAST} {kind}* cases"


def test_no_case_is_orphaned() -> None:
    known = {code for code, _, _ in CHECKS}
    assert {path.parent.name for path in CASES} <= known
    for path in (CORPUS / "checks").glob("*/*.out"):
        assert path.with_suffix(".site").exists(), f"{path.name} belongs to no case"
