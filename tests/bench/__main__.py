"""``python -m tests.bench [NAME…]``: figures beside their peers and goals, as a table and as ``bench.json``.

Nothing here fails: a machine may be busy. Figures are for reading, and for comparing with the last ones.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from typing import TYPE_CHECKING

from tests.bench.benchmarks import BENCHMARKS
from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

TITLES = ("figure", "value", "unit", "ratio", "to", "goal", "reached", "peak MB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks that are asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    names = parser.parse_args(arguments).names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    rows: list[Sequence[str]] = [TITLES]
    kept: list[dict[str, object]] = []
    for name in names:
        try:
            for figure in BENCHMARKS[name]():
                rows.append(cells(figure))
                kept.append({"benchmark": name, **figure._asdict(), "reached": figure.reached})
        except Unavailable as reason:
            rows.append((name, "not available", f"({reason})", *[""] * (len(TITLES) - 3)))
            kept.append({"benchmark": name, "unavailable": str(reason)})
    print(table(rows))
    machine = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    report = {"machine": machine, "figures": kept}
    (ROOT / "bench.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def cells(figure: Figure) -> tuple[str, ...]:
    """A line of the table."""
    goal = "" if figure.goal is None else f"≤ {figure.goal:g}" + (" ×" if figure.by_ratio else f" {figure.unit}")
    return (
        figure.name,
        f"{figure.value:.1f}",
        figure.unit,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.peer,
        goal,
        {True: "yes", False: "no", None: ""}[figure.reached],
        "" if figure.megabytes is None else f"{figure.megabytes:.0f}",
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; a cell that ends its row (what is not available) widens none."""
    widths = [max(len(row[column]) for row in rows if any(row[column + 1 :])) for column in range(len(TITLES) - 1)]
    lines = []
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*padded, row[-1]]).rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
