"""``python -m tests.oracle --shorewall``: random directories through the real compiler (5.2.8) and through ours.

A directory must be refused by both at the same line, or by neither; then both rule sets must do the same to every
packet, hook by hook. What ours says it does not know is counted apart. Needs the packages shorewall and shorewall6
(apt-get install shorewall shorewall6), and root for an empty network namespace.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from spdcheck.semantics.shorewall import compiled
from tests.conformance.nf_equal import Difference, compare
from tests.oracle.shorewall_compiler import compile_directory, firewall, is_installed, our_reading, real_rules
from tests.oracle.shorewall_directories import directory

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.netfilter import NetfilterRuleset
    from spdcheck.model.shorewall import Shorewall
    from tests.oracle.shorewall_compiler import Compiled

BAD = ("different", "refused differently", "crash")
ONLY_4 = ("ADDRTYPE", "IRC_HELPER", "NETBIOS_NS_HELPER", "PPTP_HELPER", "REALM_MATCH", "SNMP_HELPER")
"""Capabilities that the kernel has for IPv4 only."""


class Judged(NamedTuple):
    """What came out for one seed."""

    seed: int
    kind: str
    reason: str


def run(count: int, first: int, jobs: int, oracle: Path) -> int:
    """Compares so many directories; the exit status."""
    capabilities = oracle / "shorewall" / "capabilities"
    if not (capabilities.is_file() and is_installed(4) and is_installed(6)):
        print("needs shorewall, shorewall6 and the file of capabilities", file=sys.stderr)
        return 2
    text = capabilities.read_text(encoding="utf-8")
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        for judged in pool.map(partial(judge, capabilities=text), range(first, first + count), chunksize=4):
            counts[judged.kind] += 1
            if judged.kind in BAD or judged.kind.startswith("not"):
                print(f"{judged.kind.upper()} seed {judged.seed}: {judged.reason}")
    print(f"shorewall: {count} directories: " + ", ".join(f"{number} {kind}" for kind, number in counts.most_common()))
    return 1 if any(counts[kind] for kind in BAD) else 0


def judge(seed: int, capabilities: str) -> Judged:
    """One directory through both."""
    drawn = directory(seed)
    given = capabilities if drawn.family == 4 else for_ipv6(capabilities)
    real = compile_directory(drawn.files, drawn.family, given)
    try:
        _, ours = our_reading(drawn.files)
        place = None if ours.refused is None else (ours.refused.file.path, ours.refused.begin.line)
        if not agree(real, place):
            return Judged(seed, "refused differently", f"{real.refused} ({real.said}) against {place}")
        if real.refused is not None:
            return Judged(seed, "refused by both", "")
        return _compared(seed, real, ours, drawn.family)
    except Exception:
        return Judged(seed, "crash", traceback.format_exc())


def agree(real: Compiled, place: tuple[str, int] | None) -> bool:
    """Both refuse at one line, or neither does. Of shorewall.conf the compiler names no line."""
    if real.refused is None or place is None:
        return (real.refused is None) == (place is None)
    if real.refused[0].endswith(".conf"):
        return place[0] == real.refused[0]
    return real.refused == place


def for_ipv6(capabilities: str) -> str:
    """What a machine can do with IPv6, of what it can with IPv4."""
    return "".join(
        f"{line.partition('=')[0]}=\n" if line.startswith(ONLY_4) else f"{line}\n" for line in capabilities.splitlines()
    )


def _compared(seed: int, real: Compiled, ours: Shorewall, family: int) -> Judged:
    try:
        wanted = real_rules(real.rules, family)
    except ValueError as error:
        return Judged(seed, "not loadable by iptables", str(error))
    made = compiled(ours, firewall(family))
    try:
        compare(wanted, made)
    except Difference as found:
        kind = "not known, and told so" if unknown(made) else "different"
        return Judged(seed, kind, str(found))
    except RuntimeError as error:
        return Judged(seed, "not decided by the prover", str(error))
    return Judged(seed, "the same", "")


def unknown(rules: NetfilterRuleset) -> bool:
    """A rule asks what nobody can answer."""
    chains = (chain for table in rules.tables for chain in table.chains)
    return any(not match.known for chain in chains for rule in chain.rules for match in rule.matches)
