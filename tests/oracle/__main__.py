"""``make oracle``: random set-ups through the emulated kernel and through the simulator; every difference is printed.

With ``--shorewall`` random directories go through the real compiler of Shorewall instead (``shorewall.py``).

``python -m tests.oracle [--shorewall] [--count N] [--seed N] [--batch N] [--jobs N] [--keep DIR] [--oracle DIR]``.
Needs the emulator's scripts (``../shared/oracle`` by default) and the packages that its README names. ``--keep``
writes what the kernel did to a folder and reads it from there the next time, so that a mended simulator is compared
without another run. Exit status 0 without a difference, 1 with one, 2 if it can't run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conformance.linux_kernel import replayed
from tests.golden import SHARED
from tests.oracle import shorewall
from tests.oracle.scenarios import PROBES, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparison, batch by batch."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--count", type=int, default=60, help=f"how many set-ups ({PROBES} probes each)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--batch", type=int, default=40, help="how many set-ups one emulated machine gets")
    parser.add_argument("--jobs", type=int, default=1, help="how many machines at a time")
    parser.add_argument("--keep", type=Path, help="a folder for what the kernel did")
    parser.add_argument("--oracle", type=Path, default=SHARED / "oracle", help="the folder of the emulator's scripts")
    parser.add_argument("--shorewall", action="store_true", help="directories of Shorewall through its compiler")
    options = parser.parse_args(arguments)
    if options.shorewall:
        return shorewall.run(options.count, options.seed, options.jobs, options.oracle)
    if not (options.oracle / "run_oracle.py").exists():
        print(f"no emulator at {options.oracle}", file=sys.stderr)
        return 2
    counts: Counter[str] = Counter()
    kernel = ""
    last = options.seed + options.count
    for first in range(options.seed, last, options.batch):
        scenarios = [scenario(seed) for seed in range(first, min(first + options.batch, last))]
        recorded = _recorded(options, scenarios, f"{first}-{first + len(scenarios) - 1}.json")
        if recorded is None:
            return 2
        kernel = recorded["kernel"]
        counts += _compared(scenarios, recorded)
    print(
        f"oracle: {counts['set-ups']} set-ups, {counts['probes']} probes, {counts['different']} different, "
        f"{counts['broken']} not set up, kernel {kernel}"
    )
    return 1 if counts["different"] else 0


def _compared(scenarios: list[dict[str, Any]], recorded: dict[str, Any]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in scenarios:
        found = recorded["results"].get(one["name"])
        if found is None or found["setup_errors"]:
            print(f"{one['name']}: not set up: {found and found['setup_errors']}", file=sys.stderr)
            counts["broken"] += 1
            continue
        counts["set-ups"] += 1
        for case in replayed(one, found["probes"]):
            counts["probes"] += 1
            if not case.passed:
                counts["different"] += 1
                print(f"DIFFERENT {case.name}: {case.reason}")
    return counts


def _recorded(options: argparse.Namespace, scenarios: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """What the kernel did with a batch: from the folder of an earlier run of the same one, or from a new run."""
    kept = None if options.keep is None else options.keep / name
    if kept is not None and kept.exists():
        loaded: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if loaded["scenarios"] == scenarios:
            return dict(loaded["recorded"])
    recorded = _run(options.oracle, scenarios, options.jobs)
    if kept is not None and recorded is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"scenarios": scenarios, "recorded": recorded}), encoding="utf-8")
    return recorded


def _run(oracle: Path, scenarios: list[dict[str, Any]], jobs: int) -> dict[str, Any] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenarios.json"
        path.write_text(json.dumps(scenarios), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(oracle / "run_oracle.py"), "--jobs", str(jobs), str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            print(f"the emulator did not run: {done.stderr[-500:]}", file=sys.stderr)
            return None
        kept = subprocess.run(
            [sys.executable, str(oracle / "compact.py")], input=done.stdout, capture_output=True, text=True, check=True
        )
    found: dict[str, Any] = json.loads(kept.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
