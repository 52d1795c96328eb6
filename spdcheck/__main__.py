"""``spdcheck`` and ``python -m spdcheck``: the process around :func:`spdcheck.cli.main`."""

from __future__ import annotations

import gc
import sys

from spdcheck.cli import main

__all__ = ["main", "run"]


def run() -> None:
    """Runs the command line of this process and exits with its status."""
    # Nearly everything that is made lives to the end: looking for garbage as often as by default finds none.
    gc.set_threshold(500_000, 20, 20)
    status = main(sys.argv[1:], sys.stdin, sys.stdout, sys.stderr)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # The reader is gone; what is still buffered must not raise once more when the interpreter ends.
        import os

        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, sys.stdout.fileno())
    sys.exit(status)


if __name__ == "__main__":
    run()
