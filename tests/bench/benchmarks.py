"""The registry of benchmarks. A new one is one file beside this one and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import (
    bsd_filters,
    cold_check,
    engine,
    iptables_rules,
    large_sites,
    setkey_parsing,
    shorewall_reading,
    startup,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.figure import Figure

BENCHMARKS: dict[str, Callable[[], Iterator[Figure]]] = {
    "startup": startup.figures,
    "cold-check": cold_check.figures,
    "setkey-parsing": setkey_parsing.figures,
    "shorewall": shorewall_reading.figures,
    "bsd-filters": bsd_filters.figures,
    "iptables": iptables_rules.figures,
    "shadowing": engine.shadowed_rules,
    "comparing": engine.compared_lists,
    "one-packet": engine.one_packet,
    "mirror": engine.mirror_check,
    "large-sites": large_sites.figures,
}
"""Every benchmark by name: a function that measures and returns its figures."""
