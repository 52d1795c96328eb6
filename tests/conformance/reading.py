"""Reads a file of the data with a format of spdcheck, and says what is wrong with that."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from spdcheck.formats import FORMATS
from spdcheck.formats.base import Context
from spdcheck.source import SourceFile
from tests.conformance.case import Case
from tests.conformance.readme_table import Row, row_of, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spdcheck.formats.base import Reading
    from spdcheck.model.host import Platform

Expectation = tuple["Platform | None", bool | None]
"""The platform to read a file for, and whether the real program takes it (None: nobody says)."""


def text_of(path: Path) -> str:
    """The text of a file: UTF-8, else every byte a character."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read(format_name: str, path: Path, platform: Platform | None) -> Reading | str:
    """The reading of a file, or why there is none: an exception is a failure of its own."""
    found = next((item for item in FORMATS if item.name == format_name), None)
    if found is None:
        return f"no format is called {format_name}"
    try:
        return found.reader().read(SourceFile(path.name, text_of(path)), Context(platform=platform))
    except ModuleNotFoundError as error:
        return f"the reader is not there: {error}"
    except AttributeError as error:
        if "read" in str(error) and "module" in str(error):
            return f"the reader is not there: {error}"
        return _crash(error)
    except Exception as error:
        return _crash(error)


def _crash(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"crashed: {type(error).__name__}: {error} ({frame.filename.rpartition('/')[2]}:{frame.lineno})"


def judge(reading: Reading | str, accepts: bool | None) -> str:
    """Why a reading fails: it crashed, a statement is not accounted for, or it disagrees with the real program."""
    if isinstance(reading, str):
        return reading
    states = (reading.inert, reading.unmodelled, reading.unparsed)
    if min(states) < 0 or sum(states) > reading.statements:
        return f"{reading.statements} statements, but {sum(states)} are inert, unmodelled or unparsed"
    refused = [item for item in reading.facts.diagnostics if item.code == "CFG001"]
    if reading.unparsed and not refused:
        return f"{reading.unparsed} statements are unparsed without a word"
    if accepts is True and refused:
        first = refused[0]
        return f"line {first.span.begin.line} is refused: {first.message}"
    if accepts is False and not refused:
        return "read without CFG001, but the real program refuses it"
    return ""


def folder_cases(
    folder: Path,
    format_name: str,
    wanted: Callable[[str], bool],
    expect: Callable[[str, Row | None], list[Expectation]],
) -> Iterator[Case]:
    """One case or more for every file of a folder that the suite wants, README row or not."""
    table = rows(folder / "README.md")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_file() or path.name == "README.md" or not wanted(path.name):
            continue
        expectations = expect(path.name, row_of(path.name, table))
        for platform, accepts in expectations:
            where = f" on {platform.value}" if platform is not None and len(expectations) > 1 else ""
            reason = judge(read(format_name, path, platform), accepts)
            yield Case(f"{folder.name}/{path.name}{where}", not reason, reason)
