"""How long ``spdcheck check`` takes on a site of two gateways, from a standing start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import PYTHON, ROOT, in_turn, spdcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "corpus/sites/sensor-gif"
IMPORTS = "import lark, netaddr, z3"
ROUNDS = 9
GOAL = 3


def figures() -> Iterator[Figure]:
    """The whole command beside the mere import of the libraries it is built on."""
    if not (ROOT / SITE).is_dir():
        message = f"{SITE} does not exist"
        raise Unavailable(message)
    measured = in_turn({"imports": (*PYTHON, "-c", IMPORTS), "check": spdcheck("check", SITE)}, ROUNDS)
    imports, check = measured["imports"], measured["check"]
    if check.status not in (0, 1, 3):
        message = f"spdcheck check {SITE} ends with status {check.status}"
        raise Unavailable(message)
    yield Figure(
        name="check of a site, cold",
        value=check.seconds * 1000,
        unit="ms",
        peer=IMPORTS,
        ratio=check.seconds / imports.seconds,
        goal=GOAL,
        by_ratio=True,
        megabytes=check.megabytes,
    )
