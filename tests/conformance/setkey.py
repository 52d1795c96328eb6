"""setkey(8) scripts. The listings of setkey -D and -DP beside them are a suite of their own (``dumps``).

The README tells what ipsec-tools' setkey does with ``-n`` on Linux, and where a BSD differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from tests.conformance.dumps import is_dump
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
    """Every file of the folder that is no rc.conf and no listing."""
    return folder_cases(
        root / "setkey", "setkey", lambda name: not name.endswith("rc.conf") and not is_dump(name), _expect
    )


def _expect(name: str, row: Row | None) -> list[Expectation]:
    return [(platform, verdict.accepts) for verdict in verdicts(name, row) for platform in SYSTEMS[verdict.system]] or [
        (Platform.LINUX, None)
    ]
