"""What the real racoon says of other people's files, and what we say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spdcheck.formats.base import Context
from spdcheck.formats.racoon import read
from spdcheck.source import SourceFile
from tests.formats.test_racoon import Files, check_reading, codes
from tests.formats.test_racoon_corpus import diagnosed
from tests.golden import SHARED


def _rows() -> list[tuple[str, bool]]:
    """``(file pattern, accepted)`` of the table beside the conformance data."""
    readme = SHARED / "conformance" / "racoon" / "README.md"
    rows: list[tuple[str, bool]] = []
    if not readme.exists():
        return rows
    for line in readme.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 6 or cells[1] in ("file", "---"):
            continue
        rejected = "reject" in cells[4]
        rows += [(name.strip(), not rejected) for name in cells[1].split(",")]
    return rows


def _conformance() -> list[tuple[str, bool]]:
    folder = SHARED / "conformance" / "racoon"
    found = []
    for pattern, accepted in _rows():
        for path in sorted(folder.glob(re.sub(r"\*+", "*", pattern))):
            # the quoted fragments of one document have placeholders for addresses, which racoon refuses
            placeholders = path.name.startswith("seed004")
            if path.name.endswith(".racoon.conf"):
                found.append((str(path), accepted and not placeholders))
    return found


@pytest.mark.parametrize(("name", "accepted"), _conformance())
def test_real_files(name: str, accepted: bool) -> None:
    path = Path(name)
    reading = read(SourceFile(path.name, path.read_bytes().decode()), Context(includes=Files({})))
    assert ("CFG001" not in codes(reading)) == accepted, diagnosed(reading)
    check_reading(reading)
