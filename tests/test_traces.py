"""Golden traces of the corpus: a command line, what it prints, and its exit status.

``corpus/sites/NAME/traces/*.txt`` begin with ``$ spdcheck trace --site NAME …``; they run in ``corpus/sites``.
"""

from __future__ import annotations

import io
import shlex
from typing import TYPE_CHECKING

import pytest

from spdcheck.cli import main
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

TRACES = sorted((CORPUS / "sites").glob("*/traces/*.txt"))
PROMPT = "$ spdcheck "


def run(line: str) -> str:
    """What a command line prints, with the exit status behind it."""
    out, err = io.StringIO(), io.StringIO()
    status = main(shlex.split(line), io.StringIO(), out, err)
    return f"{PROMPT}{line}\n{out.getvalue()}{err.getvalue()}exit status {status}\n"


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_trace(path: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS / "sites")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"{PROMPT}trace --site {path.parent.parent.name} "), "the first line is the command"
    golden.check(path, run(first.removeprefix(PROMPT)))


def test_no_trace_shows_a_key() -> None:
    keys = ("thisisabadsecret", "SUPERPASSWORD", "vX3!pQ9-zL27_uR5kNw8(sD4")
    for path in TRACES:
        text = path.read_text(encoding="utf-8")
        assert not any(key in text for key in keys), path
