"""setkey(8) scripts and the dumps of setkey -D and -DP.

The README tells what ipsec-tools' setkey does with ``-n`` on Linux, and where a BSD differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from tests.conformance.reading import Expectation, folder_cases
from tests.conformance.readme_table import Row, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.case import Case

SYSTEMS = {
    "": (Platform.LINUX,),
    "linux": (Platform.LINUX,),
    "freebsd": (Platform.FREEBSD,),
    "netbsd": (Platform.NETBSD,),
    "openbsd": (Platform.OPENBSD,),
    "bsd": (Platform.FREEBSD, Platform.NETBSD),
}


def cases(root: Path) -> Iterator[Case]:
    """Every file of the folder that is no rc.conf."""
    return folder_cases(root / "setkey", "setkey", lambda name: not name.endswith("rc.conf"), _expect)


def _expect(name: str, row: Row | None) -> list[Expectation]:
    """A dump is a program's output: nobody says that setkey would take it as input."""
    found = () if name.startswith("dump-") or "-dump-" in name else verdicts(name, row)
    return [(platform, verdict.accepts) for verdict in found for platform in SYSTEMS[verdict.system]] or [
        (Platform.LINUX, None)
    ]
