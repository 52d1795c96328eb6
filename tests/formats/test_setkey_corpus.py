"""The corpus of setkey: ``ok`` is read without a word, ``err`` says what its golden file holds.

A file's name starts with the system whose setkey reads it: ``linux-``, ``netbsd-``, ``freebsd5-``, ``freebsd14-`` or
``any-``, where nothing is known of the host.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.setkey import read
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.source import Span

GOOD = sorted((CORPUS / "setkey" / "ok").glob("*.conf"))
BAD = sorted((CORPUS / "setkey" / "err").glob("*.conf"))
KEYS = re.compile(rb"corpus ?key|bytes[: ]|no\. ?[0-9]|[0-9a-fA-F]{14}|kamekame|bgp")


def read_text(path: Path) -> Reading:
    system = re.match(r"([a-z]+)([0-9]*)-", path.name)
    assert system is not None, f"{path.name} does not say whose setkey reads it"
    platform = None if system[1] == "any" else Platform(system[1])
    release = (int(system[2]),) if system[2] else ()
    return read(SourceFile(path.name, path.read_bytes().decode()), Context(platform=platform, release=release))


def diagnosed(reading: Reading) -> str:
    """``line:column CODE message`` for each diagnostic, with notes and help below it, then the counts."""
    lines = []
    for item in reading.facts.diagnostics:
        lines.append(f"{_at(item.span)} {item.code}{' (warning)' if item.warning else ''} {item.message}")
        lines += [f"    {_at(note.span)} {note.text}" for note in item.notes]
        if item.mend:
            lines.append(f"    help: {item.mend}")
    facts = reading.facts
    counts = [f"{getattr(reading, name)} {name}" for name in ("statements", "unparsed", "unmodelled", "inert")]
    lines.append(", ".join([*counts, f"{len(facts.gaps)} gaps"]))
    lines.append(f"{len(facts.policies)} policies, {len(facts.associations)} associations")
    return "\n".join(lines) + "\n"


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
def test_keys_are_nowhere(path: Path) -> None:
    masked = "\n".join(line for line in read_text(path).file.text.splitlines() if "-E" in line or "-A" in line)
    assert not re.search(KEYS.pattern.decode(), masked.replace("Keys in quotes", ""))
    for golden in (path.with_suffix(".json"), path.with_suffix(".out")):
        assert not golden.exists() or not re.search(rb"corpus ?key|kamekame", golden.read_bytes())
