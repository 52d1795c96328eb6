"""The corpus of boot configurations: ``ok`` is read without a word, ``err`` says what its golden file holds.

The first line of a file may name the system that it is for: ``# freebsd 5.3``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.rcconf import read
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = CORPUS / "rcconf"
GOOD = sorted(path for path in (FOLDER / "ok").iterdir() if path.suffix in (".conf", ".local"))
BAD = sorted(path for path in (FOLDER / "err").iterdir() if path.suffix in (".conf", ".local"))


def read_corpus_file(path: Path) -> Reading:
    text = path.read_bytes().decode()
    head = re.match(r"# (freebsd|netbsd|openbsd) (\d+)\.(\d+)\s", text)
    context = Context() if head is None else Context(platform=Platform(head[1]), release=(int(head[2]), int(head[3])))
    return read(SourceFile(path.name, text), context)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_corpus_file(path)
    assert (reading.facts.diagnostics, reading.facts.gaps) == ([], [])
    assert (reading.unparsed, reading.unmodelled) == (0, 0)
    golden.check(path.with_name(path.name + ".json"), model_json(reading))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_name(path.name + ".out"), said(read_corpus_file(path)))
