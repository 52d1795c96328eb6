"""``python -m tests.conformance [--root DIR] [SUITE…]``: one line a suite, then the failures; 0 if all passed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conformance.case import Case

DEFAULT_ROOT = Path(__file__).resolve().parents[3] / "shared" / "conformance"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the suites that are asked for (all by default) and prints how they went."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    root_default = Path(os.environ.get("SPDCHECK_CONFORMANCE") or DEFAULT_ROOT)
    parser.add_argument("--root", type=Path, default=root_default, help="the folder of the data (default: %(default)s)")
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"one of {', '.join(SUITES)}, or a part as pf.modern"
    )
    options = parser.parse_args(arguments)
    if not options.root.is_dir():
        parser.error(f"{options.root} is no folder: name the data with --root or SPDCHECK_CONFORMANCE")
    for name in options.suites:
        if name.partition(".")[0] not in SUITES:
            parser.error(f"no suite is called {name}; there are {', '.join(SUITES)}")
    results = run(options.root, options.suites)
    for name, cases in results.items():
        print(f"{name} {sum(case.passed for case in cases)}/{len(cases)}")
    failures = [(name, case) for name, cases in results.items() for case in cases if not case.passed]
    for name, case in failures:
        print(f"FAILED {name}: {case.name}: {case.reason}")
    if not results:
        print("no data for any suite")
    return 1 if failures or not results else 0


def run(root: Path, wanted: Sequence[str] = ()) -> dict[str, list[Case]]:
    """The cases of every suite (``setkey``) or sub-suite (``pf.modern``) that has any, by its name."""
    results: dict[str, list[Case]] = {}
    for name, cases in SUITES.items():
        if wanted and not any(item.partition(".")[0] == name for item in wanted):
            continue
        for case in cases(root):
            part = f"{name}.{case.group}" if case.group else name
            if not wanted or name in wanted or part in wanted:
                results.setdefault(part, []).append(case)
    return results


if __name__ == "__main__":
    sys.exit(main())
