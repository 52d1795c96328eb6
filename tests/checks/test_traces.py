"""What the flow checks prove they show: a packet, and its way as the concrete simulator ran it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.checks.finding import Certainty
from spdcheck.output.json import finding_value
from tests.checks.site_of import asked, read
from tests.checks.test_corpus import CASES

if TYPE_CHECKING:
    from pathlib import Path

FLOW = ("SPD010", "NAT001", "NAT002", "NAT005", "FWL001", "FWL002", "FWL003", "FWL004", "FWL005", "FWL008", "MTU001")
BAD = [path for path in CASES if path.parent.name in FLOW and path.name.startswith("bad-")]


@pytest.mark.parametrize("path", BAD, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_findings_carry_their_trace(path: Path, tmp_path: Path) -> None:
    findings, _ = asked(read(path.read_text(encoding="utf-8"), tmp_path), path.parent.name)
    for finding in findings:
        assert finding.certainty in (Certainty.PROVED, Certainty.POSSIBLE)
        assert finding.trace is not None
        assert finding.witness == finding.trace.packet
        shown = finding_value(finding)
        assert shown["trace"]["disposition"] == finding.trace.disposition.value
        assert shown["trace"]["forward"]
