"""What setkey -D and -DP really print, on three systems: every line is read.

Two listings have placeholders instead of addresses; those are refused, and nothing else of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.reading import Expectation, folder_cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.case import Case
    from tests.conformance.readme_table import Row


def is_dump(name: str) -> bool:
    """The file is a program's output."""
    return name.startswith("dump-") or "-dump-" in name


def cases(root: Path) -> Iterator[Case]:
    """Every listing of the folder of setkey."""
    yield from folder_cases(root / "setkey", "setkeydump", is_dump, _expect)


def _expect(name: str, row: Row | None) -> list[Expectation]:
    placeholders = row is not None and "placeholder" in row.note and not name.startswith("dump-")
    return [(None, not placeholders)]
