"""The corpus of pf.conf: ``ok`` is read without a word, ``err`` says what its golden file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.pf import read
from spdcheck.formats.pf.printing import ruleset_text
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile
from tests.formats.rendering import said
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.pf import PfRuleset

GOOD = sorted((CORPUS / "pf" / "ok").glob("*.conf"))
BAD = sorted((CORPUS / "pf" / "err").glob("*.conf"))


RELEASES = {
    "openbsd7": (Platform.OPENBSD, (7, 6)),
    "openbsd44": (Platform.OPENBSD, (4, 4)),
    "openbsd32": (Platform.OPENBSD, (3, 2)),
    "freebsd14": (Platform.FREEBSD, (14,)),
}


def read_text(path: Path) -> Reading:
    return read(SourceFile(path.name, path.read_text(encoding="utf-8")), Context())


def ruleset_of(reading: Reading) -> PfRuleset:
    found: PfRuleset = reading.facts.packet_filters[0]  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_text(path)
    assert [item.message for item in reading.facts.diagnostics] == []
    assert (reading.unparsed, reading.unmodelled, reading.facts.gaps) == (0, 0, [])
    golden.check(path.with_suffix(".rules"), f"# {reading.dialect}\n{ruleset_text(ruleset_of(reading))}")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_printed_rules_are_the_same_rules(path: Path) -> None:
    platform, release = RELEASES[path.stem.partition("-")[0]]
    context = Context(platform=platform, release=release)
    first = read(SourceFile(path.name, path.read_text(encoding="utf-8")), context)
    assert ruleset_text(ruleset_of(first)) == ruleset_text(ruleset_of(read_text(path)))
    printed = ruleset_text(ruleset_of(first))
    again = read(SourceFile(path.name, printed), context)
    assert ruleset_of(again).refusals == ()
    assert ruleset_text(ruleset_of(again)) == printed


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    reading = read_text(path)
    assert reading.facts.diagnostics
    golden.check(path.with_suffix(".out"), said(reading))
