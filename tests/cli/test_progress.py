from __future__ import annotations

import time

import pytest

from spdcheck.cli import progress
from spdcheck.cli.progress import Progress
from tests.output.test_columns import shown_width
from tests.output.test_terminal import Terminal


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.01)


def wait_for(stream: Terminal, text: str) -> None:
    deadline = time.monotonic() + 5
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.01)


def test_it_appears_and_is_erased() -> None:
    stream = Terminal()
    with Progress(stream, {"NO_COLOR": "1"}) as bar:
        bar.phase("checking", 4)
        bar("SPD001")
        bar("SPD002")
        wait_for(stream, "checking ━━━━━━━━━━────────── 2/4 0 s SPD002")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 60)
    stream = Terminal()
    with Progress(stream, {}) as bar:
        bar("SPD001")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("environ", [{"PRE_COMMIT": "1"}, {"TERM": "dumb"}])
def test_where_nobody_looks(environ: dict[str, str]) -> None:
    stream = Terminal()
    with Progress(stream, environ):
        time.sleep(0.05)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("step", ["SPD001", "日本語" * 30, "x" * 200, ""])
def test_it_fits_the_terminal(step: str) -> None:
    bar = Progress(Terminal(), {"COLUMNS": "50", "NO_COLOR": "1"})
    bar(step)
    assert shown_width(bar.line(3)) < 50
    bar.phase("checking", 7)
    bar(step)
    assert shown_width(bar.line(12345)) < 50
