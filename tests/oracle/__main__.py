"""``make oracle``: random set-ups through the emulated kernel and through the simulator; every difference is printed.

``python -m tests.oracle [--count N] [--seed N] [--oracle DIR]``. Needs the emulator's scripts (``../shared/oracle`` by
default) and the packages that its README names. Exit status 0 without a difference, 1 with one, 2 if it can't run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conformance.linux_kernel import replayed
from tests.golden import SHARED
from tests.oracle.scenarios import scenario

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="how many set-ups (6 probes each)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--oracle", type=Path, default=SHARED / "oracle", help="the folder of the emulator's scripts")
    options = parser.parse_args(arguments)
    if not (options.oracle / "run_oracle.py").exists():
        print(f"no emulator at {options.oracle}", file=sys.stderr)
        return 2
    scenarios = [scenario(seed) for seed in range(options.seed, options.seed + options.count)]
    recorded = _run(options.oracle, scenarios)
    if recorded is None:
        return 2
    probes = different = 0
    for one in scenarios:
        found = recorded["results"].get(one["name"])
        if found is None or found["setup_errors"]:
            print(f"{one['name']}: not set up: {found and found['setup_errors']}", file=sys.stderr)
            continue
        for case in replayed(one, found["probes"]):
            probes += 1
            if not case.passed:
                different += 1
                print(f"DIFFERENT {case.name}: {case.reason}")
    print(f"oracle: {len(scenarios)} set-ups, {probes} probes, {different} different, kernel {recorded['kernel']}")
    return 1 if different else 0


def _run(oracle: Path, scenarios: list[dict[str, Any]]) -> dict[str, Any] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenarios.json"
        path.write_text(json.dumps(scenarios), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(oracle / "run_oracle.py"), str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"the emulator did not run: {done.stderr[-500:]}", file=sys.stderr)
            return None
        kept = subprocess.run(
            [sys.executable, str(oracle / "compact.py")], input=done.stdout, capture_output=True, text=True, check=True
        )
    loaded: dict[str, Any] = json.loads(kept.stdout)
    return loaded


if __name__ == "__main__":
    sys.exit(main())
