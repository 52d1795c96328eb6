from __future__ import annotations

import io

import pytest

from spdcheck.output.terminal import look_at, write


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "color", "environ", "expected"),
    [
        (True, "auto", {}, True),
        (False, "auto", {}, False),
        (True, "auto", {"NO_COLOR": "1"}, False),
        (True, "auto", {"NO_COLOR": ""}, True),
        (True, "auto", {"TERM": "dumb"}, False),
        (False, "auto", {"FORCE_COLOR": "1"}, True),
        (False, "auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, "never", {"FORCE_COLOR": "1"}, False),
        (False, "always", {"NO_COLOR": "1"}, True),
    ],
)
def test_colours(terminal: bool, color: str, environ: dict[str, str], expected: bool) -> None:
    stream = Terminal() if terminal else io.StringIO()
    assert look_at(stream, color=color, environ=environ).colour is expected


def test_width() -> None:
    assert look_at(io.StringIO(), environ={"COLUMNS": "60"}).width == 100
    assert look_at(Terminal(), environ={"COLUMNS": "60"}).width == 60
    assert look_at(Terminal(), environ={"COLUMNS": "7"}).width == 40
    assert look_at(Terminal(), environ={}).width == 100


@pytest.mark.parametrize(("encoding", "ascii_only"), [("utf-8", False), ("latin-1", True), ("ascii", True)])
def test_symbols_that_the_stream_can_not_show(encoding: str, ascii_only: bool) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert look_at(stream, environ={}).ascii_only is ascii_only
    assert look_at(stream, ascii_only=True, environ={}).ascii_only is True


def test_writing_never_fails() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write(stream, "ü \udcff\n")
    stream.flush()
    assert raw.getvalue() == b"\\xfc \\udcff\n"
