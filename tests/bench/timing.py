"""Wall time and peak memory of commands, each run in a process of its own.

Commands that are compared are run in turn, so that a busy machine slows all of them alike; the median is reported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
PYTHON = (sys.executable, "-E")
"""The interpreter that runs the benchmarks, without the user's settings."""


_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


class Run(NamedTuple):
    """One run of a command: wall time, peak memory, exit status and output."""

    seconds: float
    megabytes: float
    status: int
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Runs a command at the top of the repository, with some variables set and none of Python's own."""
    started = time.perf_counter()
    variables = {**_ENVIRONMENT, **(environment or {})}
    with subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        output = process.stdout.read() if process.stdout is not None else ""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    megabytes = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Run(seconds, megabytes, process.returncode, output)


def in_turn(
    commands: Mapping[str, Sequence[str]], rounds: int, environments: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Run]:
    """The median wall time (and the highest memory) of each command; the first round only warms the file cache.

    ``environments`` sets variables for some of the commands.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            found = run(command, (environments or {}).get(name))
            if number:
                runs[name].append(found)
    return {
        name: Run(median(r.seconds for r in found), max(r.megabytes for r in found), found[-1].status, found[-1].output)
        for name, found in runs.items()
    }


def spdcheck(*arguments: str) -> tuple[str, ...]:
    """The command line of spdcheck: the installed script where there is one, as users start it."""
    script = Path(sys.executable).with_name("spdcheck")
    return (str(script), *arguments) if script.is_file() else (*PYTHON, "-m", "spdcheck", *arguments)
