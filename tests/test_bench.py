"""The benchmarks' own machinery, on figures that are made up; nothing is timed here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench import __main__ as bench
from tests.bench.figure import Figure, Unavailable
from tests.bench.setkey_parsing import lark_seconds, script, spdcheck_seconds
from tests.bench.timing import PYTHON, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MADE_UP = Figure("a statement", 12.34, "µs", peer="plain Lark", ratio=0.1, goal=30, megabytes=50)


def test_a_goal_is_reached_or_not() -> None:
    assert MADE_UP.reached is True
    assert MADE_UP._replace(goal=10).reached is False
    assert MADE_UP._replace(goal=None).reached is None
    assert MADE_UP._replace(goal=0.05, by_ratio=True).reached is False
    assert MADE_UP._replace(by_ratio=True, ratio=None).reached is False


def test_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def there() -> Iterator[Figure]:
        yield MADE_UP

    def missing() -> Iterator[Figure]:
        message = "nobody has built it"
        raise Unavailable(message)

    monkeypatch.setattr(bench, "BENCHMARKS", {"there": there, "missing": missing})
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    assert bench.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["figure", "value", "unit", "ratio", "to", "goal", "reached", "peak", "MB"],
        ["a", "statement", "12.3", "µs", "0.10", "plain", "Lark", "≤", "30", "µs", "yes", "50"],
    ]
    assert lines[2].split(maxsplit=3) == ["missing", "not", "available", "(nobody has built it)"]
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert [row["benchmark"] for row in kept["figures"]] == ["there", "missing"]


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["nonsense"])
    assert "no benchmark is called nonsense" in capsys.readouterr().err


def test_a_command_is_measured() -> None:
    found = run((*PYTHON, "-c", "print('x' * 3); raise SystemExit(4)"))
    assert (found.status, found.output) == (4, "xxx\n")
    assert found.seconds > 0
    assert found.megabytes > 1


def test_both_parsers_take_the_script() -> None:
    assert len(set(script(400))) == 400
    assert spdcheck_seconds(400) >= 0
    assert lark_seconds(40) >= 0
