"""pf.conf and ipf.conf of 10,000 rules: reading, compiling, rules without a say; seconds of processor time and memory.

``python -m tests.bench.bsd_filters pf|ipf RULES`` is the process that is measured; it prints one figure a line. The
programs themselves (``pfctl -n``, ``ipf -n``) run on their own kernels only, so that no peer stands beside them.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.figure import Figure, Unavailable
from tests.bench.timing import PYTHON, run

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = 10_000
GOAL_US = 60
GOAL_SECONDS = 1.5
_SERVICES = (22, 25, 53, 80, 110, 143, 443, 993, 3306, 5432, 8080)


def figures() -> Iterator[Figure]:
    """What each step takes for both languages."""
    for language in ("pf", "ipf"):
        measured = run((*PYTHON, "-m", "tests.bench.bsd_filters", language, str(RULES)))
        try:
            read, compiled, shadowed, redundant = map(float, measured.output.split())
        except ValueError:
            message = f"{language}: {measured.output.strip().splitlines()[-1:]}"
            raise Unavailable(message) from None
        named = f"{language}.conf, {RULES:,} rules"
        yield Figure(f"{named}: reading one", read / RULES * 1e6, "µs", goal=GOAL_US, megabytes=measured.megabytes)
        yield Figure(f"{named}: compiling", compiled, "s", goal=GOAL_SECONDS)
        yield Figure(f"{named}: shadowed rules", shadowed, "s", goal=GOAL_SECONDS)
        yield Figure(f"{named}: redundant rules", redundant, "s", goal=GOAL_SECONDS)


def text(language: str, rules: int, seed: int = 7) -> str:
    """A ruleset with a default deny and openings of hosts and networks for services, a few of them twice."""
    draw = random.Random(seed)
    equals, head = ("", ["block all"]) if language == "pf" else ("= ", ["block in all", "block out all"])
    return "\n".join([*head, *(_rule(draw, equals) for _ in range(rules - len(head)))]) + "\n"


def _rule(draw: random.Random, equals: str) -> str:
    action = draw.choice(("pass", "pass", "pass", "block"))
    quick = " quick" if draw.random() < 0.7 else ""
    protocol = draw.choice(("tcp", "tcp", "udp"))
    source = "any" if draw.random() < 0.3 else _network(draw)
    port = draw.choice(_SERVICES) if draw.random() < 0.6 else draw.randrange(1, 65536)
    state = " keep state" if action == "pass" and draw.random() < 0.6 else ""
    if state and protocol == "tcp" and equals:
        state = f" flags S{state}"
    where = f"{draw.choice(('in', 'out'))}{quick} on {draw.choice(('em0', 'em1', 'em2'))}"
    return f"{action} {where} proto {protocol} from {source} to {_network(draw)} port {equals}{port}{state}"


def _network(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.5:
        return f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)}"
    return (
        f"10.{draw.randrange(256)}.{draw.randrange(256)}.0/24" if kind < 0.9 else f"172.{draw.randrange(16, 32)}.0.0/16"
    )


def measured(language: str, rules: int) -> list[float]:
    """Processor seconds of reading, compiling, and both questions about rules that have no say."""
    from spdcheck.checks.idle_rules import IdleRules
    from spdcheck.formats import format_named
    from spdcheck.formats.base import Context
    from spdcheck.model.host import Host, Platform
    from spdcheck.semantics.loaded_filters import rule_lists
    from spdcheck.source import SourceFile

    found = format_named("pf" if language == "pf" else "ipfilter")
    assert found is not None
    reader, context = found.reader(), Context(platform=Platform.FREEBSD, release=(9, 3))
    content = text(language, rules)
    seconds = [time.process_time()]
    reading = reader.read(SourceFile(f"{language}.conf", content), context)
    seconds.append(time.process_time())
    filters = tuple(reading.facts.packet_filters)
    lists = rule_lists(Host(name="gw", platform=Platform.FREEBSD, release=(9, 3), packet_filters=filters))
    seconds.append(time.process_time())
    idle = IdleRules(lists)
    shadowed = idle.never_deciding
    seconds.append(time.process_time())
    redundant = idle.without_effect
    seconds.append(time.process_time())
    assert reading.unparsed == 0
    assert shadowed or redundant
    return [after - before for before, after in itertools.pairwise(seconds)]


if __name__ == "__main__":
    print(*measured(sys.argv[1], int(sys.argv[2])), sep="\n")
