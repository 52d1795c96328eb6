"""Thirty pairs of hosts: whether IKE comes up, at which step it fails, and what ``spdcheck ike`` prints.

The first line of ``corpus/ike/NAME.site`` says what is expected when east starts: ``agreed``, or the step and the
cause of the refusal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import spdcheck
from tests.golden import CORPUS, Golden, unpack

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = sorted((CORPUS / "ike").glob("*.site"))
WIDTH = 100


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_pair(path: Path, tmp_path: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    text = path.read_text(encoding="utf-8")
    expected = text.splitlines()[0].removeprefix("expect ")
    unpack(text, tmp_path)
    monkeypatch.chdir(tmp_path)
    (first, *_) = json.loads(spdcheck("ike", "east", "west", "--from", "east", "--format", "json").out)["negotiations"]
    refusal = first["refusal"]
    assert expected == (first["verdict"] if refusal is None else f"{refusal['step']}: {refusal['cause']}")
    if refusal is not None:
        assert refusal["logs"], "a failure shows in somebody's log"
        assert first["verdict"] == "refused"
    printed = spdcheck("ike", "east", "west")
    assert printed.code == (0 if expected == "agreed" and "refused" not in printed.out else 1)
    assert all(len(line) <= WIDTH for line in printed.out.splitlines())
    golden.check(path.with_suffix(".out"), printed.out)


def test_each_combination_has_ten_pairs() -> None:
    starts = {"racoon-racoon": 0, "isakmpd-isakmpd": 0, "mixed": 0}
    broken = 0
    for path in PAIRS:
        starts[next((name for name in starts if path.stem.startswith(f"{name}-")), "mixed")] += 1
        broken += not path.read_text(encoding="utf-8").startswith("expect agreed")
    assert starts == {"racoon-racoon": 10, "isakmpd-isakmpd": 10, "mixed": 10}
    assert broken >= 20
