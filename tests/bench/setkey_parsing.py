"""How long a setkey script of 100,000 policies takes to become a model, beside plain Lark on the same statements.

``python -m tests.bench.setkey_parsing spdcheck|lark`` is the process that is measured; it prints the processor time
of a statement in microseconds, start-up and the making of the text left out.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import PYTHON, Run, run

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = 100_000
LARK_POLICIES = 5_000
"""Plain Lark needs no more to tell what a statement costs."""
GOAL_US = 30


def figures() -> Iterator[Figure]:
    """Microseconds a statement, and how that compares."""
    ours, lark = (run((*PYTHON, "-m", "tests.bench.setkey_parsing", who)) for who in ("spdcheck", "lark"))
    value = _printed(ours)
    if value is None:
        message = f"the reader of setkey: {ours.output.strip().splitlines()[-1:]}"
        raise Unavailable(message)
    plain = _printed(lark)
    yield Figure(
        name=f"a setkey policy, of {POLICIES:,}",
        value=value,
        unit="µs",
        peer="plain Lark" if plain else "",
        ratio=value / plain if plain else None,
        goal=GOAL_US,
        megabytes=ours.megabytes,
    )


def _printed(measured: Run) -> float | None:
    try:
        return float(measured.output) if measured.status == 0 else None
    except ValueError:
        return None


def script(policies: int) -> list[str]:
    """Statements in the few shapes that scripts repeat, all with other addresses."""
    lines: list[str] = []
    for number in range(policies // 4):
        inner, outer = f"{number >> 8 & 255}.{number & 255}", f"{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        near, far = f"10.{inner}.0/24", f"172.{16 + number % 16}.{inner}/32"
        ends, reversed_ends = f"192.0.2.1-198.{outer}", f"198.{outer}-192.0.2.1"
        lines += (
            f"spdadd {near} {far} any -P out ipsec esp/tunnel/{ends}/require;",
            f"spdadd {far} {near} any -P in ipsec esp/tunnel/{reversed_ends}/require;",
            f"spdadd {near} {far} tcp -P out ipsec\n\tesp/transport//use ah/transport//use;",
            f"spdadd {far} {near} tcp -P in none;\t# in clear",
        )
    return lines


def spdcheck_seconds(policies: int) -> float:
    """Reads one script of that many policies as ``check`` does: to statements, to syntax, to the model."""
    from spdcheck.formats import format_named
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

    found = format_named("setkey")
    assert found is not None
    text, reader = "\n".join(script(policies)) + "\n", found.reader()
    started = time.process_time()
    reading = reader.read(SourceFile("setkey.conf", text), Context())
    seconds = time.process_time() - started
    assert reading.statements == policies, reading.facts.diagnostics[:1]
    assert reading.unparsed == 0, reading.facts.diagnostics[:1]
    return seconds


def lark_seconds(policies: int) -> float:
    """Parses each statement with Lark (LALR, contextual lexer) and the same grammar, to a tree and no further."""
    from spdcheck.formats.grammar import load

    statements = [line.partition("\t#")[0] for line in script(policies)]
    parser = load("setkey", lexer="contextual", placeholders=True)
    started = time.process_time()
    for statement in statements:
        parser.parse(statement)
    return time.process_time() - started


if __name__ == "__main__":
    if sys.argv[1] == "lark":
        print(lark_seconds(LARK_POLICIES) / LARK_POLICIES * 1e6)
    else:
        print(spdcheck_seconds(POLICIES) / POLICIES * 1e6)
