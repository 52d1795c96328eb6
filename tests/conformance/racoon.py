"""racoon.conf(5): what ``racoon -t`` says to each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from tests.conformance.reading import Expectation, folder_cases
from tests.conformance.readme_table import Row, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.case import Case


def cases(root: Path) -> Iterator[Case]:
    """Every file of the folder that is no list of keys."""
    return folder_cases(root / "racoon", "racoon", lambda name: not name.endswith("psk.txt"), _expect)


def _expect(name: str, row: Row | None) -> list[Expectation]:
    """``racoon-tool.conf`` is another language, which must not do harm here."""
    found = () if name.endswith("racoon-tool.conf") else verdicts(name, row)
    return [(Platform.LINUX, verdict.accepts) for verdict in found] or [(Platform.LINUX, None)]
