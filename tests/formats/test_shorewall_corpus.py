"""The corpus of Shorewall directories: ``ok`` is read without a word and shown, ``err`` is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.formats.rendering import said
from tests.formats.shorewall_folder import read_text, shorewall_of, shown
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.formats.base import Reading

GOOD = sorted((CORPUS / "shorewall" / "ok").glob("*.dir"))
BAD = sorted((CORPUS / "shorewall" / "err").glob("*.dir"))


def counts(reading: Reading) -> str:
    """What each file holds, by state."""
    lines = []
    for report in sorted(reading.reports(), key=lambda report: report.file.path):
        states = f"{report.inert} inert, {report.unmodelled} unmodelled, {report.unparsed} unparsed"
        lines.append(f"{report.file.path}: {report.statements} statements, {states}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_good_directory(path: Path, golden: Golden) -> None:
    reading = read_text(path.read_text(encoding="utf-8"))
    assert [item.message for item in reading.facts.diagnostics] == []
    assert all(report.unparsed == report.unmodelled == 0 for report in reading.reports())
    golden.check(path.with_suffix(".model"), shown(shorewall_of(reading)) + counts(reading))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_bad_directory(path: Path, golden: Golden) -> None:
    """Each message names its file too, which the usual rendering of one file leaves out."""
    reading = read_text(path.read_text(encoding="utf-8"))
    refused = shorewall_of(reading).refused
    assert len({(d.span, d.message) for d in reading.facts.diagnostics}) == len(reading.facts.diagnostics)
    text = "".join(
        f"{'  ' if line[:2] == '  ' else ''}{line.strip()}\n"
        for line in said(reading).splitlines()
        if line[:3] != "gap"
    )
    files = iter([d.span.where for d in reading.facts.diagnostics])
    text = "\n".join(f"{next(files)} {line}" if line[:3] == "CFG" else line for line in text.splitlines()[:-1])
    last = "Shorewall stops at nothing" if refused is None else f"Shorewall stops at {refused.where}"
    golden.check(path.with_suffix(".out"), f"{text}\n{last}\n{counts(reading)}")
