"""The corpus of racoon.conf: ``ok`` is read without a word, ``err`` says what its golden file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.racoon import read
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.source import Span

GOOD = sorted((CORPUS / "racoon" / "ok").glob("*.conf"))
BAD = sorted((CORPUS / "racoon" / "err").glob("*.conf"))
SECRET = "not-a-real-"


def read_text(path: Path) -> Reading:
    return read(SourceFile(path.name, path.read_bytes().decode()), Context())


def diagnosed(reading: Reading) -> str:
    """``line:column CODE message`` for each diagnostic, with notes and help below it, then the counts."""
    lines = []
    for item in reading.facts.diagnostics:
        lines.append(f"{_at(item.span)} {item.code}{' (warning)' if item.warning else ''} {item.message}")
        lines += [f"    {_at(note.span)} {note.text}" for note in item.notes]
        if item.mend:
            lines.append(f"    help: {item.mend}")
    counts = f"{reading.statements} statements, {reading.unparsed} unparsed, {reading.unmodelled} unmodelled"
    return "\n".join([*lines, f"{counts}, {len(reading.facts.gaps)} gaps"]) + "\n"


def _at(span: Span) -> str:
    return f"{span.begin.line}:{span.begin.column}"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_text(path)
    assert (reading.facts.diagnostics, reading.facts.gaps) == ([], [])
    assert (reading.unparsed, reading.unmodelled) == (0, 0)
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    reading = read_text(path)
    assert reading.facts.diagnostics
    golden.check(path.with_suffix(".out"), diagnosed(reading))


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_no_secret_is_kept(path: Path) -> None:
    reading = read_text(path)
    assert SECRET not in reading.file.text
    assert SECRET not in repr(reading.facts) + diagnosed(reading) + model_json(reading)


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_counts(path: Path) -> None:
    reading = read_text(path)
    assert 0 <= reading.unparsed <= reading.statements
    errors = [item for item in reading.facts.diagnostics if item.code == "CFG001"]
    assert len(errors) >= reading.unparsed
    assert bool(errors) == bool(reading.unparsed)
    assert len(reading.facts.gaps) >= len(errors)
