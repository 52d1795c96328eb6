"""Large sites: a change of one line beside a whole check, and a second check beside the first."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import star
from tests.bench.figure import Figure
from tests.bench.timing import in_turn, spdcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

BRANCHES, HUBS = 9, 10
"""A hundred hosts."""
DIFF_GOAL, WARM_GOAL = 1, 0.1


def figures() -> Iterator[Figure]:
    """``diff`` of a hundred hosts of which one has another line, and a second ``check``, beside the first one."""
    with tempfile.TemporaryDirectory() as name:
        old, new, cache = Path(name, "old"), Path(name, "new"), Path(name, "cache")
        for folder in (old, new):
            star.write(folder, BRANCHES, HUBS)
        policies = new / "branch-0003/etc/ipsec.conf"
        text = policies.read_text(encoding="utf-8")
        policies.write_text(text.replace("/24 any -P out", "/25 any -P out"), encoding="utf-8")
        kept = {"SPDCHECK_CACHE": str(cache)}
        whole = "check of 100 hosts"
        commands = {
            whole: spdcheck("check", str(old), "--jobs", "1"),
            "diff, one line of 100 hosts changed": spdcheck("diff", str(old), str(new)),
            "the same check again": spdcheck("check", str(old), "--jobs", "1"),
        }
        in_turn({"first": spdcheck("check", str(old))}, 1, {"first": kept})
        environments = {
            whole: {"SPDCHECK_CACHE": "off"},
            "diff, one line of 100 hosts changed": {"SPDCHECK_CACHE": "off"},
            "the same check again": kept,
        }
        measured = in_turn(commands, 1, environments)
        for title, goal in (("diff, one line of 100 hosts changed", DIFF_GOAL), ("the same check again", WARM_GOAL)):
            run = measured[title]
            yield Figure(
                name=title,
                value=run.seconds * 1000,
                unit="ms",
                peer=whole,
                ratio=run.seconds / measured[whole].seconds,
                goal=goal,
                by_ratio=True,
                megabytes=run.megabytes,
            )
