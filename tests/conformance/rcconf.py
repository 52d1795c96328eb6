"""rc.conf(5): every file is one that a machine was booted with, unless its row names placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.reading import Expectation, folder_cases
from tests.conformance.readme_table import Row, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.case import Case


def cases(root: Path) -> Iterator[Case]:
    """The boot configurations beside the setkey scripts."""
    return folder_cases(root / "setkey", "rcconf", lambda name: name.endswith("rc.conf"), _expect)


def _expect(name: str, row: Row | None) -> list[Expectation]:
    found = verdicts(name, row)
    if found:
        return [(None, verdict.accepts) for verdict in found]
    placeholders = "placeholder" in name or (row is not None and "placeholder" in row.note.lower())
    return [(None, None if placeholders else True)]
