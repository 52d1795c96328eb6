"""An iptables-save file of 10,000 rules: reading it beside ``iptables-restore --test``, its shadowed rules beside nft.

``nft -c -o`` looks through a ruleset for neighbours that could be merged. It finds no shadowed rules, but it is the
only program of netfilter's own that judges rules; it gets them as ``iptables-restore-translate`` writes them, and only
plain ones, since others make it fail. ``python -m tests.bench.iptables_rules read|shadow PATH`` is the process that is
measured; it prints the processor time in seconds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.iptables_file import text
from tests.bench.timing import PYTHON, Run, run

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = 10_000
GOAL_US = 30
GOAL_SECONDS = 3
_SYSTEM = "/usr/sbin:/sbin:/usr/bin:/bin"
_RULE = re.compile(r"add (table|chain|rule) (ip \S+)(?: (\S+))?(?: (.*))?")


def figures() -> Iterator[Figure]:
    """Microseconds a rule, and seconds for all shadowed ones."""
    with tempfile.TemporaryDirectory() as folder:
        mixed, plain, translated = (Path(folder) / name for name in ("rules.v4", "plain.v4", "plain.nft"))
        mixed.write_text(text(RULES), encoding="utf-8")
        plain.write_text(text(RULES, plain=True), encoding="utf-8")
        ours = _ours("read", mixed)
        peer, theirs = _peer("iptables-restore", "--test", str(mixed))
        value = ours[0] / RULES * 1e6
        yield Figure(
            f"reading an iptables rule, of {RULES:,}", value, "µs", peer, _ratio(ours[0], theirs), GOAL_US,
            megabytes=ours[1].megabytes,
        )  # fmt: skip
        ours = _ours("shadow", plain)
        peer, theirs = "nft -c -o (not installed)", None
        if _translate(plain, translated):
            peer, theirs = _peer("nft", "-c", "-o", "-f", str(translated))
        yield Figure(
            f"shadowed rules of {RULES:,} of iptables, compiled", ours[0], "s", peer, _ratio(ours[0], theirs),
            GOAL_SECONDS, megabytes=ours[1].megabytes,
        )  # fmt: skip


def _ratio(ours: float, theirs: Run | None) -> float | None:
    return ours / theirs.seconds if theirs is not None else None


def _ours(what: str, path: Path) -> tuple[float, Run]:
    measured = run((*PYTHON, "-m", "tests.bench.iptables_rules", what, str(path)))
    try:
        return float(measured.output), measured
    except ValueError:
        message = f"iptables: {measured.output.strip().splitlines()[-1:]}"
        raise Unavailable(message) from None


def _peer(name: str, *arguments: str) -> tuple[str, Run | None]:
    """What to call the peer, and its run; None where it is not installed or fails."""
    program = shutil.which(name, path=_SYSTEM)
    title = " ".join([name, *(argument for argument in arguments if argument.startswith("-") and argument != "-f")])
    if program is None:
        return f"{title} (not installed)", None
    measured = run((program, *arguments))
    return (title, measured) if measured.status == 0 else (f"{title} (fails here)", None)


def _translate(source: Path, target: Path) -> bool:
    """Writes the rules as nft's own language has them, each chain with its rules."""
    program = shutil.which("iptables-restore-translate", path=_SYSTEM)
    if program is None:
        return False
    done = subprocess.run([program, "-f", str(source)], capture_output=True, text=True, check=False)
    tables: dict[str, dict[str, list[str]]] = {}
    for line in done.stdout.splitlines():
        match = _RULE.match(line)
        if match is None:
            continue
        kind, table, chain, rest = match.groups()
        rules = tables.setdefault(table, {}).setdefault(chain or "", [])
        if kind == "rule":
            rules.append(rest)
        elif kind == "chain" and rest:
            rules.append(rest.strip("{} "))
    lines = []
    for table, chains in tables.items():
        lines.append(f"table {table} {{")
        for chain, rules in chains.items():
            if chain:
                lines += [f" chain {chain} {{", *(f"  {rule}" for rule in rules), " }"]
        lines.append("}")
    target.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return done.returncode == 0


def _read(path: str) -> float:
    """Reads the file as ``check`` does: to statements, to syntax, to the model."""
    from spdcheck.formats.base import Context
    from spdcheck.formats.iptables import read
    from spdcheck.source import SourceFile

    content = Path(path).read_text(encoding="utf-8")
    read(SourceFile("warm.v4", text(200)), Context())
    started = time.process_time()
    reading = read(SourceFile("rules.v4", content), Context())
    seconds = time.process_time() - started
    assert not reading.facts.diagnostics, reading.facts.diagnostics[:1]
    return seconds


def _shadow(path: str) -> float:
    """Compiles the tables of a host and looks for the rules that never decide."""
    from spdcheck.checks.idle_rules import IdleRules
    from spdcheck.formats.base import Context
    from spdcheck.formats.iptables import read
    from spdcheck.model.host import Host, Platform
    from spdcheck.semantics.filters_linux import netfilter_lists
    from spdcheck.source import SourceFile

    reading = read(SourceFile("rules.v4", Path(path).read_text(encoding="utf-8")), Context())
    host = Host(name="gw", platform=Platform.LINUX, packet_filters=tuple(reading.facts.packet_filters))
    started = time.process_time()
    found = IdleRules(netfilter_lists(host)).never_deciding
    seconds = time.process_time() - started
    assert found
    return seconds


if __name__ == "__main__":
    print({"read": _read, "shadow": _shadow}[sys.argv[1]](sys.argv[2]))
