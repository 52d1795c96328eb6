"""How long a Shorewall directory with 10,000 rules takes to become a model.

Beside plain Lark, which parses the same columns to trees and no further, and beside the real compiler where it is
installed, which checks the directory. ``python -m tests.bench.shorewall_reading spdcheck|lark|compiler`` is the process
that is measured; it prints the processor time of a rule in microseconds, start-up left out.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import PYTHON, Run, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

RULES, LARK_RULES, COMPILER_RULES = 10_000, 1_000, 2_000
"""Plain Lark and the compiler need no more to tell what a rule costs."""
GOAL_US = 30
COLUMNS = ("action", "place", "place", "protocols", "ports", "ports", "addresses", "rate")
"""The start rules of ``grammars/shorewall.lark`` for the columns of a rule."""

_SERVICES = (22, 25, 53, 80, 110, 143, 443, 993, 3306, 5432, 8080)
_FILES = {
    "zones": "fw firewall\nnet ipv4\nloc ipv4\ndmz ipv4\n",
    "interfaces": "?FORMAT 2\nnet eth0\nloc eth1\ndmz eth2\n",
    "policy": "loc net ACCEPT\nnet all DROP info\nall all REJECT info\n",
    "shorewall.conf": "STARTUP_ENABLED=Yes\n",
}


def figures() -> Iterator[Figure]:
    """Microseconds a rule, and how that compares."""
    measured = {who: run((*PYTHON, "-m", "tests.bench.shorewall_reading", who)) for who in ("spdcheck", "lark")}
    ours = _printed(measured["spdcheck"])
    if ours is None:
        message = f"the reader of Shorewall: {measured['spdcheck'].output.strip().splitlines()[-1:]}"
        raise Unavailable(message)
    peers = {"plain Lark": _printed(measured["lark"])}
    if shutil.which("shorewall") is not None:
        peers["shorewall check"] = _printed(run((*PYTHON, "-m", "tests.bench.shorewall_reading", "compiler")))
    for peer, theirs in peers.items():
        yield Figure(
            name=f"a Shorewall rule, of {RULES:,}",
            value=ours,
            unit="µs",
            peer=peer if theirs else "",
            ratio=ours / theirs if theirs else None,
            goal=GOAL_US,
            megabytes=measured["spdcheck"].megabytes,
        )


def _printed(measured: Run) -> float | None:
    try:
        return float(measured.output) if measured.status == 0 else None
    except ValueError:
        return None


def rules(number: int, seed: int = 7) -> list[str]:
    """Lines as gateways have them: hosts and lists of them, services, servers behind DNAT, macros, limits."""
    draw = random.Random(seed)
    return [_rule(draw, line) for line in range(number)]


def _rule(draw: random.Random, line: int) -> str:
    inner = f"192.168.{draw.randrange(256)}.{draw.randrange(1, 255)}"
    other = f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
    port, kind = draw.choice(_SERVICES), draw.random()
    if kind < 0.35:
        return f"ACCEPT\tloc:{other}\tdmz:{inner}\ttcp\t{port}"
    if kind < 0.5:
        return f"ACCEPT\tnet\tdmz:{inner}\ttcp\t{port},{port + 1}"
    if kind < 0.6:
        return f"DNAT\tnet\tdmz:{inner}:{port}\ttcp\t{10_000 + line % 50_000}"
    if kind < 0.75:
        return f"DROP:info\tnet:{other}\tall\tudp\t53"
    if kind < 0.85:
        return f"SSH(ACCEPT)\tloc:{other}\t$FW"
    if kind < 0.95:
        return f"REJECT\tdmz:{inner}\tloc:{other},10.1.2.3\ttcp\t1024:65535\t{port}"
    return f"ACCEPT:info\t$FW\tnet:{other}\ttcp\t{port}\t-\t-\t10/sec:20\t# limited"


class Folder:
    """The files of the directory, as the reader of one of them asks for the others."""

    def __init__(self, number: int) -> None:
        from spdcheck.source import SourceFile

        texts = _FILES | {"rules": "".join(f"{line}\n" for line in rules(number))}
        self.files = {name: SourceFile(f"gw/etc/shorewall/{name}", text) for name, text in texts.items()}

    def find(self, pattern: str, _: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """The file of this name."""
        found = self.files.get(pattern)
        return ((found,), "") if found is not None else ((), "it is not there")


def spdcheck_seconds(number: int) -> float:
    """Reads the directory as ``check`` does: to lines, columns and the model, and to what only the whole tells."""
    from spdcheck.formats import format_named
    from spdcheck.formats.base import Context

    found = format_named("shorewall")
    assert found is not None
    folder, reader = Folder(number), found.reader()
    started = time.process_time()
    reading = reader.read(folder.files["rules"], Context(includes=folder))
    seconds = time.process_time() - started
    assert sum(one.statements for one in (reading, *reading.others)) >= number, reading.facts.diagnostics[:1]
    assert not reading.facts.diagnostics, reading.facts.diagnostics[:1]
    return seconds


def lark_seconds(number: int) -> float:
    """Parses each column with Lark (LALR, contextual lexer) and the same grammar."""
    from spdcheck.formats.grammar import load

    parsers = [load("shorewall", column, placeholders=True) for column in COLUMNS]
    lines = [line.replace("$FW", "fw").partition("\t#")[0].split() for line in rules(number)]
    started = time.process_time()
    for line in lines:
        for parser, word in zip(parsers, line, strict=False):
            if word != "-":
                parser.parse(word)
    return time.process_time() - started


def compiler_seconds(number: int) -> float:
    """``shorewall check`` of the directory, less what it takes for one rule."""
    return _checked(number) - _checked(1)


def _checked(number: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(number)
        for file, source in folder.files.items():
            Path(name, file).write_text(source.text, encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(("shorewall", "check", name), check=True, capture_output=True)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


if __name__ == "__main__":
    measure, count = {
        "spdcheck": (spdcheck_seconds, RULES),
        "lark": (lark_seconds, LARK_RULES),
        "compiler": (compiler_seconds, COMPILER_RULES),
    }[sys.argv[1]]
    print(measure(count) / count * 1e6)
