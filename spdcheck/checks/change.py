"""A change of a site: what it does to packets, and which findings appear and disappear.

Only what the change can touch is looked at: the hosts whose files changed, those that speak to them, and the traffic
that may meet one of the changed hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.run import ask
from spdcheck.checks.suppressing import without_suppressed
from spdcheck.engine.differences import Differences, Kind, differences
from spdcheck.engine.focus import Focus
from spdcheck.engine.simulate import Simulator
from spdcheck.records import dataclass
from spdcheck.semantics.alterations import alteration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spdcheck.checks.finding import Finding, Report, Undecided
    from spdcheck.engine.differences import Difference
    from spdcheck.model.host import Site

NOTHING = Differences((), (), 0)


@dataclass(frozen=True, slots=True)
class Change:
    """Two states of a site and all that is different.

    ``changed`` are the hosts with other files or another inferred model, ``touched`` all whose findings were looked at.
    """

    old: Site
    new: Site
    changed: tuple[str, ...]
    touched: tuple[str, ...]
    traffic: Differences
    before: Report
    after: Report

    @property
    def appeared(self) -> tuple[Finding, ...]:
        """Findings that only the new state has."""
        return _only(self.after, self.before)

    @property
    def disappeared(self) -> tuple[Finding, ...]:
        """Findings that only the old state had."""
        return _only(self.before, self.after)

    @property
    def newly_open(self) -> tuple[Undecided, ...]:
        """Questions that had a verdict, or were not asked, and have none now."""
        known = {(item.code, item.host, item.reason) for item in self.before.undecided}
        return tuple(item for item in self.after.undecided if (item.code, item.host, item.reason) not in known)

    @property
    def exposed(self) -> tuple[Difference, ...]:
        """Packets that have lost their protection."""
        return tuple(item for item in self.traffic.found if item.kind is Kind.EXPOSED)

    @property
    def undecided(self) -> tuple[Difference, ...]:
        """Packets whose fate was known, and is not any more."""
        return tuple(item for item in self.traffic.found if item.kind is Kind.UNDECIDED)


def _only(these: Report, those: Report) -> tuple[Finding, ...]:
    counts: dict[str, int] = {}
    for finding in those.findings:
        counts[finding.fingerprint] = counts.get(finding.fingerprint, 0) + 1
    left = []
    for finding in these.findings:
        if counts.get(finding.fingerprint, 0) > 0:
            counts[finding.fingerprint] -= 1
        else:
            left.append(finding)
    return tuple(left)


def compare(
    old: Site,
    new: Site,
    codes: Iterable[str],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Change:
    """Compares two states of a site."""
    hosts = [{host.name: host for host in site.hosts} for site in (old, new)]
    names = sorted(hosts[0].keys() | hosts[1].keys())
    found = [alteration(hosts[0].get(name), hosts[1].get(name)) for name in names]
    altered = [item for item in found if item is not None]
    wanted = list(codes)
    simulators = Simulator(old), Simulator(new)
    focus = Focus.on([simulator.topology for simulator in simulators], altered)
    progress("traffic")
    traffic = differences(*simulators, focus.traffic) if altered else NOTHING
    reports = [without_suppressed(site, ask(site, wanted, progress=progress, focus=focus)) for site in (old, new)]
    return Change(old, new, tuple(item.name for item in altered), tuple(sorted(focus.hosts)), traffic, *reports)
