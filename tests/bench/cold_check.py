"""How long ``spdcheck check`` takes on the seed sites and ``spdcheck trace`` on a packet, from a standing start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import PYTHON, ROOT, in_turn, spdcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

SITES = ("sensor-gif", "gre-ospf", "partner-vps-as-printed", "shorewall-gateways", "shorewall-transport")
"""The sites of the five articles."""
CHECKED, TRACED = "import lark, netaddr, z3", "import lark, netaddr"
FLOW = ("trace", "--site", "corpus/sites/sensor-mended", "icmp", "10.4.12.10", "192.168.1.10")
ROUNDS = 9
CHECK_GOAL, FIRST_GOAL, TRACE_GOAL = 3, 5, 2.5
UNKEPT = {"SPDCHECK_CACHE": "off"}
"""What a first run finds: no grammar is kept yet."""


def figures() -> Iterator[Figure]:
    """Whole commands beside the mere import of the libraries that they are built on, all in one run."""
    missing = [site for site in (*SITES, "sensor-mended") if not (ROOT / "corpus/sites" / site).is_dir()]
    if missing:
        message = f"corpus/sites/{missing[0]} does not exist"
        raise Unavailable(message)
    checks = {f"check of {site}, cold": spdcheck("check", f"corpus/sites/{site}") for site in SITES}
    first = f"check of {SITES[0]}, no grammar kept"
    measured = in_turn(
        {
            CHECKED: (*PYTHON, "-c", CHECKED),
            TRACED: (*PYTHON, "-c", TRACED),
            **checks,
            first: spdcheck("check", f"corpus/sites/{SITES[0]}"),
            "trace of a packet, cold": spdcheck(*FLOW),
        },
        ROUNDS,
        {first: UNKEPT},
    )
    for name, run in measured.items():
        if name in (CHECKED, TRACED):
            continue
        if run.status not in (0, 1, 3):
            message = f"{name} ends with status {run.status}"
            raise Unavailable(message)
        peer = TRACED if name.startswith("trace") else CHECKED
        goal = TRACE_GOAL if peer == TRACED else FIRST_GOAL if name == first else CHECK_GOAL
        yield Figure(
            name=name,
            value=run.seconds * 1000,
            unit="ms",
            peer=peer,
            ratio=run.seconds / measured[peer].seconds,
            goal=goal,
            by_ratio=True,
            megabytes=run.megabytes,
        )
