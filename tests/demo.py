"""``make demo``: the main job, shown on sites of the corpus, as a user would type it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spdcheck.cli import main

ROOT = Path(__file__).resolve().parent.parent
TOUR = (
    ("a published set-up of two FreeBSD gateways, as it was printed", ["check", "corpus/sites/sensor-gif"]),
    ("the same set-up mended: nothing to say", ["check", "corpus/sites/sensor-mended"]),
    ("two Linux gateways, one line per finding", ["check", "--format", "concise", "corpus/sites/shorewall-gateways"]),
    ("a file with holes: every one is named, nothing is concluded", ["check", "corpus/sites/partner-vps-as-printed"]),
    ("what a finding means", ["explain", "SPD004"]),
)


def demo() -> int:
    """Runs the tour; its commands find defects on purpose, so only an internal error makes it fail."""
    os.chdir(ROOT)
    for title, arguments in TOUR:
        print(f"\n# {title}\n$ spdcheck {' '.join(arguments)}\n", flush=True)
        status = main(arguments, sys.stdin, sys.stdout, sys.stderr)
        print(f"(exit status {status})", flush=True)
        if status not in (0, 1, 3):
            return status
    return 0


if __name__ == "__main__":
    sys.exit(demo())
